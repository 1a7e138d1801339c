//! Sending what is due, whether or not what was sent before has been answered.
//!
//! Senders are spread over lanes. A lane has one request on its way at a time and puts all that has become due meanwhile
//! into the next one: a validator that answers slowly makes later transactions late, and their latency counts from when
//! they were due, not from when the lane got round to them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sequencer::rpc::AssetApiClient as _;
use sequencer::rpc::text::HexBytes;
use sequencer::rpc::types::Submitted;

use super::traffic::{Intent, Planned};
use super::{Clock, Track};
use crate::node::{HAS_IT, Nodes};

/// Lanes to each validator.
pub const LANES_PER_VALIDATOR: usize = 2;
/// Transactions of one request.
const BATCH: usize = 128;
/// How long a transaction may be undecided before another validator gets it, too.
const RESEND_AFTER: Duration = Duration::from_secs(3);
/// A pause before what was not taken is sent again.
const BACKOFF: Duration = Duration::from_millis(250);
/// The longest that a lane waits before it looks again whether something must be sent again.
const LOOK: Duration = Duration::from_millis(500);

/// What the lanes share.
#[derive(Debug)]
pub struct Shared {
    /// All transactions.
    pub planned: Vec<Planned>,
    /// Where they stand.
    pub track: Mutex<Track>,
    /// The clock of the load.
    pub clock: Clock,
    /// How often one was handed to another validator.
    pub resent: AtomicU64,
    /// Those that had to be refused and were taken.
    pub hostile_taken: AtomicU64,
}

impl Shared {
    /// Held for moments only, never across an await.
    pub fn track(&self) -> MutexGuard<'_, Track> {
        self.track.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One lane: which transactions, by the order in which they are due, and which validator is asked first.
pub struct Lane {
    /// Indices of the transactions.
    pub due: VecDeque<usize>,
    /// The validator.
    pub home: usize,
}

impl Lane {
    /// Sends everything, and again what is not decided in time, until all is decided.
    pub async fn run(mut self, nodes: Nodes, shared: Arc<Shared>) {
        let mut watched: VecDeque<(Duration, usize)> = VecDeque::new();
        loop {
            let now = shared.clock.now();
            let (batch, fresh) = self.next(&shared, &mut watched, now);
            if batch.is_empty() {
                if self.due.is_empty() && watched.is_empty() {
                    return;
                }
                let next = self.due.front().map(|index| shared.track().due(*index));
                let pause = next.map_or(LOOK, |due| due.saturating_sub(now).min(LOOK));
                tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
                continue;
            }
            if fresh < batch.len() {
                let again = (batch.len() - fresh) as u64;
                shared.resent.fetch_add(again, Ordering::Relaxed);
                self.home += 1;
            }
            let retry = self.send(&nodes, &shared, &batch).await;
            let sent_at = shared.clock.now();
            for index in batch {
                let valid = shared.planned[index].intent == Intent::Valid;
                // What was not taken comes up again after a moment, not after the whole time.
                let from = if retry.contains(&index) {
                    (sent_at + BACKOFF).saturating_sub(RESEND_AFTER)
                } else {
                    sent_at
                };
                if valid {
                    watched.push_back((from, index));
                }
            }
            if !retry.is_empty() {
                watched.make_contiguous().sort_unstable();
                self.home += 1;
            }
        }
    }

    /// What to send now: first what must be sent again, then what has become due. Also says how many are sent for the first time.
    fn next(
        &mut self,
        shared: &Shared,
        watched: &mut VecDeque<(Duration, usize)>,
        now: Duration,
    ) -> (Vec<usize>, usize) {
        let track = shared.track();
        let mut batch = Vec::new();
        while let Some(&(at, index)) = watched.front().filter(|_| batch.len() < BATCH) {
            if track.is_decided(index) {
                watched.pop_front();
            } else if at + RESEND_AFTER <= now {
                watched.pop_front();
                batch.push(index);
            } else {
                break;
            }
        }
        let again = batch.len();
        while let Some(index) = self
            .due
            .pop_front_if(|index| batch.len() < BATCH && track.is_due(*index, now))
        {
            batch.push(index);
        }
        let fresh = batch.len() - again;
        (batch, fresh)
    }

    /// Sends a batch; returns what was not taken and must be sent again.
    async fn send(&self, nodes: &Nodes, shared: &Shared, batch: &[usize]) -> Vec<usize> {
        let node = nodes.get(self.home % nodes.len());
        let bytes = batch
            .iter()
            .map(|index| HexBytes(shared.planned[*index].signed.bytes.clone()));
        let outcomes = match node.rpc().submit_transactions(bytes.collect()).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::debug!(%error, validator = self.home % nodes.len(), "no answer to a batch");
                return batch.to_vec();
            }
        };
        let mut retry = Vec::new();
        for (&index, outcome) in batch.iter().zip(outcomes) {
            let valid = shared.planned[index].intent == Intent::Valid;
            match outcome {
                Submitted::Id(_) if !valid => {
                    shared.hostile_taken.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(id = %shared.planned[index].signed.id, "taken, and had to be refused");
                }
                Submitted::Error { code, message } if valid && !HAS_IT.contains(&code) => {
                    tracing::debug!(code, message, "not taken now");
                    retry.push(index);
                }
                Submitted::Id(_) | Submitted::Error { .. } => {}
            }
        }
        retry
    }
}
