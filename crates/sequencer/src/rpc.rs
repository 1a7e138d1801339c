//! JSON-RPC over HTTP and websocket, for wallets, explorers and the testnet.
//!
//! The calls, their types and how things are written are in [`rpc_types`]; here they are answered. Errors carry the stable
//! codes of [`error`].

use std::time::Duration;

pub mod error;
mod programs;
pub(crate) mod read;
mod roster;
mod server;
mod submit;

pub use error::RpcError;
pub use rpc_types::{
    AssetApiClient, AssetApiServer, MAX_ASK_GAS, MAX_ENTRIES, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES,
    MAX_SUBMIT, text, types,
};
pub use server::{Progress, RpcContext, RpcHandle, serve};

/// Most connections at a time.
pub const MAX_CONNECTIONS: u32 = 256;
/// Most calls of one JSON-RPC batch.
pub const MAX_BATCH: u32 = 64;
/// How often a websocket's other side is asked whether it is there.
pub const PING_EVERY: Duration = Duration::from_secs(20);
/// A websocket whose other side has said nothing for this long, not even that it is there, is closed.
pub const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// Most subscriptions of one connection.
pub const MAX_SUBSCRIPTIONS: u32 = 4;
