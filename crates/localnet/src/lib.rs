//! A local Solana chain, embedded in this process: real JSON-RPC and websocket on loopback, the real virtual machine, the
//! real upgradeable loader. It is [Surfpool](https://surfpool.run), offline, with a block per slot.
//!
//! ```text
//!            ┌──────────────── this process ────────────────┐
//!  RPC ─────▶│ 127.0.0.1:rpc_port ─┐                        │
//!  websocket▶│ 127.0.0.1:ws_port  ─┴▶ runloop ─▶ SVM, loader│
//!            │                         └─ events ─▶ tracing │
//!            └──────────────────────────────────────────────┘
//! ```
//!
//! Rules:
//! - it listens on loopback only, and never fetches anything from another cluster;
//! - a port that was asked for and is taken is refused by name, before anything starts;
//! - programs arrive as on any cluster, by loader transactions (`settlement::deploy`), never by writing accounts;
//! - of itself it models neither forks nor congestion nor lost transactions: [`Localnet::roll_back`] drops what has landed,
//!   [`Localnet::stop_slots`] makes time stand still, and `fault-proxy`, before its RPC, does the rest.
//!
//! Surfpool is heavy to build, so product crates depend on this one for tests only.
//!
//! ```no_run
//! # async fn demo() -> Result<(), localnet::LocalnetError> {
//! let chain = localnet::Localnet::start(localnet::LocalnetConfig::default()).await?;
//! println!("{} {}", chain.rpc_url(), chain.ws_url());
//! chain.stop().await
//! # }
//! ```

mod chain;
mod config;
mod control;
mod ports;

pub use chain::Localnet;
pub use config::{Airdrop, LocalnetConfig, LocalnetError, PortUse};
pub use control::Snapshot;
