//! Answers to peers that were away: decided blocks with the certificate that proves them.

use hotshot_types::{
    Block, Height,
    message::{FetchedBlocks, MAX_FETCH_BLOCKS, MAX_FETCH_TAIL, MAX_PAYLOAD},
};

use crate::ports::{Application, ApplicationError, DecidedBlock};

/// Payload bytes in one answer, except that one block always fits.
const MAX_BYTES: usize = MAX_PAYLOAD / 2;
/// Blocks read at a time while a certificate is looked for.
const STEP: usize = 16;

/// Decided blocks from `from` on, as many as fit in a message; `None` if there are none, or no certificate proves them.
pub(crate) async fn blocks<A: Application>(
    application: &A,
    from: Height,
) -> Result<Option<FetchedBlocks>, ApplicationError> {
    let mut found = application.blocks(from, MAX_FETCH_BLOCKS, MAX_BYTES).await?;
    found.truncate(fitting(&found));
    let certified = found.iter().rposition(|block| block.certificate.is_some());
    if let Some(last) = certified {
        found.truncate(last + 1);
        return Ok(answer(found, Vec::new()));
    }
    let mut tail: Vec<DecidedBlock> = Vec::new();
    while !found.is_empty() && tail.len() < MAX_FETCH_TAIL {
        let next = from.plus((found.len() + tail.len()) as u64);
        let more = application.blocks(next, STEP, MAX_BYTES).await?;
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
    within.count().clamp(1, MAX_FETCH_BLOCKS)
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
