//! The state machine: what it remembers, and how an input changes it.

mod catch_up;
mod decide;
mod epoch;
mod intake;
mod pace;
mod propose;
mod upgrade;
mod vote;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hotshot_types::{
    Certificate1, Certificate2, Epoch, Height, Justify, NodeId, Proposal, Signature, TimeoutCertificate,
    View, VoteData,
};
use rollup_abi::{Digest, Header};

use crate::{
    Actions, Committees, Config, HaltReason, Input, Now, Outgoing, Output, Recipient, Record, Recovery,
    StoredProposal, Token,
    tree::{Content, Tree},
};

/// A leaf that is known to be final, not yet decided here.
#[derive(Clone, Debug)]
struct Final {
    data: VoteData,
    /// Its own certificate, unless a descendant's proves it.
    certificate: Option<Certificate2>,
}

/// What was said last, durable and so fit to be said again.
#[derive(Clone, Debug, Default)]
struct Said {
    proposal: Option<Arc<Proposal>>,
    vote1: Option<VoteData>,
    vote2: Option<VoteData>,
    timeout: Option<Outgoing>,
}

/// A block that the application builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Building {
    view: View,
    parent: Digest,
    version: u16,
}

/// A block that is being fetched.
#[derive(Clone, Debug)]
struct Fetch {
    leaf: Digest,
    attempts: u32,
    next_at: Duration,
}

/// How much a core holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Undecided blocks.
    pub blocks: usize,
    /// Certificates above the decided view.
    pub certificates: usize,
    /// Own first votes above the decided view.
    pub votes1: usize,
    /// Upgrades that were agreed on.
    pub upgrades: usize,
    /// Statements that wait for what they depend on to be durable.
    pub pending: usize,
}

/// The consensus state of one node. See the crate's documentation.
#[derive(Clone, Debug)]
pub struct Consensus {
    config: Config,
    genesis: Digest,
    halted: Option<HaltReason>,
    now: Now,

    epoch: Epoch,
    view: View,
    entered: Duration,
    /// Failed views in a row.
    failures: u32,
    /// Highest timeout certificate.
    timeout: Option<Arc<TimeoutCertificate>>,

    lock: Justify,
    tree: Tree,
    /// The decided block's certificate, if it has one.
    decided_certificate: Option<Certificate2>,
    /// By view, above the decided one, of this epoch.
    certificates1: BTreeMap<View, Certificate1>,
    /// By height, above the decided one.
    finals: BTreeMap<Height, Final>,
    /// Blocks that are proposed again, by view and leaf, with what justifies it.
    again: BTreeMap<(View, Digest), Justify>,

    actions: Actions,
    votes1: BTreeMap<View, Digest>,
    /// The highest view whose first vote has been forgotten.
    votes1_forgotten: View,
    /// Somebody speaks of epochs that are not known here.
    behind: bool,

    /// What waits for something to be durable.
    pending: BTreeMap<Token, Outgoing>,
    next_token: u64,
    said: Said,

    upgrades: upgrade::Upgrades,

    building: Option<Building>,
    build_at: Duration,
    revalidate_at: Option<Duration>,
    fetch: Option<Fetch>,
    resend_at: Duration,
    timer: Option<Duration>,
}

/// The stored proposals above the decided block.
fn tree_of(decided: &Header, proposals: BTreeMap<(View, Digest), StoredProposal>) -> Tree {
    let mut tree = Tree::new(decided.commitment(), decided.clone());
    for ((_, leaf), stored) in proposals {
        let content = Content::Proposal(stored.proposal, stored.signature);
        tree.insert(leaf, content, true);
        if let Some(entry) = tree.get_mut(&leaf) {
            entry.durable = true;
        }
    }
    tree
}

impl Consensus {
    /// A node that starts from what its log says. The first [`Input::Tick`] sets it in motion.
    pub fn new(config: Config, recovery: Recovery, now: Now) -> Self {
        let Recovery {
            anchor,
            lock,
            actions,
            votes1,
            proposals,
            timeout,
        } = recovery;
        let mut upgrades = upgrade::Upgrades::default();
        upgrades.add(proposals.values().filter_map(|stored| stored.proposal.upgrade));
        let tree = tree_of(&anchor.header, proposals);
        let acted = actions.proposed.max(actions.vote1).max(actions.timeout);
        let given_up = timeout.as_ref().map_or(View::ZERO, |timeout| timeout.view());
        let view = [anchor.view(), lock.view(), actions.vote2, given_up]
            .map(View::next)
            .into_iter()
            .fold(acted, View::max);
        let genesis = config.genesis.commitment();
        let epoch = epoch::after(config.epochs, &anchor.header)
            .max(lock.data().epoch)
            .max(actions.timeout_epoch);
        let certificates1 = lock
            .certificate()
            .filter(|certificate| certificate.view() > anchor.view() && certificate.data().epoch == epoch)
            .map(|certificate| (certificate.view(), certificate.clone()));
        let mut consensus = Self {
            genesis,
            halted: None,
            now,
            epoch,
            view,
            entered: now.elapsed,
            failures: 0,
            timeout,
            tree,
            decided_certificate: anchor.certificate,
            certificates1: certificates1.into_iter().collect(),
            finals: BTreeMap::new(),
            again: BTreeMap::new(),
            actions,
            votes1,
            votes1_forgotten: View::ZERO,
            behind: false,
            pending: BTreeMap::new(),
            next_token: 0,
            said: Said::default(),
            upgrades,
            building: None,
            build_at: Duration::ZERO,
            revalidate_at: None,
            fetch: None,
            resend_at: Duration::ZERO,
            timer: None,
            lock,
            config,
        };
        consensus.resend_at = consensus.next_resend();
        consensus.said.vote2 = consensus.voted2_before();
        if consensus.has_timed_out() {
            consensus.said.timeout = Some(consensus.timeout_vote());
        }
        consensus
    }

    /// Takes an input; what is to be done is appended to `out`, in order.
    pub fn step(&mut self, now: Now, input: Input, out: &mut Vec<Output>) {
        if self.halted.is_some() {
            return;
        }
        self.now = now;
        let changed = self.take(input, out);
        if let Err(reason) = changed.and_then(|()| self.evaluate(out)) {
            // What was decided in this step is on `out` before this and stays; nothing follows.
            self.pending.clear();
            self.halted = Some(reason.clone());
            out.push(Output::Halt(reason));
            return;
        }
        self.set_timer(out);
    }

    /// Every rule, once, in an order in which none enables an earlier one.
    fn evaluate(&mut self, out: &mut Vec<Output>) -> Result<(), HaltReason> {
        self.decide(out)?;
        self.say_upgrade(out);
        self.give_up_view(out);
        self.resend(out);
        self.validate(out);
        self.vote2(out);
        self.vote1(out);
        self.propose(out);
        self.catch_up(out);
        Ok(())
    }

    /// The current view.
    pub fn view(&self) -> View {
        self.view
    }

    /// The lock.
    pub fn lock(&self) -> &Justify {
        &self.lock
    }

    /// The last decided header.
    pub fn decided(&self) -> &Header {
        self.tree.root_header()
    }

    /// The last decided leaf.
    pub fn decided_leaf(&self) -> &Digest {
        self.tree.root()
    }

    /// Why it stopped, if it did.
    pub fn halted(&self) -> Option<&HaltReason> {
        self.halted.as_ref()
    }

    /// What this node did last.
    pub fn actions(&self) -> &Actions {
        &self.actions
    }

    /// The first-phase certificate of an undecided view, if it is known.
    pub fn certificate1(&self, view: View) -> Option<&Certificate1> {
        self.certificates1.get(&view)
    }

    /// Whether the leaf that votes for `data` name, or another of its height, is known to be final.
    pub fn is_final(&self, data: &VoteData) -> bool {
        data.height.get() <= self.decided().height || self.finals.contains_key(&data.height)
    }

    /// The current epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The committees that are known.
    pub fn committees(&self) -> &Committees {
        &self.config.committees
    }

    /// The highest timeout certificate.
    pub fn timeout_certificate(&self) -> Option<&Arc<TimeoutCertificate>> {
        self.timeout.as_ref()
    }

    /// A proposal for a peer that asks, with its leader's signature unless it is this node's own: undecided, or one of the
    /// last decided.
    pub fn proposal(&self, leaf: &Digest) -> Option<(&Arc<Proposal>, Option<Signature>)> {
        self.tree.proposal(leaf)
    }

    /// How much it holds: for who checks that it is bounded.
    pub fn held(&self) -> Held {
        Held {
            blocks: self.tree.len(),
            certificates: self.certificates1.len().saturating_add(self.finals.len()),
            votes1: self.votes1.len(),
            upgrades: self.upgrades.agreed().count(),
            pending: self.pending.len(),
        }
    }

    fn is_member(&self) -> bool {
        self.is_member_of(self.epoch)
    }

    fn is_member_of(&self, epoch: Epoch) -> bool {
        let committee = self.config.committees.of(epoch);
        committee.is_some_and(|committee| committee.index_of(&self.config.node).is_some())
    }

    /// Who leads a view of an epoch.
    fn leader(&self, epoch: Epoch, view: View) -> Option<NodeId> {
        let committee = self.config.committees.of(epoch)?;
        Some(committee.leader(view).node)
    }

    fn decided_view(&self) -> View {
        View::new(self.decided().view)
    }

    /// Has records made durable; `then` is sent when they are.
    fn persist(&mut self, records: Vec<Record>, then: Outgoing, out: &mut Vec<Output>) {
        let token = Token(self.next_token);
        self.next_token = self.next_token.saturating_add(1);
        self.pending.insert(token, then);
        out.push(Output::Persist { token, records });
    }

    /// The record that makes a proposal durable, the first time.
    fn proposal_record(&mut self, leaf: &Digest) -> Option<Record> {
        let entry = self.tree.get_mut(leaf)?;
        match &entry.content {
            Content::Proposal(proposal, signature) if !entry.durable => {
                entry.durable = true;
                Some(Record::Proposal(StoredProposal {
                    proposal: Arc::clone(proposal),
                    signature: *signature,
                }))
            }
            _ => None,
        }
    }

    /// Says something to all. Who was a member in the epoch before still passes on what ended it; who is no member has
    /// nothing to say.
    fn send(&self, what: Outgoing, out: &mut Vec<Output>) {
        if self.is_member() || self.is_member_of(self.epoch.previous()) {
            let to = Recipient::Others;
            out.push(Output::Send { to, what });
        }
    }
}
