//! Honest nodes among themselves.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Node, Port, committee, config, members, node_id, peer, until};
use hotshot_engine::ports::{Network, NetworkError, Priority, Target};
use hotshot_libp2p::{Limits, QueueLimit};

const CLASSES: [Priority; 3] = [Priority::Vote, Priority::Proposal, Priority::Sync];

#[tokio::test(flavor = "multi_thread")]
async fn five_nodes_connect_fully_and_exchange() {
    let nodes = committee(5).await;
    for node in &nodes {
        node.connected(0..5).await;
    }
    for node in &nodes {
        for class in CLASSES {
            node.send(Target::Others, class, &[node.id.0[0], class as u8]);
        }
    }
    for node in &nodes {
        let mut received = BTreeSet::new();
        for _ in 0..12 {
            let message = node.recv().await;
            assert_eq!(message.bytes[0], message.from.0[0], "sent by whom it claims");
            assert!(received.insert(message.bytes), "delivered once");
        }
        let others = (0..5u8).filter(|n| node_id(*n) != node.id);
        let expected: BTreeSet<_> = others
            .flat_map(|n| (0..3u8).map(move |class| vec![n, class]))
            .collect();
        assert_eq!(received, expected);
        assert_eq!(node.network.metrics().connected_members.get(), 4);
        for class in CLASSES {
            let counted = node.network.metrics().class(class);
            assert_eq!(
                (
                    counted.frames_in.get(),
                    counted.bytes_in.get(),
                    counted.dropped.get()
                ),
                (4, 8, 0)
            );
        }
    }
    nodes[0].send(Target::One(node_id(3)), Priority::Sync, b"for three alone");
    assert_eq!(nodes[3].recv().await.bytes, b"for three alone");
    // Counted after it was written, so the receiver may be first.
    let expected = BTreeMap::from([1, 2, 3, 4].map(|n| (node_id(n), [2, 2, if n == 3 { 17 } else { 2 }])));
    until("bytes by member and class", || {
        nodes[0].network.sent() == expected
    })
    .await;
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quic_works_as_well() {
    let quic = "/ip4/127.0.0.1/udp/0/quic-v1"
        .parse::<hotshot_libp2p::Multiaddr>()
        .unwrap();
    let a = Node::start(0, config(0, quic.clone(), vec![]), 0..2).await;
    let b = Node::start(1, config(1, quic, vec![peer(0, a.address())]), 0..2).await;
    a.connected(0..2).await;
    b.connected(0..2).await;
    a.send(Target::Others, Priority::Proposal, &vec![1; 1 << 20]);
    assert_eq!(b.recv().await.bytes, vec![1; 1 << 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_does_not_wait_behind_megabytes_of_proposals() {
    const PROPOSALS: usize = 32;
    let port = Port::new();
    let mut sender = config(
        0,
        "/ip4/127.0.0.1/tcp/0".parse().unwrap(),
        vec![peer(1, port.multiaddr())],
    );
    sender.limits.proposal_queue = QueueLimit {
        frames: PROPOSALS,
        bytes: PROPOSALS << 20,
    };
    let a = Node::start(0, sender, 0..2).await;
    let b = Node::start(1, config(1, port.multiaddr(), vec![]), 0..2).await;
    a.connected(0..2).await;
    b.connected(0..2).await;
    for _ in 0..PROPOSALS {
        a.send(Target::Others, Priority::Proposal, &vec![1; 1 << 20]);
    }
    a.send(Target::Others, Priority::Vote, b"vote");
    let mut before = 0;
    while b.recv().await.bytes != b"vote" {
        before += 1;
    }
    assert!(
        before < PROPOSALS / 2,
        "{before} proposals of 1 MiB came before the vote"
    );
    for _ in before..PROPOSALS {
        assert_eq!(b.recv().await.bytes.len(), 1 << 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_drops_the_oldest_and_counts() {
    let port = Port::new();
    let mut sender = config(
        0,
        "/ip4/127.0.0.1/tcp/0".parse().unwrap(),
        vec![peer(1, port.multiaddr())],
    );
    sender.limits.vote_queue = QueueLimit {
        frames: 4,
        bytes: 1 << 20,
    };
    let a = Node::start(0, sender, 0..2).await;
    for n in 0..10 {
        a.send(Target::Others, Priority::Vote, &[n]);
    }
    assert_eq!(a.network.metrics().class(Priority::Vote).dropped.get(), 6);
    let b = Node::start(1, config(1, port.multiaddr(), vec![]), 0..2).await;
    for n in 6..10 {
        assert_eq!(b.recv().await.bytes, [n]);
    }
    a.send(Target::One(node_id(9)), Priority::Vote, b"to nobody");
    assert_eq!(a.network.metrics().class(Priority::Vote).dropped.get(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_receiver_would_read_is_not_sent() {
    let a = Node::start(
        0,
        config(0, "/ip4/127.0.0.1/tcp/0".parse().unwrap(), vec![]),
        0..2,
    )
    .await;
    let limit = Limits::default().vote_len;
    let error = a
        .network
        .send(Target::Others, Priority::Vote, vec![0; limit + 1].into())
        .unwrap_err();
    assert!(
        matches!(error, NetworkError::TooLarge { got, limit: l } if got == limit + 1 && l == limit),
        "{error}"
    );
    a.network.stop();
    let error = a
        .network
        .send(Target::Others, Priority::Vote, vec![0].into())
        .unwrap_err();
    assert!(matches!(error, NetworkError::Stopped), "{error}");
    assert!(a.network.recv().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_node_is_connected_again() {
    let ports: Vec<Port> = (0..3).map(|_| Port::new()).collect();
    let peers: Vec<_> = (0..3)
        .zip(&ports)
        .map(|(i, port)| peer(i, port.multiaddr()))
        .collect();
    let configure = |i: u8| config(i, ports[usize::from(i)].multiaddr(), peers.clone());
    let a = Node::start(0, configure(0), 0..3).await;
    let b = Node::start(1, configure(1), 0..3).await;
    let mut c = Node::start(2, configure(2), 0..3).await;
    for round in 1..=3 {
        a.connected(0..3).await;
        b.connected(0..3).await;
        c.connected(0..3).await;
        c.send(Target::Others, Priority::Vote, &[round]);
        assert_eq!(
            (a.recv().await.bytes, b.recv().await.bytes),
            (vec![round], vec![round])
        );
        c.stop().await;
        a.connected(0..2).await;
        c = Node::start(2, configure(2), 0..3).await;
    }
    a.connected(0..3).await;
    assert_eq!(a.network.metrics().reconnects.get(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committee_changes_at_run_time() {
    let nodes = committee(3).await;
    for node in &nodes {
        node.connected(0..3).await;
    }
    for node in &nodes[..2] {
        node.network.set_members(members(0..2));
    }
    nodes[0].connected(0..2).await;
    nodes[2].connected([]).await;
    nodes[2].send(Target::Others, Priority::Vote, b"from outside");
    nodes[1].send(Target::Others, Priority::Vote, b"from inside");
    assert_eq!(nodes[0].recv().await.bytes, b"from inside");
    for node in &nodes[..2] {
        node.network.set_members(members(0..3));
    }
    for node in &nodes {
        node.connected(0..3).await;
    }
    assert_eq!(nodes[0].recv().await.bytes, b"from outside");
}
