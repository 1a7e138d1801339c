//! Nodes on loopback, with real keys and real connections.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod raw;

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use hotshot_engine::ports::{Incoming, Network, Priority, Signer, SignerError, Target};
use hotshot_libp2p::{
    Config, GossipMessage, Keypair, Libp2pNetwork, Limits, Multiaddr, PeerAddress, PeerBinding, Running,
    identity_from_seed,
};
use hotshot_types::{KeyPair, NodeId, PublicKey, Signature};
use rollup_abi::Digest;
use tokio::{net::TcpSocket, sync::mpsc, time::timeout};

pub const CHAIN: Digest = [7; 32];
/// Only a bound on how long a failing test takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The result of `wait`, or a failed test.
pub async fn within<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// Waits for a counter, which nobody announces.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    within(what, async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub struct KeySigner(pub KeyPair);

impl Signer for KeySigner {
    fn public_key(&self) -> PublicKey {
        self.0.public().clone()
    }

    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        Ok(self.0.sign(digest))
    }
}

pub fn node_id(n: u8) -> NodeId {
    NodeId([n; 32])
}

pub fn keys(n: u8) -> KeyPair {
    KeyPair::from_bytes(&[n + 1; 32]).unwrap()
}

pub fn identity(n: u8) -> Keypair {
    identity_from_seed([n; 32])
}

/// Node `n`'s binding, honestly signed.
pub fn binding(n: u8) -> PeerBinding {
    let peer = identity(n).public().to_peer_id();
    PeerBinding::sign(&KeySigner(keys(n)), &CHAIN, node_id(n), &peer).unwrap()
}

pub fn members(n: impl IntoIterator<Item = u8>) -> Vec<(NodeId, PublicKey)> {
    n.into_iter()
        .map(|n| (node_id(n), keys(n).public().clone()))
        .collect()
}

/// A free port, ours for as long as this lives: bound, but not listening.
pub struct Port {
    _socket: TcpSocket,
    pub address: SocketAddr,
}

impl Port {
    pub fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        Self {
            _socket: socket,
            address,
        }
    }

    pub fn multiaddr(&self) -> Multiaddr {
        tcp(self.address)
    }
}

pub fn tcp(address: SocketAddr) -> Multiaddr {
    format!("/ip4/{}/tcp/{}", address.ip(), address.port())
        .parse()
        .unwrap()
}

pub fn peer(n: u8, address: Multiaddr) -> PeerAddress {
    PeerAddress {
        node: node_id(n),
        address,
        peer_id: None,
    }
}

pub fn config(n: u8, listen: Multiaddr, peers: Vec<PeerAddress>) -> Config {
    let limits = Limits {
        backoff_min: Duration::from_millis(20),
        ..Limits::default()
    };
    Config {
        chain_id: CHAIN,
        identity: identity(n),
        listen: vec![listen],
        peers,
        limits,
    }
}

pub struct Node {
    pub id: NodeId,
    pub network: Libp2pNetwork,
    pub gossip: mpsc::Receiver<GossipMessage>,
    pub running: Running,
}

impl Node {
    pub async fn start(n: u8, config: Config, committee: impl IntoIterator<Item = u8>) -> Self {
        Self::start_with(Some(binding(n)), config, committee).await
    }

    pub async fn start_with(
        binding: Option<PeerBinding>,
        config: Config,
        committee: impl IntoIterator<Item = u8>,
    ) -> Self {
        let id = binding.as_ref().map_or(NodeId([0xFF; 32]), |b| b.node);
        let started = Libp2pNetwork::start(config, binding, members(committee))
            .await
            .unwrap();
        Self {
            id,
            network: started.network,
            gossip: started.gossip_messages,
            running: started.running,
        }
    }

    pub fn address(&self) -> Multiaddr {
        self.network.addresses()[0].clone()
    }

    /// Waits until exactly these members are connected.
    pub async fn connected(&self, to: impl IntoIterator<Item = u8>) {
        let expected: BTreeSet<NodeId> = to.into_iter().map(node_id).filter(|id| *id != self.id).collect();
        let mut connected = self.network.connected();
        let what = format!("{} connected to {expected:?}", self.id);
        within(&what, connected.wait_for(|now| *now == expected))
            .await
            .unwrap();
    }

    pub fn send(&self, target: Target, class: Priority, bytes: &[u8]) {
        self.network.send(target, class, Arc::from(bytes)).unwrap();
    }

    pub async fn recv(&self) -> Incoming {
        within("a message", self.network.recv())
            .await
            .expect("the network has not stopped")
    }

    pub async fn stop(self) {
        self.network.stop();
        within("a clean stop", self.running.join()).await.unwrap();
    }
}

/// Nodes 0 to `n`-1, each knowing all addresses, not connected yet.
pub async fn committee(n: u8) -> Vec<Node> {
    let ports: Vec<Port> = (0..n).map(|_| Port::new()).collect();
    let peers: Vec<_> = (0..n)
        .zip(&ports)
        .map(|(i, port)| peer(i, port.multiaddr()))
        .collect();
    let mut nodes = Vec::new();
    for (i, port) in (0..n).zip(&ports) {
        nodes.push(Node::start(i, config(i, port.multiaddr(), peers.clone()), 0..n).await);
    }
    nodes
}
