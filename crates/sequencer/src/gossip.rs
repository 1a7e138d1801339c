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

use assetvm::{MAX_TRANSACTION_BYTES, Payload, Verified};
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
/// Largest batch, bytes: below the gossip's own limit, and enough for any transaction.
const MAX_BATCH_BYTES: usize = 160 << 10;
const _: () = assert!(MAX_TRANSACTION_BYTES + 1024 <= MAX_BATCH_BYTES);
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
///
/// What is accepted is passed on, and others may judge it by an older state: so every signature in it must have been
/// checked, also of what is of no use here, or an honest node would be blamed for what it passed on.
fn judge(admission: &Admission, bytes: &[u8]) -> (Verdict, u64) {
    let Ok(transactions) = Payload::decode(bytes) else {
        return (Verdict::Reject, 0);
    };
    let count = u64::try_from(transactions.len()).unwrap_or(u64::MAX);
    let (mut useful, mut unchecked) = (false, Vec::new());
    for transaction in transactions {
        match admission.admit(transaction.clone(), Origin::Peer) {
            Ok(_) | Err(AdmissionError::Mempool(MempoolError::Duplicate)) => useful = true,
            Err(error) if error.is_fault() => return (Verdict::Reject, count),
            Err(_) => unchecked.push(transaction),
        }
    }
    let verdict = match useful {
        false => Verdict::Ignore,
        true if unchecked
            .into_iter()
            .all(|transaction| transaction.verify().is_ok()) =>
        {
            Verdict::Accept
        }
        true => Verdict::Reject,
    };
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

#[cfg(test)]
mod tests {
    use assetvm::{
        Action, Address, Amount, BlockContext, GasRules, Genesis, Nonce, SigningKey, Transaction,
        TransactionBody,
    };
    use rollup_abi::mmr::Mmr;

    use super::*;
    use crate::{
        application::{Branch, Heads, genesis_header},
        config::MempoolLimits,
    };

    /// A chain on which this key has sent three transactions already.
    fn chain(key: &SigningKey) -> (Admission, [u8; 32]) {
        let genesis = Genesis {
            program_id: Address::new([7; 32]),
            mint_authority: key.address(),
            supply_cap: Amount::MAX,
            minimum_fee: Amount::from_base_units(1),
            gas: GasRules::default(),
            accounts: vec![(key.address(), Amount::from_base_units(1_000))],
            committee: [0; 32],
            timestamp_ms: 0,
            roster: assetvm::GenesisRoster::default(),
        };
        let chain_id = genesis.chain_id();
        let sent: Vec<Verified> = (0..3)
            .map(|nonce| {
                assetvm::Unvalidated::new(pay(key, chain_id, nonce))
                    .verify()
                    .expect("signed")
            })
            .collect();
        let block = BlockContext {
            height: 1,
            time_ms: 1,
        };
        let state = assetvm::execute_block(&genesis.state().expect("valid"), block, &sent)
            .expect("payable")
            .state;
        let header = genesis_header(chain_id, 0, &state.root());
        let heads = Heads::new(Arc::new(Branch::stored(header, state, Mmr::default())));
        let limits = MempoolLimits {
            transactions: 100,
            bytes: 1 << 20,
            per_sender: 10,
            expiry: UPKEEP,
        };
        let mempool = Arc::new(Mempool::new(limits));
        (
            Admission::new(mempool, heads, SystemClock::default(), Arc::new(Metrics::new())),
            chain_id,
        )
    }

    fn pay(key: &SigningKey, chain_id: [u8; 32], nonce: u64) -> Transaction {
        key.sign(TransactionBody {
            chain_id,
            sender: key.address(),
            nonce: Nonce::new(nonce),
            fee: Amount::from_base_units(1),
            action: Action::transfer(Address::new([2; 32]), Amount::from_base_units(1)),
        })
    }

    /// The encoding of a payload, whatever its signatures are.
    fn message(transactions: &[&Transaction]) -> Vec<u8> {
        let mut bytes = u32::try_from(transactions.len())
            .expect("few")
            .to_le_bytes()
            .to_vec();
        for encoded in transactions.iter().map(|transaction| transaction.encode()) {
            bytes.extend_from_slice(&u32::try_from(encoded.len()).expect("short").to_le_bytes());
            bytes.extend_from_slice(&encoded);
        }
        bytes
    }

    #[test]
    fn the_largest_batch_is_passed_on() {
        assert!(MAX_BATCH_BYTES <= hotshot_libp2p::Limits::default().gossip_len);
    }

    #[test]
    fn only_what_has_been_checked_is_passed_on() {
        let key = SigningKey::from_seed(&[1; 32]);
        let (admission, chain_id) = chain(&key);
        let judged = |transactions: &[&Transaction]| judge(&admission, &message(transactions));
        let (spent, next, later, far) = (
            pay(&key, chain_id, 0),
            pay(&key, chain_id, 3),
            pay(&key, chain_id, 5),
            pay(&key, chain_id, 50),
        );
        let forge = |transaction: &Transaction| {
            let mut forged = transaction.clone();
            forged.signature[5] ^= 1;
            forged
        };
        assert_eq!(judged(&[&spent, &far]), (Verdict::Ignore, 2), "of no use");
        assert_eq!(
            judged(&[&forge(&spent)]),
            (Verdict::Ignore, 1),
            "not worth a check, and not passed on"
        );
        assert_eq!(judged(&[&next, &spent, &far]), (Verdict::Accept, 3));
        assert_eq!(judged(&[&next]), (Verdict::Accept, 1), "known, so it was checked");
        assert_eq!(
            judged(&[&next, &forge(&spent)]).0,
            Verdict::Reject,
            "another node may still want its nonce"
        );
        assert_eq!(judged(&[&forge(&later)]).0, Verdict::Reject);
        assert_eq!(
            judged(&[&pay(&key, [9; 32], 4)]).0,
            Verdict::Reject,
            "another chain"
        );
        assert_eq!(judge(&admission, &[1, 2, 3]), (Verdict::Reject, 0));
    }
}
