//! How an engine ends: with a reason, and without having said what it may not say.

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common::Cluster;
use hotshot::{Anchor, Committees, HaltReason, Record, Recovery, Timing};
use hotshot_cluster::Upgrades;
use hotshot_engine::{
    Engine, EngineConfig, EngineError, EngineHandle, Event, Ports,
    ports::{Signer, SignerError, Storage, StorageError, SystemClock},
    testing::{ChainApplication, KeySigner, MemoryHub, MemoryStorage},
};
use hotshot_types::{Height, Message, PublicKey, Signature, Upgrade, Versions};
use rollup_abi::{Digest, header};

/// A disk that is full.
struct FullDisk;

impl Storage for FullDisk {
    async fn persist(&self, _: Vec<Record>) -> Result<(), StorageError> {
        let reason = "no space left".into();
        Err(StorageError {
            operation: "append",
            reason,
        })
    }
}

/// A signer that refuses.
struct Refuses(KeySigner);

impl Signer for Refuses {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    fn sign(&self, _: &Digest) -> Result<Signature, SignerError> {
        Err(SignerError {
            reason: "locked".into(),
        })
    }
}

/// Replaces machine 3 of a cluster of four by one with these parts.
fn spawn<S: Storage, G: Signer>(
    cluster: &Cluster,
    recovery: Recovery,
    storage: S,
    signer: G,
) -> EngineHandle {
    let machine = &cluster.machines[3];
    let config = EngineConfig {
        node: machine.node,
        committees: Committees::new(cluster.committee.clone()),
        epochs: hotshot_types::Epochs::ENDLESS,
        genesis: cluster.genesis.clone(),
        timing: cluster.timing,
        speaks: Versions::up_to(header::FIRST_VERSION),
        upgrade: None,
        crypto_workers: 1,
    };
    let ports = Ports {
        network: Arc::new(cluster.hub.join(machine.node)),
        storage: Arc::new(storage),
        application: Arc::new(ChainApplication::new(10)),
        signer: Arc::new(signer),
        clock: Arc::new(SystemClock::default()),
    };
    Engine::spawn(config, recovery, ports)
}

fn cluster() -> Cluster {
    let timing = Timing {
        view_timeout: Duration::from_millis(200),
        ..Timing::default()
    };
    Cluster::new(4, 10, timing)
}

async fn end(engine: EngineHandle) -> EngineError {
    let ended = tokio::time::timeout(Duration::from_secs(30), engine.join()).await;
    ended.expect("it ends by itself").expect_err("with a reason")
}

/// Counts what needs a signature of machine 3.
fn count_signed(hub: &MemoryHub, cluster: &Cluster) -> Arc<AtomicUsize> {
    let (count, node) = (Arc::new(AtomicUsize::new(0)), cluster.machines[3].node);
    let counter = Arc::clone(&count);
    hub.tamper(Box::new(move |from, _, bytes| {
        let signed = |message: &Message| {
            matches!(
                message,
                Message::Proposal(_) | Message::Vote1(_) | Message::Vote2(_) | Message::Timeout(_)
            )
        };
        if from == node && signed(Message::decode(bytes).unwrap().peek()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Some(bytes.to_vec())
    }));
    count
}

/// The chain has been upgraded, and a member comes back with the software of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_software_ends_with_both_versions_named() {
    let mut cluster = cluster();
    let window = (Height::new(1), Height::new(1_000_000));
    let upgrade = Upgrade::new(1, 2, window.0, window.1).unwrap();
    (0..4).for_each(|index| cluster.install(index, upgrade));
    cluster.start_all();
    let mut events = cluster.machines[0].engine.as_ref().unwrap().events();
    let upgraded = async {
        loop {
            if let Ok(Event::Upgraded { version, height }) = events.recv().await {
                return (version, height);
            }
        }
    };
    let upgraded = tokio::time::timeout(Duration::from_secs(60), upgraded).await;
    let (version, height) = upgraded.expect("all agree");
    assert_eq!(version, 2);
    cluster.decided(3, height.get() + 1).await;
    cluster.stop(3).await;
    cluster.machines[3].speaks = Versions::up_to(1);
    cluster.machines[3].upgrade = None;
    cluster.start(3);
    let ended = end(cluster.machines[3].engine.take().unwrap()).await;
    let EngineError::Halted(reason @ HaltReason::Unspoken { got: 2, .. }) = ended else {
        panic!("{ended}");
    };
    assert!(
        reason
            .to_string()
            .contains("version 2, this node speaks versions 1 to 1"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_write_says_nothing_and_ends() {
    let mut cluster = cluster();
    let signed = count_signed(&cluster.hub, &cluster);
    for index in 0..3 {
        cluster.start(index);
    }
    let signer = KeySigner(cluster.machines[3].key.clone());
    let engine = spawn(
        &cluster,
        Recovery::genesis(cluster.genesis.clone()),
        FullDisk,
        signer,
    );
    assert!(matches!(end(engine).await, EngineError::Storage(error) if error.reason == "no space left"));
    assert_eq!(signed.load(Ordering::Relaxed), 0);
    // The others do not need it.
    cluster.decided(0, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_sign_ends() {
    let cluster = cluster();
    let signed = count_signed(&cluster.hub, &cluster);
    let machine = &cluster.machines[3];
    let refuses = Refuses(KeySigner(machine.key.clone()));
    let recovery = Recovery::genesis(cluster.genesis.clone());
    let engine = spawn(&cluster, recovery, machine.storage.clone(), refuses);
    assert!(matches!(end(engine).await, EngineError::Signer(error) if error.reason == "locked"));
    assert_eq!(signed.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_decided_block_is_noticed_at_the_start() {
    let cluster = cluster();
    let machine = &cluster.machines[3];
    let mut recovery = Recovery::genesis(cluster.genesis.clone());
    let mut header = cluster.genesis.clone();
    (header.height, header.view) = (5, 6);
    recovery.raise_anchor(Anchor {
        header,
        certificate: None,
    });
    let engine = spawn(
        &cluster,
        recovery,
        machine.storage.clone(),
        KeySigner(machine.key.clone()),
    );
    assert!(matches!(
        end(engine).await,
        EngineError::LostBlock { expected: 5 }
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_network_ends_the_engine() {
    let cluster = cluster();
    let machine = &cluster.machines[3];
    let recovery = Recovery::genesis(cluster.genesis.clone());
    let engine = spawn(
        &cluster,
        recovery,
        machine.storage.clone(),
        KeySigner(machine.key.clone()),
    );
    cluster.hub.leave(machine.node);
    assert!(matches!(end(engine).await, EngineError::Network));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_behind_the_application_is_moved_up() {
    let mut cluster = cluster();
    cluster.start_all();
    cluster.decided(3, 6).await;
    cluster.stop(3).await;
    // The node died before its log said so: only the application has the blocks.
    let height = cluster.machines[3].application.chain().len() as u64;
    let log = cluster.machines[3].storage.records();
    let kept = log
        .into_iter()
        .filter(|record| !matches!(record, Record::Decided(_)));
    let storage = MemoryStorage::default();
    storage.persist(kept.collect()).await.unwrap();
    cluster.machines[3].storage = storage;
    cluster.start(3);
    cluster.decided(3, height + 4).await;
    for index in 0..4 {
        cluster.stop(index).await;
    }
    cluster.check_agreement();
    cluster.check_no_equivocation();
}
