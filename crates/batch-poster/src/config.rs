//! How a poster behaves.

use std::time::Duration;

use settlement::CommitmentConfig;

/// Slots from when a transaction lands until it is finalized, without a change of consensus that makes it faster.
const FINALIZED_AFTER: u64 = 32;

/// How a poster behaves. Slots are Solana's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterConfig {
    /// How often the chain is looked at, and so the most posts in that time: about one slot.
    pub poll: Duration,
    /// Place among the posters; 0 posts always, the others when the lower ones seem dead.
    pub rank: u32,
    /// Slots that a new process looks on before it posts: what an earlier one sent just before it died shows meanwhile.
    pub settle_in: u64,
    /// Slots without progress, per rank, after which this poster takes over.
    pub takeover_after: u64,
    /// Posts under way together. Only a backlog leads to more than a few: otherwise each look finds little to post.
    pub max_in_flight: usize,
    /// Posts of one look at the chain.
    pub burst: usize,
    /// Slots after which a post that is still under way is sent again, the same bytes.
    pub rebroadcast_after: u64,
    /// Slots after which a post that is still under way is no longer counted on, and a newer one takes its place.
    pub replace_after: u64,
    /// Longest pause after failures.
    pub max_backoff: u64,
    /// Least price of a compute unit.
    pub micro_lamports: u64,
    /// Highest price of a compute unit that is ever paid.
    pub max_micro_lamports: u64,
    /// Age of the oldest unsettled block at which the price is doubled; it doubles again with each doubling of the age.
    pub patience: Duration,
    /// Most lamports that posts may cost in an hour. It fills evenly, and a new process starts with a tenth of it.
    pub lamports_per_hour: u64,
    /// When the balance lasts no longer than this, the poster says so as an error.
    pub runway_alert: Duration,
}

impl Default for PosterConfig {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(400),
            rank: 0,
            settle_in: 4,
            takeover_after: 8,
            max_in_flight: 8,
            burst: 4,
            rebroadcast_after: 2,
            replace_after: 8,
            max_backoff: 32,
            micro_lamports: 1_000,
            max_micro_lamports: 100_000,
            patience: Duration::from_secs(4),
            lamports_per_hour: 500_000_000,
            runway_alert: Duration::from_secs(24 * 3_600),
        }
    }
}

impl PosterConfig {
    /// The default for who reads at this commitment: the later a post shows, the later it is missed.
    pub fn at(commitment: CommitmentConfig) -> Self {
        let later = if commitment.is_finalized() {
            FINALIZED_AFTER
        } else {
            0
        };
        let default = Self::default();
        Self {
            settle_in: default.settle_in.saturating_add(later),
            takeover_after: default.takeover_after.saturating_add(later),
            rebroadcast_after: default.rebroadcast_after.saturating_add(later),
            replace_after: default.replace_after.saturating_add(later),
            ..default
        }
    }

    /// Least [`PosterConfig::lamports_per_hour`] with which a new process can post at this price of a compute unit.
    pub fn least_lamports_per_hour(max_micro_lamports: u64) -> u64 {
        crate::fees::least_per_hour(max_micro_lamports)
    }
}
