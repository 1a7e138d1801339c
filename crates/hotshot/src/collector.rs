//! Shares add up to payloads. Pure: whoever drives the collector checks the shares, and reconstructs where it is told to.
//!
//! ```text
//! add(share) ─▶ … ─▶ add(share) ─▶ k shards, at the latest with ⌈W/3⌉ of the stake ─▶ Recoverable ─▶ reconstruct
//! ```
//!
//! A member has one share in a view, its first, as it has one vote. Shares are collected by leaf and commitment, so one that
//! comes before its leaf's header may be checked against the commitment that it claims: if the header turns out to name
//! another, nothing was mixed. A payload's shares leave with its [`Recoverable`], which comes once; what comes after is not
//! kept. Whatever peers send, at most [`MAX_BYTES`] of shards are held: without room, later views give way to earlier ones.

use std::collections::{BTreeMap, BTreeSet};

use hotshot_types::{VerifiedShare, View, VoteData};
use rollup_abi::Digest;

/// Most bytes of shards held: all that there are of ten of the largest payloads.
pub const MAX_BYTES: usize = 40 << 20;

/// A leaf whose payload can be reconstructed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recoverable {
    /// The leaf and its place.
    pub data: VoteData,
    /// The payload's commitment, which all of the shares are of.
    pub commitment: Digest,
    /// Enough shares, in the order of their members.
    pub shares: Vec<VerifiedShare>,
}

/// What became of a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collected {
    /// It is kept.
    Kept,
    /// It completes a payload.
    Recoverable(Recoverable),
    /// It is not needed: the member has one in this view, or the leaf's payload is settled.
    Ignored,
    /// There is no room for a share of so late a view.
    Full,
}

/// A leaf, and the commitment of its payload.
type Key = (VoteData, Digest);

#[derive(Clone, Debug, Default)]
struct Shelf {
    /// Each member's one share; empty once its payload is settled.
    members: BTreeMap<usize, Option<(Key, VerifiedShare)>>,
    settled: BTreeSet<Key>,
    bytes: usize,
}

/// The shares of the payloads that are not known yet.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    views: BTreeMap<View, Shelf>,
}

impl Collector {
    /// Takes a checked share of the payload of the leaf that `data` names. The caller bounds the view.
    pub fn add(&mut self, data: VoteData, share: VerifiedShare) -> Collected {
        let known = self.views.get(&data.view);
        if known.is_some_and(|shelf| !shelf.wants(&data, &share)) {
            return Collected::Ignored;
        }
        if !self.make_room(data.view, share.share().len()) {
            return Collected::Full;
        }
        self.views.entry(data.view).or_default().add(data, share)
    }

    /// The payload with this commitment is known: its shares are not needed any more.
    pub fn settle(&mut self, data: VoteData, commitment: Digest) {
        let shelf = self.views.entry(data.view).or_default();
        shelf.settle((data, commitment));
    }

    /// Forgets all views below `view`.
    pub fn prune(&mut self, view: View) {
        self.views = self.views.split_off(&view);
    }

    /// Shares held.
    pub fn len(&self) -> usize {
        self.views.values().map(|shelf| shelf.held().count()).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of shards held.
    pub fn bytes(&self) -> usize {
        self.views.values().map(|shelf| shelf.bytes).sum()
    }

    /// Whether there is room in `view`, after later views have given way if they must.
    fn make_room(&mut self, view: View, bytes: usize) -> bool {
        while self.bytes().saturating_add(bytes) > MAX_BYTES {
            let mut later = self.views.range_mut(view.next()..).rev();
            let Some((_, shelf)) = later.find(|(_, shelf)| shelf.bytes > 0) else {
                return false;
            };
            shelf.clear();
        }
        true
    }
}

impl Shelf {
    fn wants(&self, data: &VoteData, share: &VerifiedShare) -> bool {
        let key = (*data, *share.commitment());
        !self.settled.contains(&key) && !self.members.contains_key(&share.member())
    }

    fn add(&mut self, data: VoteData, share: VerifiedShare) -> Collected {
        let (k, commitment) = (share.k(), *share.commitment());
        let key = (data, commitment);
        self.bytes = self.bytes.saturating_add(share.share().len());
        self.members.insert(share.member(), Some((key, share)));
        let ours = self.held().filter(|(of, _)| *of == key);
        let shares: Vec<_> = ours.map(|(_, share)| share.clone()).collect();
        let shards: usize = shares.iter().map(|share| share.share().range().len()).sum();
        if shards < k {
            return Collected::Kept;
        }
        self.settle(key);
        Collected::Recoverable(Recoverable {
            data,
            commitment,
            shares,
        })
    }

    fn settle(&mut self, key: Key) {
        self.settled.insert(key);
        for held in self.members.values_mut() {
            held.take_if(|(of, _)| *of == key);
        }
        self.bytes = self.held().map(|(_, share)| share.share().len()).sum();
    }

    /// Drops what is held, as if it had not come.
    fn clear(&mut self) {
        self.members.retain(|_, held| held.is_none());
        self.bytes = 0;
    }

    fn held(&self) -> impl Iterator<Item = &(Key, VerifiedShare)> {
        self.members.values().flatten()
    }
}
