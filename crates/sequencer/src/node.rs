//! Wiring: opens the store, connects the parts, watches over them, and stops them in order.

mod committees;
mod keyring;
mod network;
mod observe;
mod parts;
mod start;

use std::path::PathBuf;

use crate::{
    config::{Config, ConfigError},
    genesis::GenesisFileError,
    halt::Divergence,
    keystore::KeystoreError,
    supervisor::Death,
    systemd::Notifier,
};

pub use start::{Node, Ports};

/// Why a node did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The genesis file cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The genesis file is wrong.
    #[error(transparent)]
    Genesis(#[from] GenesisFileError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeystoreError),
    /// The keys are not those of the committee's member.
    #[error("{what} of the key files is {got}, the genesis file expects {expected}")]
    WrongKey {
        /// Which key.
        what: &'static str,
        /// The key file's.
        got: String,
        /// The genesis file's.
        expected: String,
    },
    /// This node is not in the committee.
    #[error("node {node} is not in the committee")]
    NotMember {
        /// The Solana key.
        node: String,
    },
    /// The program of the configuration is not that of the genesis.
    #[error("program_id is {got}, the genesis file names {expected}")]
    Program {
        /// The configuration's.
        got: String,
        /// The genesis file's.
        expected: String,
    },
    /// The data directory cannot be used.
    #[error("{}: {source}", path.display())]
    Store {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: Box<store::StoreError>,
    },
    /// An address cannot be listened on, or a peer's address is none.
    #[error("{what} {address}: {reason}")]
    Listen {
        /// For what.
        what: &'static str,
        /// The address.
        address: String,
        /// Why.
        reason: String,
    },
    /// Something that a node needs of the system is not to be had.
    #[error("{what}: {reason}")]
    System {
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// A part ended that the node cannot do without.
    #[error(transparent)]
    Death(#[from] Death),
    /// Stopped signing, and then asked to end.
    #[error("ended after a root divergence: {0}")]
    Diverged(Divergence),
}

impl NodeError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Config(_) | Self::Genesis(_) => "get the genesis file from another validator of this chain",
            Self::Keys(_) => "make keys with sequencer keygen, or correct their paths in the configuration",
            Self::WrongKey { .. } => "use the keys that were registered, or have the genesis file corrected",
            Self::NotMember { .. } => {
                "only members of the committee run a sequencer: check solana_key and genesis"
            }
            Self::Program { .. } => "correct program_id: every deployment has a genesis file of its own",
            Self::Store { .. } => {
                "is another sequencer running on this data directory, or is it of another chain?"
            }
            Self::Listen { .. } => "choose another address, or end what is using this one",
            Self::System { .. } => "check the limits of this process and the disk",
            Self::Death(_) => "the log says more; after a restart the node goes on where it was",
            Self::Diverged(_) => {
                "do not restart it blindly: compare this node's state with the others' first"
            }
        }
        .to_owned()
    }

    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Diverged(_) => 3,
            _ => 1,
        }
    }
}

/// Runs a validator until SIGTERM, Ctrl-C, or a fault that it cannot live with.
pub async fn run(config: Config) -> Result<(), NodeError> {
    let settings = serde_json::to_string(&config.redacted()).expect("settings are plain data");
    tracing::info!(%settings, "effective configuration");
    let mut signals = Signals::new()?;
    let node = Node::start(&config).await?;
    let notifier = Notifier::from_env();
    notifier.ready();
    let asked = async {
        let by = signals.next().await;
        notifier.stopping();
        by
    };
    tokio::select! {
        ended = node.run_until(asked) => ended,
        never = notifier.stay_alive() => match never {},
    }
}

/// SIGTERM and Ctrl-C.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, NodeError> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(
                |error| NodeError::System {
                    what: "SIGTERM",
                    reason: error.to_string(),
                },
            )?,
        })
    }

    /// The name of the next signal that asks for the end.
    async fn next(&mut self) -> &'static str {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = tokio::signal::ctrl_c() => "SIGINT",
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
            "Ctrl-C"
        }
    }
}
