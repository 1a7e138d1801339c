//! Whole committees in one process: engines with real signatures over the network in memory.

use std::{
    collections::VecDeque,
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hotshot::{Committees, Record, Recovery, Timing};
use hotshot_cluster::{
    fixtures::{committee, key, node_id},
    measure,
};
use hotshot_engine::{
    Engine, EngineConfig, EngineHandle, Ports,
    ports::{
        Application, ApplicationError, BuildRequest, BuiltBlock, DecidedBlock, Storage, StorageError,
        SystemClock,
    },
    testing::{KeySigner, MemoryHub},
};
use hotshot_types::{Height, Versions, dispersal};
use rollup_abi::{Digest, Header, header};

const CHAIN: Digest = [9; 32];
/// Blocks that all have decided before anything is measured.
const WARM_UP: u64 = 3;
/// Decided blocks that a member keeps for others.
const KEPT: usize = 16;

/// A log that forgets: what is measured is consensus, without a disk.
struct Forgets;

impl Storage for Forgets {
    async fn persist(&self, _: Vec<Record>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// Blocks that mean nothing.
struct Blank {
    payload: Arc<[u8]>,
    last: Mutex<VecDeque<DecidedBlock>>,
}

impl Blank {
    fn last(&self) -> MutexGuard<'_, VecDeque<DecidedBlock>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Application for Blank {
    async fn build(&self, request: BuildRequest) -> Result<BuiltBlock, ApplicationError> {
        let parent = &request.parent;
        let header = Header {
            view: request.view.get(),
            height: parent.height + 1,
            timestamp_ms: request.now_ms.max(parent.timestamp_ms + 1),
            parent: parent.commitment(),
            payload_commitment: dispersal::commit(&request.committee, &self.payload).expect("a payload"),
            ..parent.clone()
        };
        let payload = Arc::clone(&self.payload);
        Ok(BuiltBlock { header, payload })
    }

    async fn validate(&self, _: Header, _: Header, _: Arc<[u8]>) -> Result<(), ApplicationError> {
        Ok(())
    }

    async fn decided(&self, blocks: Vec<DecidedBlock>) -> Result<(), ApplicationError> {
        let mut last = self.last();
        last.extend(blocks);
        let surplus = last.len().saturating_sub(KEPT);
        last.drain(..surplus);
        Ok(())
    }

    async fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        _: usize,
    ) -> Result<Vec<DecidedBlock>, ApplicationError> {
        let last = self.last();
        let wanted = last.iter().skip_while(|block| block.header.height < from.get());
        let starts = wanted
            .clone()
            .next()
            .is_some_and(|block| block.header.height == from.get());
        Ok(wanted
            .take(if starts { max_blocks } else { 0 })
            .cloned()
            .collect())
    }
}

fn genesis() -> Header {
    Header {
        chain_id: CHAIN,
        timestamp_ms: 1,
        ..hotshot_testing::fixtures::genesis()
    }
}

fn start(hub: &MemoryHub, size: usize, index: usize, payload: usize) -> EngineHandle {
    let config = EngineConfig {
        node: node_id(index),
        committees: Committees::new(committee(CHAIN, size)),
        epochs: hotshot_types::Epochs::ENDLESS,
        genesis: genesis(),
        timing: Timing {
            block_interval: Duration::ZERO,
            view_timeout: Duration::from_secs(20),
            ..Timing::default()
        },
        speaks: Versions::up_to(header::FIRST_VERSION),
        upgrade: None,
        crypto_workers: 2,
    };
    let application = Blank {
        payload: vec![7; payload].into(),
        last: Mutex::default(),
    };
    let ports = Ports {
        network: Arc::new(hub.join(node_id(index))),
        storage: Arc::new(Forgets),
        application: Arc::new(application),
        signer: Arc::new(KeySigner(key(index))),
        clock: Arc::new(SystemClock::default()),
    };
    Engine::spawn(config, Recovery::genesis(genesis()), ports)
}

pub fn print(members: &[usize], payloads: &[usize], time: Duration) -> Result<(), Box<dyn Error>> {
    println!(
        "members | payload | views/s | CPU/view ms | CPU/view/member ms | cores | others' cores | given up"
    );
    for size in members {
        for payload in payloads {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            println!("{}", runtime.block_on(measure(*size, *payload, time))?);
        }
    }
    Ok(())
}

async fn measure(size: usize, payload: usize, time: Duration) -> Result<String, Box<dyn Error>> {
    let hub = MemoryHub::default();
    let engines: Vec<EngineHandle> = (0..size).map(|index| start(&hub, size, index, payload)).collect();
    for engine in &engines {
        engine
            .status()
            .wait_for(|status| status.decided.get() >= WARM_UP)
            .await?;
    }
    let view = || engines[0].status().borrow().view.get();
    let before = (
        measure::monotonic(),
        measure::cpu(),
        measure::machine_cpu(),
        view(),
    );
    tokio::time::sleep(time).await;
    let (wall, cpu) = (measure::monotonic() - before.0, measure::cpu() - before.1);
    let machine = measure::machine_cpu() - before.2;
    let views = (view() - before.3) as f64;
    let given_up: u64 = engines
        .iter()
        .map(|engine| engine.status().borrow().timeouts)
        .sum();
    for engine in engines {
        engine.shutdown();
        engine.join().await?;
    }
    let (wall, cpu) = (wall.as_secs_f64(), cpu.as_secs_f64());
    Ok(format!(
        "{size:>7} | {payload:>7} | {:>7.1} | {:>11.2} | {:>18.3} | {:>5.2} | {:>13.2} | {given_up:>8}",
        views / wall,
        cpu * 1e3 / views,
        cpu * 1e3 / views / size as f64,
        cpu / wall,
        (machine.as_secs_f64() - cpu).max(0.0) / wall,
    ))
}
