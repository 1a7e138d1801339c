//! How long the transactions that users gave to this node take to Solana.
//!
//! Each is noted when it is taken, found again in a decided block, and once more when that block's root is on Solana.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use assetvm::TxId;
use telemetry::{Metrics, metrics::Hop};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior},
};

use crate::{
    application::{Decided, Heads},
    settled::Settled,
    trace::Trace,
};

/// Transactions that are looked for in blocks, at most; the oldest is forgotten then. A full mempool, about.
const MAX_WAITING: usize = 65_536;
/// Decided blocks whose settlement is awaited, at most; the oldest is forgotten then. Over an hour of them.
const MAX_UNSETTLED: usize = 16_384;
/// How often it is looked whether more has settled: far below a slot.
const LOOK: Duration = Duration::from_millis(50);

/// The transactions that users gave to this node and that are in no block yet.
#[derive(Debug, Default)]
pub struct Ingested {
    waiting: Mutex<Waiting>,
    trace: Arc<Trace>,
}

#[derive(Debug, Default)]
struct Waiting {
    since: HashMap<TxId, Instant>,
    order: VecDeque<TxId>,
}

impl Ingested {
    /// What is remembered beyond that.
    pub fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting
            .lock()
            .expect("nothing panics while it holds the transactions")
    }

    /// A transaction has just been taken.
    pub fn note(&self, id: TxId) {
        self.trace.taken(id);
        let waiting = &mut *self.lock();
        if waiting.order.len() >= MAX_WAITING
            && let Some(oldest) = waiting.order.pop_front()
        {
            waiting.since.remove(&oldest);
        }
        waiting.since.insert(id, Instant::now());
        waiting.order.push_back(id);
    }

    fn take(&self, id: &TxId) -> Option<Instant> {
        self.lock().since.remove(id)
    }
}

/// A decided block whose root is not on Solana yet.
struct Unsettled {
    height: u64,
    decided: Instant,
    ingested: Vec<Instant>,
}

/// Measures, for ever.
pub async fn follow(ingested: Arc<Ingested>, heads: Heads, settled: Arc<Settled>, metrics: Arc<Metrics>) {
    let mut news = heads.subscribe();
    let mut unsettled: VecDeque<Unsettled> = VecDeque::new();
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            told = news.recv() => match told {
                Ok(block) => unsettled.extend(decided(&ingested, &block, &metrics)),
                Err(RecvError::Lagged(missed)) => tracing::debug!(missed, "blocks without latencies"),
                Err(RecvError::Closed) => return,
            },
            _ = looks.tick() => {
                let height = settled.height();
                ingested.trace.settled(height);
                settle(&mut unsettled, height, &metrics);
            }
        }
        while unsettled.len() > MAX_UNSETTLED {
            unsettled.pop_front();
        }
    }
}

fn decided(ingested: &Ingested, block: &Decided, metrics: &Metrics) -> Option<Unsettled> {
    let header = &block.branch.header;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let age = now.saturating_sub(Duration::from_millis(header.timestamp_ms));
    let made = Instant::now().checked_sub(age).unwrap_or(block.at);
    let ids = block.branch.ids();
    let ingested: Vec<Instant> = ids.iter().filter_map(|id| ingested.take(id)).collect();
    for since in &ingested {
        metrics
            .batch_latency
            .observe(Hop::Mempool, made.saturating_duration_since(*since));
        // A leader's clock that is ahead of this node's takes nothing away.
        let from = made.max(*since);
        metrics
            .batch_latency
            .observe(Hop::Consensus, block.at.saturating_duration_since(from));
    }
    (!ingested.is_empty()).then_some(Unsettled {
        height: header.height,
        decided: block.at,
        ingested,
    })
}

fn settle(unsettled: &mut VecDeque<Unsettled>, height: u64, metrics: &Metrics) {
    let now = Instant::now();
    while let Some(block) = unsettled.pop_front_if(|block| block.height <= height) {
        for since in &block.ingested {
            metrics
                .batch_latency
                .observe(Hop::Settlement, now.saturating_duration_since(block.decided));
            metrics
                .batch_latency
                .observe(Hop::Total, now.saturating_duration_since(*since));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TxId {
        TxId::new(rollup_abi::sha256(&[&number.to_le_bytes()]))
    }

    #[test]
    fn what_waits_is_bounded_and_taken_once() {
        let ingested = Ingested::default();
        for number in 0..=MAX_WAITING {
            ingested.note(id(number));
        }
        assert!(ingested.take(&id(0)).is_none(), "the oldest is forgotten");
        assert!(ingested.take(&id(1)).is_some());
        assert!(ingested.take(&id(1)).is_none());
        assert!(ingested.lock().order.len() <= MAX_WAITING);
    }

    #[test]
    fn blocks_settle_in_order_and_each_transaction_counts() {
        let metrics = Metrics::new();
        let now = Instant::now();
        let block = |height, transactions: usize| Unsettled {
            height,
            decided: now,
            ingested: vec![now; transactions],
        };
        let mut unsettled = VecDeque::from([block(1, 2), block(2, 0), block(3, 5)]);
        settle(&mut unsettled, 2, &metrics);
        assert_eq!(unsettled.front().map(|block| block.height), Some(3));
        let text = metrics.render();
        for series in ["hop=\"total\"} 2", "hop=\"settlement\"} 2", "hop=\"mempool\"} 0"] {
            assert!(
                text.contains(&format!("asset_l2_batch_latency_seconds_count{{{series}")),
                "{series}"
            );
        }
    }
}
