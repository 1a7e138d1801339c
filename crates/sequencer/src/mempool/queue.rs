//! One sender's waiting transactions, by nonce.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use assetvm::{Amount, Nonce, Verified};

/// Where a transaction came from: only what users brought here is announced again while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A user, by RPC.
    Local,
    /// Another validator, by gossip.
    Peer,
}

/// A waiting transaction.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub transaction: Arc<Verified>,
    /// How often it pays the least fee that would do, times 2³².
    pub rate: u128,
    pub origin: Origin,
    /// Order of arrival in the whole pool.
    pub arrival: u64,
    /// When it came, by the pool's clock.
    pub since: Duration,
    /// When it was last announced.
    pub announced: Duration,
}

/// One sender's queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub entries: BTreeMap<Nonce, Entry>,
    bytes: usize,
}

impl Queue {
    /// Bytes of the transactions in it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts an entry in the place of its nonce.
    pub fn put(&mut self, nonce: Nonce, entry: Entry) {
        self.bytes = self.bytes.saturating_add(entry.transaction.encoded_len());
        let old = self.entries.insert(nonce, entry);
        self.gone(old.iter());
    }

    /// Takes out the entry of a nonce.
    pub fn take(&mut self, nonce: &Nonce) -> Option<Entry> {
        let taken = self.entries.remove(nonce);
        self.gone(taken.iter());
        taken
    }

    /// Takes out all entries below a nonce.
    pub fn take_below(&mut self, next: &Nonce) -> Vec<Entry> {
        let kept = self.entries.split_off(next);
        let taken: Vec<Entry> = std::mem::replace(&mut self.entries, kept).into_values().collect();
        self.gone(taken.iter());
        taken
    }

    fn gone<'a>(&mut self, entries: impl Iterator<Item = &'a Entry>) {
        let bytes: usize = entries.map(|entry| entry.transaction.encoded_len()).sum();
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// The fee that replaces `old`: a tenth more, at least one base unit, so that replacing cannot be had for nothing.
    pub fn replacing_fee(old: Amount) -> Amount {
        let units = old.base_units();
        Amount::from_base_units(units.saturating_add((units / 10).max(1)))
    }

    /// The entries from `next` on, without a gap.
    pub fn run(&self, next: Nonce) -> impl Iterator<Item = &Entry> {
        let mut expected = Some(next);
        self.entries.range(next..).map_while(move |(nonce, entry)| {
            if expected != Some(*nonce) {
                return None;
            }
            expected = nonce.next();
            Some(entry)
        })
    }
}
