//! Memory is bounded, whatever peers send.

use hotshot::tally::VIEW_WINDOW;

use super::Checked;
use crate::node::Node;

/// Views in which votes are counted: the window ahead, what is kept behind, and this one.
const VIEWS: usize = VIEW_WINDOW as usize + 10;
/// Writes and decisions under way: each step makes a few, and each write ends before the next view does, or the node is
/// not heard in it.
const MAX_UNDER_WAY: usize = 256;
/// Epochs whose committees a node knows and that are not over.
const EPOCHS: usize = 3;
/// Upgrades that were agreed on.
const MAX_UPGRADES: usize = 8;
/// Undecided blocks, certificates, votes; what the core promises.
const MAX_HELD: usize = 1024;

pub(super) fn stepped(node: &Node, members: usize) -> Checked {
    let Some(core) = &node.core else { return Ok(()) };
    let held = core.held();
    let counts = [
        ("first votes", node.votes1.len(), VIEWS * members),
        ("second votes", node.votes2.len(), VIEWS * members),
        ("timeout votes", node.timeouts.len(), VIEWS * members),
        ("upgrade votes", node.upgrades.len(), EPOCHS * members),
        ("upgrades", held.upgrades, MAX_UPGRADES),
        ("writes", node.writing.len(), MAX_UNDER_WAY),
        ("runs to apply", node.applying.len(), MAX_UNDER_WAY),
        ("blocks", held.blocks, MAX_HELD),
        ("certificates", held.certificates, 2 * MAX_HELD),
        ("own first votes", held.votes1, MAX_HELD),
        ("statements that wait for the disk", held.pending, MAX_UNDER_WAY),
    ];
    match counts.into_iter().find(|(_, count, limit)| count > limit) {
        Some((what, count, limit)) => Err(format!("it holds {count} {what}, at most {limit}")),
        None => Ok(()),
    }
}
