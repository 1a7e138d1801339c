//! What restrains first votes: a member votes for what stands on the block that it is locked on, or on one that was certified
//! after that. A later epoch's certificate is the later one, whatever its view.

use hotshot::Record;

use super::Checked;
use crate::node::Node;

/// A member writes what it votes for.
pub(super) fn written(node: &Node, records: &[Record]) -> Checked {
    records.iter().try_for_each(|record| match record {
        Record::Vote1 { view, leaf } => stands_on_lock(node, view.get(), leaf),
        _ => Ok(()),
    })
}

fn stands_on_lock(node: &Node, view: u64, leaf: &rollup_abi::Digest) -> Checked {
    let Some(core) = &node.core else { return Ok(()) };
    let lock = core.lock().data();
    let Some((proposal, _)) = core.proposal(leaf) else {
        return Err(format!("Vote1 in view {view} for a block that it does not have"));
    };
    // Proposed again, a block is justified by its own certificate, so it is the lock.
    let (under, certified) = if proposal.header.view == view {
        (proposal.header.parent, Some(proposal.justify.data()))
    } else {
        (*leaf, None)
    };
    let order = |epoch: u64, view: u64| (epoch, view);
    let locked = order(lock.epoch.get(), lock.view.get());
    let later = certified.is_some_and(|data| order(data.epoch.get(), data.view.get()) > locked);
    if under == lock.leaf || later {
        Ok(())
    } else {
        Err(format!(
            "Vote1 in view {view} for what stands on {certified:?}, below its lock {lock:?}"
        ))
    }
}
