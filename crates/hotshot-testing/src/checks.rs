//! Independent checkers: they see what nodes do and say, and share no code with what they judge.
//!
//! | checker | what always holds |
//! |---|---|
//! | `agreement` | one leaf per height and per view among all that honest nodes decide, without gaps, each leaf once and in order, and its state root is what the checker computes itself |
//! | `votes` | an honest member says one thing per phase and view, in all of its lives; no Vote1 in a view that it gave up; Vote2 names a leaf that a quorum voted for, and that no later Vote1 of the member excludes (B1) |
//! | `monotone` | view, lock and decided height never fall; a restart never forgets a vote or the lock that was said |
//! | `durable` | a proposal, a vote and a timeout vote are sent after what they depend on is in the log |
//! | `certificates` | whatever an honest node sends or holds is signed by a quorum of those who really signed |
//! | `bounds` | queues, tallies and maps stay within their limits |
//! | `conduct` | nobody halts, and no honest member is blamed |
//!
//! Liveness after the network heals is judged by the runner, for it is about time.

mod agreement;
mod bounds;
mod certificates;
mod durable;
mod monotone;
mod votes;

use std::collections::BTreeSet;

use hotshot::{Outgoing, Output};
use hotshot_types::{Epochs, NodeId};
use rollup_abi::Header;

pub(crate) use agreement::Agreement;

use crate::{ledger::Ledger, node::Node};

/// A property that does not hold, and how.
pub(crate) type Finding = (&'static str, String);
pub(crate) type Checked = Result<(), String>;

/// All checkers.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(crate) agreement: Agreement,
    votes: votes::Votes,
    monotone: monotone::Monotone,
    faulty: BTreeSet<NodeId>,
}

impl Checks {
    pub(crate) fn new(genesis: &Header, epochs: Epochs, faulty: BTreeSet<NodeId>) -> Self {
        Self {
            agreement: Agreement::new(genesis, epochs),
            votes: votes::Votes::default(),
            monotone: monotone::Monotone::default(),
            faulty,
        }
    }

    /// Before an output of an honest machine is carried out.
    pub(crate) fn output(
        &mut self,
        machine: usize,
        node: &Node,
        ledger: &mut Ledger,
        output: &Output,
    ) -> Result<(), Finding> {
        match output {
            Output::Decide(blocks) => {
                named("agreement", self.agreement.decided(machine, blocks))?;
                for decided in blocks {
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
            Output::Send { what, .. } => self.sent(machine, node, ledger, what),
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
        named("durable", durable::sent(node, what))?;
        named("certificates", certificates::sent(ledger, what))?;
        named("votes", self.votes.sent(node.member, ledger, what))?;
        self.monotone.sent(machine, what);
        Ok(())
    }

    /// After a step of an honest machine.
    pub(crate) fn stepped(
        &mut self,
        machine: usize,
        node: &Node,
        ledger: &mut Ledger,
        members: usize,
    ) -> Result<(), Finding> {
        named("monotone", self.monotone.stepped(machine, node))?;
        named("certificates", certificates::held(ledger, node))?;
        named("bounds", bounds::stepped(node, members))
    }

    /// A machine starts: its state may be behind what it once was, but not behind what it said.
    pub(crate) fn started(&mut self, machine: usize, height: u64) -> Result<(), Finding> {
        self.agreement.started(machine, height);
        self.monotone.started(machine);
        Ok(())
    }
}

fn named(name: &'static str, checked: Checked) -> Result<(), Finding> {
    checked.map_err(|what| (name, what))
}
