//! The pool over all senders.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use assetvm::{Address, Amount, MAX_TRANSACTION_BYTES, Nonce, TxId, Verified};
use telemetry::metrics::Dropped;

use super::{
    MempoolError, Origin,
    queue::{Entry, Queue},
};
use crate::{config::MempoolLimits, pressure::Share};

/// What [`Mempool::insert`] did with a transaction that it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insert {
    /// It waits.
    Added,
    /// It waits instead of this one, of the same nonce and a lower fee.
    Replaced(TxId),
}

/// Most bytes of the transactions of one sender: some deployments of the largest programs, or thousands of payments.
pub const MAX_SENDER_BYTES: usize = 4 << 20;
// Any transaction may wait.
const _: () = assert!(MAX_TRANSACTION_BYTES <= MAX_SENDER_BYTES);

/// How the sender of a transaction stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The sender's next nonce.
    pub next: Nonce,
    /// The least fee of the transaction.
    pub minimum_fee: Amount,
}

impl Standing {
    fn rate(&self, fee: Amount) -> u128 {
        let least = u128::from(self.minimum_fee.base_units()).max(1);
        (u128::from(fee.base_units()) << 32) / least
    }
}

/// What a block may hold.
#[derive(Clone, Copy, Debug)]
pub struct SelectionLimits {
    /// Most transactions.
    pub transactions: usize,
    /// Most bytes of encoded transactions.
    pub bytes: usize,
}

/// Transactions for a block, in order.
pub type Selection = Vec<Arc<Verified>>;

/// Transactions removed without having been in a block, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Waited too long.
    pub expired: u64,
    /// Another transaction used the nonce.
    pub stale: u64,
    /// Execution refused it.
    pub refused: u64,
}

impl Removed {
    /// The counts with their metric labels.
    pub fn by_reason(&self) -> [(Dropped, u64); 3] {
        [
            (Dropped::Expired, self.expired),
            (Dropped::Stale, self.stale),
            (Dropped::Refused, self.refused),
        ]
    }
}

/// How full the pool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MempoolCounters {
    /// Transactions that wait.
    pub transactions: usize,
    /// Their encoded bytes.
    pub bytes: usize,
    /// Senders they are from.
    pub senders: usize,
    /// Removed since start.
    pub removed: Removed,
}

/// The mempool. Cheap to share; every call takes its lock for a short time and never waits for anything else.
#[derive(Debug)]
pub struct Mempool {
    limits: MempoolLimits,
    share: Share,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    senders: BTreeMap<Address, Queue>,
    ids: HashMap<TxId, (Address, Nonce)>,
    bytes: usize,
    arrivals: u64,
    removed: Removed,
}

impl Mempool {
    /// An empty pool.
    pub fn new(limits: MempoolLimits) -> Self {
        Self {
            limits,
            share: Share::default(),
            inner: Mutex::default(),
        }
    }

    /// The part of the room, here and in blocks, that is used while settlement is slow.
    pub fn share(&self) -> &Share {
        &self.share
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("nothing panics while it holds the mempool")
    }

    /// Takes a transaction of a sender who stands like this, at time `now`.
    pub fn insert(
        &self,
        transaction: Arc<Verified>,
        standing: Standing,
        origin: Origin,
        now: Duration,
    ) -> Result<Insert, MempoolError> {
        let inner = &mut *self.lock();
        let id = transaction.id();
        if inner.ids.contains_key(&id) {
            return Err(MempoolError::Duplicate);
        }
        let (sender, nonce) = (transaction.body().sender, transaction.body().nonce);
        self.check_nonce(nonce, standing.next)?;
        let waiting = inner.senders.get(&sender);
        let old = waiting.and_then(|queue| queue.entries.get(&nonce));
        let old = old.map(|entry| Arc::clone(&entry.transaction));
        if let Some(old) = &old {
            let (got, expected) = (transaction.body().fee, Queue::replacing_fee(old.body().fee));
            if got < expected {
                return Err(MempoolError::Underpriced { got, expected });
            }
        }
        let freed = old.as_ref().map_or(0, |old| old.encoded_len());
        let added = transaction.encoded_len();
        let transactions = inner.ids.len().saturating_sub(usize::from(old.is_some()));
        let grown = inner.bytes.saturating_sub(freed).saturating_add(added);
        let (waiting_now, bytes) = (inner.ids.len(), inner.bytes);
        if transactions >= self.limits.transactions || grown > self.limits.bytes {
            return Err(MempoolError::Full {
                transactions: waiting_now,
                bytes,
            });
        }
        if transactions >= self.share.of(self.limits.transactions) || grown > self.share.of(self.limits.bytes)
        {
            return Err(MempoolError::Pressure {
                transactions: waiting_now,
                bytes,
            });
        }
        let own = waiting.map_or(0, Queue::bytes);
        let got = own.saturating_sub(freed).saturating_add(added);
        if got > MAX_SENDER_BYTES {
            return Err(MempoolError::SenderFull { got });
        }
        let arrival = inner.arrivals;
        inner.arrivals = arrival.saturating_add(1);
        inner.bytes = grown;
        if let Some(old) = &old {
            inner.ids.remove(&old.id());
        }
        inner.ids.insert(id, (sender, nonce));
        let entry = Entry {
            rate: standing.rate(transaction.body().fee),
            transaction,
            origin,
            arrival,
            since: now,
            announced: now,
        };
        inner.senders.entry(sender).or_default().put(nonce, entry);
        Ok(old.map_or(Insert::Added, |old| Insert::Replaced(old.id())))
    }

    /// The window of nonces `next .. next + per_sender` is what bounds a sender: each nonce waits at most once.
    fn check_nonce(&self, nonce: Nonce, next: Nonce) -> Result<(), MempoolError> {
        let ahead = u64::try_from(self.limits.per_sender)
            .unwrap_or(u64::MAX)
            .saturating_sub(1);
        let limit = Nonce::new(next.get().saturating_add(ahead));
        if nonce < next {
            return Err(MempoolError::Spent {
                got: nonce,
                expected: next,
            });
        }
        if nonce > limit {
            return Err(MempoolError::TooFar { got: nonce, limit });
        }
        Ok(())
    }

    /// Whether the transaction waits here: then its signature has been checked.
    pub fn contains(&self, id: &TxId) -> bool {
        self.lock().ids.contains_key(id)
    }

    /// The ids that wait, to check many without taking the lock for each.
    pub fn known(&self, ids: impl Iterator<Item = TxId>) -> HashSet<TxId> {
        let inner = self.lock();
        ids.filter(|id| inner.ids.contains_key(id)).collect()
    }

    /// Transactions for a block on a state in which an account's next nonce is `next(address)`, `None` if its transactions
    /// have to wait: the best payer first, then the first come, each sender in the order of its nonces. They stay in the
    /// pool.
    pub fn select(&self, limits: SelectionLimits, next: impl Fn(&Address) -> Option<Nonce>) -> Selection {
        let inner = self.lock();
        let mut runs: Vec<_> = inner
            .senders
            .iter()
            .filter_map(|(sender, queue)| next(sender).map(|nonce| queue.run(nonce)))
            .collect();
        let mut heads: BinaryHeap<Head<'_>> = BinaryHeap::with_capacity(runs.len());
        for (run, entries) in runs.iter_mut().enumerate() {
            heads.extend(entries.next().map(|entry| Head::new(entry, run)));
        }
        let mut selection = Vec::new();
        let mut bytes = 0usize;
        while let Some(head) = heads.pop() {
            let grown = bytes.saturating_add(head.entry.transaction.encoded_len());
            if selection.len() >= limits.transactions {
                break;
            }
            if grown > limits.bytes {
                continue;
            }
            bytes = grown;
            selection.push(Arc::clone(&head.entry.transaction));
            heads.extend(runs[head.run].next().map(|entry| Head::new(entry, head.run)));
        }
        selection
    }

    /// Removes what a decided block has made unusable: of each account, everything below its new next nonce. `included` are
    /// the ids in the block, which are not counted as lost.
    pub fn decided(&self, spent: impl IntoIterator<Item = (Address, Nonce)>, included: &HashSet<TxId>) {
        let inner = &mut *self.lock();
        for (sender, next) in spent {
            let Some(queue) = inner.senders.get_mut(&sender) else {
                continue;
            };
            let gone = queue.take_below(&next);
            if queue.entries.is_empty() {
                inner.senders.remove(&sender);
            }
            for entry in gone {
                let id = entry.transaction.id();
                inner.forget(&entry);
                inner.removed.stale += u64::from(!included.contains(&id));
            }
        }
    }

    /// Removes a transaction that execution refused for a reason that waiting does not cure.
    pub fn refuse(&self, id: &TxId) {
        let inner = &mut *self.lock();
        if inner.take(id) {
            inner.removed.refused += 1;
        }
    }

    /// Removes what has waited longer than the limit.
    pub fn expire(&self, now: Duration) {
        let inner = &mut *self.lock();
        let old: Vec<TxId> = inner
            .entries()
            .filter(|entry| now.saturating_sub(entry.since) > self.limits.expiry)
            .map(|entry| entry.transaction.id())
            .collect();
        for id in old {
            if inner.take(&id) {
                inner.removed.expired += 1;
            }
        }
    }

    /// Up to `limit` transactions of users of this node that were last announced more than `after` ago; they count as
    /// announced now. A validator that was alone when they came is thereby not the only one who knows them for long.
    pub fn announce_again(&self, now: Duration, after: Duration, limit: usize) -> Selection {
        let inner = &mut *self.lock();
        let entries = inner
            .senders
            .values_mut()
            .flat_map(|queue| queue.entries.values_mut());
        entries
            .filter(|entry| entry.origin == Origin::Local && now.saturating_sub(entry.announced) > after)
            .take(limit)
            .map(|entry| {
                entry.announced = now;
                Arc::clone(&entry.transaction)
            })
            .collect()
    }

    /// How full it is.
    pub fn counters(&self) -> MempoolCounters {
        let inner = self.lock();
        MempoolCounters {
            transactions: inner.ids.len(),
            bytes: inner.bytes,
            senders: inner.senders.len(),
            removed: inner.removed,
        }
    }
}

impl Inner {
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.senders.values().flat_map(|queue| queue.entries.values())
    }

    /// Forgets the id and bytes of an entry that is already out of its queue.
    fn forget(&mut self, entry: &Entry) {
        self.ids.remove(&entry.transaction.id());
        self.bytes = self.bytes.saturating_sub(entry.transaction.encoded_len());
    }

    /// Removes one transaction; whether it was there.
    fn take(&mut self, id: &TxId) -> bool {
        let Some((sender, nonce)) = self.ids.get(id).copied() else {
            return false;
        };
        let Some(queue) = self.senders.get_mut(&sender) else {
            return false;
        };
        let Some(entry) = queue.take(&nonce) else {
            return false;
        };
        if queue.entries.is_empty() {
            self.senders.remove(&sender);
        }
        self.forget(&entry);
        true
    }
}

/// A sender's first transaction that is not yet taken; the greatest is taken next.
struct Head<'a> {
    order: (u128, Reverse<u64>),
    entry: &'a Entry,
    run: usize,
}

impl<'a> Head<'a> {
    fn new(entry: &'a Entry, run: usize) -> Self {
        Self {
            order: (entry.rate, Reverse(entry.arrival)),
            entry,
            run,
        }
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Head<'_> {}
impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order.cmp(&other.order)
    }
}
