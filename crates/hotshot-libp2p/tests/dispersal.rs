//! What a leader sends of a large payload, counted on its links.

mod member;

use std::time::Duration;

use hotshot::Timing;
use hotshot_cluster::fixtures::{committee, node_id};
use hotshot_engine::ports::Priority;
use hotshot_types::View;
use member::{Member, Setup, free_addresses, ledger::genesis};

const MEMBERS: usize = 7;
const PAYLOAD: usize = 1_000_000;

/// Long enough that only one block is proposed while the test looks.
fn slow() -> Timing {
    Timing {
        block_interval: Duration::from_secs(20),
        view_timeout: Duration::from_secs(120),
        max_view_timeout: Duration::from_secs(120),
        ..Timing::default()
    }
}

/// One share to each of the six others, two payloads in all, not six copies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_of_seven_sends_two_payloads() {
    let directory = tempfile::tempdir().expect("a directory");
    let addresses = free_addresses(MEMBERS);
    let mut members = Vec::new();
    for index in 0..MEMBERS {
        let setup = Setup {
            index,
            addresses: addresses.clone(),
            directory: directory.path().join(index.to_string()),
            timing: slow(),
            upgrade: None,
            payload: PAYLOAD,
            observer: Box::new(|_, _| {}),
        };
        members.push(Member::start(setup).await);
    }
    for member in &members {
        let mut status = member.engine.status();
        let decided = status.wait_for(|status| status.decided.get() >= 1);
        let decided = tokio::time::timeout(Duration::from_secs(100), decided).await;
        assert_eq!(
            decided.map(|status| status.is_ok()),
            Ok(true),
            "the first block is decided"
        );
    }
    let leader = committee(genesis().chain_id(), MEMBERS).leader(View::new(1)).node;
    let index = (0..MEMBERS)
        .find(|index| node_id(*index) == leader)
        .expect("a member leads");
    let sent = members[index].network.sent();
    let bytes: u64 = sent
        .values()
        .map(|classes| classes[Priority::Proposal as usize])
        .sum();
    let payloads = bytes as f64 / PAYLOAD as f64;
    println!("the leader sent {bytes} bytes, {payloads:.3} payloads");
    assert!((1.9..=2.5).contains(&payloads), "{payloads} payloads");
    for member in members {
        member.stop().await;
    }
}
