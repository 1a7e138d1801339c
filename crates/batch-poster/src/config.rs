//! How a poster behaves.

use std::time::Duration;

/// How a poster behaves. Slots are Solana's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterConfig {
    /// How often the chain is looked at, and so the most posts in that time: about one slot.
    pub poll: Duration,
    /// Place among the posters; 0 posts always, the others when the lower ones seem dead.
    pub rank: u32,
    /// Slots without progress, per rank, after which this poster takes over.
    pub takeover_after: u64,
    /// Posts under way together.
    pub max_in_flight: usize,
    /// Slots after which a post that is still under way is sent again, the same bytes.
    pub rebroadcast_after: u64,
    /// Slots after which a post that is still under way is no longer counted on, and a newer one takes its place.
    pub replace_after: u64,
    /// Longest pause after failures.
    pub max_backoff: u64,
    /// Price of a compute unit.
    pub micro_lamports: u64,
    /// Highest price that is ever paid; the configured one is cut to it.
    pub max_micro_lamports: u64,
}

impl Default for PosterConfig {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(400),
            rank: 0,
            takeover_after: 8,
            max_in_flight: 3,
            rebroadcast_after: 2,
            replace_after: 8,
            max_backoff: 32,
            micro_lamports: 1_000,
            max_micro_lamports: 100_000,
        }
    }
}
