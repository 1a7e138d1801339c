//! Who is in which epoch's committee.
//!
//! Members are numbered over all epochs; an epoch's committee holds those with stake in it, and certificates name them by their
//! place there. The committee of epoch e + 2 is fixed by the last block of epoch e, whose leaf seeds its order of leaders.

use std::{collections::BTreeMap, fmt, sync::Arc};

use hotshot::Committees;
use hotshot_types::{Committee, Epoch, Epochs, Height, NodeId, View};
use rollup_abi::Digest;

use crate::fixtures;

/// The members' stakes in an epoch; zero for who is not in its committee.
pub type Stakes = Arc<dyn Fn(u64) -> Vec<u64> + Send + Sync>;

/// The committees of a simulation.
pub(crate) struct Roster {
    pub(crate) epochs: Epochs,
    stakes: Stakes,
    known: BTreeMap<Epoch, Committee>,
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster")
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl Roster {
    pub(crate) fn new(length: u64, stakes: Stakes) -> Self {
        let of = |epoch| {
            (
                Epoch::new(epoch),
                fixtures::committee_of(epoch, &stakes(epoch), None),
            )
        };
        let epochs = Epochs::of_length(length);
        // A chain that does not end its first epoch never asks for another committee.
        let first = if epochs == Epochs::ENDLESS { 1 } else { 2 };
        let known = (0..first).map(of).collect();
        Self {
            epochs,
            stakes,
            known,
        }
    }

    /// A block is decided: if it is its epoch's last, the committee of the epoch after the next is fixed.
    pub(crate) fn fix(&mut self, height: u64, leaf: &Digest) -> Option<Committee> {
        let height = Height::new(height);
        if !self.epochs.is_last(height) {
            return None;
        }
        let epoch = self.epochs.of(height).plus(2);
        let stakes = &self.stakes;
        let new = || fixtures::committee_of(epoch.get(), &stakes(epoch.get()), Some(leaf));
        Some(self.known.entry(epoch).or_insert_with(new).clone())
    }

    pub(crate) fn committee(&self, epoch: Epoch) -> Option<&Committee> {
        self.known.get(&epoch)
    }

    pub(crate) fn first(&self) -> &Committee {
        &self.known[&Epoch::ZERO]
    }

    /// What a node knows that has decided up to `height`.
    pub(crate) fn known_at(&self, height: u64) -> Committees {
        let epoch = self.epochs.of(Height::new(height));
        let last = if self.epochs.is_last(Height::new(height)) {
            epoch.plus(2)
        } else {
            epoch.next()
        };
        let mut range = self
            .known
            .range(epoch.previous()..=last)
            .map(|(_, committee)| committee);
        let mut committees = Committees::new(range.next().unwrap_or(self.first()).clone());
        range.for_each(|committee| committees.add(committee.clone()));
        committees
    }

    /// The place of a member in an epoch's committee.
    pub(crate) fn index(&self, epoch: Epoch, member: usize) -> Option<usize> {
        self.committee(epoch)?.index_of(&fixtures::node_id(member))
    }

    /// The member at a place of an epoch's committee.
    pub(crate) fn member(&self, epoch: Epoch, index: usize) -> Option<usize> {
        let NodeId(id) = self.committee(epoch)?.members().get(index)?.node;
        Some(usize::from(id[0]) - 1)
    }

    /// Who leads a view of an epoch.
    pub(crate) fn leader(&self, epoch: Epoch, view: View) -> Option<usize> {
        let NodeId(id) = self.committee(epoch)?.leader(view).node;
        Some(usize::from(id[0]) - 1)
    }

    /// What the header of the block at `height` says of the next committee.
    pub(crate) fn next_committee(&self, height: u64) -> Option<Digest> {
        let height = Height::new(height);
        if !self.epochs.is_last(height) {
            return Some([0; 32]);
        }
        self.committee(self.epochs.of(height).next())
            .map(|next| *next.hash())
    }

    /// A member's stake in an epoch, and all of it.
    pub(crate) fn stake(&self, epoch: Epoch, member: usize) -> (u64, u64) {
        let stakes = (self.stakes)(epoch.get());
        (stakes.get(member).copied().unwrap_or(0), stakes.iter().sum())
    }

    /// More than two thirds of an epoch's stake, counted here and not by the code that is judged.
    pub(crate) fn is_quorum(&self, epoch: Epoch, members: impl IntoIterator<Item = usize>) -> bool {
        let (signed, total) = self.signed(epoch, members);
        signed * 3 > total * 2
    }

    /// Nine tenths of an epoch's stake, counted here, too.
    pub(crate) fn is_nine_tenths(&self, epoch: Epoch, members: impl IntoIterator<Item = usize>) -> bool {
        let (signed, total) = self.signed(epoch, members);
        signed * 10 >= total * 9
    }

    /// What the members have of an epoch's stake, and all of it.
    fn signed(&self, epoch: Epoch, members: impl IntoIterator<Item = usize>) -> (u128, u128) {
        let stakes = (self.stakes)(epoch.get());
        let distinct: std::collections::BTreeSet<usize> = members.into_iter().collect();
        // Who is no member has no stake.
        let stake = |member: &usize| stakes.get(*member).map_or(0, |stake| u128::from(*stake));
        let signed: u128 = distinct.iter().map(stake).sum();
        let total: u128 = stakes.iter().map(|stake| u128::from(*stake)).sum();
        (signed, total)
    }
}
