//! Independent checkers: they see what nodes do and say, and share no code with what they judge.
//!
//! | checker | what always holds |
//! |---|---|
//! | `agreement` | one leaf per height and per view among all that honest nodes decide, without gaps, each leaf once and in order, each with a quorum of second votes for it or a descendant, and its state root is what the checker computes itself |
//! | `votes` | an honest member says one thing per phase and view, in all of its lives; no Vote1 in a view that it gave up; Vote2 names a leaf that a quorum voted for, and that no later Vote1 of the member excludes (B1) |
//! | `monotone` | view, lock and decided height never fall; a restart never forgets a vote or the lock that was said |
//! | `durable` | a proposal, a vote and a timeout vote are sent after what they depend on is in the log |
//! | `certificates` | whatever an honest node sends or holds is signed by a quorum of those who really signed |
//! | `bounds` | queues, tallies and maps stay within their limits |
//! | `acts` | what is written of votes, proposals and timeouts is of later and later views, in all lives, and never begins in a view that was given up |
//! | `locks` | an honest member's Vote1 is for what stands on the block that it is locked on, or on one certified later: in a later epoch, or in a later view of the same |
//! | `joins` | who hears f+1 of the stake give a view up does the same |
//! | `fetches` | what is asked for was not given before: both of two rivals are kept (B5) |
//! | `version` | versions never fall along the decided chain, and change only where nine tenths of the stake have agreed; nobody executes, proposes or votes for another, or what it does not speak |
//! | `conduct` | nobody halts but who does not speak a final block's version, no honest member is blamed, and who breaks a rule in the open is (B4 among them) |
//!
//! Liveness after the network heals is judged by the runner, for it is about time.

mod acts;
mod agreement;
mod bounds;
mod certificates;
mod durable;
mod heard;
mod locks;
mod monotone;
mod version;
mod votes;

use std::{collections::BTreeSet, time::Duration};

use hotshot::{Consensus, Input, Outgoing, Output};
use hotshot_types::{Epoch, Epochs, NodeId, TimeoutData};
use rollup_abi::Header;

pub(crate) use agreement::Agreement;

use crate::{fixtures::MAX_NODES, ledger::Ledger, node::Node};

/// A property that does not hold, and how.
pub(crate) type Finding = (&'static str, String);
pub(crate) type Checked = Result<(), String>;
/// Who must be blamed, and for what.
pub(crate) type Culprit = Option<(NodeId, &'static str)>;

/// All checkers.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(crate) agreement: Agreement,
    pub(crate) version: version::Version,
    votes: votes::Votes,
    monotone: monotone::Monotone,
    acts: acts::Acts,
    heard: heard::Heard,
    faulty: BTreeSet<NodeId>,
}

impl Checks {
    pub(crate) fn new(genesis: &Header, epochs: Epochs, faulty: BTreeSet<NodeId>) -> Self {
        Self {
            agreement: Agreement::new(genesis, epochs),
            version: version::Version::default(),
            votes: votes::Votes::default(),
            monotone: monotone::Monotone::default(),
            acts: acts::Acts::default(),
            heard: heard::Heard::default(),
            faulty,
        }
    }

    /// Before a step of an honest machine: who must be blamed for its input.
    pub(crate) fn input(&mut self, machine: usize, node: &Node, ledger: &Ledger, input: &Input) -> Culprit {
        self.heard.input(machine, node, ledger, input);
        heard::culprit(input, ledger)
    }

    /// What came of the step, as a whole.
    pub(crate) fn answered(&self, culprit: Culprit, out: &[Output]) -> Result<(), Finding> {
        named("conduct", heard::blames(culprit, out))
    }

    /// A machine hears a timeout vote that holds.
    pub(crate) fn timeout(&mut self, machine: usize, member: usize, data: &TimeoutData, at: Duration) {
        self.heard.timeout(machine, member, data, at);
    }

    /// Before an output of an honest machine is carried out.
    pub(crate) fn output(
        &mut self,
        machine: usize,
        node: &Node,
        ledger: &mut Ledger,
        output: &Output,
    ) -> Result<(), Finding> {
        named("version", self.version.output(node, ledger, output))?;
        match output {
            Output::Decide(blocks) => {
                named("agreement", self.agreement.decided(machine, blocks))?;
                named("version", self.version.decided(ledger, blocks))?;
                for decided in blocks {
                    let voted = certificates::require(
                        ledger.is_final(&decided.leaf),
                        "it decides what no quorum voted for in the second phase",
                    );
                    named("agreement", voted)?;
                    let good = decided
                        .certificate
                        .as_ref()
                        .is_none_or(|c| ledger.certificate2(c));
                    let checked =
                        certificates::require(good, "it decides with a certificate that does not hold");
                    named("certificates", checked)?;
                }
                Ok(())
            }
            Output::Persist { records, .. } => {
                self.heard.written(machine, records);
                named("locks", locks::written(node, records))?;
                named("acts", self.acts.written(machine, records))
            }
            Output::Send { what, .. } => self.sent(machine, node, ledger, what),
            Output::Halt(reason) if version::may_halt(node, ledger, reason) => Ok(()),
            Output::Halt(reason) => Err(("conduct", format!("it halts: {reason}"))),
            Output::Misbehaviour { member, fault } if !self.faulty.contains(member) => {
                Err(("conduct", format!("honest {member} is blamed: {fault}")))
            }
            _ => Ok(()),
        }
    }

    fn sent(
        &mut self,
        machine: usize,
        node: &Node,
        ledger: &mut Ledger,
        what: &Outgoing,
    ) -> Result<(), Finding> {
        let speaks = certificates::require(may_speak(node, ledger, what), "it is no member and speaks");
        named("conduct", speaks)?;
        named("durable", durable::sent(node, what))?;
        named("certificates", certificates::sent(ledger, what))?;
        named("votes", self.votes.sent(node.member, ledger, what))?;
        self.monotone.sent(machine, what);
        match what {
            Outgoing::FetchProposal(fetch) => named("fetches", self.heard.fetches(machine, &fetch.leaf)),
            _ => Ok(()),
        }
    }

    /// After a step of an honest machine.
    pub(crate) fn stepped(
        &mut self,
        machine: usize,
        node: &Node,
        ledger: &mut Ledger,
        now: Duration,
    ) -> Result<(), Finding> {
        named("monotone", self.monotone.stepped(machine, node))?;
        named("certificates", certificates::held(ledger, node))?;
        named("joins", self.heard.joins(machine, node, ledger, now))?;
        named("bounds", bounds::stepped(node, MAX_NODES))
    }

    /// A machine starts: its state may be behind what it once was, but not behind what it said.
    pub(crate) fn started(&mut self, machine: usize, node: &Node) {
        self.agreement.started(machine, node.chain.len() as u64);
        self.monotone.started(machine);
        self.acts.started(machine, &node.log);
        self.heard.started(machine, &node.log);
    }
}

/// Members vote in their epoch; in the one after, they still pass on what ended it. Everybody may ask.
fn may_speak(node: &Node, ledger: &Ledger, what: &Outgoing) -> bool {
    let member_of = |epoch| ledger.roster.stake(epoch, node.member).0 > 0;
    match what {
        Outgoing::FetchProposal(_) | Outgoing::FetchBlocks(_) => true,
        Outgoing::Proposal(proposal) => member_of(proposal.epoch()),
        Outgoing::Vote1(data) | Outgoing::Vote2(data) => member_of(data.epoch),
        Outgoing::Timeout(data, _) => member_of(data.epoch),
        Outgoing::UpgradeVote(data) => member_of(data.epoch),
        Outgoing::Certificate1(_)
        | Outgoing::Certificate2(_)
        | Outgoing::TimeoutCertificate(_)
        | Outgoing::Upgrade(_) => {
            // A step may lead through more than one epoch.
            let epoch = node.core.as_ref().map_or(Epoch::ZERO, Consensus::epoch);
            (0..3).any(|back| member_of(Epoch::new(epoch.get().saturating_sub(back))))
        }
    }
}

fn named(name: &'static str, checked: Checked) -> Result<(), Finding> {
    checked.map_err(|what| (name, what))
}
