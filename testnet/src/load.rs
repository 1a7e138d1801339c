//! A load: traffic that does not wait for the rollup, and how long the rollup took.
//!
//! ```text
//!  profile, seed ─▶ arrivals ─▶ signed transactions ─▶ lanes ──submitTransactions──▶ validators
//!                     │ due                              ▲ not decided in time: again, to another one
//!                     ▼                                  │
//!                   track ◀── decided blocks, as seen ───┤
//!                     ▼   ◀── heights on Solana, as seen ┘
//!                   report: latency from when a transaction was due until in a block, final, settled
//! ```
//!
//! The load is open: what is due is due, however slow the answers are, and a transaction that had to wait for its turn has
//! waited since it was due.

mod profile;
mod report;
mod send;
mod track;
mod traffic;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use assetvm::{Action, Amount, SigningKey};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

pub use profile::Profile;
pub(crate) use report::tenth;
pub use report::{Latency, LoadReport};
pub use track::{Clock, Seen, Track};
pub use traffic::{Intent, Shape, Traffic};

use crate::attach::Attached;
use crate::error::TestnetError;
use crate::node::Node;
use crate::plan::Signed;
use crate::sight;
use send::{LANES_PER_VALIDATOR, Lane, Shared};

/// How long funding the senders may take.
const FUNDING_TIMEOUT: Duration = Duration::from_secs(60);
/// How long after the last arrival transactions may still be decided and settled.
const TAIL: Duration = Duration::from_secs(45);
/// How often a slow thing is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A load whose senders are funded.
#[derive(Debug)]
pub struct Load {
    shape: Shape,
    attached: Attached,
    traffic: Traffic,
}

/// A load that is being offered.
#[derive(Debug)]
pub struct Running {
    shape: Shape,
    shared: Arc<Shared>,
    end: Duration,
    hostile: u64,
    _lanes: JoinSet<()>,
    _watching: [AbortOnDropHandle<()>; 2],
}

impl Load {
    /// Signs the traffic, and funds its senders from the mint.
    ///
    /// # Errors
    /// The testnet does not take the funding, or not in time.
    pub async fn prepare(attached: Attached, shape: Shape) -> Result<Self, TestnetError> {
        let (chain_id, gas) = (attached.deployment.chain_id, attached.deployment.genesis.gas);
        let salt: [u8; 16] = rand::random();
        let planning = tokio::task::spawn_blocking(move || Traffic::plan(shape, chain_id, gas, &salt));
        let traffic = planning.await.expect("signing does not panic");
        let load = Self {
            shape,
            attached,
            traffic,
        };
        let funding = tokio::time::timeout(FUNDING_TIMEOUT, load.fund()).await;
        funding.map_err(|_| TestnetError::Funding {
            after: FUNDING_TIMEOUT,
        })??;
        Ok(load)
    }

    /// Mints to every sender and deploys what is to be called.
    async fn fund(&self) -> Result<(), TestnetError> {
        let authority = self.attached.mint_authority()?;
        let chain_id = self.attached.deployment.chain_id;
        let node = self.attached.nodes.next();
        let first = node.nonce(authority.address()).await?;
        let deployer = self
            .traffic
            .deployment
            .iter()
            .map(|(key, _, cost)| (key.address(), *cost));
        let senders = self.traffic.senders.iter();
        let funded = senders
            .map(|key| (key.address(), self.traffic.purse))
            .chain(deployer);
        let mut end = first;
        for (nonce, (to, amount)) in (first..).zip(funded) {
            let mint = Action::Mint { to, amount };
            let mint = Signed::new(&authority, chain_id, nonce, Amount::ZERO, mint);
            node.submit(&mint.bytes).await?;
            end = nonce + 1;
        }
        reaches(node, &authority, end).await?;
        if let Some((key, deployment, _)) = &self.traffic.deployment {
            node.submit(&deployment.bytes).await?;
            reaches(node, key, 1).await?;
        }
        Ok(())
    }

    /// Starts to offer it.
    ///
    /// # Errors
    /// The testnet cannot be watched.
    pub async fn start(self) -> Result<Running, TestnetError> {
        let Self {
            shape,
            attached,
            traffic,
        } = self;
        let nodes = &attached.nodes;
        let clock = Clock::start();
        let tip = sight::tip(nodes).await;
        let start = clock.now();
        let shared = Arc::new(Shared {
            track: Mutex::new(Track::new(&traffic.planned, start)),
            planned: traffic.planned,
            clock,
            resent: AtomicU64::new(0),
            hostile_taken: AtomicU64::new(0),
        });
        let (seen, settled) = (Arc::clone(&shared), Arc::clone(&shared));
        let blocks = sight::blocks(nodes.clone(), clock, tip, move |sight| seen.track().block(&sight));
        let settlements = sight::settlements(attached.rollup()?, clock, move |height, at| {
            settled.track().settled(height, at);
        });
        let watching = [
            AbortOnDropHandle::new(tokio::spawn(blocks)),
            AbortOnDropHandle::new(tokio::spawn(settlements)),
        ];
        let mut lanes = JoinSet::new();
        let count = nodes.len() * LANES_PER_VALIDATOR;
        let mut due = vec![VecDeque::new(); count];
        for (index, planned) in shared.planned.iter().enumerate() {
            due[planned.sender % count].push_back(index);
        }
        for (home, due) in due.into_iter().enumerate() {
            lanes.spawn(Lane { due, home }.run(nodes.clone(), Arc::clone(&shared)));
        }
        let hostile = shared.planned.iter().filter(|p| p.intent == Intent::Hostile);
        Ok(Running {
            shape,
            hostile: hostile.count() as u64,
            shared,
            end: start + shape.length,
            _lanes: lanes,
            _watching: watching,
        })
    }
}

impl Running {
    /// Waits until all of it has been offered, decided and settled, or has had the time for it.
    pub async fn finish(self) -> LoadReport {
        loop {
            let now = self.shared.clock.now();
            let complete = now >= self.end && self.shared.track().is_complete();
            if complete || now >= self.end + TAIL {
                return self.report();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Offers no more.
    #[must_use]
    pub fn stop(mut self) -> Self {
        let now = self.shared.clock.now();
        if now < self.end {
            self.shared.track().truncate(now);
            self.shape.length -= self.end - now;
            self.end = now;
        }
        self
    }

    /// How it stands, whenever it is displayed.
    pub fn standing(&self) -> Standing {
        Standing(Arc::clone(&self.shared))
    }

    /// The figures so far.
    pub fn report(&self) -> LoadReport {
        let track = self.shared.track();
        let (offered, decided, settled) = track.counts();
        let [included, decision, settlement] = track.latencies();
        LoadReport {
            profile: self.shape.profile,
            seed: self.shape.seed,
            tps: self.shape.tps,
            seconds: self.shape.length.as_secs_f64(),
            offered,
            decided,
            settled,
            failed: track.failed(),
            decided_tps: tenth(track.rate()),
            resent: self.shared.resent.load(Ordering::Relaxed),
            hostile: self.hostile,
            hostile_taken: self.shared.hostile_taken.load(Ordering::Relaxed),
            included,
            decision,
            settlement,
        }
    }
}

/// How a load stands.
#[derive(Clone, Debug)]
pub struct Standing(Arc<Shared>);

impl Standing {
    /// The blocks that have been seen since the start.
    pub fn blocks(&self) -> Vec<Seen> {
        self.0.track().blocks().to_vec()
    }

    /// The heights that Solana has been seen to hold, and when, since 1970.
    pub fn settlements(&self) -> Vec<(u64, Duration)> {
        self.0.track().settlements().to_vec()
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let track = self.0.track();
        let (offered, decided, settled) = track.counts();
        let [_, decision, settlement] = track.latencies();
        write!(
            f,
            "{decided} of {offered} decided, {settled} settled | {:.1} a second | final p50 {} p95 {} ms | settled p50 {} ms",
            track.rate(),
            decision.p50_ms,
            decision.p95_ms,
            settlement.p50_ms
        )
    }
}

/// Waits until an account has sent so many transactions.
async fn reaches(node: &Node, key: &SigningKey, expected: u64) -> Result<(), TestnetError> {
    let deadline = Instant::now() + FUNDING_TIMEOUT;
    while node.nonce(key.address()).await? < expected {
        if Instant::now() >= deadline {
            return Err(TestnetError::Funding {
                after: FUNDING_TIMEOUT,
            });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
