//! What the poster says of itself: for metrics, logs and readiness.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::planner::{Halt, Idle};

/// What the poster is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PosterPhase {
    /// It has not read the chain yet.
    #[default]
    Starting,
    /// It posts.
    Posting,
    /// It has nothing to post, or may not.
    Idle(Idle),
    /// It has stopped posting for good: an alert.
    Halted(Halt),
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PosterCounters {
    /// Transactions signed and sent.
    pub posts_sent: u64,
    /// Of those that landed, the ones that moved the rollup forward.
    pub posts_accepted: u64,
    /// Of those that landed, the ones that did nothing, because another had been faster.
    pub posts_noop: u64,
    /// Posts that could not land in time.
    pub posts_expired: u64,
    /// Failures by [`settlement::Cause::label`].
    pub failures: BTreeMap<&'static str, u64>,
    /// Lamports paid for posts.
    pub lamports_spent: u64,
    /// Committees that it staged.
    pub committees_staged: u64,
    /// Committees that it let take over.
    pub hand_overs: u64,
}

/// What the poster says of itself.
#[derive(Clone, Debug, Default)]
pub struct PosterStatus {
    /// What it is doing.
    pub phase: PosterPhase,
    /// Counts since the start.
    pub counters: PosterCounters,
    /// Solana slot of the last reading.
    pub slot: u64,
    /// Newest height accepted on chain.
    pub chain_height: u64,
    /// This node's newest executed height.
    pub tip: u64,
    /// How long ago the oldest block that is not on chain was made; zero if there is none.
    pub oldest_unsettled: Duration,
    /// Time between the newest block on chain and the newest one here.
    pub lag: Duration,
    /// Posts under way.
    pub in_flight: usize,
    /// Compute units of the last certificate check.
    pub verification_units: Option<u64>,
    /// Compute units of the last post.
    pub units: Option<u64>,
    /// Lamports that the poster has, as last read.
    pub balance: Option<u64>,
    /// How long they last at the rate at which they were spent lately; `None` while nothing is spent.
    pub runway: Option<Duration>,
    /// Micro-lamports per compute unit that the last post offered.
    pub price: u64,
    /// When the loop last went round: a watchdog can see it hang.
    pub last_tick: Option<Instant>,
}

impl PosterStatus {
    /// Blocks decided here that are not on chain.
    pub fn lag_blocks(&self) -> u64 {
        self.tip.saturating_sub(self.chain_height)
    }
}
