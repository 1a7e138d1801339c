//! What a local chain is started with, and why it may not start.

use std::time::Duration;

use solana_client::client_error::ClientError;
use solana_pubkey::Pubkey;

/// Solana's slot time, the default.
pub const SLOT_TIME: Duration = Duration::from_millis(400);

/// Lamports given to an account at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Airdrop {
    /// Who gets them.
    pub to: Pubkey,
    /// How many.
    pub lamports: u64,
}

/// How to start a local chain.
#[derive(Clone, Debug)]
pub struct LocalnetConfig {
    /// Port of the JSON-RPC server; `None` takes a free one.
    pub rpc_port: Option<u16>,
    /// Port of the websocket server; `None` takes a free one.
    pub ws_port: Option<u16>,
    /// Time between two blocks; at least a millisecond.
    pub slot_time: Duration,
    /// Accounts funded before [`crate::Localnet::start`] returns.
    pub airdrops: Vec<Airdrop>,
}

impl Default for LocalnetConfig {
    fn default() -> Self {
        Self {
            rpc_port: None,
            ws_port: None,
            slot_time: SLOT_TIME,
            airdrops: Vec::new(),
        }
    }
}

/// What a port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortUse {
    /// The JSON-RPC server.
    Rpc,
    /// The websocket server.
    Websocket,
}

impl std::fmt::Display for PortUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rpc => "JSON-RPC",
            Self::Websocket => "websocket",
        })
    }
}

/// Why a local chain did not start, or did not stop.
#[derive(Debug, thiserror::Error)]
pub enum LocalnetError {
    /// The port is in use by another process, or by another local chain in this one.
    #[error(
        "port {port} for the local chain's {port_use} server is taken on 127.0.0.1: stop the process that listens there \
         (`ss -ltnp 'sport = :{port}'` names it), or choose another port"
    )]
    PortTaken {
        /// What it was wanted for.
        port_use: PortUse,
        /// The port.
        port: u16,
    },
    /// The same port was asked for twice.
    #[error("the JSON-RPC and the websocket server cannot share port {port}: choose two ports")]
    SamePort {
        /// The port.
        port: u16,
    },
    /// The port cannot be listened on for another reason, such as a privileged port.
    #[error("port {port} for the local chain's {port_use} server cannot be opened on 127.0.0.1: {source}")]
    PortRefused {
        /// What it was wanted for.
        port_use: PortUse,
        /// The port.
        port: u16,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The slot time is below a millisecond.
    #[error("slot time of {got:?}, expected at least 1 ms")]
    SlotTime {
        /// What was configured.
        got: Duration,
    },
    /// The virtual machine could not be set up, or the chain ended while it started.
    #[error("the local chain did not start: {reason}")]
    Start {
        /// What it said.
        reason: String,
    },
    /// The chain was not ready in time.
    #[error("the local chain was not ready within {after:?}")]
    StartTimeout {
        /// How long it had.
        after: Duration,
    },
    /// The chain's servers did not close in time: their ports may still be bound.
    #[error(
        "the local chain did not stop within {after:?}: ports {rpc_port} and {ws_port} may still be bound"
    )]
    StopTimeout {
        /// How long it had.
        after: Duration,
        /// Its JSON-RPC port.
        rpc_port: u16,
        /// Its websocket port.
        ws_port: u16,
    },
    /// An airdrop was refused.
    #[error("airdrop of {lamports} lamports to {to}: {source}")]
    Airdrop {
        /// Who should have got it.
        to: Pubkey,
        /// How much.
        lamports: u64,
        /// What the chain said.
        source: Box<ClientError>,
    },
    /// An airdrop was accepted but not seen.
    #[error("airdrop to {to}: balance is {got} lamports, expected at least {expected}")]
    AirdropMissing {
        /// Who should have got it.
        to: Pubkey,
        /// The balance.
        got: u64,
        /// What it should have been at least.
        expected: u64,
    },
    /// The chain did not do what it was told by [`crate::Localnet::roll_back`] and its like.
    #[error("{method}: {source}")]
    Control {
        /// The RPC method.
        method: &'static str,
        /// What the chain said.
        source: Box<ClientError>,
    },
}
