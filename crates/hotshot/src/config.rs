//! What a node is told at its start.

use std::{collections::BTreeMap, time::Duration};

use hotshot_types::{Committee, Epoch, Epochs, NodeId, Upgrade, Versions};
use rollup_abi::{Digest, Header};

/// The committees that are known, by epoch: with epochs, the current one's and the next one's before anything is said in it.
#[derive(Clone, Debug)]
pub struct Committees {
    first: Committee,
    later: BTreeMap<Epoch, Committee>,
}

impl Committees {
    /// The committee of the first epoch that matters.
    pub fn new(first: Committee) -> Self {
        let later = BTreeMap::new();
        Self { first, later }
    }

    /// Adds the committee of a later epoch; what is known of an epoch does not change.
    pub fn add(&mut self, committee: Committee) {
        if committee.epoch() > self.first.epoch() {
            self.later.entry(committee.epoch()).or_insert(committee);
        }
    }

    /// The committee of exactly this epoch.
    pub fn of(&self, epoch: Epoch) -> Option<&Committee> {
        if epoch == self.first.epoch() {
            Some(&self.first)
        } else {
            self.later.get(&epoch)
        }
    }

    /// The latest committee known.
    pub fn latest(&self) -> &Committee {
        self.later.values().next_back().unwrap_or(&self.first)
    }

    /// All of them, by epoch.
    pub fn iter(&self) -> impl Iterator<Item = &Committee> {
        std::iter::once(&self.first).chain(self.later.values())
    }

    /// Forgets epochs before `epoch`, except the last one known.
    pub fn forget_before(&mut self, epoch: Epoch) {
        while self.first.epoch() < epoch
            && let Some((_, next)) = self.later.pop_first()
        {
            self.first = next;
        }
    }

    /// The chain that they vote for.
    pub fn chain_id(&self) -> &Digest {
        self.first.chain_id()
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
    /// Which blocks are of which epoch.
    pub epochs: Epochs,
    /// The genesis block's header.
    pub genesis: Header,
    /// Times.
    pub timing: Timing,
    /// The versions that this node speaks.
    pub speaks: Versions,
    /// The upgrade that this node agrees on.
    pub upgrade: Option<Upgrade>,
}
