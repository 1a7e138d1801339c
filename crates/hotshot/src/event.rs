//! What goes into the core and what comes out.

use std::{sync::Arc, time::Duration};

use hotshot_types::{
    Block, Certificate1, Certificate2, Committee, Epoch, Height, Justify, NodeId, Proposal, SignedProposal,
    TimeoutCertificate, TimeoutData, Upgrade, UpgradeCertificate, UpgradeData, Versions, View, VoteData,
    message::{FetchBlocks, FetchProposal, FetchedBlocks},
};
use rollup_abi::{Digest, Header};

use crate::{Record, rules::Fault};

/// The time: an input like every other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Monotonic, since some start.
    pub elapsed: Duration,
    /// Wall clock, milliseconds since 1970.
    pub wall_ms: u64,
}

/// Names something that is being made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(crate) u64);

/// The application's judgement of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It computed the same.
    Valid,
    /// The block is wrong.
    Invalid,
    /// It could not tell yet: ask again.
    Retry,
}

/// What happens to a node. Signatures of everything that comes from peers have been checked.
#[derive(Clone, Debug)]
pub enum Input {
    /// A proposal, broadcast or fetched: leader's signature, justification, timeout certificate and payload hash hold.
    Proposal(SignedProposal),
    /// A quorum of first votes.
    Certificate1(Certificate1),
    /// A quorum of second votes.
    Certificate2(Certificate2),
    /// A quorum gave a view up.
    TimeoutCertificate(Arc<TimeoutCertificate>),
    /// Somebody honest gave this view or a later one up in this epoch.
    TimeoutOneHonest {
        /// The epoch that the votes name.
        epoch: Epoch,
        /// The view.
        view: View,
    },
    /// The committee of a coming epoch, as the application took it from the last block of the epoch before the last one.
    Committee(Committee),
    /// A member speaks of an epoch whose committee is not known here. It proves nothing, but is worth a question.
    Behind,
    /// Nine tenths of a committee's stake agreed on an upgrade.
    Upgrade(UpgradeCertificate),
    /// Decided blocks: certificate, links and payload hashes hold.
    Blocks(Arc<FetchedBlocks>),
    /// The application has built a block.
    Built {
        /// For this view.
        view: View,
        /// The block.
        block: Block,
    },
    /// The application could not build a block for this view.
    BuildFailed(View),
    /// The application has judged a block.
    Validated {
        /// Which.
        leaf: Digest,
        /// How.
        verdict: Verdict,
    },
    /// What the token names is durable.
    Persisted(Token),
    /// Time has passed.
    Tick,
}

/// Whom something is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// Every other member.
    Others,
    /// One member.
    One(NodeId),
}

/// What is sent. The first five are signed on their way out; all that they depend on is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Own proposal.
    Proposal(Arc<Proposal>),
    /// Own first vote.
    Vote1(VoteData),
    /// Own second vote.
    Vote2(VoteData),
    /// Own timeout vote, with the lock that it names.
    Timeout(TimeoutData, Justify),
    /// Own agreement on an upgrade. It binds to nothing: it may be given for another upgrade, too.
    UpgradeVote(UpgradeData),
    /// A quorum of first votes.
    Certificate1(Certificate1),
    /// A quorum of second votes.
    Certificate2(Certificate2),
    /// A quorum gave a view up.
    TimeoutCertificate(Arc<TimeoutCertificate>),
    /// Nine tenths of the stake agreed on an upgrade.
    Upgrade(UpgradeCertificate),
    /// Asks for a proposal.
    FetchProposal(FetchProposal),
    /// Asks for decided blocks.
    FetchBlocks(FetchBlocks),
}

/// A decided block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The block.
    pub block: Block,
    /// Its commitment.
    pub leaf: Digest,
    /// Its own certificate, if it has one: a block is decided through a descendant, too.
    pub certificate: Option<Certificate2>,
}

/// Why a node stops for good: going on could break safety.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HaltReason {
    /// Two leaves are certified in one view: a third of the stake is faulty.
    #[error("two leaves are certified in view {view}")]
    ConflictingCertificates {
        /// The view.
        view: View,
    },
    /// A decided block does not follow the block that this node decided.
    #[error("a certified decision of view {view} contradicts this node's")]
    ConflictingDecision {
        /// The view of the contradicting block.
        view: View,
    },
    /// A quorum certified a block that this node's application finds wrong: states have diverged.
    #[error("the block of view {view} is certified, but invalid by this node's own execution")]
    Diverged {
        /// The block's view.
        view: View,
    },
    /// The chain goes on by rules that this node does not know.
    #[error("the final block of height {height} is of version {got}, this node speaks {expected}")]
    Unspoken {
        /// The block's height.
        height: Height,
        /// Its version.
        got: u16,
        /// What this node speaks.
        expected: Versions,
    },
}

/// What a node does, in order.
#[expect(clippy::large_enum_variant, reason = "some per view, each handled at once")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Make these durable, after all earlier ones; then [`Input::Persisted`].
    Persist {
        /// Names it.
        token: Token,
        /// What.
        records: Vec<Record>,
    },
    /// Send.
    Send {
        /// To whom.
        to: Recipient,
        /// What.
        what: Outgoing,
    },
    /// Let the application build a block; then [`Input::Built`] or [`Input::BuildFailed`].
    Build {
        /// For this view.
        view: View,
        /// Of this epoch.
        epoch: Epoch,
        /// The hash of the next committee if the block is its epoch's last, else zero.
        next_committee: Digest,
        /// By the rules of this version.
        version: u16,
        /// On this block.
        parent: Header,
    },
    /// Let the application judge a block; then [`Input::Validated`].
    Validate {
        /// On this block.
        parent: Header,
        /// The block.
        block: Block,
        /// Its commitment.
        leaf: Digest,
    },
    /// These blocks are final, oldest first; each leaves the core once, in order.
    Decide(Vec<Decided>),
    /// The node is in a new view.
    ViewChanged {
        /// Which.
        view: View,
        /// Whether the one before was given up.
        timed_out: bool,
    },
    /// The node is in a new epoch: the one before has handed over.
    EpochChanged(Epoch),
    /// The decided chain goes on by the rules of another version.
    Upgraded {
        /// Which.
        version: u16,
        /// The height of its first block.
        height: Height,
    },
    /// Others agreed on an upgrade to a version that this node does not speak: it ends when the upgrade comes.
    CannotUpgrade(Upgrade),
    /// This node gave a view up.
    TimedOut(View),
    /// Call [`Input::Tick`] then; replaces the timer before.
    SetTimer(Duration),
    /// A member broke a rule.
    Misbehaviour {
        /// Who.
        member: NodeId,
        /// How.
        fault: Fault,
    },
    /// Stop for good. Nothing comes out any more.
    Halt(HaltReason),
}
