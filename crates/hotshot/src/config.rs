//! What a node is told at its start.

use std::{collections::BTreeMap, time::Duration};

use hotshot_types::{Committee, Epoch, NodeId};
use rollup_abi::Header;

/// The committees by epoch. A committee reigns until the next known one does.
#[derive(Clone, Debug)]
pub struct Committees {
    first: Committee,
    later: BTreeMap<Epoch, Committee>,
}

impl Committees {
    /// The committee of the first epoch.
    pub fn new(first: Committee) -> Self {
        let later = BTreeMap::new();
        Self { first, later }
    }

    /// Adds the committee of a later epoch.
    pub fn add(&mut self, committee: Committee) {
        self.later.insert(committee.epoch(), committee);
    }

    /// The committee that reigns in an epoch.
    pub fn at(&self, epoch: Epoch) -> &Committee {
        self.later
            .range(..=epoch)
            .next_back()
            .map_or(&self.first, |(_, committee)| committee)
    }

    /// The committee of exactly this epoch: what a peer's claim about an epoch is checked against.
    pub fn exactly(&self, epoch: Epoch) -> Option<&Committee> {
        let committee = self.at(epoch);
        (committee.epoch() == epoch).then_some(committee)
    }
}

/// Times of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Time between two blocks, by their headers; zero proposes as soon as the parent is certified.
    pub block_interval: Duration,
    /// How long a view may take before it is given up, at first.
    pub view_timeout: Duration,
    /// It doubles with every failed view up to this, and starts again at progress.
    pub max_view_timeout: Duration,
    /// How often what was said last is said again while a view does not end.
    pub resend: Duration,
    /// How long a certified block is waited for before it is fetched.
    pub fetch_delay: Duration,
    /// How long an answer to a fetch is waited for before another member is asked.
    pub fetch_retry: Duration,
    /// How far a header's timestamp may be ahead of this node's clock.
    pub max_clock_drift: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            block_interval: Duration::from_millis(250),
            view_timeout: Duration::from_millis(1_000),
            max_view_timeout: Duration::from_secs(20),
            resend: Duration::from_millis(500),
            fetch_delay: Duration::from_millis(40),
            fetch_retry: Duration::from_millis(250),
            max_clock_drift: Duration::from_millis(1_000),
        }
    }
}

impl Timing {
    /// Half of the blocks are to come within the interval, and timers are never early: aim 2 % below it.
    pub(crate) fn paced_interval(&self) -> Duration {
        let lead = self.block_interval.checked_div(50).unwrap_or_default();
        self.block_interval.saturating_sub(lead)
    }

    /// Time for a view after `failures` failed ones in a row.
    pub(crate) fn view_timeout_after(&self, failures: u32) -> Duration {
        let factor = 1u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX);
        self.view_timeout
            .saturating_mul(factor)
            .min(self.max_view_timeout.max(self.view_timeout))
    }
}

/// What a node is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who this node is. Who is not in the committee follows and says nothing.
    pub node: NodeId,
    /// The committees.
    pub committees: Committees,
    /// The genesis block's header.
    pub genesis: Header,
    /// Times.
    pub timing: Timing,
}
