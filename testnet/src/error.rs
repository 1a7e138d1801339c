//! Why a testnet does not start, or ends early; and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use jsonrpsee::core::ClientError;

use crate::node::NodeError;
use crate::ports::NoPorts;
use crate::replay::Divergence;
use crate::run_dir::RunDirError;

/// The end of a validator's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTail {
    /// The log file.
    pub path: PathBuf,
    /// Its last lines.
    pub lines: Vec<String>,
}

impl fmt::Display for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the last lines of {}:", self.path.display())?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

/// Why a testnet does not start, or ends early.
#[derive(Debug, thiserror::Error)]
pub enum TestnetError {
    /// No directory to run in.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// No ports.
    #[error(transparent)]
    Ports(#[from] NoPorts),
    /// A file or process of ours could not be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The local Solana chain.
    #[error(transparent)]
    Localnet(#[from] localnet::LocalnetError),
    /// What stands between the validators and Solana, to disturb it.
    #[error(transparent)]
    FaultProxy(#[from] fault_proxy::ProxyError),
    /// The program's binary.
    #[error(transparent)]
    Registry(#[from] registry::RegistryError),
    /// A transaction on the local Solana chain.
    #[error("on the local Solana chain: {0}")]
    Settlement(Box<settlement::SettlementError>),
    /// The client of the local Solana chain.
    #[error("client of the local Solana chain: {0}")]
    SolanaClient(ClientError),
    /// Keys.
    #[error(transparent)]
    Keystore(#[from] sequencer::keystore::KeystoreError),
    /// A program of the run.
    #[error(transparent)]
    Program(#[from] crate::programs::NotCompiled),
    /// Genesis.
    #[error(transparent)]
    Genesis(#[from] sequencer::genesis::GenesisFileError),
    /// A file of a running testnet is not what it must be.
    #[error("{}: {reason}", path.display())]
    Place {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A transaction's way is not known.
    #[error("transaction {id}: {reason}")]
    Trace {
        /// Which.
        id: assetvm::TxId,
        /// Why.
        reason: String,
    },
    /// The testnet of a directory has ended.
    #[error("the testnet of {} has ended (process {pid})", dir.display())]
    Gone {
        /// The directory.
        dir: PathBuf,
        /// The process that supervised it.
        pid: u32,
    },
    /// Nothing to attach to.
    #[error("no testnet runs in {}", parent.display())]
    NoneRuns {
        /// Where it was looked for.
        parent: PathBuf,
    },
    /// A validator's JSON-RPC.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A validator is up but takes no part.
    #[error("validator {index} is not ready after {after:?}")]
    NotReady {
        /// Which.
        index: usize,
        /// How long it had.
        after: Duration,
        /// What it said last.
        log: LogTail,
    },
    /// A validator has ended by itself.
    #[error("validator {index} ended with {status}")]
    Exited {
        /// Which.
        index: usize,
        /// How.
        status: ExitStatus,
        /// What it said last.
        log: LogTail,
    },
    /// A decided block is not what executing it gives here.
    #[error("a decided block differs from its execution here: {0}")]
    Diverged(Divergence),
    /// The program saw two certified roots for one height.
    #[error("the program is frozen: it holds two certified roots for height {height}")]
    Frozen {
        /// The height.
        height: u64,
    },
    /// Ctrl-C or SIGTERM before there was anything to sum up.
    #[error("interrupted before the payments began")]
    Interrupted,
    /// The treasury could not be filled and emptied in time.
    #[error("minting and funding the payers took longer than {after:?}")]
    Funding {
        /// How long it had.
        after: Duration,
    },
}

impl From<settlement::SettlementError> for TestnetError {
    fn from(error: settlement::SettlementError) -> Self {
        Self::Settlement(Box::new(error))
    }
}

impl TestnetError {
    /// For a file or process at `path`.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// What the validator that is to blame said last.
    pub fn log(&self) -> Option<&LogTail> {
        match self {
            Self::NotReady { log, .. } | Self::Exited { log, .. } => Some(log),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::RunDir(_) => "choose another --data-dir, or leave it out for a new one",
            Self::Ports(_) => "stop programs that listen on many loopback ports",
            Self::Io { .. } => "check the disk's free space and the directory's permissions",
            Self::Localnet(_) | Self::FaultProxy(_) => {
                "run it again; if a port was taken, stop the program that listens there"
            }
            Self::Registry(_) => "rebuild the program into the registry: cargo xtask build-program",
            Self::Settlement(_) | Self::SolanaClient(_) | Self::Funding { .. } => {
                "testnet.log in the data directory says what came before; a busy machine may only need more time"
            }
            Self::Trace { .. } => "trace a transaction of this testnet that has been decided",
            Self::Place { .. } => "name the directory of a running testnet",
            Self::Gone { .. } | Self::NoneRuns { .. } => "start one with testnet, or name its directory",
            Self::Keystore(_) | Self::Genesis(_) => "use a fresh --data-dir",
            Self::Program(_) => "correct the program's source; `curve check` says more",
            Self::Node(_) | Self::NotReady { .. } | Self::Exited { .. } => {
                "validator.log in the validator's directory says more; ASSET_L2_LOG=debug makes it say everything"
            }
            Self::Interrupted => "nothing was paid; start again",
            Self::Diverged(_) | Self::Frozen { .. } => {
                "keep the data directory: it holds the evidence for finding the fault"
            }
        }
    }
}
