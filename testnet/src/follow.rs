//! The follower: fetches every decided block from the validators and executes it here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use assetvm::TxId;
use sequencer::genesis::Deployment;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::ledger::Ledger;
use crate::model::Model;
use crate::node::Nodes;
use crate::replay::{Divergence, Replay};

/// How often the next block is asked for: the resolution of the observed intervals.
const POLL: Duration = Duration::from_millis(20);
/// Polls without a block after which another validator is asked: this one may be behind, or alone.
const MAX_IDLE: u32 = 50;
/// A pause after a validator that does not answer; the next one is asked then.
const BACKOFF: Duration = Duration::from_millis(100);

/// A task that follows the chain. Clones of [`View`] see what it has executed.
#[derive(Debug)]
pub struct Follower {
    view: View,
    _task: AbortOnDropHandle<()>,
}

/// What the follower has executed so far.
#[derive(Clone, Debug)]
pub struct View {
    ledger: Arc<Mutex<Ledger>>,
    model: Arc<Mutex<Model>>,
    height: watch::Receiver<u64>,
    fault: watch::Receiver<Option<Divergence>>,
}

impl Follower {
    /// Starts from genesis. `payments` gives each expected transaction the index of its row; `model` is at genesis, too.
    pub fn start(nodes: Nodes, genesis: &Deployment, payments: HashMap<TxId, usize>, model: Model) -> Self {
        let state = &genesis.state;
        let ledger = Arc::new(Mutex::new(Ledger::new(state.root(), state.clone(), payments)));
        let model = Arc::new(Mutex::new(model));
        let (height_tx, height) = watch::channel(0);
        let (fault_tx, fault) = watch::channel(None);
        let view = View {
            ledger,
            model,
            height,
            fault,
        };
        let replay = Replay::new(&genesis.header, genesis.committee.clone(), state.clone());
        let told = Told {
            ledger: view.ledger.clone(),
            model: view.model.clone(),
            height: height_tx,
            fault: fault_tx,
        };
        let task = tokio::spawn(follow(nodes, replay, told));
        Self {
            view,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// What it has executed.
    pub fn view(&self) -> &View {
        &self.view
    }
}

impl View {
    /// The ledger. Held for moments only, never across an await.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // The follower does not panic while it holds the lock; if it had, the figures would still be the last good ones.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What everybody must own. Held for moments only, never across an await.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes with every block.
    pub fn height(&self) -> watch::Receiver<u64> {
        self.height.clone()
    }

    /// Waits until `height` has been executed here; says whether that happened before the follower ended.
    pub async fn reaches(&self, height: u64) -> bool {
        self.height().wait_for(|newest| *newest >= height).await.is_ok()
    }

    /// A block that differs from its execution here, if there was one. The follower stops at it.
    pub fn fault(&self) -> Option<Divergence> {
        self.fault.borrow().clone()
    }
}

/// Who hears of blocks.
struct Told {
    ledger: Arc<Mutex<Ledger>>,
    model: Arc<Mutex<Model>>,
    height: watch::Sender<u64>,
    fault: watch::Sender<Option<Divergence>>,
}

async fn follow(nodes: Nodes, mut replay: Replay, told: Told) {
    let started = Instant::now();
    let mut node = nodes.next();
    let mut idle = 0;
    loop {
        let block = match node.block(replay.height() + 1).await {
            Ok(Some(block)) => block,
            Ok(None) => {
                idle += 1;
                if idle >= MAX_IDLE {
                    (idle, node) = (0, nodes.next());
                }
                tokio::time::sleep(POLL).await;
                continue;
            }
            Err(error) => {
                tracing::debug!(%error, "no block");
                node = nodes.next();
                tokio::time::sleep(BACKOFF).await;
                continue;
            }
        };
        idle = 0;
        let observed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match replay.apply(&block.header, &block.payload) {
            Ok(executed) => {
                let (transactions, receipts) = executed;
                let mut model = told.model.lock().unwrap_or_else(PoisonError::into_inner);
                model.apply(&block.header, &transactions, &receipts);
                drop(model);
                let mut ledger = told.ledger.lock().unwrap_or_else(PoisonError::into_inner);
                ledger.record(&block.header, &receipts, replay.state().clone(), observed_ms);
            }
            Err(divergence) => {
                tracing::error!(%divergence, "a decided block differs from its execution here");
                told.fault.send_replace(Some(divergence));
                // The senders live on, so that waiters see the fault and not an ended task.
                return std::future::pending().await;
            }
        }
        told.height.send_replace(replay.height());
    }
}
