//! A committee of engines in one process, with real signatures.

#![allow(dead_code)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hotshot::{Committees, Record, Timing};
pub use hotshot_cluster::fixtures::{key, node_id};
use hotshot_cluster::{Partitions, Testbed, Upgrades, fixtures};
use hotshot_engine::{
    Engine, EngineConfig, EngineHandle, Ports, Status,
    ports::SystemClock,
    testing::{ChainApplication, KeySigner, MemoryHub, MemoryStorage},
};
use hotshot_types::{Committee, Epochs, Height, KeyPair, NodeId, Upgrade, Versions, View};
use rollup_abi::{Digest, Header, header::FIRST_VERSION};
use tokio::sync::watch;

pub const CHAIN: Digest = [9; 32];
/// Machines in [`Cluster::rotating`].
const ROTATING: usize = 5;

pub struct Machine {
    pub node: NodeId,
    pub key: KeyPair,
    pub storage: MemoryStorage,
    pub application: ChainApplication,
    pub speaks: Versions,
    pub upgrade: Option<Upgrade>,
    pub engine: Option<EngineHandle>,
}

pub struct Cluster {
    pub hub: MemoryHub,
    pub genesis: Header,
    pub committee: Committee,
    pub timing: Timing,
    pub epochs: Epochs,
    pub machines: Vec<Machine>,
}

pub fn genesis() -> Header {
    Header {
        chain_id: CHAIN,
        timestamp_ms: 1,
        state_root: [1; 32],
        ..Header::default()
    }
}

impl Cluster {
    pub fn new(size: usize, payload: usize, timing: Timing) -> Self {
        let committee = fixtures::committee(CHAIN, size);
        let machines = (0..size).map(|i| Machine {
            node: node_id(i),
            key: key(i),
            storage: MemoryStorage::default(),
            application: ChainApplication::new(payload),
            speaks: Versions::up_to(FIRST_VERSION),
            upgrade: None,
            engine: None,
        });
        Self {
            hub: MemoryHub::default(),
            genesis: genesis(),
            committee,
            timing,
            epochs: Epochs::ENDLESS,
            machines: machines.collect(),
        }
    }

    /// Five machines, of which another one is no member in each epoch of three blocks.
    pub fn rotating(timing: Timing) -> Self {
        let mut cluster = Self::new(ROTATING, 100, timing);
        cluster.epochs = Epochs::of_length(3);
        for machine in &mut cluster.machines {
            let committees = |epoch| Some(fixtures::rotating(CHAIN, epoch, ROTATING));
            machine.application = machine.application.clone().committees(committees);
        }
        cluster
    }

    fn committees(&self, index: usize) -> Committees {
        if self.epochs == Epochs::ENDLESS {
            return Committees::new(self.committee.clone());
        }
        let height = Height::new(self.machines[index].application.chain().len() as u64);
        fixtures::rotating_known(CHAIN, self.epochs, height, ROTATING)
    }

    pub fn start(&mut self, index: usize) {
        let committees = self.committees(index);
        let machine = &mut self.machines[index];
        let config = EngineConfig {
            node: machine.node,
            committees,
            epochs: self.epochs,
            genesis: self.genesis.clone(),
            timing: self.timing,
            speaks: machine.speaks,
            upgrade: machine.upgrade,
            crypto_workers: 2,
        };
        let ports = Ports {
            network: Arc::new(self.hub.join(machine.node)),
            storage: Arc::new(machine.storage.clone()),
            application: Arc::new(machine.application.clone()),
            signer: Arc::new(KeySigner(machine.key.clone())),
            clock: Arc::new(SystemClock::default()),
        };
        let recovery = machine.storage.recovery(self.genesis.clone());
        machine.engine = Some(Engine::spawn(config, recovery, ports));
    }

    pub fn start_all(&mut self) {
        for index in 0..self.machines.len() {
            self.start(index);
        }
    }

    pub async fn stop(&mut self, index: usize) {
        if let Some(engine) = self.machines[index].engine.take() {
            // An engine whose network ends before it was told to stop has died.
            engine.shutdown();
            self.hub.leave(self.machines[index].node);
            engine.join().await.unwrap();
        }
    }

    /// Waits until a machine has decided a height; a bound on the time, for a test that hangs says nothing.
    pub async fn decided(&self, index: usize, height: u64) {
        let mut status = self.machines[index].engine.as_ref().unwrap().status();
        let reached = status.wait_for(|status| status.decided.get() >= height);
        let reached = tokio::time::timeout(Duration::from_secs(60), reached)
            .await
            .map(|r| r.is_ok());
        let at = *status.borrow();
        assert_eq!(
            reached,
            Ok(true),
            "machine {index} has not decided {height}: {at:?}"
        );
    }

    /// Machines agree on every height that both have, and every certificate holds.
    pub fn check_agreement(&self) {
        let mut agreed: BTreeMap<u64, Header> = BTreeMap::new();
        for machine in &self.machines {
            for block in machine.application.chain() {
                let header = agreed.entry(block.header.height).or_insert(block.header.clone());
                assert_eq!(*header, block.header, "two blocks at one height");
                if let Some(certificate) = &block.certificate {
                    assert_eq!(*certificate.leaf(), header.commitment());
                }
            }
        }
        // One chain, the oracle's own look at the links.
        for (height, header) in &agreed {
            if let Some(parent) = agreed.get(&(height - 1)) {
                assert_eq!(header.parent, parent.commitment());
            }
        }
    }

    /// No machine's log, over all its lives, holds two votes in one phase of a view, or two proposals.
    pub fn check_no_equivocation(&self) {
        self.machines.iter().for_each(Machine::check_no_equivocation);
    }
}

impl Machine {
    fn check_no_equivocation(&self) {
        let mut said: BTreeMap<(u8, View), Digest> = BTreeMap::new();
        for record in self.storage.records() {
            let (kind, view, leaf) = match record {
                Record::Proposed { view, leaf } => (0, view, leaf),
                Record::Vote1 { view, leaf } => (1, view, leaf),
                Record::Vote2 { lock } => (2, lock.view(), *lock.leaf()),
                _ => continue,
            };
            let first = *said.entry((kind, view)).or_insert(leaf);
            assert_eq!(first, leaf, "{} said two things in view {view}", self.node);
        }
    }
}

impl Testbed for Cluster {
    fn size(&self) -> usize {
        self.machines.len()
    }

    async fn start(&mut self, member: usize) {
        Self::start(self, member);
    }

    async fn stop(&mut self, member: usize) {
        Self::stop(self, member).await;
    }

    fn status(&self, member: usize) -> watch::Receiver<Status> {
        self.machines[member].engine.as_ref().expect("it runs").status()
    }

    fn chain(&self, member: usize) -> Vec<Header> {
        let chain = self.machines[member].application.chain();
        chain.into_iter().map(|block| block.header).collect()
    }

    fn check(&self, member: usize) {
        self.machines[member].check_no_equivocation();
    }
}

impl Upgrades for Cluster {
    fn install(&mut self, member: usize, upgrade: Upgrade) {
        self.machines[member].speaks = Versions::up_to(upgrade.to());
        self.machines[member].upgrade = Some(upgrade);
    }
}

impl Partitions for Cluster {
    async fn cut(&mut self, side: &[usize]) {
        let side: BTreeSet<NodeId> = side.iter().map(|member| node_id(*member)).collect();
        self.hub.tamper(Box::new(move |from, to, bytes| {
            (side.contains(&from) == side.contains(&to)).then(|| bytes.to_vec())
        }));
    }

    async fn heal(&mut self) {
        self.hub.tamper(Box::new(|_, _, bytes| Some(bytes.to_vec())));
    }
}
