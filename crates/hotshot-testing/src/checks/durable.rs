//! Said only when it is durable.

use hotshot::{Outgoing, Record};
use hotshot_types::View;
use rollup_abi::Digest;

use super::Checked;
use crate::node::Node;

pub(super) fn sent(node: &Node, what: &Outgoing) -> Checked {
    let has = |wanted: &dyn Fn(&Record) -> bool| node.log.iter().rev().any(wanted);
    let stored =
        |leaf: &Digest| has(&|record| matches!(record, Record::Proposal(p) if p.proposal.leaf() == *leaf));
    // What is decided may have been pruned from the log since.
    let decided = node.chain.last().map_or(0, |last| last.block.header.view);
    let below = |view: View| view.get() <= decided;
    let durable = match what {
        Outgoing::Proposal(p) => {
            let (view, leaf) = (p.view, p.leaf());
            stored(&leaf) && has(&|record| *record == Record::Proposed { view, leaf })
        }
        Outgoing::Vote1(data) => {
            let (view, leaf) = (data.view, data.leaf);
            below(view) || (has(&|record| *record == Record::Vote1 { view, leaf }) && stored(&leaf))
        }
        Outgoing::Vote2(data) => {
            let locked = |record: &Record| matches!(record, Record::Vote2 { lock } if lock.data() == data);
            below(data.view) || (has(&locked) && stored(&data.leaf))
        }
        Outgoing::Timeout(data, _) => {
            let place = (data.epoch, data.view);
            has(&|record| matches!(record, Record::TimedOut { epoch, view, .. } if (*epoch, *view) == place))
        }
        _ => true,
    };
    if durable {
        Ok(())
    } else {
        Err(format!("it says this before it is durable: {what:?}"))
    }
}
