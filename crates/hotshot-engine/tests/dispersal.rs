//! Large payloads in shares, with real engines and signatures over a network in memory.

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::Cluster;
use hotshot::Timing;
use hotshot_engine::{Event, PeerFault};
use hotshot_types::{Message, NodeId, View};

const PAYLOAD: usize = 200_000;

fn responsive() -> Timing {
    Timing {
        block_interval: Duration::ZERO,
        view_timeout: Duration::from_secs(4),
        ..Timing::default()
    }
}

async fn decide(cluster: &mut Cluster, height: u64) {
    for index in 0..cluster.machines.len() {
        cluster.decided(index, height).await;
    }
    for index in 0..cluster.machines.len() {
        cluster.stop(index).await;
    }
    cluster.check_agreement();
    cluster.check_no_equivocation();
    for machine in &cluster.machines {
        let chain = machine.application.chain();
        assert!(chain.iter().all(|block| block.payload.len() == PAYLOAD));
    }
}

/// What a leader sends of a payload: a share to each member, 6/3 payloads at seven members, not six whole ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_sends_shares_and_not_copies() {
    let mut cluster = Cluster::new(7, PAYLOAD, responsive());
    let (sent, proposals, whole) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (bytes_of, count, copies) = (Arc::clone(&sent), Arc::clone(&proposals), Arc::clone(&whole));
    let committee = cluster.committee.clone();
    cluster.hub.tamper(Box::new(move |from, to, bytes| {
        match Message::decode(bytes).unwrap().peek() {
            Message::Dispersed(dispersed) => {
                let view = dispersed.proposal.proposal.view;
                let owner = committee.layout().member_at(dispersed.share.range().start);
                let leads = committee.leader(view).node == from;
                // Its own share, which it passes on like everybody, is not counted; views that are said again are.
                if leads && owner == committee.index_of(&to) && view <= View::new(10) {
                    bytes_of.fetch_add(bytes.len(), Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            Message::Proposal(_) => copies.store(true, Ordering::Relaxed),
            _ => {}
        }
        Some(bytes.to_vec())
    }));
    cluster.start_all();
    decide(&mut cluster, 12).await;
    assert!(
        !whole.load(Ordering::Relaxed),
        "a large payload does not travel whole"
    );
    let dispersals = proposals.load(Ordering::Relaxed) as f64 / 6.0;
    let payloads = sent.load(Ordering::Relaxed) as f64 / dispersals / PAYLOAD as f64;
    assert!((1.9..=2.5).contains(&payloads), "{payloads} payloads");
}

/// A member to which no leader sends anything has the payload from the others' shares.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_left_out_by_leaders_reconstructs_from_the_others() {
    let mut cluster = Cluster::new(5, PAYLOAD, responsive());
    let left_out = NodeId([5; 32]);
    let committee = cluster.committee.clone();
    cluster.hub.tamper(Box::new(move |from, to, bytes| {
        let message = Message::decode(bytes).unwrap();
        let by_leader = match message.peek() {
            Message::Dispersed(dispersed) => committee.leader(dispersed.proposal.proposal.view).node == from,
            // Nor does it get by with asking.
            Message::FetchedProposal(_) | Message::FetchedBlocks(_) => true,
            _ => false,
        };
        (to != left_out || !by_leader).then(|| bytes.to_vec())
    }));
    cluster.start_all();
    decide(&mut cluster, 10).await;
}

/// A member that passes on what is not its share is blamed, and holds nobody up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_that_do_not_hold_are_found_and_blamed() {
    let mut cluster = Cluster::new(4, PAYLOAD, responsive());
    let liar = NodeId([2; 32]);
    let committee = cluster.committee.clone();
    cluster.hub.tamper(Box::new(move |from, _, bytes| {
        let mut bytes = bytes.to_vec();
        let decoded = Message::decode(&bytes).unwrap();
        if let Message::Dispersed(dispersed) = decoded.peek()
            && from == liar
            && committee.leader(dispersed.proposal.proposal.view).node != from
            && let Some(middle) = bytes.len().checked_div(2)
        {
            // Amid the shards.
            bytes[middle] ^= 1;
        }
        Some(bytes)
    }));
    cluster.start_all();
    let mut events = cluster.machines[0].engine.as_ref().unwrap().events();
    let blamed = async {
        loop {
            if let Ok(Event::Misbehaviour { member, fault }) = events.recv().await {
                return (member, fault);
            }
        }
    };
    let blamed = tokio::time::timeout(Duration::from_secs(60), blamed)
        .await
        .unwrap();
    assert_eq!(blamed, (liar, PeerFault::Share));
    decide(&mut cluster, 8).await;
}
