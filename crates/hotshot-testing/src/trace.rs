//! What happened, as one number for the comparison of two runs, and the end of it for people.

use std::{collections::VecDeque, fmt, time::Duration};

use hotshot::{Outgoing, Output};
use rollup_abi::{Digest, sha256};

/// Lines kept for a report.
const TAIL: usize = 24;

/// One thing that a machine did.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    at: Duration,
    machine: usize,
    what: &'static str,
    view: u64,
    leaf: [u8; 8],
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            machine,
            what,
            view,
            leaf,
        } = self;
        let leaf = u64::from_be_bytes(*leaf) >> 32;
        write!(
            f,
            "{at:>12?} machine {machine:>2} {what:<20} {view:>6} {leaf:08x}"
        )
    }
}

/// A fingerprint of all that happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub(crate) hash: Digest,
    tail: VecDeque<Line>,
}

impl Trace {
    pub(crate) fn add(&mut self, at: Duration, machine: usize, output: &Output) {
        let (what, view, leaf) = describe(output);
        self.note(at, machine, what, view, leaf);
    }

    pub(crate) fn note(&mut self, at: Duration, machine: usize, what: &'static str, view: u64, leaf: Digest) {
        let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let head = [nanos, machine as u64, view].map(u64::to_be_bytes).concat();
        self.hash = sha256(&[&self.hash, &head, what.as_bytes(), &leaf]);
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        let mut short = [0; 8];
        short.copy_from_slice(&leaf[..8]);
        self.tail.push_back(Line {
            at,
            machine,
            what,
            view,
            leaf: short,
        });
    }

    pub(crate) fn tail(&self) -> String {
        self.tail.iter().map(|line| format!("  {line}\n")).collect()
    }
}

fn describe(output: &Output) -> (&'static str, u64, Digest) {
    let none = [0; 32];
    match output {
        Output::Persist { records, .. } => ("persist", records.len() as u64, none),
        Output::Send { what, .. } => sent(what),
        Output::Build { view, parent, .. } => ("build", view.get(), parent.state_root),
        Output::Validate { block, leaf, .. } => ("validate", block.header.view, *leaf),
        Output::Decide(blocks) => {
            let last = blocks.last();
            let view = last.map_or(0, |decided| decided.block.header.view);
            ("decide", view, last.map_or(none, |decided| decided.leaf))
        }
        Output::ViewChanged { view, timed_out } => {
            let what = if *timed_out { "view after timeout" } else { "view" };
            (what, view.get(), none)
        }
        Output::EpochChanged(epoch) => ("epoch", epoch.get(), none),
        Output::Upgraded { version, height } => ("upgraded", height.get() << 16 | u64::from(*version), none),
        Output::CannotUpgrade(upgrade) => ("cannot upgrade", u64::from(upgrade.to()), none),
        Output::TimedOut(view) => ("timed out", view.get(), none),
        Output::SetTimer(at) => ("timer", u64::try_from(at.as_micros()).unwrap_or(u64::MAX), none),
        Output::Misbehaviour { member, .. } => ("misbehaviour", u64::from(member.0[0]) - 1, none),
        Output::Halt(_) => ("halt", 0, none),
    }
}

fn sent(what: &Outgoing) -> (&'static str, u64, Digest) {
    match what {
        Outgoing::Proposal(proposal) => ("send proposal", proposal.view.get(), proposal.leaf()),
        Outgoing::Vote1(data) => ("send vote1", data.view.get(), data.leaf),
        Outgoing::Vote2(data) => ("send vote2", data.view.get(), data.leaf),
        Outgoing::Timeout(data, lock) => ("send timeout", data.view.get(), lock.data().leaf),
        Outgoing::UpgradeVote(data) => ("send upgrade vote", data.epoch.get(), [0; 32]),
        Outgoing::Upgrade(c) => ("send upgrade cert", c.epoch().get(), [0; 32]),
        Outgoing::Certificate1(c) => ("send certificate1", c.view().get(), *c.leaf()),
        Outgoing::Certificate2(c) => ("send certificate2", c.view().get(), *c.leaf()),
        Outgoing::TimeoutCertificate(c) => ("send timeout cert", c.view().get(), c.lock().data().leaf),
        Outgoing::FetchProposal(fetch) => ("fetch proposal", 0, fetch.leaf),
        Outgoing::FetchBlocks(fetch) => ("fetch blocks", fetch.from.get(), [0; 32]),
    }
}
