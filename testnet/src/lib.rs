//! A whole rollup on one machine: local Solana, five validators, payments and a verified summary.
//!
//! ```text
//!                       ┌───────────────── this process ─────────────────┐
//!  payments.csv ──▶ plan ──▶ pay ──JSON-RPC──▶ validators (5 processes) ◀──▶ libp2p
//!                       │            follow ◀── blocks ──┘   │ post
//!                       │ replay: executes every block again │
//!                       │              │ own roots           ▼
//!                       │            audit ◀── chain ◀── local Solana ── asset_rollup_program
//!                       │              ▼
//!                       └─ reconcile, report ──▶ summary ───────────────┘
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`run`] | the command, and its phases from start to summary |
//! | [`network`] | [`Testnet`]: everything that runs, with `kill` and `restart`; also for tests |
//! | [`process`], [`lifeline`] | supervised children that do not outlive the testnet |
//! | [`payments`], [`plan`], [`window`], [`pay`] | from a CSV file to transactions that are made exactly once |
//! | [`follow`], [`replay`], [`ledger`] | the chain, executed here |
//! | [`programs`] | the programs that are deployed, and who calls them how |
//! | [`model`], [`judge`] | what everybody must own, by the reference interpreter of the language; held against the chain |
//! | [`chain`], [`audit`], [`posts`] | what Solana has recorded, compared with that |
//! | [`explorer`] | a page that shows the chain and checks proofs itself; the faucet |
//! | [`reconcile`], [`report`], [`summary`] | the verdict |
//! | [`commands`], [`attach`] | the subcommands, on a testnet of their own or on one that runs |
//! | [`load`], [`sight`] | traffic that does not wait, and decided blocks as a user sees them |
//! | [`slo`], [`resources`], [`scrape`] | what is promised, measured and signed |
//! | [`monitor`], [`dashboard`], [`top`] | how a running testnet is, as a page and in the terminal |
//! | [`chaos`], [`links`] | disturbances, and how soon it recovers |
//! | [`trace`] | the way of one transaction through all processes |
//!
//! Rules:
//! - a payments file is refused as a whole, with the number of every bad line, before anything is started;
//! - what is sent again is the same signed bytes, so a payment cannot happen twice;
//! - nothing that a validator says is believed: blocks are executed here, balances are proven against a root that the
//!   program on Solana has recorded;
//! - an unexpected end of a validator ends the run with its last log lines; no process is left behind, ever;
//! - stdout is the summary, stderr is progress, everything else is in the run's directory.
//!
//! ```no_run
//! # async fn demo() -> Result<(), testnet::TestnetError> {
//! use testnet::{Testnet, TestnetConfig, live::Progress};
//!
//! let config = TestnetConfig::new("/tmp/run".into(), "target/debug/testnet".into());
//! let mut testnet = Testnet::start(config, &mut Progress::new(false)).await?;
//! testnet.kill(2).await;
//! testnet.restart(2)?;
//! testnet.until_ready(&[2]).await?;
//! testnet.stop().await;
//! # Ok(())
//! # }
//! ```

pub mod attach;
pub mod audit;
pub mod chain;
pub mod chaos;
pub mod cli;
pub mod commands;
pub mod dashboard;
mod error;
pub mod explorer;
pub mod follow;
pub mod http;
pub mod judge;
pub mod ledger;
pub mod lifeline;
pub mod links;
pub mod live;
pub mod load;
pub mod log;
pub mod model;
pub mod monitor;
pub mod network;
pub mod node;
pub mod pay;
pub mod payments;
pub mod plan;
pub mod ports;
pub mod posts;
pub mod process;
pub mod programs;
pub mod reconcile;
pub mod replay;
pub mod report;
pub mod resources;
pub mod run;
pub mod run_dir;
pub mod sample;
pub mod scrape;
mod session;
mod setup;
pub mod sight;
pub mod slo;
pub mod stats;
pub mod summary;
pub mod top;
pub mod trace;
pub mod window;

pub use error::{LogTail, TestnetError};
pub use network::{Testnet, TestnetConfig};
