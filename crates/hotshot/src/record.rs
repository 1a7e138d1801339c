//! What must be durable before it is said, and what a restarted node starts from.
//!
//! | before | must be durable |
//! |---|---|
//! | a proposal leaves | [`Record::Proposal`], [`Record::Proposed`] |
//! | Vote1 leaves | [`Record::Proposal`], [`Record::Vote1`] |
//! | Vote2 leaves | [`Record::Proposal`], [`Record::Vote2`] with the lock |
//! | a timeout vote leaves | [`Record::TimedOut`] with the lock, [`Record::Ended`] if that is why the view began |
//!
//! A store keeps the records in order and hands them back in order; [`Recovery::apply`] folds them, so a store that
//! forgot a record above the decided view is the only way to lose what a node said.

use std::{collections::BTreeMap, sync::Arc};

use borsh::{BorshDeserialize, BorshSerialize, io};
use hotshot_types::{
    Certificate1, Certificate2, Epoch, Justify, Proposal, Signature, TimeoutCertificate, View,
    proposal::{read_header, write_header},
};
use rollup_abi::{Digest, Header};

/// One entry of the consensus log.
#[expect(clippy::large_enum_variant, reason = "some per view, each written at once")]
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Record {
    /// The content of a leaf, once per leaf.
    Proposal(StoredProposal),
    /// This node proposes in a view.
    Proposed {
        /// The view.
        view: View,
        /// The proposed leaf.
        leaf: Digest,
    },
    /// This node votes in the first phase of a view.
    Vote1 {
        /// The view.
        view: View,
        /// The leaf voted for.
        leaf: Digest,
    },
    /// This node votes in the second phase of the lock's view, for the lock's leaf.
    Vote2 {
        /// What it locks on.
        lock: Certificate1,
    },
    /// This node gives a view up.
    TimedOut {
        /// The epoch that its vote names.
        epoch: Epoch,
        /// The view.
        view: View,
        /// The lock that its vote names.
        lock: Justify,
    },
    /// A block and its ancestors are decided, and the application has made them durable.
    Decided(Anchor),
    /// A quorum gave this view up, and this node acts in the next one. Whoever is in a view can show why for as long as it is
    /// there, restarts included: else it could not bring in those who did not hear of it.
    Ended(Arc<TimeoutCertificate>),
}

/// A proposal as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StoredProposal {
    /// The proposal.
    pub proposal: Arc<Proposal>,
    /// Its leader's signature; a node's own proposal is kept without, for it can sign again.
    pub signature: Option<Signature>,
}

/// The last decided block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its header.
    pub header: Header,
    /// Its certificate; genesis has none, nor has a block that was decided through a descendant.
    pub certificate: Option<Certificate2>,
}

impl BorshSerialize for Anchor {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        write_header(&self.header, writer)?;
        self.certificate.serialize(writer)
    }
}

impl BorshDeserialize for Anchor {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        Ok(Self {
            header: read_header(reader)?,
            certificate: Option::deserialize_reader(reader)?,
        })
    }
}

impl Anchor {
    /// The decided view.
    pub fn view(&self) -> View {
        View::new(self.header.view)
    }
}

impl Record {
    /// Whether a node whose durable [`Record::Decided`] has view `decided` can do without this record: it never acts in
    /// a view up to `decided` again. The newest lock stays, for it is what the next leader builds on.
    pub fn is_obsolete(&self, decided: View) -> bool {
        match self {
            // One that is made again may say why its later view began.
            Self::Proposal(stored) => stored.proposal.view <= decided,
            Self::Proposed { view, .. } | Self::Vote1 { view, .. } => *view <= decided,
            Self::Vote2 { lock } => lock.view() < decided,
            Self::TimedOut { view, lock, .. } => *view <= decided && lock.view() < decided,
            Self::Decided(anchor) => anchor.view() < decided,
            Self::Ended(timeout) => timeout.view() < decided,
        }
    }
}

/// The last view in which this node acted, by kind of action. It never acts again in that view or below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// Last own proposal.
    pub proposed: View,
    /// Last first vote.
    pub vote1: View,
    /// Last second vote.
    pub vote2: View,
    /// Its epoch: another leaf of that view may be certified in the next one.
    pub vote2_epoch: Epoch,
    /// Last timeout vote.
    pub timeout: View,
    /// The epoch that it named.
    pub timeout_epoch: Epoch,
}

/// What a node starts from: genesis, or genesis with its log folded over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The last decided block.
    pub anchor: Anchor,
    /// The highest lock.
    pub lock: Justify,
    /// What was done last.
    pub actions: Actions,
    /// The first votes above the anchor's view: what rule B1 needs.
    pub votes1: BTreeMap<View, Digest>,
    /// The proposals above the anchor's view, by view and leaf.
    pub proposals: BTreeMap<(View, Digest), StoredProposal>,
    /// The highest timeout certificate, be it a record of its own or part of a proposal.
    pub timeout: Option<Arc<TimeoutCertificate>>,
}

impl Recovery {
    /// A node that has never run.
    pub fn genesis(header: Header) -> Self {
        Self {
            lock: Justify::Genesis(header.commitment()),
            anchor: Anchor {
                header,
                certificate: None,
            },
            actions: Actions::default(),
            votes1: BTreeMap::new(),
            proposals: BTreeMap::new(),
            timeout: None,
        }
    }

    /// Takes the next record of the log. Records may come again and in any order: only what is higher counts.
    pub fn apply(&mut self, record: Record) {
        let actions = &mut self.actions;
        match record {
            Record::Proposal(stored) => {
                if let Some(timeout) = &stored.proposal.timeout {
                    self.raise_timeout(Arc::new(timeout.clone()));
                }
                let view = stored.proposal.block_view();
                if view > self.anchor.view() {
                    self.proposals.insert((view, stored.proposal.leaf()), stored);
                }
            }
            Record::Proposed { view, .. } => actions.proposed = actions.proposed.max(view),
            Record::Vote1 { view, leaf } => {
                actions.vote1 = actions.vote1.max(view);
                if view > self.anchor.view() {
                    self.votes1.insert(view, leaf);
                }
            }
            Record::Vote2 { lock } => {
                if lock.view() > actions.vote2 {
                    actions.vote2 = lock.view();
                    actions.vote2_epoch = lock.data().epoch;
                }
                self.raise_lock(Justify::Certified(lock));
            }
            Record::TimedOut { epoch, view, lock } => {
                actions.timeout = actions.timeout.max(view);
                actions.timeout_epoch = actions.timeout_epoch.max(epoch);
                self.raise_lock(lock);
            }
            Record::Decided(anchor) => self.raise_anchor(anchor),
            Record::Ended(timeout) => self.raise_timeout(timeout),
        }
    }

    /// Moves the anchor up, and forgets what lies below it.
    pub fn raise_anchor(&mut self, anchor: Anchor) {
        if anchor.header.height > self.anchor.header.height {
            let decided = anchor.view();
            self.votes1.retain(|view, _| *view > decided);
            self.proposals.retain(|(view, _), _| *view > decided);
            self.anchor = anchor;
        }
    }

    fn raise_lock(&mut self, lock: Justify) {
        if lock.rank() > self.lock.rank() {
            self.lock = lock;
        }
    }

    fn raise_timeout(&mut self, timeout: Arc<TimeoutCertificate>) {
        if self
            .timeout
            .as_ref()
            .is_none_or(|known| timeout.rank() > known.rank())
        {
            self.timeout = Some(timeout);
        }
    }
}
