//! What a machine makes of what it hears: it joins f+1 timeouts, it blames who breaks a rule in the open, and it keeps both
//! of two rival proposals.

use std::{collections::BTreeMap, time::Duration};

use hotshot::{Input, Output, Record, tally::VIEW_WINDOW};
use hotshot_types::{Committee, NodeId, Proposal, message::MAX_PAYLOAD};
use rollup_abi::Digest;

use super::Checked;
use crate::{
    fixtures::{CHAIN, node_id},
    node::Node,
};

/// Blocks of one view that are kept before any certificate names one.
const RIVALS: usize = 2;

/// One life of one machine.
#[derive(Debug, Default)]
struct Ears {
    /// The highest view that each member gave up, and when the last of them was heard.
    timeouts: BTreeMap<usize, u64>,
    timeouts_at: Duration,
    /// The first blocks of each view, in the order in which they came.
    blocks: BTreeMap<u64, Vec<Digest>>,
}

impl Ears {
    fn block(&mut self, view: u64, leaf: Digest) {
        let of_view = self.blocks.entry(view).or_default();
        if of_view.len() < RIVALS && !of_view.contains(&leaf) {
            of_view.push(leaf);
        }
    }
}

#[derive(Debug)]
pub(super) struct Heard {
    stakes: Vec<u64>,
    ears: BTreeMap<usize, Ears>,
}

impl Heard {
    pub(super) fn new(committee: &Committee) -> Self {
        Self {
            stakes: committee.members().iter().map(|m| m.stake.get()).collect(),
            ears: BTreeMap::new(),
        }
    }

    pub(super) fn started(&mut self, machine: usize, log: &[Record]) {
        self.ears.insert(machine, Ears::default());
        self.written(machine, log);
    }

    /// What it keeps itself, it has.
    pub(super) fn written(&mut self, machine: usize, records: &[Record]) {
        let ears = self.ears.entry(machine).or_default();
        for record in records {
            if let Record::Proposal(kept) = record {
                ears.block(kept.proposal.header.view, kept.proposal.leaf());
            }
        }
    }

    /// A timeout vote that holds has come.
    pub(super) fn timeout(&mut self, machine: usize, member: usize, view: u64, at: Duration) {
        let ears = self.ears.entry(machine).or_default();
        let highest = ears.timeouts.entry(member).or_default();
        *highest = view.max(*highest);
        ears.timeouts_at = at;
    }

    /// Members with more than a third of the stake gave this view or later ones up, so this node did, too.
    pub(super) fn joins(&self, machine: usize, node: &Node, now: Duration) -> Checked {
        let (Some(core), Some(ears)) = (&node.core, self.ears.get(&machine)) else {
            return Ok(());
        };
        let current = core.view().get();
        let is_member = node.member < self.stakes.len();
        if !is_member || core.actions().timeout.get() >= current || now <= ears.timeouts_at {
            return Ok(());
        }
        let gave_up = ears.timeouts.iter().filter(|(_, view)| **view >= current);
        let stake: u64 = gave_up.filter_map(|(member, _)| self.stakes.get(*member)).sum();
        if stake * 3 <= self.stakes.iter().sum::<u64>() {
            return Ok(());
        }
        Err(format!(
            "it does not join stake {stake}, which gave view {current} or later ones up"
        ))
    }

    /// Before a step: what the input lets the node have.
    pub(super) fn input(&mut self, machine: usize, node: &Node, input: &Input) {
        let Some(core) = &node.core else { return };
        let ears = self.ears.entry(machine).or_default();
        match input {
            Input::Proposal(signed) => {
                let view = signed.proposal.view();
                let kept = view.get() > core.decided().view && view <= core.view().plus(VIEW_WINDOW);
                if kept && broken_rule(&signed.proposal).is_none() {
                    ears.block(view.get(), signed.proposal.leaf());
                }
            }
            Input::Blocks(fetched) => {
                for block in &fetched.blocks {
                    ears.block(block.header.view, block.header.commitment());
                }
            }
            _ => {}
        }
    }

    /// B5: what came is not asked for.
    pub(super) fn fetches(&self, machine: usize, leaf: &Digest) -> Checked {
        let blocks = self.ears.get(&machine).map(|ears| ears.blocks.values().flatten());
        if blocks.is_some_and(|mut blocks| blocks.any(|known| known == leaf)) {
            return Err("it asks for a proposal that it was given (B5)".to_owned());
        }
        Ok(())
    }
}

/// The leader of a proposal that anybody can see to be wrong, and the rule that it breaks.
pub(super) fn culprit(input: &Input, members: usize) -> Option<(NodeId, &'static str)> {
    let Input::Proposal(signed) = input else {
        return None;
    };
    let rule = broken_rule(&signed.proposal)?;
    let leader = signed.proposal.header.view % members as u64;
    Some((node_id(usize::try_from(leader).ok()?), rule))
}

/// A step that met a wrong proposal blames its leader.
pub(super) fn blames(culprit: Option<(NodeId, &'static str)>, out: &[Output]) -> Checked {
    let Some((leader, rule)) = culprit else {
        return Ok(());
    };
    let blames = |output: &Output| matches!(output, Output::Misbehaviour { member, .. } if *member == leader);
    if out.iter().any(blames) {
        Ok(())
    } else {
        Err(format!("it does not blame a proposal {rule}"))
    }
}

/// The rule that a proposal breaks by itself, if it does.
fn broken_rule(proposal: &Proposal) -> Option<&'static str> {
    let (header, parent) = (&proposal.header, proposal.justify.data());
    let follows = header.parent == parent.leaf
        && header.height == parent.height.get() + 1
        && header.epoch == parent.epoch.get()
        && header.view > parent.view.get();
    let before = header.view.wrapping_sub(1);
    let at_once = parent.view.get() == before;
    match &proposal.timeout {
        _ if header.chain_id != CHAIN => Some("of another chain"),
        _ if proposal.payload.len() > MAX_PAYLOAD => Some("with too large a payload"),
        _ if !follows => Some("that does not follow its justification"),
        None if !at_once => Some("without the timeout certificate that it needs"),
        Some(_) if at_once => Some("with a timeout certificate that it does not need"),
        Some(timeout) if timeout.view().get() != before || timeout.epoch() != parent.epoch => {
            Some("with another view's timeout certificate")
        }
        Some(timeout) if parent.view < timeout.lock().view() => {
            Some("below the lock that its timeout certificate proves (B4)")
        }
        _ => None,
    }
}
