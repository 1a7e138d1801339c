//! Transactions between validators: what a user brings to one of them reaches all, so that any leader can include it.
//!
//! ```text
//!  RPC ─▶ announce ─▶ queue (bounded) ─▶ batches of at most 20 ms ─▶ gossipsub ─▶ other validators' admission
//!                                                                      │ NoPeers, Busy, full queue
//!  mempool's own, still waiting after 5 s ──────────── again ◀─────────┘
//! ```
//!
//! A batch is the encoding of a block's payload, so its limits and its strictness are already defined. A transaction that
//! fails in a way that its sender could have seen makes the whole message invalid, and costs whoever passed it on.

use std::{sync::Arc, time::Duration};

use assetvm::{Payload, Verified};
use hotshot_engine::ports::{Clock as _, SystemClock};
use hotshot_libp2p::{Gossip, GossipMessage, PublishError, Verdict};
use telemetry::Metrics;
use tokio::{sync::mpsc, time::Instant};

use crate::{
    admission::{Admission, AdmissionError},
    mempool::{Mempool, MempoolError, Origin},
};

/// Transactions that wait to be announced. Beyond, they are announced with those that are announced again.
const QUEUE: usize = 8_192;
/// Largest batch, bytes: well below the gossip's own limit.
const MAX_BATCH_BYTES: usize = 128 << 10;
/// How long the first transaction of a batch waits for others.
const BATCH_DELAY: Duration = Duration::from_millis(20);
/// A transaction that still waits after this is announced again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Most transactions announced again at a time.
const AGAIN_LIMIT: usize = 1_024;
/// How often the mempool is looked through for what is too old or has to be announced again.
const UPKEEP: Duration = Duration::from_secs(1);

/// Announces transactions. Never waits: what does not fit is announced later.
#[derive(Clone, Debug)]
pub struct Announcer(mpsc::Sender<Arc<Verified>>);

impl Announcer {
    /// The announcer and what [`announce`] reads.
    pub fn new() -> (Self, mpsc::Receiver<Arc<Verified>>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    /// Announces a transaction that has just come to the mempool.
    pub fn announce(&self, transaction: Arc<Verified>) {
        if let Err(error) = self.0.try_send(transaction) {
            tracing::debug!(%error, "announcement delayed");
        }
    }
}

/// Publishes what comes, in batches, until the announcers are gone.
pub async fn announce(mut queue: mpsc::Receiver<Arc<Verified>>, gossip: Gossip, metrics: Arc<Metrics>) {
    let mut carried = None;
    while let Some(first) = match carried.take() {
        Some(transaction) => Some(transaction),
        None => queue.recv().await,
    } {
        let mut batch = Payload::default();
        carried = push(&mut batch, first);
        let deadline = Instant::now() + BATCH_DELAY;
        while carried.is_none() {
            match tokio::time::timeout_at(deadline, queue.recv()).await {
                Ok(Some(transaction)) => carried = push(&mut batch, transaction),
                Ok(None) | Err(_) => break,
            }
        }
        let count = u64::try_from(batch.count()).unwrap_or(u64::MAX);
        match gossip.publish(batch.into_bytes()).await {
            Ok(()) => metrics.gossip_sent.add(count),
            Err(PublishError::Stopped) => return,
            Err(error) => tracing::debug!(%error, count, "batch not published, its transactions come again"),
        }
    }
}

/// Puts a transaction into the batch, or gives it back if the batch is full.
fn push(batch: &mut Payload, transaction: Arc<Verified>) -> Option<Arc<Verified>> {
    let fits = batch.as_bytes().len().saturating_add(transaction.encoded_len()) < MAX_BATCH_BYTES;
    (!fits || batch.push(&transaction).is_err()).then_some(transaction)
}

/// Takes what other validators announce, until the network stops.
pub async fn receive(
    mut messages: mpsc::Receiver<GossipMessage>,
    gossip: Gossip,
    admission: Admission,
    metrics: Arc<Metrics>,
) {
    while let Some(message) = messages.recv().await {
        let (admission, bytes) = (admission.clone(), message.bytes.clone());
        let judged = tokio::task::spawn_blocking(move || judge(&admission, &bytes)).await;
        let Ok((verdict, count)) = judged else {
            // The runtime is shutting down.
            return;
        };
        if verdict == Verdict::Reject {
            metrics.gossip_refused.add(1);
            tracing::warn!(peer = %message.from, "invalid gossip");
        }
        metrics.gossip_received.add(count);
        gossip.report(&message, verdict).await;
    }
}

/// The verdict on a message and how many transactions it held.
fn judge(admission: &Admission, bytes: &[u8]) -> (Verdict, u64) {
    let Ok(transactions) = Payload::decode(bytes) else {
        return (Verdict::Reject, 0);
    };
    let count = u64::try_from(transactions.len()).unwrap_or(u64::MAX);
    let mut verdict = Verdict::Ignore;
    for transaction in transactions {
        match admission.admit(transaction, Origin::Peer) {
            Ok(_) | Err(AdmissionError::Mempool(MempoolError::Duplicate)) => verdict = Verdict::Accept,
            Err(error) if error.is_fault() => return (Verdict::Reject, count),
            Err(_) => {}
        }
    }
    (verdict, count)
}

/// Drops what has waited too long and announces again what still waits, every second, for ever.
pub async fn upkeep(mempool: Arc<Mempool>, announcer: Announcer, clock: SystemClock, metrics: Arc<Metrics>) {
    let mut ticks = tokio::time::interval(UPKEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = clock.now();
        mempool.expire(now);
        for transaction in mempool.announce_again(now, AGAIN_AFTER, AGAIN_LIMIT) {
            announcer.announce(transaction);
        }
        let counters = mempool.counters();
        metrics
            .mempool_transactions
            .set(u64::try_from(counters.transactions).unwrap_or(u64::MAX));
        metrics
            .mempool_size
            .set(u64::try_from(counters.bytes).unwrap_or(u64::MAX));
        for (reason, total) in counters.removed.by_reason() {
            metrics.mempool_dropped.raise_to(reason, total);
        }
    }
}
