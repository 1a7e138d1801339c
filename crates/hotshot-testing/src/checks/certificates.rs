//! What honest nodes hold and pass on was really signed by a quorum.

use hotshot::Outgoing;

use super::Checked;
use crate::{ledger::Ledger, node::Node};

pub(super) fn require(good: bool, otherwise: &str) -> Checked {
    if good { Ok(()) } else { Err(otherwise.to_owned()) }
}

pub(super) fn sent(ledger: &mut Ledger, what: &Outgoing) -> Checked {
    match what {
        Outgoing::Proposal(p) => {
            let evidence = p.timeout.as_ref().is_none_or(|timeout| ledger.timeout(timeout));
            let handed_over = p.hand_over.as_ref().is_none_or(|c| ledger.certificate2(c));
            let agreed = p.upgrade.as_ref().is_none_or(|c| ledger.upgrade(c));
            let good = evidence && handed_over && agreed && ledger.justify(&p.justify);
            require(good, "its proposal is justified by what does not hold")
        }
        Outgoing::Timeout(data, lock) => {
            let good = data.lock_rank() == lock.rank() && ledger.justify(lock);
            require(good, "its timeout vote names a lock that does not hold")
        }
        Outgoing::Certificate1(c) => require(ledger.certificate1(c), "it sends a bad Certificate1"),
        Outgoing::Certificate2(c) => require(ledger.certificate2(c), "it sends a bad Certificate2"),
        Outgoing::Upgrade(c) => require(ledger.upgrade(c), "it sends a bad upgrade certificate"),
        Outgoing::TimeoutCertificate(c) => require(ledger.timeout(c), "it sends a bad timeout certificate"),
        _ => Ok(()),
    }
}

pub(super) fn held(ledger: &mut Ledger, node: &Node) -> Checked {
    let Some(core) = &node.core else { return Ok(()) };
    require(ledger.justify(core.lock()), "its lock is not certified")
}
