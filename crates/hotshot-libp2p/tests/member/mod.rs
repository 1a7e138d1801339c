//! One member of a committee as the product runs it: engine, libp2p, and redb with its fsyncs; only its blocks mean nothing.
#![allow(dead_code, reason = "each binary uses its part")]

pub mod ledger;

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use hotshot::{Committees, Timing};
use hotshot_cluster::fixtures::{committee, key, node_id};
use hotshot_engine::{Engine, EngineConfig, EngineHandle, Ports, ports::SystemClock, testing::KeySigner};
use hotshot_libp2p::{
    Config, GossipMessage, Libp2pNetwork, Limits, Multiaddr, PeerAddress, PeerBinding, Running,
    identity_from_seed,
};
use hotshot_types::{Epochs, Height, Upgrade, Versions};
use ledger::{Ledger, Observer, genesis, genesis_header};
use rollup_abi::{Header, header::FIRST_VERSION};
use store::{Opened, Store};
use tokio::sync::mpsc;

/// As many as a validator has.
const CRYPTO_WORKERS: usize = 2;
/// Blocks read at a time.
const STEP: usize = 64;

/// What a member is told at its start.
pub struct Setup {
    /// Which member it is.
    pub index: usize,
    /// Where the members listen.
    pub addresses: Vec<SocketAddr>,
    /// Where its files are.
    pub directory: PathBuf,
    /// The protocol's times.
    pub timing: Timing,
    /// The upgrade that its software is ready for and agrees on.
    pub upgrade: Option<Upgrade>,
    /// Bytes in each block that it builds.
    pub payload: usize,
    /// What is told of its blocks.
    pub observer: Observer,
}

/// A running member.
pub struct Member {
    pub engine: EngineHandle,
    pub network: Arc<Libp2pNetwork>,
    running: Running,
    _gossip: mpsc::Receiver<GossipMessage>,
}

impl Member {
    /// Starts it from what its files say.
    pub async fn start(setup: Setup) -> Self {
        let Opened { store, recovery, tip } = open(&setup.directory);
        let chain_id = genesis().chain_id();
        let committee = committee(chain_id, setup.addresses.len());
        let (node, signer) = (node_id(setup.index), KeySigner(key(setup.index)));
        let identity = identity_from_seed([setup.index as u8; 32]);
        let peer_id = identity.public().to_peer_id();
        let binding = PeerBinding::sign(&signer, &chain_id, node, &peer_id).expect("the key signs");
        let peers = setup.addresses.iter().enumerate().map(|(index, at)| PeerAddress {
            node: node_id(index),
            address: tcp(*at),
            peer_id: None,
        });
        let config = Config {
            chain_id,
            identity,
            listen: vec![tcp(setup.addresses[setup.index])],
            peers: peers.collect(),
            limits: Limits::default(),
        };
        let members = committee.members().iter();
        let members = members.map(|member| (member.node, member.key.clone()));
        let started = Libp2pNetwork::start(config, Some(binding), members)
            .await
            .expect("the address is ours");
        let network = Arc::new(started.network);
        let config = EngineConfig {
            node,
            committees: Committees::new(committee),
            epochs: Epochs::ENDLESS,
            genesis: genesis_header(),
            timing: setup.timing,
            speaks: Versions::up_to(setup.upgrade.map_or(FIRST_VERSION, |upgrade| upgrade.to())),
            upgrade: setup.upgrade,
            crypto_workers: CRYPTO_WORKERS,
        };
        let ports = Ports {
            network: network.clone(),
            storage: Arc::new(store.clone()),
            application: Arc::new(Ledger::new(store, &tip, setup.payload, setup.observer)),
            signer: Arc::new(signer),
            clock: Arc::new(SystemClock::default()),
        };
        Self {
            engine: Engine::spawn(config, recovery, ports),
            network,
            running: started.running,
            _gossip: started.gossip_messages,
        }
    }

    /// Stops it in order.
    pub async fn stop(self) {
        self.engine.shutdown();
        self.engine.join().await.expect("it ends because it was told to");
        self.network.stop();
        self.running.join().await.expect("the network ends in order");
    }
}

/// Its storage.
pub fn open(directory: &Path) -> Opened {
    Store::open(directory, &genesis(), &genesis_header()).expect("the store opens")
}

/// The headers that a stopped member's files hold, from height 1 on.
pub fn chain(directory: &Path) -> Vec<Header> {
    let Opened { store, tip, .. } = open(directory);
    let mut chain = Vec::new();
    while (chain.len() as u64) < tip.header.height {
        let next = Height::new(chain.len() as u64 + 1);
        let blocks = store.blocks(next, STEP, usize::MAX).expect("reads");
        assert!(
            !blocks.is_empty(),
            "no block of height {next}, the tip is {}",
            tip.header.height
        );
        chain.extend(blocks.into_iter().map(|block| block.header));
    }
    chain
}

fn tcp(at: SocketAddr) -> Multiaddr {
    format!("/ip4/{}/tcp/{}", at.ip(), at.port())
        .parse()
        .expect("an address")
}

/// Free ports on loopback, which differ. Somebody else may take one before it is listened on; then the start says so.
pub fn free_addresses(count: usize) -> Vec<SocketAddr> {
    let bind = |_| TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let listeners: Vec<TcpListener> = (0..count).map(bind).collect();
    let address = |listener: &TcpListener| listener.local_addr().expect("it listens");
    listeners.iter().map(address).collect()
}

/// The lines of this process's standard input, until it ends.
pub fn input() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut read = std::io::stdin().lines().map_while(Result::ok);
        while read.next().is_some_and(|line| sender.blocking_send(line).is_ok()) {}
    });
    lines
}
