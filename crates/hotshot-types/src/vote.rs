//! Votes on leaves: what is voted for, and the two phases.

use std::{fmt, marker::PhantomData};

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::{Digest, Header, vote};

use crate::{Epoch, Epochs, Height, Signature, View};

/// What a vote or certificate names: one leaf and its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct VoteData {
    /// The epoch of the leaf's committee.
    pub epoch: Epoch,
    /// The leaf's view.
    pub view: View,
    /// The leaf's height.
    pub height: Height,
    /// The leaf commitment.
    pub leaf: Digest,
}

impl VoteData {
    /// What a vote for the block with this header names; `leaf` is its commitment.
    pub fn of(header: &Header, leaf: Digest) -> Self {
        Self {
            epoch: Epoch::new(header.epoch),
            view: View::new(header.view),
            height: Height::new(header.height),
            leaf,
        }
    }

    /// The order of locks: epochs first, for an epoch's last block may be certified again, in views that the next epoch has
    /// passed.
    pub fn rank(&self) -> (Epoch, View) {
        (self.epoch, self.view)
    }

    /// Whether votes for this name the block with this header: in its own view, or, for the last block of an epoch, in a later
    /// one, too. That the leaf is the header's commitment is for the caller to know.
    pub fn names(&self, header: &Header, epochs: Epochs) -> bool {
        let of_block = Self::of(header, self.leaf);
        let again = epochs.is_last(self.height) && self.view > of_block.view;
        *self == of_block
            || (again
                && Self {
                    view: of_block.view,
                    ..*self
                } == of_block)
    }

    /// What is signed in phase `P`.
    pub fn digest<P: Phase>(&self, chain_id: &Digest) -> Digest {
        P::digest(chain_id, self)
    }
}

impl fmt::Debug for VoteData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaf = hex::encode(&self.leaf[..4]);
        write!(f, "{{view {}, height {}, leaf {leaf}}}", self.view, self.height)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Phase1 {}
    impl Sealed for super::Phase2 {}
}

/// A voting phase. There are exactly two.
pub trait Phase: sealed::Sealed + Copy + fmt::Debug + Eq + Send + Sync + 'static {
    /// Its name in logs and metrics.
    const NAME: &'static str;

    /// What is signed in this phase.
    fn digest(chain_id: &Digest, data: &VoteData) -> Digest;
}

/// The first phase: a quorum of its votes locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase1 {}

/// The second phase: a quorum of its votes decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase2 {}

impl Phase for Phase1 {
    const NAME: &'static str = "1";

    fn digest(chain_id: &Digest, data: &VoteData) -> Digest {
        vote::vote1_digest(
            chain_id,
            data.epoch.get(),
            data.view.get(),
            data.height.get(),
            &data.leaf,
        )
    }
}

impl Phase for Phase2 {
    const NAME: &'static str = "2";

    fn digest(chain_id: &Digest, data: &VoteData) -> Digest {
        vote::vote2_digest(
            chain_id,
            data.epoch.get(),
            data.view.get(),
            data.height.get(),
            &data.leaf,
        )
    }
}

/// One member's vote. The voter is whoever sent it: the connection proves that, the signature is checked against its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vote<P: Phase> {
    /// What is voted for.
    pub data: VoteData,
    /// Over the phase's digest of `data`.
    pub signature: Signature,
    phase: PhantomData<P>,
}

impl<P: Phase> Vote<P> {
    /// A vote with its signature.
    pub fn new(data: VoteData, signature: Signature) -> Self {
        let phase = PhantomData;
        Self {
            data,
            signature,
            phase,
        }
    }
}

/// A vote of the first phase.
pub type Vote1 = Vote<Phase1>;
/// A vote of the second phase.
pub type Vote2 = Vote<Phase2>;
