//! Transactions that wait for a block.
//!
//! ```text
//!  RPC, gossip ──Verified──▶ insert ──▶ per-sender queues by nonce ──select──▶ a leader's block
//!                              │ full, stale, duplicate: refused with a reason     │
//!  every 1 s ──▶ expire ───────┴──────────── decided(spent nonces) ◀── decided ────┘
//! ```
//!
//! Laws, each tested as such:
//! - never more than its limits, in count, bytes, and per sender; less is taken while settlement is slow ([`crate::pressure`]);
//! - what pays most for what it costs goes first: the fee is compared with the least fee that would do;
//! - a transaction is there once, and a nonce of a sender at most once: the higher fee stays, if it is a tenth higher;
//! - a selection follows every sender's nonces without a gap, starting at the next nonce of the state it is made for;
//! - taking transactions does not remove them: a leader that dies with its block loses none. A decided nonce removes them;
//! - a nonce below the account's is refused, so what was decided does not come back.

mod pool;
mod queue;

pub use pool::{
    Insert, MAX_SENDER_BYTES, Mempool, MempoolCounters, Removed, Selection, SelectionLimits, Standing,
};
pub use queue::Origin;

use assetvm::{Amount, Nonce};

/// Why a transaction is not taken. Codes 500 to 599; a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// This very transaction waits already.
    #[error("this transaction is already waiting")]
    Duplicate,
    /// Its nonce is spent.
    #[error("nonce {got} is spent, expected {expected} or more")]
    Spent {
        /// The transaction's.
        got: Nonce,
        /// The account's.
        expected: Nonce,
    },
    /// Its nonce is beyond what may wait.
    #[error("nonce {got} is too far ahead, expected at most {limit}")]
    TooFar {
        /// The transaction's.
        got: Nonce,
        /// The highest that may wait.
        limit: Nonce,
    },
    /// Another transaction of this nonce waits, with nearly the same fee or a higher one.
    #[error("fee {got} does not replace the waiting transaction of this nonce, expected at least {expected}")]
    Underpriced {
        /// The transaction's.
        got: Amount,
        /// What would replace.
        expected: Amount,
    },
    /// The pool is full.
    #[error("the mempool is full: {transactions} transactions, {bytes} bytes")]
    Full {
        /// Transactions that wait.
        transactions: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The pool takes less while roots get to Solana too slowly.
    #[error(
        "the mempool takes less while settlement on Solana is behind: {transactions} transactions wait, {bytes} bytes"
    )]
    Pressure {
        /// Transactions that wait.
        transactions: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// The sender's waiting transactions are too large.
    #[error("{got} bytes of this sender's transactions, expected at most {MAX_SENDER_BYTES}")]
    SenderFull {
        /// Their bytes, this one included.
        got: usize,
    },
}

impl MempoolError {
    /// The stable code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Duplicate => 500,
            Self::Spent { .. } => 501,
            Self::TooFar { .. } => 502,
            Self::Underpriced { .. } => 503,
            Self::Full { .. } => 504,
            Self::SenderFull { .. } => 505,
            Self::Pressure { .. } => 506,
        }
    }
}

#[cfg(test)]
mod tests;
