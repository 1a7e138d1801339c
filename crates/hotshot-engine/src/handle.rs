//! The engine from outside: how it is started, what it tells, how it ends.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use hotshot::{Committees, HaltReason, Timing};
use hotshot_types::{Committee, Epoch, Epochs, Height, NodeId, Upgrade, Versions, View, WrongEncoding};
use rollup_abi::Header;
use tokio::{
    sync::{broadcast, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    ports::{ApplicationError, DecidedBlock, SignerError, StorageError},
    verify::PeerFault,
};

/// Events that a slow listener may be behind before it loses some (and is told how many).
pub const EVENT_CAPACITY: usize = 1024;

/// What the engine is told at its start.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Who this node is.
    pub node: NodeId,
    /// The committees.
    pub committees: Committees,
    /// Which blocks are of which epoch.
    pub epochs: Epochs,
    /// The genesis block's header.
    pub genesis: Header,
    /// Times of the protocol.
    pub timing: Timing,
    /// The versions whose blocks the application can execute.
    pub speaks: Versions,
    /// The upgrade that this member agrees on.
    pub upgrade: Option<Upgrade>,
    /// Signature checks at a time.
    pub crypto_workers: usize,
}

/// The five ports.
#[derive(Debug)]
pub struct Ports<N, S, A, G, C> {
    /// Bytes to and from members.
    pub network: Arc<N>,
    /// What must be durable.
    pub storage: Arc<S>,
    /// Blocks.
    pub application: Arc<A>,
    /// The consensus key.
    pub signer: Arc<G>,
    /// Time.
    pub clock: Arc<C>,
}

impl<N, S, A, G, C> Clone for Ports<N, S, A, G, C> {
    fn clone(&self) -> Self {
        Self {
            network: Arc::clone(&self.network),
            storage: Arc::clone(&self.storage),
            application: Arc::clone(&self.application),
            signer: Arc::clone(&self.signer),
            clock: Arc::clone(&self.clock),
        }
    }
}

/// Where the node stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The current view.
    pub view: View,
    /// The last decided height that the application has made durable.
    pub decided: Height,
    /// Views that this node gave up.
    pub timeouts: u64,
}

/// What the engine tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// These blocks are final and durable, oldest first; each comes once per run.
    Decided(Arc<[DecidedBlock]>),
    /// A new view.
    ViewChanged {
        /// Which.
        view: View,
        /// Whether the one before was given up.
        timed_out: bool,
    },
    /// A leader dispersed what is not the encoding of a payload: anybody can verify it with the header.
    WrongEncoding {
        /// Who.
        leader: NodeId,
        /// The header that it signed.
        header: Box<Header>,
        /// The shares that show it.
        evidence: Arc<WrongEncoding>,
    },
    /// The committee of a coming epoch is known: its members may speak soon.
    Committee(Committee),
    /// The epoch before has handed over to this one.
    EpochChanged(Epoch),
    /// The decided chain goes on by the rules of another version.
    Upgraded {
        /// Which.
        version: u16,
        /// The height of its first block.
        height: Height,
    },
    /// Others agreed on an upgrade to a version that this node does not speak: it ends when the upgrade comes.
    CannotUpgrade(Upgrade),
    /// A member broke a rule.
    Misbehaviour {
        /// Who.
        member: NodeId,
        /// How.
        fault: PeerFault,
    },
}

/// Why the engine ended.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The core stopped for safety's sake.
    #[error("consensus has stopped: {0}")]
    Halted(HaltReason),
    /// What must be durable could not be written.
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// The application failed.
    #[error("application: {0}")]
    Application(#[from] ApplicationError),
    /// There is no signature.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The network ended.
    #[error("the network has stopped")]
    Network,
    /// The application lacks the block that the log calls decided and durable.
    #[error(
        "the application has no decided block of height {expected}, which the consensus log says is durable"
    )]
    LostBlock {
        /// The log's height.
        expected: u64,
    },
    /// A part of the engine panicked.
    #[error("a part of the engine died: {0}")]
    Died(String),
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Counts since the start; read them at any time.
        #[derive(Debug, Default)]
        pub struct Counters { $($(#[$doc])* pub $name: Count,)+ }

        impl Counters {
            /// All of them, with their names.
            pub fn all(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name.get()),)+]
            }
        }
    };
}

counters! {
    /// Messages received and decoded.
    messages_received,
    /// Messages that were not decodable.
    messages_malformed,
    /// Messages dropped because their sender or the queue was over its limit.
    messages_over_budget,
    /// Messages that were not needed: known, too old, too far ahead.
    messages_not_needed,
    /// Votes verified within an aggregate.
    votes_verified,
    /// Aggregates that failed and were checked one by one.
    aggregates_failed,
    /// Signature checks of all kinds.
    checks,
    /// Faults of peers.
    faults,
    /// Calls to the storage.
    commits,
    /// Records made durable.
    records,
    /// Fetches answered.
    fetches_served,
    /// Fetches sent.
    fetches_sent,
    /// Gauge: checks waiting or running.
    queue_checks,
    /// Gauge: decided runs that the application has not made durable yet.
    queue_decided,
}

/// One number of [`Counters`].
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, n: usize) {
        self.0.store(n as u64, Ordering::Relaxed);
    }
}

/// A running engine. Dropping it asks the engine to stop.
#[derive(Debug)]
pub struct EngineHandle {
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: Option<JoinHandle<Result<(), EngineError>>>,
}

impl EngineHandle {
    /// Where the node stands, as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Counts since the start.
    pub fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Asks the engine to stop; [`EngineHandle::join`] says when it has.
    pub fn shutdown(&self) {
        self.stop.cancel();
    }

    /// Waits for the end: `Ok` after a shutdown, else why it died.
    pub async fn join(mut self) -> Result<(), EngineError> {
        let task = self
            .task
            .take()
            .expect("only join takes it, and takes the handle, too");
        task.await
            .unwrap_or_else(|error| Err(EngineError::Died(error.to_string())))
    }
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        // After `join` has begun, dropping the rest of the handle must not stop what is waited for.
        if self.task.is_some() {
            self.stop.cancel();
        }
    }
}
