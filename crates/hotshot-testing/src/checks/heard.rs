//! What a machine makes of what it hears: it joins f+1 timeouts, it blames who breaks a rule in the open, and it keeps both
//! of two rival proposals.

use std::{collections::BTreeMap, time::Duration};

use hotshot::{Input, Output, Record, tally::VIEW_WINDOW};
use hotshot_types::{Epoch, Epochs, Height, NodeId, Proposal, TimeoutData, View, message::MAX_PAYLOAD};
use rollup_abi::Digest;

use super::Checked;
use crate::{
    fixtures::{CHAIN, node_id},
    ledger::Ledger,
    node::Node,
};

/// Blocks of one view that are kept before any certificate names one.
const RIVALS: usize = 2;

/// One life of one machine.
#[derive(Debug, Default)]
struct Ears {
    /// The highest view of each epoch that each member gave up, and when the last of them was heard.
    timeouts: BTreeMap<(Epoch, usize), View>,
    timeouts_at: Duration,
    /// The epoch that it is in, and since when.
    epoch: (Epoch, Duration),
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

#[derive(Debug, Default)]
pub(super) struct Heard {
    ears: BTreeMap<usize, Ears>,
}

impl Heard {
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
    pub(super) fn timeout(&mut self, machine: usize, member: usize, data: &TimeoutData, at: Duration) {
        let ears = self.ears.entry(machine).or_default();
        let highest = ears.timeouts.entry((data.epoch, member)).or_default();
        *highest = data.view.max(*highest);
        ears.timeouts_at = at;
    }

    /// Members with more than a third of the stake gave this view or later ones up, so this node did, too.
    pub(super) fn joins(&mut self, machine: usize, node: &Node, ledger: &Ledger, now: Duration) -> Checked {
        let (Some(core), Some(ears)) = (&node.core, self.ears.get_mut(&machine)) else {
            return Ok(());
        };
        let (epoch, current, roster) = (core.epoch(), core.view(), &ledger.roster);
        if ears.epoch.0 != epoch {
            ears.epoch = (epoch, now);
        }
        let actions = core.actions();
        let gave_up = (actions.timeout_epoch, actions.timeout) >= (epoch, current);
        let (own, total) = roster.stake(epoch, node.member);
        if own == 0 || gave_up || now <= ears.timeouts_at.max(ears.epoch.1) {
            return Ok(());
        }
        let of_epoch = ears
            .timeouts
            .iter()
            .filter(|((of, _), view)| *of == epoch && **view >= current);
        let stake: u64 = of_epoch
            .map(|((_, member), _)| roster.stake(epoch, *member).0)
            .sum();
        if stake * 3 <= total {
            return Ok(());
        }
        Err(format!(
            "it does not join stake {stake}, which gave view {current} or later ones up"
        ))
    }

    /// Before a step: what the input lets the node have.
    pub(super) fn input(&mut self, machine: usize, node: &Node, ledger: &Ledger, input: &Input) {
        let Some(core) = &node.core else { return };
        let ears = self.ears.entry(machine).or_default();
        match input {
            Input::Proposal(signed) => {
                let view = signed.proposal.block_view();
                let kept =
                    view.get() > core.decided().view && signed.proposal.view <= core.view().plus(VIEW_WINDOW);
                let good = broken_rule(&signed.proposal, ledger.roster.epochs).is_none();
                if kept && good && !signed.proposal.is_again() {
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
pub(super) fn culprit(input: &Input, ledger: &Ledger) -> Option<(NodeId, &'static str)> {
    let Input::Proposal(signed) = input else {
        return None;
    };
    let rule = broken_rule(&signed.proposal, ledger.roster.epochs)?;
    let leader = ledger
        .roster
        .leader(signed.proposal.epoch(), signed.proposal.view)?;
    Some((node_id(leader), rule))
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
fn broken_rule(proposal: &Proposal, epochs: Epochs) -> Option<&'static str> {
    let (header, parent) = (&proposal.header, proposal.justify.data());
    let again = header.view != proposal.view.get();
    let follows = if again {
        closes_again(proposal, epochs)
    } else {
        header.parent == parent.leaf
            && header.height == parent.height.get() + 1
            && header.view > parent.view.get()
    };
    let in_epoch = header.epoch == epochs.of(Height::new(header.height)).get()
        && parent.epoch == epochs.of(parent.height)
        && (header.next_committee != [0; 32]) == epochs.is_last(Height::new(header.height));
    let needs = !again && epochs.is_last(parent.height);
    let handed_over = proposal.hand_over.as_ref().map(|certificate| *certificate.leaf());
    let before = proposal.view.get().wrapping_sub(1);
    let at_once = parent.view.get() == before;
    let upgrade = proposal.upgrade.as_ref().map(|certificate| certificate.data());
    let begins = upgrade.is_none_or(|agreed| {
        let window = agreed.upgrade.first().get()..=agreed.upgrade.last().get();
        let of_block = (agreed.epoch.get(), agreed.upgrade.to()) == (header.epoch, header.version);
        of_block && window.contains(&header.height) && !again
    });
    match &proposal.timeout {
        _ if header.chain_id != CHAIN => Some("of another chain"),
        _ if proposal.payload.len() > MAX_PAYLOAD => Some("with too large a payload"),
        _ if !follows => Some("that does not follow its justification"),
        _ if !in_epoch => Some("of another epoch"),
        _ if handed_over != needs.then_some(parent.leaf) => {
            Some("without the hand-over, or with one too many")
        }
        _ if !begins => Some("with an upgrade that it may not begin with"),
        None if !at_once => Some("without the timeout certificate that it needs"),
        Some(_) if at_once => Some("with a timeout certificate that it does not need"),
        Some(timeout) if timeout.view().get() != before => Some("with another view's timeout certificate"),
        Some(timeout) if ![header.epoch, parent.epoch.get()].contains(&timeout.epoch().get()) => {
            Some("with another epoch's timeout certificate")
        }
        Some(timeout) if parent.rank() < timeout.lock().rank() => {
            Some("below the lock that its timeout certificate proves (B4)")
        }
        _ => None,
    }
}

/// The last block of an epoch, on its own certificate, in a view that was reached by giving one up.
fn closes_again(proposal: &Proposal, epochs: Epochs) -> bool {
    let (header, own) = (&proposal.header, proposal.justify.data());
    own.leaf == proposal.leaf()
        && own.height.get() == header.height
        && epochs.is_last(own.height)
        && own.view.get() >= header.view
        && proposal.view > own.view
        && proposal.timeout.is_some()
}
