//! What the admin socket answers.

use batch_poster::{Orders, PosterStatus};
use serde::{Deserialize, Serialize};

use crate::{http::Readiness, rpc::types::StatusView, settled::phase_text};

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// The binary's version.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// Whether it takes part, and what keeps it from it.
    pub readiness: Readiness,
    /// Whether it leads its view or the next one.
    pub leading: bool,
    /// Its poster, if it posts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub poster: Option<PosterView>,
    /// What `asset_status` answers.
    #[serde(flatten)]
    pub status: StatusView,
}

/// A member of the committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerView {
    /// Its Solana key.
    pub node: String,
    /// Its stake.
    pub stake: u64,
    /// Its libp2p peer id.
    pub peer_id: String,
    /// Where it is reached.
    pub address: String,
    /// Whether this node itself is it.
    pub this: bool,
    /// Whether there is a connection to it.
    pub connected: bool,
}

/// The log filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFilterView {
    /// As in use; `None` if this process has no log of its own.
    pub filter: Option<String>,
}

/// What a poster is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum PosterOrder {
    /// Say where it stands
    Status,
    /// Post nothing new; what is under way is still followed
    Pause,
    /// Go on posting
    Resume,
    /// Post what is decided at once, whatever its rank and without pauses after failures
    Flush,
}

/// A poster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PosterView {
    /// What it is doing.
    pub phase: String,
    /// Whether it has been paused.
    pub paused: bool,
    /// The height that it was last told to post at once; 0 if never.
    pub flush_to: u64,
    /// Newest height on Solana.
    pub chain_height: u64,
    /// Newest height here.
    pub tip: u64,
    /// Blocks decided here that are not on Solana.
    pub lag_blocks: u64,
    /// Age of the oldest of them, milliseconds.
    pub oldest_unsettled_ms: u64,
    /// Posts under way.
    pub in_flight: u64,
    /// Posts sent since the start.
    pub posts_sent: u64,
    /// Of those, the ones that moved the rollup forward.
    pub posts_accepted: u64,
    /// Failures of all kinds since the start.
    pub failures: u64,
    /// Lamports that it has, as last read.
    pub balance: Option<u64>,
    /// How long they last at the present rate, seconds; `None` while nothing is spent.
    pub runway_seconds: Option<u64>,
}

/// The process ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitView {
    /// The process.
    pub pid: u32,
    /// The view in which it was told.
    pub view: u64,
}

impl PosterView {
    /// Of what it says and was told.
    pub fn of(status: &PosterStatus, orders: Orders) -> Self {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        Self {
            phase: phase_text(&status.phase),
            paused: orders.stopped,
            flush_to: orders.flush_to,
            chain_height: status.chain_height,
            tip: status.tip,
            lag_blocks: status.lag_blocks(),
            oldest_unsettled_ms: u64::try_from(status.oldest_unsettled.as_millis()).unwrap_or(u64::MAX),
            in_flight: count(status.in_flight),
            posts_sent: status.counters.posts_sent,
            posts_accepted: status.counters.posts_accepted,
            failures: status.counters.failures.values().sum(),
            balance: status.balance,
            runway_seconds: status.runway.map(|runway| runway.as_secs()),
        }
    }
}
