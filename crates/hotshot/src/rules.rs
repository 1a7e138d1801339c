//! The protocol's rules, each a function with the rule's text. Safety is argued in the crate's documentation.

use hotshot_types::{Justify, Proposal, View, VoteData, message::MAX_PAYLOAD};
use rollup_abi::{Digest, Header};

/// How a member broke a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A header of another chain.
    #[error("a proposal for another chain")]
    Chain,
    /// A header that does not follow what justifies it: parent, height, epoch or view.
    #[error("a proposal whose header does not follow its justification")]
    Parent,
    /// The parent is not of the view before, and no timeout certificate says why.
    #[error("a proposal without the timeout certificate that its view needs, or with one too many")]
    Evidence,
    /// It builds below the highest lock that its own timeout certificate proves.
    #[error("a proposal below the proven highest lock")]
    BelowProvenLock,
    /// A payload larger than allowed.
    #[error("a proposal with too large a payload")]
    PayloadSize,
    /// Two proposals in one view.
    #[error("two proposals in view {0}")]
    Equivocation(View),
    /// The application refused the block.
    #[error("the proposal of view {0} is invalid")]
    InvalidBlock(View),
    /// The application of this very node built a block that breaks the rules.
    #[error("the block built for view {0} breaks the rules")]
    BuiltBlock(View),
}

/// The justification names the header's parent, one height and at least one view below, in the same epoch; if it is not of
/// the view before, a timeout certificate for the view before is there, and the parent is not below the lock it proves.
pub fn well_formed(proposal: &Proposal, chain_id: &Digest) -> Result<(), Fault> {
    let header = &proposal.header;
    let parent = proposal.justify.data();
    if header.chain_id != *chain_id {
        return Err(Fault::Chain);
    }
    if proposal.payload.len() > MAX_PAYLOAD {
        return Err(Fault::PayloadSize);
    }
    let follows = header.parent == parent.leaf
        && Some(header.height) == parent.height.get().checked_add(1)
        && header.epoch == parent.epoch.get()
        && header.view > parent.view.get();
    if !follows {
        return Err(Fault::Parent);
    }
    let previous = proposal.view().previous();
    match &proposal.timeout {
        None if parent.view == previous => Ok(()),
        Some(timeout) if parent.view < previous => {
            if timeout.view() != previous || timeout.epoch() != parent.epoch {
                Err(Fault::Evidence)
            } else if parent.view < timeout.lock().view() {
                Err(Fault::BelowProvenLock)
            } else {
                Ok(())
            }
        }
        _ => Err(Fault::Evidence),
    }
}

/// A proposal is safe if it is justified by a later view than the lock's, or by the locked leaf itself.
pub fn is_safe(justify: &Justify, lock: &Justify) -> bool {
    let (justify, lock) = (justify.data(), lock.data());
    justify.view > lock.view || (justify.view == lock.view && justify.leaf == lock.leaf)
}

/// Timestamps grow strictly, and do not run ahead of the validator's clock.
pub fn timestamp_holds(header: &Header, parent: &Header, wall_ms: u64, max_drift_ms: u64) -> bool {
    header.timestamp_ms > parent.timestamp_ms && header.timestamp_ms <= wall_ms.saturating_add(max_drift_ms)
}

/// What Vote1 depends on.
#[derive(Clone, Copy, Debug)]
pub struct Vote1Conditions {
    /// The proposal's view.
    pub view: View,
    /// The node's view.
    pub current: View,
    /// Its last first vote.
    pub voted: View,
    /// Its last timeout vote.
    pub timed_out: View,
    /// The decided view.
    pub decided: View,
    /// [`is_safe`].
    pub safe: bool,
    /// This node's application computed the block's root on a branch that extends the decided block.
    pub valid: bool,
    /// [`timestamp_holds`].
    pub timely: bool,
}

/// Vote1 only in the current view, once per view and never again below it, not after giving the view up, and only for a
/// safe and timely block whose root this node computed itself.
pub fn may_vote1(c: &Vote1Conditions) -> bool {
    let once = c.view > c.voted && c.view > c.timed_out && c.view > c.decided;
    c.view == c.current && once && c.safe && c.valid && c.timely
}

/// What Vote2 depends on.
#[derive(Clone, Copy, Debug)]
pub struct Vote2Conditions {
    /// The certified view.
    pub view: View,
    /// The node's last second vote.
    pub voted: View,
    /// The decided view.
    pub decided: View,
    /// The certificate names the block that is here, and this node's application computed its root.
    pub valid: bool,
    /// Some later first vote, or a higher lock, of this node is on a branch that excludes the block (B1).
    pub excluded: bool,
}

/// Vote2 once per view and never again below it, only for a certified block that is here whole and valid, and never for a
/// block that a later first vote of this node excludes (B1): else two conflicting blocks could gather quorums.
pub fn may_vote2(c: &Vote2Conditions) -> bool {
    c.view > c.voted && c.view > c.decided && c.valid && !c.excluded
}

/// Whether a header is the block that votes for `data` name.
pub fn names(data: &VoteData, header: &Header) -> bool {
    *data == VoteData::of(header, data.leaf)
}
