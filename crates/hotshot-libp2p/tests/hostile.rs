//! Peers that break the rules, beside honest ones.

mod common;

use common::{
    Node, binding, config, identity, keys, members, node_id, peer,
    raw::{self, REFUSED, Raw, VOTE},
    until, within,
};
use futures::{AsyncWriteExt, StreamExt};
use hotshot_engine::ports::{Priority, Target};
use hotshot_libp2p::{HandshakeFailure, Libp2pNetwork, PeerBinding, StartError, Verdict};

const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";

async fn honest(n: u8, dials: &[(u8, &Node)], committee: std::ops::Range<u8>) -> Node {
    let peers = dials.iter().map(|(n, node)| peer(*n, node.address())).collect();
    Node::start(n, config(n, LOOPBACK.parse().unwrap(), peers), committee).await
}

/// Signed by `signer`'s key in the name of `node` for the identity of `holder`.
fn forged(signer: u8, node: u8, holder: u8) -> PeerBinding {
    let peer = identity(holder).public().to_peer_id();
    PeerBinding::sign(
        &common::KeySigner(keys(signer)),
        &common::CHAIN,
        node_id(node),
        &peer,
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_a_member_gets_no_direct_streams() {
    let a = honest(0, &[], 0..3).await;
    let b = honest(1, &[(0, &a)], 0..3).await;
    a.connected(0..2).await;
    let other_chain = {
        let peer = identity(2).public().to_peer_id();
        PeerBinding::sign(&common::KeySigner(keys(2)), &[8; 32], node_id(2), &peer).unwrap()
    };
    let cases = [
        ("not in the committee", 9, binding(9), HandshakeFailure::NotMember),
        (
            "another key's signature",
            9,
            forged(9, 2, 9),
            HandshakeFailure::Signature,
        ),
        (
            "another member's signature",
            9,
            forged(1, 2, 9),
            HandshakeFailure::Signature,
        ),
        (
            "signed for another chain",
            2,
            other_chain,
            HandshakeFailure::Signature,
        ),
        ("somebody else's binding", 9, binding(1), HandshakeFailure::PeerId),
        ("our own binding", 9, binding(0), HandshakeFailure::PeerId),
    ];
    for (name, holder, binding, reason) in cases {
        let failures = a.network.metrics().handshake_failures(reason);
        let (failed, refused) = (failures.get(), a.network.metrics().streams_refused.get());
        let mut hostile = Raw::connect(identity(holder), a.address()).await;
        let (reply, _auth) = hostile.greet(1, &binding).await;
        assert_eq!(reply, [REFUSED, reason as u8], "{name}");
        until(name, || failures.get() == failed + 1).await;
        let mut vote = hostile.open(VOTE).await;
        // It may be reset already.
        let _ = vote.write_all(&[4, 0, 0, 0, b'e', b'v', b'i', b'l']).await;
        let _ = vote.flush().await;
        assert_eq!(raw::read(&mut vote).await, None, "{name}");
        until(name, || a.network.metrics().streams_refused.get() == refused + 1).await;
    }
    b.send(Target::Others, Priority::Vote, b"honest");
    assert_eq!(a.recv().await.bytes, b"honest", "nothing else was delivered");
    a.connected(0..2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forger_cannot_make_us_check_signatures_again_and_again() {
    let a = honest(0, &[], 0..3).await;
    let mut hostile = Raw::connect(identity(9), a.address()).await;
    let failures = a
        .network
        .metrics()
        .handshake_failures(HandshakeFailure::Signature);
    let (reply, _auth) = hostile.greet(1, &forged(9, 2, 9)).await;
    assert_eq!(reply, [REFUSED, HandshakeFailure::Signature as u8]);
    until("the end of the handshake", || failures.get() == 1).await;
    let mut again = hostile.open(raw::AUTH).await;
    assert_eq!(raw::read(&mut again).await, None);
    assert_eq!(failures.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_for_another_identity_is_found_at_the_start() {
    let start = Libp2pNetwork::start(
        config(1, LOOPBACK.parse().unwrap(), vec![]),
        Some(binding(2)),
        members(0..3),
    );
    let error = start.await.unwrap_err();
    assert!(matches!(error, StartError::Binding { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let a = honest(0, &[], 0..2).await;
    let start = Libp2pNetwork::start(config(1, a.address(), vec![]), Some(binding(1)), members(0..2));
    let error = start.await.unwrap_err();
    assert!(
        matches!(&error, StartError::Listen { address, .. } if *address == a.address()),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversize_frame_shuts_the_member_out() {
    let a = honest(0, &[], 0..3).await;
    let b = honest(1, &[(0, &a)], 0..3).await;
    let mut hostile = Raw::connect(identity(2), a.address()).await;
    hostile.authenticate(1, &binding(2)).await;
    let mut vote = hostile.open(VOTE).await;
    raw::write(&mut vote, b"good so far").await;
    assert_eq!(a.recv().await.bytes, b"good so far");
    vote.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
    vote.flush().await.unwrap();
    hostile.closed().await;
    assert_eq!(a.network.metrics().penalties.get(), 1);
    let mut again = Raw::connect(identity(2), a.address()).await;
    let (reply, _auth) = again.greet(2, &binding(2)).await;
    assert_eq!(reply, [REFUSED, HandshakeFailure::Banned as u8]);
    a.connected(0..2).await;
    b.send(Target::Others, Priority::Vote, b"honest");
    assert_eq!(a.recv().await.bytes, b"honest");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_opening_refused_streams_loses_the_connection() {
    let a = honest(0, &[], 0..3).await;
    let mut hostile = Raw::connect(identity(9), a.address()).await;
    for n in 1..=32 {
        // The last one may not even be negotiated to the end.
        let stream = hostile.try_open(VOTE).await;
        assert!(stream.is_some() || n == 32, "closed after {n}");
        until("a refusal", || a.network.metrics().streams_refused.get() == n).await;
    }
    hostile.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_any_stream_is_survived() {
    let a = honest(0, &[], 0..3).await;
    let malformed = a
        .network
        .metrics()
        .handshake_failures(HandshakeFailure::Malformed);
    let garbage: [&[u8]; 4] = [
        &[0xFF; 64],
        &[5, 0, 0, 0, 1, 2, 3, 4, 5],
        &[1, 0, 0, 0, 0],
        &[0, 2, 0, 0],
    ];
    let mut hostile = Raw::connect(identity(9), a.address()).await;
    for (n, bytes) in (1..).zip(&garbage[..3]) {
        let mut auth = hostile.open(raw::AUTH).await;
        auth.write_all(bytes).await.unwrap();
        auth.flush().await.unwrap();
        assert_eq!(raw::read(&mut auth).await, None, "{bytes:?}");
        until("a malformed greeting", || malformed.get() == n).await;
    }
    // The first one gets the member shut out, so it comes last.
    for (instance, bytes) in (1..).zip(garbage.into_iter().rev()) {
        let mut member = Raw::connect(identity(2), a.address()).await;
        member.authenticate(instance, &binding(2)).await;
        let mut vote = member.open(VOTE).await;
        vote.write_all(bytes).await.unwrap();
        // It may be reset already.
        let _ = vote.close().await;
        member.closed().await;
    }
    assert_eq!(a.network.metrics().penalties.get(), 1);
    let b = honest(1, &[(0, &a)], 0..3).await;
    b.connected([0]).await;
    b.send(Target::Others, Priority::Vote, b"honest");
    while a.recv().await.from != b.id {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_process_replaces_its_old_connection_at_once() {
    let a = honest(0, &[], 0..3).await;
    let mut old = Raw::connect(identity(2), a.address()).await;
    old.authenticate(1, &binding(2)).await;
    // The old process is gone, but nothing has told the other side so.
    let mut new = Raw::connect(identity(2), a.address()).await;
    new.authenticate(2, &binding(2)).await;
    old.closed().await;
    let (_, mut stream) = within("the new vote stream", new.votes.next()).await.unwrap();
    a.send(Target::One(node_id(2)), Priority::Vote, b"to the new process");
    assert_eq!(raw::read(&mut stream).await.unwrap(), b"to the new process");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_connection_of_a_running_process_takes_over_without_loss() {
    let a = honest(0, &[], 0..3).await;
    let mut first = Raw::connect(identity(2), a.address()).await;
    first.authenticate(1, &binding(2)).await;
    let (_, mut old_in) = within("the vote stream", first.votes.next()).await.unwrap();
    let mut old_out = first.open(VOTE).await;
    let mut second = Raw::connect(identity(2), a.address()).await;
    second.authenticate(1, &binding(2)).await;
    let (_, mut new_in) = within("the new vote stream", second.votes.next()).await.unwrap();
    assert_eq!(raw::read(&mut old_in).await, None, "the old stream ends in order");
    raw::write(&mut old_out, b"still on the way").await;
    assert_eq!(a.recv().await.bytes, b"still on the way");
    a.send(Target::One(node_id(2)), Priority::Vote, b"on the new one");
    assert_eq!(raw::read(&mut new_in).await.unwrap(), b"on the new one");
    old_out.close().await.unwrap();
    first.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_may_gossip_until_they_spread_invalid_messages() {
    let mut a = honest(0, &[], 0..2).await;
    let stranger = honest(9, &[(0, &a)], 0..2).await;
    let observer_config = config(8, LOOPBACK.parse().unwrap(), vec![peer(0, a.address())]);
    let mut observer = Node::start_with(None, observer_config, 0..2).await;

    // Publishing works as soon as the other side's subscription is known.
    let publish = async |node: &Node, text: &str| {
        within("somebody to gossip with", async {
            while node.network.gossip().publish(text.into()).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    };
    publish(&stranger, "valid").await;
    let message = within("gossip", a.gossip.recv()).await.unwrap();
    assert_eq!(
        (message.bytes.as_slice(), message.id),
        (b"valid".as_slice(), rollup_abi::sha256(&[b"valid"]))
    );
    a.network.gossip().report(&message, Verdict::Accept).await;
    assert_eq!(
        within("passed on", observer.gossip.recv()).await.unwrap().bytes,
        b"valid"
    );

    for n in 0..4 {
        publish(&stranger, &format!("invalid {n}")).await;
        let message = within("gossip", a.gossip.recv()).await.unwrap();
        a.network.gossip().report(&message, Verdict::Reject).await;
    }
    until("all verdicts", || a.network.metrics().gossip_rejected.get() == 4).await;
    publish(&stranger, "nobody listens any more").await;
    publish(&observer, "an honest one").await;
    assert_eq!(
        within("gossip", a.gossip.recv()).await.unwrap().bytes,
        b"an honest one"
    );
    assert_eq!(a.network.metrics().gossip_in.get(), 6);
    a.connected([]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn public_connections_are_limited_but_members_get_in() {
    let mut limited = config(0, LOOPBACK.parse().unwrap(), vec![]);
    limited.limits.public_connections = 2;
    limited.peers = vec![hotshot_libp2p::PeerAddress {
        peer_id: Some(identity(1).public().to_peer_id()),
        ..peer(1, "/ip4/127.0.0.1/tcp/1".parse().unwrap())
    }];
    let a = Node::start(0, limited, 0..2).await;
    let _strangers = [
        Raw::connect(identity(8), a.address()).await,
        Raw::connect(identity(9), a.address()).await,
    ];
    until("two strangers", || a.network.metrics().connections.get() == 2).await;
    let _refused = Raw::connect(identity(10), a.address()).await;
    until("a refusal", || a.network.metrics().public_refused.get() == 1).await;
    let b = honest(1, &[(0, &a)], 0..2).await;
    b.connected(0..2).await;
    a.connected(0..2).await;
}
