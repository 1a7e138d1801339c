//! The validator: mempool, block building, RPC, wiring and shutdown.
//!
//! ```text
//!  users ──▶ rpc ──▶ admission ──▶ mempool ◀──▶ gossip ◀──▶ other validators
//!                                    │ select                      ▲ consensus messages
//!                                    ▼                             ▼
//!             store ◀── decided ── application ◀── ports ── hotshot-engine
//!               │ blocks, certificates    │ halt on divergence
//!               ▼                         ▼
//!          batch-poster ──▶ Solana     signer
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`config`], [`genesis`], [`keystore`], [`passphrase`] | what a node is started with |
//! | [`mempool`], [`admission`], [`gossip`] | transactions on their way into a block |
//! | [`verify`] | the stored blocks executed again |
//! | [`application`] | the engine's `Application`: build, validate, decide |
//! | [`rpc`], [`http`] | what people and machines ask |
//! | [`admin`] | what their owner asks and tells a running node |
//! | [`node`], [`supervisor`], [`systemd`] | wiring, supervision, shutdown |
//! | [`cli`] | the command line; [`cli::main_from`] lets another binary be a validator |
//!
//! Rules: a node votes only for a root that it has computed itself; a decided block is durable before anybody hears of it;
//! whoever sees a root that differs trips [`halt::Halt`], and then nothing is signed or posted any more; the death of a
//! critical task ends the process with its reason and a non-zero exit code.

pub mod admin;
pub mod admission;
pub mod application;
pub mod cli;
pub mod config;
pub mod genesis;
pub mod gossip;
pub mod halt;
pub mod http;
pub mod keystore;
pub mod latency;
pub mod mempool;
pub mod node;
pub mod passphrase;
pub mod pressure;
pub mod rpc;
pub mod settled;
pub mod supervisor;
pub mod systemd;
pub mod trace;
pub mod verify;
