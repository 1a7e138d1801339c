//! Prints how long frames take among five nodes in one process on loopback: from `send` to the last receiver's `recv`.
//!
//! `cargo run --release -p hotshot-libp2p --example latency`

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use hotshot_engine::ports::{Network, Priority, Signer, SignerError, Target};
use hotshot_libp2p::{
    Config, Libp2pNetwork, Limits, Multiaddr, PeerAddress, PeerBinding, Started, identity_from_seed,
};
use hotshot_types::{KeyPair, NodeId, PublicKey, Signature};
use rollup_abi::Digest;
use tokio::sync::mpsc;

const NODES: u8 = 5;
const CHAIN: Digest = [0; 32];
const ROUNDS: usize = 200;

struct KeySigner(KeyPair);

impl Signer for KeySigner {
    fn public_key(&self) -> PublicKey {
        self.0.public().clone()
    }

    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        Ok(self.0.sign(digest))
    }
}

fn node(n: u8) -> NodeId {
    NodeId([n; 32])
}

fn key(n: u8) -> KeyPair {
    KeyPair::from_bytes(&[n + 1; 32]).expect("a valid scalar")
}

async fn start(n: u8, listen: &str, peers: Vec<PeerAddress>) -> Started {
    let identity = identity_from_seed([n; 32]);
    let peer = identity.public().to_peer_id();
    let binding = PeerBinding::sign(&KeySigner(key(n)), &CHAIN, node(n), &peer).expect("the key signs");
    let listen: Multiaddr = listen.parse().expect("an address");
    let config = Config {
        chain_id: CHAIN,
        identity,
        listen: vec![listen],
        peers,
        limits: Limits::default(),
    };
    let members = (0..NODES).map(|n| (node(n), key(n).public().clone()));
    Libp2pNetwork::start(config, Some(binding), members)
        .await
        .expect("loopback can be listened on")
}

/// Node 0 sends one frame at a time to all; the time until the last of them has it.
async fn broadcast(
    sender: &Libp2pNetwork,
    arrivals: &mut mpsc::Receiver<usize>,
    class: Priority,
    len: usize,
) -> Vec<Duration> {
    let frame: Arc<[u8]> = vec![1; len].into();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let sent = Instant::now();
        sender
            .send(Target::Others, class, frame.clone())
            .expect("it fits");
        for _ in 1..NODES {
            assert_eq!(arrivals.recv().await, Some(len));
        }
        times.push(sent.elapsed());
    }
    times.sort_unstable();
    times
}

async fn run(transport: &str, listen: &str) {
    let mut nodes = Vec::new();
    let mut peers = Vec::new();
    for n in 0..NODES {
        let started = start(n, listen, peers.clone()).await;
        let address = started.network.addresses()[0].clone();
        peers.push(PeerAddress {
            node: node(n),
            address,
            peer_id: None,
        });
        nodes.push(started);
    }
    let all: BTreeSet<_> = (1..NODES).map(node).collect();
    nodes[0]
        .network
        .connected()
        .wait_for(|now| *now == all)
        .await
        .expect("it runs");
    let (tx, mut arrivals) = mpsc::channel(64);
    let mut nodes = nodes.into_iter();
    let sender = nodes.next().expect("five nodes");
    for started in nodes {
        let tx = tx.clone();
        tokio::spawn(async move {
            let _gossip = started.gossip_messages;
            while let Some(message) = started.network.recv().await {
                if tx.send(message.bytes.len()).await.is_err() {
                    break;
                }
            }
        });
    }
    let sizes = [
        (Priority::Vote, 1_000),
        (Priority::Proposal, 100_000),
        (Priority::Proposal, 1_000_000),
    ];
    for (class, len) in sizes {
        let times = broadcast(&sender.network, &mut arrivals, class, len).await;
        let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
        println!(
            "{transport:>9} {len:>9} {:>8.2} {:>8.2} {:>8.2}",
            at(50),
            at(95),
            at(100)
        );
    }
}

#[tokio::main]
async fn main() {
    println!(
        "{:>9} {:>9} {:>8} {:>8} {:>8}",
        "transport", "bytes", "p50 ms", "p95 ms", "max ms"
    );
    run("tcp", "/ip4/127.0.0.1/tcp/0").await;
    run("quic", "/ip4/127.0.0.1/udp/0/quic-v1").await;
}
