//! A leader that commits to shards which encode nothing: all find it out, their proof convinces anybody, and the chain goes on
//! without its blocks.

mod common;

use std::{sync::Arc, time::Duration};

use common::{Cluster, key, node_id};
use hotshot::Timing;
use hotshot_engine::{Event, PeerFault};
use hotshot_types::{Committee, Message, Proposal, Share, SignedProposal, WrongEncoding, message::Dispersed};
use rollup_abi::{Digest, Header, sha256};
use tokio::{sync::broadcast, time::timeout};

const PAYLOAD: usize = 200_000;
const MEMBERS: usize = 4;
const LIAR: usize = 1;

/// A share of noise for each of four equal members, by the wire format alone: numbers, root, one shard, the way to the root.
fn noise(committee: &Committee) -> [Vec<u8>; MEMBERS] {
    let two = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
    let k = committee.layout().k();
    let width = PAYLOAD.div_ceil(k).next_multiple_of(2);
    let shards = [3u8, 1, 4, 15].map(|byte| vec![byte; width]);
    let leaf = |i: usize| sha256(&[b"asset-l2:shard:1", &two(i), &shards[i]]);
    let node = |a: &Digest, b: &Digest| sha256(&[b"asset-l2:sh-node", a, b]);
    let leaves = [leaf(0), leaf(1), leaf(2), leaf(3)];
    let nodes = [node(&leaves[0], &leaves[1]), node(&leaves[2], &leaves[3])];
    let root = node(&nodes[0], &nodes[1]);
    std::array::from_fn(|member| {
        let mut bytes = u32::try_from(PAYLOAD).unwrap().to_le_bytes().to_vec();
        [k, MEMBERS, member, 1].iter().for_each(|n| bytes.extend(two(*n)));
        bytes.extend(root);
        bytes.extend(&shards[member]);
        bytes.push(2);
        bytes.extend(leaves[member ^ 1]);
        bytes.extend(nodes[(member / 2) ^ 1]);
        bytes
    })
}

/// A letter with another share, whose bytes stand last.
fn with_share(proposal: SignedProposal, honest: &Share, bytes: &[u8]) -> Vec<u8> {
    let share = honest.clone();
    let letter = Message::Dispersed(Arc::new(Dispersed { proposal, share }));
    let letter = letter.encode().unwrap();
    [&letter[..letter.len() - bytes.len()], bytes].concat()
}

fn commitment(letter: &[u8]) -> Digest {
    match Message::decode(letter).unwrap().peek() {
        Message::Dispersed(dispersed) => dispersed.share.commitment(),
        other => panic!("{other:?}"),
    }
}

/// The letter as the liar says it: its header names the noise, and it signs that.
fn spoilt(dispersed: &Dispersed, bytes: &[u8]) -> Vec<u8> {
    let honest = &dispersed.proposal;
    let named = commitment(&with_share(honest.clone(), &dispersed.share, bytes));
    let mut proposal = Proposal::clone(&honest.proposal);
    proposal.header.payload_commitment = named;
    let signature = key(LIAR).sign(&Proposal::digest(proposal.view, &proposal.leaf()));
    let proposal = SignedProposal {
        proposal: Arc::new(proposal),
        signature,
    };
    with_share(proposal, &dispersed.share, bytes)
}

/// The first proof that a member tells of.
async fn proof(mut events: broadcast::Receiver<Event>) -> (Header, Arc<WrongEncoding>) {
    let mut blamed = false;
    loop {
        match events.recv().await.expect("the engine runs, and few events come") {
            Event::Misbehaviour { member, fault } => {
                assert_eq!((member, fault), (node_id(LIAR), PeerFault::WrongEncoding));
                blamed = true;
            }
            Event::WrongEncoding {
                leader,
                header,
                evidence,
            } => {
                assert!(blamed && leader == node_id(LIAR));
                return (*header, evidence);
            }
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_encodes_nothing_is_found_out() {
    let timing = Timing {
        block_interval: Duration::ZERO,
        view_timeout: Duration::from_secs(2),
        ..Timing::default()
    };
    let mut cluster = Cluster::new(MEMBERS, PAYLOAD, timing);
    let (committee, noise) = (cluster.committee.clone(), noise(&cluster.committee));
    cluster.hub.tamper(Box::new(move |from, _, bytes| {
        if let Message::Dispersed(dispersed) = Message::decode(bytes).unwrap().peek()
            && from == node_id(LIAR)
            && committee.leader(dispersed.proposal.proposal.view).node == from
            && let Some(member) = committee.layout().member_at(dispersed.share.range().start)
        {
            return Some(spoilt(dispersed, &noise[member]));
        }
        Some(bytes.to_vec())
    }));
    cluster.start_all();
    let others: Vec<usize> = (0..MEMBERS).filter(|member| *member != LIAR).collect();
    let engines = others
        .iter()
        .map(|member| cluster.machines[*member].engine.as_ref().unwrap());
    let watched: Vec<_> = engines
        .map(|engine| (engine.events(), Arc::clone(engine.counters())))
        .collect();
    for (events, counters) in watched {
        let proven = timeout(Duration::from_secs(60), proof(events)).await;
        let (header, evidence) = proven.expect("the liar's turn comes");
        assert_eq!(evidence.verify(&cluster.committee, &header), Ok(()));
        let other = Header {
            payload_commitment: [7; 32],
            ..header
        };
        assert!(
            evidence.verify(&cluster.committee, &other).is_err(),
            "it is about this header"
        );
        assert!(counters.faults.get() > 0);
    }
    for member in 0..MEMBERS {
        cluster.decided(member, 8).await;
    }
    for member in 0..MEMBERS {
        cluster.stop(member).await;
    }
    cluster.check_agreement();
    cluster.check_no_equivocation();
    for block in cluster.machines[0].application.chain() {
        let view = hotshot_types::View::new(block.header.view);
        assert_ne!(
            cluster.committee.leader(view).node,
            node_id(LIAR),
            "its blocks got votes"
        );
    }
}
