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
}

impl Queue {
    /// Bytes of the transactions in it.
    pub fn bytes(&self) -> usize {
        self.entries
            .values()
            .map(|entry| entry.transaction.encoded_len())
            .sum()
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
