//! Durable storage in redb: consensus log, blocks, certificates and state.
//!
//! ```text
//!  engine ──persist(records)──▶ log thread   ──one commit per group──▶ consensus.redb   votes, locks, proposals
//!                                   ▲ decided view: prune
//!  application ──commit(blocks)─▶ chain thread ──one commit per group──▶ chain.redb      blocks, indices, state
//!  RPC, poster, peers ◀──read──────────────── snapshots ───────────────────┘
//! ```
//!
//! Rules:
//! - What has been acknowledged survives `kill -9` and a power cut: every answer comes after redb's commit.
//! - A decision is one transaction: block, certificate, receipts, indices, changed accounts and programs, totals and history range.
//! - Requests that wait together are committed together. Queues are bounded; a full one makes its callers wait.
//! - Votes do not wait behind blocks: the consensus log is a file of its own, small, with its own thread.
//! - Blocks are the truth about what is decided. The log is pruned only below blocks that are durable.
//! - After a fault while writing nothing is written any more: callers see [`StoreError::Stopped`], and the node stops.
//! - One process at a time has a data directory ([`Directory`]); files of older formats are brought up to date as they are
//!   opened, or refused.
//!
//! Invariants: heights have no gap; each block follows from the one before it; the root of the stored state is the
//! last block's state root, checked at every start.

mod chain;
mod directory;
mod error;
mod file;
mod inspect;
mod log;
mod migrate;
mod store;
mod writer;

pub use chain::{CommittedBlock, Tip, TransactionPlace};
pub use directory::{Directory, LOCK_FILE};
pub use error::StoreError;
pub use inspect::{Checked, FileStats, TableStats, check, stats};
pub use store::{CHAIN_FILE, LOG_FILE, Opened, Store};

/// The format that this version writes and reads. It changes with every change of a table or an encoding.
pub const FORMAT: u32 = 5;
