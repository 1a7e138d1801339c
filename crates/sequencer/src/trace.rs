//! When this node did what: the newest transactions, views and settlements, kept in memory for whoever asks why something
//! took long.
//!
//! What consensus does is seen at the storage port: a vote is durable before it is sent, and a second vote names the
//! certificate that it locks on. Moments are microseconds since 1970 by this machine's clock.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use assetvm::TxId;
use hotshot::Record;
use hotshot_engine::ports::{Storage, StorageError};
use hotshot_types::View;
use serde::{Deserialize, Serialize};

/// Transactions that are remembered, at most; the oldest is forgotten then.
const MAX_TRANSACTIONS: usize = 65_536;
/// Views and settlements that are remembered: a quarter of an hour of them.
const MAX_VIEWS: usize = 4_096;

/// What a node remembers of one view. Absent is what it did not do, or has forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewTrace {
    /// Its first vote was durable: it had executed the block and found the header true.
    pub vote1_us: Option<u64>,
    /// Its second vote was durable: it held Certificate1.
    pub vote2_us: Option<u64>,
    /// The block was decided and durable.
    pub decided_us: Option<u64>,
    /// It gave the view up.
    pub timed_out_us: Option<u64>,
}

/// What a node remembers of a transaction's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// It took the transaction from a user.
    pub taken_us: Option<u64>,
    /// The view of the block that holds it.
    pub view: ViewTrace,
    /// It saw the block's root on Solana.
    pub settled_us: Option<u64>,
}

/// The memory.
#[derive(Debug, Default)]
pub struct Trace(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    taken: HashMap<TxId, u64>,
    order: VecDeque<TxId>,
    views: BTreeMap<View, ViewTrace>,
    /// Heights that were seen on Solana, and when; both grow.
    settled: VecDeque<(u64, u64)>,
}

fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

impl Trace {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while it holds the memory")
    }

    /// A user's transaction was taken.
    pub fn taken(&self, id: TxId) {
        let inner = &mut *self.lock();
        if inner.order.len() >= MAX_TRANSACTIONS
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.taken.remove(&oldest);
        }
        if inner.taken.insert(id, now_us()).is_none() {
            inner.order.push_back(id);
        }
    }

    /// Solana was seen to hold the roots up to `height`.
    pub fn settled(&self, height: u64) {
        let inner = &mut *self.lock();
        if inner.settled.back().is_some_and(|(newest, _)| *newest >= height) {
            return;
        }
        if inner.settled.len() >= MAX_VIEWS {
            inner.settled.pop_front();
        }
        inner.settled.push_back((height, now_us()));
    }

    fn durable(&self, done: &[Done]) {
        let now = now_us();
        let inner = &mut *self.lock();
        for (view, part) in done {
            let of = inner.views.entry(*view).or_default();
            let moment = match part {
                Part::Vote1 => &mut of.vote1_us,
                Part::Vote2 => &mut of.vote2_us,
                Part::Decided => &mut of.decided_us,
                Part::TimedOut => &mut of.timed_out_us,
            };
            moment.get_or_insert(now);
        }
        while inner.views.len() > MAX_VIEWS {
            inner.views.pop_first();
        }
    }

    /// What is remembered of a transaction, and of the view and the height of its block.
    pub fn tell(&self, id: &TxId, view: u64, height: u64) -> Told {
        let inner = self.lock();
        let settled = inner.settled.partition_point(|(held, _)| *held < height);
        // The oldest that is remembered may have been long after.
        let known = settled > 0 || inner.settled.len() < MAX_VIEWS;
        Told {
            taken_us: inner.taken.get(id).copied(),
            view: inner.views.get(&View::new(view)).copied().unwrap_or_default(),
            settled_us: inner.settled.get(settled).filter(|_| known).map(|(_, at)| *at),
        }
    }
}

/// What a durable record says was done.
#[derive(Clone, Copy)]
enum Part {
    Vote1,
    Vote2,
    Decided,
    TimedOut,
}

type Done = (View, Part);

fn done(record: &Record) -> Option<Done> {
    match record {
        Record::Vote1 { view, .. } => Some((*view, Part::Vote1)),
        Record::Vote2 { lock } => Some((lock.view(), Part::Vote2)),
        Record::Decided(anchor) => Some((anchor.view(), Part::Decided)),
        Record::TimedOut { view, .. } => Some((*view, Part::TimedOut)),
        Record::Proposal(_) | Record::Proposed { .. } | Record::Ended(_) => None,
    }
}

/// A consensus log whose writes are remembered once they are durable.
pub struct Witness<S> {
    storage: S,
    trace: Arc<Trace>,
}

impl<S> Witness<S> {
    /// Of this storage.
    pub fn new(storage: S, trace: Arc<Trace>) -> Self {
        Self { storage, trace }
    }
}

impl<S: Storage> Storage for Witness<S> {
    async fn persist(&self, records: Vec<Record>) -> Result<(), StorageError> {
        let done: Vec<Done> = records.iter().filter_map(done).collect();
        self.storage.persist(records).await?;
        self.trace.durable(&done);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Disk {
        full: bool,
    }

    impl Storage for Disk {
        async fn persist(&self, _: Vec<Record>) -> Result<(), StorageError> {
            if self.full {
                return Err(StorageError {
                    operation: "append",
                    reason: "the disk is full".into(),
                });
            }
            Ok(())
        }
    }

    fn vote(view: u64) -> Vec<Record> {
        vec![Record::Vote1 {
            view: View::new(view),
            leaf: [1; 32],
        }]
    }

    #[tokio::test]
    async fn a_vote_is_remembered_once_it_is_durable_and_not_before() {
        let trace = Arc::new(Trace::default());
        let id = TxId::new([7; 32]);
        let full = Witness::new(Disk { full: true }, Arc::clone(&trace));
        full.persist(vote(3)).await.expect_err("the disk is full");
        assert_eq!(trace.tell(&id, 3, 1), Told::default());
        let disk = Witness::new(Disk { full: false }, Arc::clone(&trace));
        disk.persist(vote(3)).await.expect("written");
        let told = trace.tell(&id, 3, 1);
        assert!(
            told.view.vote1_us.is_some() && told.view.vote2_us.is_none(),
            "{told:?}"
        );
        for view in 4..=3 + MAX_VIEWS as u64 {
            disk.persist(vote(view)).await.expect("written");
        }
        assert_eq!(
            trace.tell(&id, 3, 1),
            Told::default(),
            "the oldest view is forgotten"
        );
    }

    #[test]
    fn transactions_and_settlements_are_found_again() {
        let trace = Trace::default();
        let id = TxId::new([7; 32]);
        trace.taken(id);
        let taken = trace.tell(&id, 1, 5).taken_us;
        assert!(taken.is_some());
        trace.taken(id);
        assert_eq!(trace.tell(&id, 1, 5).taken_us.is_some(), taken.is_some());
        assert_eq!(trace.tell(&id, 1, 5).settled_us, None);
        trace.settled(4);
        trace.settled(9);
        trace.settled(6);
        let told = |height| trace.tell(&id, 1, height).settled_us;
        assert!(told(4).is_some() && told(5) == told(9) && told(5).is_some());
        assert_eq!(told(10), None);
    }
}
