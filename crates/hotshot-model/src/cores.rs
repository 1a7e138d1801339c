//! The real core: what it does with an input is computed once by [`Consensus::step`], and looked up from then on.

use std::sync::Arc;

use hotshot::{Anchor, Consensus, HaltReason, Input, Outgoing, Output, Record, Recovery, Token, Verdict};
use hotshot_types::{Epoch, View};

use crate::{
    defect::Defect,
    interned::{Identity, Interned, Memo, Number, print_of},
    said::{Leaves, Said},
    universe::{Leaf, NOW, Universe},
};

/// A state of a core.
pub type Core = Number<Consensus>;
/// What is durable.
pub type Disk = Number<Recovery>;
/// Records that become durable together.
pub type Write = Number<Vec<Record>>;

/// What a core is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// A proposal; its timeout certificate, if any, proves this lock.
    Proposal(Leaf, Option<Leaf>),
    /// A quorum of first votes.
    Certificate1(Leaf),
    /// A quorum of second votes.
    Certificate2(Leaf),
    /// A view was given up, and this lock is proven.
    TimeoutCertificate(u8, Leaf),
    /// f+1 gave up this view.
    Join(u8),
    /// All blocks up to a final leaf.
    Blocks(Leaf),
    /// It has waited long enough.
    Timeout,
    /// This write is durable.
    Persisted(Token),
    /// The application finds a block valid.
    Judged(Leaf),
    /// The application has built a block, for this view and on this parent.
    Built(u8, Leaf),
    /// It has just started.
    Tick,
}

/// What must never happen to an honest member, whatever the others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It stops.
    Halted,
    /// Its lock or its decided height fell within one life.
    Fell,
    /// A restart forgot something that had been said.
    Forgot,
}

/// What a core does.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// Its state then.
    pub core: Core,
    /// What it says.
    pub said: Said,
    /// What it wants durable, in order.
    pub writes: Vec<(Token, Write)>,
    /// What the application is to judge.
    pub judging: Leaves,
    /// What the application is to build, instead of anything before.
    pub building: Option<(u8, Leaf)>,
    /// What it decides.
    pub decided: Leaves,
    /// What the log learns when the application has made that durable.
    pub anchors: Vec<Write>,
    /// What went wrong.
    pub fault: Option<Fault>,
}

/// All states of cores that have been reached.
#[derive(Debug)]
pub struct Cores {
    universe: Universe,
    defect: Defect,
    cores: Interned<Consensus>,
    disks: Interned<Recovery>,
    writes: Interned<Vec<Record>>,
    reactions: Memo<(Core, Told), Arc<Reaction>>,
    written: Memo<(Disk, Write), Disk>,
    started: Memo<(usize, Disk), Core>,
}

impl Cores {
    /// Nothing reached yet.
    pub fn new(universe: Universe, defect: Defect) -> Self {
        Self {
            universe,
            defect,
            cores: Interned::default(),
            disks: Interned::default(),
            writes: Interned::default(),
            reactions: Memo::default(),
            written: Memo::default(),
            started: Memo::default(),
        }
    }

    /// The blocks.
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// States of cores, and calls of [`Consensus::step`].
    pub fn counts(&self) -> (usize, usize) {
        (self.cores.len(), self.reactions.len())
    }

    /// The disk of a member that has never run.
    pub fn empty_disk(&self) -> Disk {
        self.disks
            .number(Recovery::genesis(self.universe.genesis().clone()))
    }

    /// A disk after a write.
    pub fn written(&self, disk: Disk, write: Write) -> Disk {
        if self.defect == Defect::LosesVotes {
            return disk;
        }
        self.written.get((disk, write), |(disk, write)| {
            let mut recovery = (*self.disks.get(*disk)).clone();
            for record in self.writes.get(*write).iter() {
                recovery.apply(record.clone());
            }
            self.disks.number(recovery)
        })
    }

    /// A core that starts.
    pub fn start(&self, member: usize, disk: Disk) -> Core {
        self.started.get((member, disk), |_| {
            let mut recovery = (*self.disks.get(disk)).clone();
            self.defect.spoil(&mut recovery);
            let core = Consensus::new(self.universe.config(member), recovery, NOW);
            self.cores.number(core)
        })
    }

    /// The view of a core.
    pub fn view(&self, core: Core) -> u64 {
        self.cores.get(core).view().get()
    }

    /// Whether a core that starts knows what was said before: it did as much, and its lock is as high.
    pub fn remembers(&self, core: Core, said: &Said) -> bool {
        let core = self.cores.get(core);
        let highest = |leaves: Leaves| leaves.iter().map(|leaf| self.universe.view(leaf)).max();
        let at_least = |view: View, said: Option<u8>| view.get() >= said.unwrap_or(0).into();
        let (actions, lock) = (core.actions(), core.lock().view());
        at_least(actions.proposed, highest(said.proposals))
            && at_least(actions.vote1, highest(said.votes1))
            && at_least(actions.vote2, highest(said.votes2))
            && at_least(actions.timeout, said.highest_timeout())
            && at_least(lock, highest(said.votes2))
            && at_least(lock, said.highest_timeout_lock())
    }

    /// What a core does with an input.
    pub fn react(&self, core: Core, told: Told) -> Arc<Reaction> {
        let compute = |_: &_| Arc::new(self.step(core, told));
        self.reactions.get((core, told), compute)
    }

    fn step(&self, core: Core, told: Told) -> Reaction {
        let mut next = (*self.cores.get(core)).clone();
        let input = self.input(told, next.view());
        let before = (next.lock().view(), next.decided().height);
        let mut outputs = Vec::new();
        next.step(NOW, input, &mut outputs);
        let fell = next.lock().view() < before.0 || next.decided().height < before.1;
        let mut reaction = Reaction {
            core: self.cores.number(next),
            said: Said::default(),
            writes: Vec::new(),
            judging: Leaves::default(),
            building: None,
            decided: Leaves::default(),
            anchors: Vec::new(),
            fault: fell.then_some(Fault::Fell),
        };
        for output in outputs {
            self.carry_out(output, &mut reaction);
        }
        reaction
    }

    fn input(&self, told: Told, view: View) -> Input {
        let universe = &self.universe;
        let epoch = Epoch::ZERO;
        let join = |view| Input::TimeoutOneHonest { epoch, view };
        match told {
            Told::Proposal(leaf, evidence) => Input::Proposal(universe.proposal(leaf, evidence)),
            Told::Certificate1(leaf) => Input::Certificate1(universe.certificate1(leaf)),
            Told::Certificate2(leaf) => Input::Certificate2(universe.certificate2(leaf)),
            Told::TimeoutCertificate(view, lock) => Input::TimeoutCertificate(universe.timeout(view, lock)),
            Told::Join(view) => join(View::new(view.into())),
            Told::Blocks(last) => Input::Blocks(universe.blocks(last)),
            Told::Timeout => join(view),
            Told::Persisted(token) => Input::Persisted(token),
            Told::Judged(leaf) => Input::Validated {
                leaf: universe.digest(leaf),
                verdict: Verdict::Valid,
            },
            Told::Built(view, parent) => Input::Built {
                view: View::new(view.into()),
                block: universe.built(view, parent),
            },
            Told::Tick => Input::Tick,
        }
    }

    fn carry_out(&self, output: Output, reaction: &mut Reaction) {
        let leaf = |digest: &_| self.universe.leaf(digest);
        match output {
            Output::Persist { token, records } => reaction.writes.push((token, self.writes.number(records))),
            Output::Send { what, .. } => self.say(&what, &mut reaction.said),
            Output::Validate { leaf: digest, .. } => reaction.judging.insert(leaf(&digest)),
            Output::Build { view, parent, .. } => {
                let view = u8::try_from(view.get()).expect("few views");
                let within = view <= self.universe.bound().views;
                reaction.building = within.then(|| (view, leaf(&parent.commitment())));
            }
            Output::Decide(blocks) => {
                for decided in &blocks {
                    reaction.decided.insert(leaf(&decided.leaf));
                }
                let anchor = blocks.into_iter().next_back().map(|last| Anchor {
                    header: last.block.header,
                    certificate: last.certificate,
                });
                let records = |anchor| self.writes.number(vec![Record::Decided(anchor)]);
                reaction.anchors.extend(anchor.map(records));
            }
            Output::Halt(HaltReason::ConflictingCertificates { .. })
            | Output::Halt(HaltReason::ConflictingDecision { .. })
            | Output::Halt(HaltReason::Diverged { .. })
            | Output::Halt(HaltReason::Unspoken { .. }) => reaction.fault = Some(Fault::Halted),
            // Certificates exist as soon as their votes do, and what exists can be fetched without a word.
            Output::EpochChanged(_)
            | Output::ViewChanged { .. }
            | Output::Upgraded { .. }
            | Output::CannotUpgrade(_)
            | Output::TimedOut(_)
            | Output::SetTimer(_)
            | Output::Misbehaviour { .. } => {}
        }
    }

    fn say(&self, what: &Outgoing, said: &mut Said) {
        let leaf = |digest: &_| self.universe.leaf(digest);
        match what {
            Outgoing::Proposal(proposal) => said.proposals.insert(leaf(&proposal.leaf())),
            Outgoing::Vote1(data) => said.votes1.insert(leaf(&data.leaf)),
            Outgoing::Vote2(data) => said.votes2.insert(leaf(&data.leaf)),
            Outgoing::Timeout(data, _) => said.give_up(data.view.get(), data.lock_view.get()),
            _ => {}
        }
    }
}

impl Identity for Consensus {
    type Key = (u64, u64);

    fn key(&self) -> Self::Key {
        print_of(self)
    }
}

impl Identity for Recovery {
    type Key = (u64, u64);

    fn key(&self) -> Self::Key {
        print_of(self)
    }
}

impl Identity for Vec<Record> {
    type Key = (u64, u64);

    fn key(&self) -> Self::Key {
        print_of(self)
    }
}
