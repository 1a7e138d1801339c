//! Answers to peers that were away: decided blocks with the certificate that proves them.

use hotshot_types::{
    Block, Epochs, Height,
    message::{FetchedBlocks, MAX_FETCH_TAIL, MAX_PAYLOAD},
};

use crate::ports::{Application, ApplicationError, DecidedBlock};

/// Payload bytes in one answer, except that one block always fits.
const MAX_BYTES: usize = MAX_PAYLOAD / 2;
/// Blocks in one answer. Only the last one comes with its certificate, so whoever catches up has one in each run of this
/// many: fewer than the roots that fit into one post on Solana.
const MAX_BLOCKS: usize = 8;
const _: () = assert!(MAX_BLOCKS <= hotshot_types::message::MAX_FETCH_BLOCKS);
/// Blocks read at a time while a certificate is looked for.
const STEP: usize = 16;

/// Decided blocks from `from` on, as many as fit in a message and are of one epoch, for who asks may not know the next
/// committee before; `None` if there are none, or no certificate proves them.
pub(crate) async fn blocks<A: Application>(
    application: &A,
    from: Height,
    epochs: Epochs,
) -> Result<Option<FetchedBlocks>, ApplicationError> {
    let epoch = epochs.of(from);
    let of_epoch = |mut blocks: Vec<DecidedBlock>| {
        let over = |block: &DecidedBlock| epochs.of(Height::new(block.header.height)) > epoch;
        blocks.truncate(blocks.iter().position(over).unwrap_or(blocks.len()));
        blocks
    };
    let mut found = of_epoch(application.blocks(from, MAX_BLOCKS, MAX_PAYLOAD).await?);
    found.truncate(fitting(&found));
    let certified = found.iter().rposition(|block| block.certificate.is_some());
    if let Some(last) = certified {
        found.truncate(last + 1);
        return Ok(answer(found, Vec::new()));
    }
    let mut tail: Vec<DecidedBlock> = Vec::new();
    while !found.is_empty() && tail.len() < MAX_FETCH_TAIL {
        let next = from.plus((found.len() + tail.len()) as u64);
        let more = of_epoch(application.blocks(next, STEP, MAX_PAYLOAD).await?);
        if more.is_empty() {
            break;
        }
        if let Some(last) = more.iter().position(|block| block.certificate.is_some()) {
            tail.extend(more.into_iter().take(last + 1));
            tail.truncate(MAX_FETCH_TAIL);
            return Ok(answer(found, tail));
        }
        tail.extend(more);
    }
    Ok(None)
}

/// How many blocks fit.
fn fitting(blocks: &[DecidedBlock]) -> usize {
    let mut bytes = 0usize;
    let within = blocks.iter().take_while(|block| {
        bytes = bytes.saturating_add(block.payload.len() + rollup_abi::header::LEN + 4);
        bytes <= MAX_BYTES
    });
    within.count().clamp(1, MAX_BLOCKS)
}

fn answer(blocks: Vec<DecidedBlock>, tail: Vec<DecidedBlock>) -> Option<FetchedBlocks> {
    let certificate = tail.last().or(blocks.last())?.certificate.clone()?;
    let block = |decided: DecidedBlock| Block {
        header: decided.header,
        payload: decided.payload,
    };
    Some(FetchedBlocks {
        blocks: blocks.into_iter().map(block).collect(),
        tail: tail.into_iter().map(|decided| decided.header).collect(),
        certificate,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hotshot_types::{Certificate2, Committee, Epoch, KeyPair, Member, NodeId, Stake, VoteData};
    use rollup_abi::Header;

    use super::*;
    use crate::{testing::ChainApplication, verify};

    fn key() -> KeyPair {
        let mut secret = [0; 32];
        secret[31] = 1;
        KeyPair::from_bytes(&secret).unwrap()
    }

    fn committee() -> Committee {
        let member = Member {
            node: NodeId([1; 32]),
            key: key().public().clone(),
            stake: Stake::new(1),
        };
        Committee::new([0; 32], Epoch::ZERO, vec![member]).unwrap()
    }

    fn rules() -> verify::Rules {
        verify::Rules {
            committees: hotshot::Committees::new(committee()),
            epochs: Epochs::ENDLESS,
            genesis: [1; 32],
        }
    }

    /// A chain of blocks with payloads of `size` bytes, of which those at `certified` heights have a certificate.
    async fn chain(length: u64, size: usize, certified: &[u64]) -> ChainApplication {
        let application = ChainApplication::new(size);
        let payload: Arc<[u8]> = vec![7; size].into();
        let payload_commitment = hotshot_types::dispersal::commit(&committee(), &payload).unwrap();
        let mut parent = [1; 32];
        let mut blocks = Vec::new();
        for height in 1..=length {
            let header = Header {
                view: height * 2,
                height,
                timestamp_ms: height,
                parent,
                payload_commitment,
                ..Header::default()
            };
            parent = header.commitment();
            let data = VoteData::of(&header, parent);
            let vote = key().sign(&data.digest::<hotshot_types::Phase2>(&[0; 32]));
            let certificate = Certificate2::assemble(&committee(), data, [(0, vote)]);
            blocks.push(DecidedBlock {
                header,
                payload: Arc::clone(&payload),
                certificate: certificate.filter(|_| certified.contains(&height)),
            });
        }
        application.decided(blocks).await.unwrap();
        application
    }

    /// Heights of blocks and tail of a good answer.
    async fn answered(application: &ChainApplication, from: u64) -> Option<(Vec<u64>, Vec<u64>)> {
        let answer = blocks(application, Height::new(from), Epochs::ENDLESS)
            .await
            .unwrap()?;
        assert_eq!(verify::blocks(&answer, &rules()), Ok(()));
        let message = hotshot_types::Message::FetchedBlocks(Arc::new(answer.clone()));
        message.encode().expect("it fits in a message");
        let blocks = answer.blocks.iter().map(|block| block.header.height).collect();
        Some((blocks, answer.tail.iter().map(|header| header.height).collect()))
    }

    #[tokio::test]
    async fn answers_end_with_what_proves_them() {
        let whole = chain(10, 10, &[3, 7]).await;
        assert_eq!(answered(&whole, 1).await, Some(((1..=7).collect(), vec![])));
        assert_eq!(answered(&whole, 7).await, Some((vec![7], vec![])));
        assert_eq!(answered(&whole, 8).await, None, "nothing proves these yet");
        assert_eq!(answered(&whole, 11).await, None);
        // More than fits, and the next certificate far behind: headers lead to it.
        let large = chain(30, MAX_PAYLOAD, &[28]).await;
        assert_eq!(answered(&large, 1).await, Some((vec![1], (2..=28).collect())));
        let half = chain(6, MAX_BYTES / 3, &[6]).await;
        assert_eq!(answered(&half, 1).await, Some((vec![1, 2], (3..=6).collect())));
        let far = chain(200, MAX_PAYLOAD, &[200]).await;
        assert_eq!(answered(&far, 1).await, None, "beyond what a message may hold");
    }

    /// However many blocks there are, a certificate comes with every eighth.
    #[tokio::test]
    async fn certificates_come_at_short_distances() {
        let all: Vec<u64> = (1..=40).collect();
        let application = chain(40, 10, &all).await;
        assert_eq!(answered(&application, 1).await, Some(((1..=8).collect(), vec![])));
        assert_eq!(
            answered(&application, 9).await,
            Some(((9..=16).collect(), vec![]))
        );
        assert_eq!(
            answered(&application, 38).await,
            Some(((38..=40).collect(), vec![]))
        );
    }

    #[tokio::test]
    async fn what_does_not_lead_to_its_certificate_is_refused() {
        use verify::PeerFault as F;
        let application = chain(6, 10, &[6]).await;
        let good = || async {
            blocks(&application, Height::new(2), Epochs::ENDLESS)
                .await
                .unwrap()
                .unwrap()
        };
        type Change = fn(&mut FetchedBlocks);
        let cases: [(&str, Change, F); 7] = [
            ("a gap", |f| drop(f.blocks.remove(1)), F::Chain),
            ("another order", |f| f.blocks.swap(0, 1), F::Chain),
            (
                "another header",
                |f| f.blocks[0].header.state_root = [9; 32],
                F::Chain,
            ),
            ("the last is missing", |f| drop(f.blocks.pop()), F::Chain),
            (
                "no block",
                |f| f.tail = f.blocks.drain(..).map(|b| b.header).collect(),
                F::Chain,
            ),
            (
                "a tail beyond",
                |f| f.tail.push(f.blocks[0].header.clone()),
                F::Chain,
            ),
            (
                "another payload",
                |f| f.blocks[0].payload = [1, 2, 3][..].into(),
                F::Payload,
            ),
        ];
        for (what, change, expected) in cases {
            let mut fetched = good().await;
            assert_eq!(verify::blocks(&fetched, &rules()), Ok(()));
            change(&mut fetched);
            assert_eq!(verify::blocks(&fetched, &rules()), Err(expected), "{what}");
        }
    }
}
