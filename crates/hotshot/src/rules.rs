//! The protocol's rules, each a function with the rule's text. Safety is argued in the crate's documentation.

use hotshot_types::{Epochs, Height, Justify, Proposal, UpgradeData, View, VoteData, message::MAX_PAYLOAD};
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
    /// The next committee is named where the epoch does not end, or is not where it does, or it is another one.
    #[error("a proposal that names no or another next committee")]
    NextCommittee,
    /// An epoch's first block without the proof that the epoch before has ended, or another block with one.
    #[error("a proposal without the hand-over that its epoch needs, or with one too many")]
    HandOver,
    /// An upgrade that its block may not begin with: of another epoch, to another version, or beyond its window.
    #[error("a proposal with an upgrade that its block may not begin with")]
    Upgrade,
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

/// What a proposal must be whoever looks at it: its header follows its justification; if that is not of the view before, a
/// timeout certificate for the view before is there, and the justification is not below the lock it proves.
pub fn well_formed(proposal: &Proposal, chain_id: &Digest, epochs: Epochs) -> Result<(), Fault> {
    if proposal.header.chain_id != *chain_id {
        return Err(Fault::Chain);
    }
    if proposal.payload.len() > MAX_PAYLOAD {
        return Err(Fault::PayloadSize);
    }
    let justify = proposal.justify.data();
    if proposal.is_again() {
        closes_again(proposal, &justify, epochs)?;
    } else {
        follows(&proposal.header, &justify, epochs)?;
        hands_over(proposal, &justify, epochs)?;
        upgrades(proposal)?;
    }
    shows_evidence(proposal, &justify)
}

/// The justification names the header's parent, one height and at least one view below; the epoch is the height's. Exactly
/// the last block of an epoch names the next committee.
fn follows(header: &Header, parent: &VoteData, epochs: Epochs) -> Result<(), Fault> {
    let height = Height::new(header.height);
    let follows = header.parent == parent.leaf
        && Some(header.height) == parent.height.get().checked_add(1)
        && header.epoch == epochs.of(height).get()
        && parent.epoch == epochs.of(parent.height)
        && header.view > parent.view.get();
    if !follows {
        return Err(Fault::Parent);
    }
    if (header.next_committee != [0; 32]) != epochs.is_last(height) {
        return Err(Fault::NextCommittee);
    }
    Ok(())
}

/// The first block of an epoch, and no other, brings the proof that its parent is final: else two committees could decide
/// beside each other.
fn hands_over(proposal: &Proposal, parent: &VoteData, epochs: Epochs) -> Result<(), Fault> {
    let proven = match &proposal.hand_over {
        Some(certificate) => epochs.is_last(parent.height) && is_same_block(certificate.data(), parent),
        None => !epochs.is_last(parent.height),
    };
    if proven { Ok(()) } else { Err(Fault::HandOver) }
}

/// An upgrade stands only where the block may be the first of its version.
fn upgrades(proposal: &Proposal) -> Result<(), Fault> {
    let fits = |agreed: &UpgradeData| agreed.may_begin_with(&proposal.header);
    match &proposal.upgrade {
        Some(certificate) if !fits(certificate.data()) => Err(Fault::Upgrade),
        _ => Ok(()),
    }
}

/// Only an epoch's last block is proposed again, and on its own certificate. The view after that certificate's is left to the
/// next epoch, so there is always a timeout certificate.
fn closes_again(proposal: &Proposal, own: &VoteData, epochs: Epochs) -> Result<(), Fault> {
    let leaf = proposal.leaf();
    let again = own.leaf == leaf
        && epochs.is_last(own.height)
        && own.names(&proposal.header, epochs)
        && proposal.view > own.view
        && proposal.hand_over.is_none()
        && proposal.upgrade.is_none()
        && proposal.timeout.is_some();
    if again { Ok(()) } else { Err(Fault::Parent) }
}

fn shows_evidence(proposal: &Proposal, justify: &VoteData) -> Result<(), Fault> {
    let previous = proposal.view.previous();
    match &proposal.timeout {
        None if justify.view == previous => Ok(()),
        Some(timeout) if justify.view < previous => {
            // Until the first block of an epoch, the epoch before may have given the view up.
            let epoch = timeout.epoch();
            if timeout.view() != previous || (epoch != proposal.epoch() && epoch != justify.epoch) {
                Err(Fault::Evidence)
            } else if justify.rank() < timeout.lock().rank() {
                Err(Fault::BelowProvenLock)
            } else {
                Ok(())
            }
        }
        _ => Err(Fault::Evidence),
    }
}

/// Whether both name the same block, in whatever view.
pub fn is_same_block(one: &VoteData, other: &VoteData) -> bool {
    (one.epoch, one.height, one.leaf) == (other.epoch, other.height, other.leaf)
}

/// A proposal is safe if it is justified by a later view than the lock's, or by the locked leaf itself. What a later epoch
/// certified counts as later whatever its view: it stands on what was final before.
pub fn is_safe(justify: &Justify, lock: &Justify) -> bool {
    let (justify, lock) = (justify.data(), lock.data());
    justify.rank() > lock.rank() || justify.leaf == lock.leaf
}

/// Timestamps grow strictly, and do not run ahead of the validator's clock.
pub fn timestamp_holds(header: &Header, parent: &Header, wall_ms: u64, max_drift_ms: u64) -> bool {
    header.timestamp_ms > parent.timestamp_ms && header.timestamp_ms <= wall_ms.saturating_add(max_drift_ms)
}

/// A block has its parent's version, or it is the first of a later version that nine tenths of its epoch's stake agreed on, in the
/// window that they agreed on. So a version never falls, and somebody honest has checked the one of every certified block.
pub fn version_holds<'a>(
    header: &Header,
    parent: &Header,
    mut agreed: impl Iterator<Item = &'a UpgradeData>,
) -> bool {
    header.version == parent.version
        || agreed.any(|agreed| agreed.upgrade.from() == parent.version && agreed.may_begin_with(header))
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
    /// The block names the committee that this node knows to be the next one where its epoch ends, and nowhere else.
    pub next_committee: bool,
    /// [`version_holds`], or the block is proposed again: it is certified, so this was checked.
    pub version: bool,
    /// [`timestamp_holds`].
    pub timely: bool,
}

/// Vote1 only in the current view, once per view and never again below it, not after giving the view up, and only for a
/// safe and timely block whose root this node computed itself, that hands over to the right committee, and that follows the
/// rules of the right version.
pub fn may_vote1(c: &Vote1Conditions) -> bool {
    let once = c.view > c.voted && c.view > c.timed_out && c.view > c.decided;
    c.view == c.current && once && c.safe && c.valid && c.next_committee && c.version && c.timely
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
