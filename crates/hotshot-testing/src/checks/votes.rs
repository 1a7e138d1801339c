//! What a member says, over all of its lives.

use std::collections::BTreeMap;

use hotshot::Outgoing;
use hotshot_types::VoteData;
use rollup_abi::Digest;

use super::Checked;
use crate::{
    fixtures::MAX_NODES,
    ledger::{Kind, Ledger},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Proposal,
    Vote1,
    Vote2,
}

#[derive(Debug, Default)]
pub(super) struct Votes {
    said: BTreeMap<(usize, Said, u64), Digest>,
    /// Highest view that the member gave up.
    given_up: BTreeMap<usize, u64>,
}

impl Votes {
    pub(super) fn sent(&mut self, member: usize, ledger: &Ledger, what: &Outgoing) -> Checked {
        match what {
            Outgoing::Proposal(p) => self.once(member, Said::Proposal, p.view.get(), p.leaf()),
            Outgoing::Vote1(data) => {
                let (view, up) = (data.view.get(), self.given_up.get(&member).copied().unwrap_or(0));
                if view <= up {
                    return Err(format!("Vote1 in view {view} after it gave up view {up}"));
                }
                self.once(member, Said::Vote1, view, data.leaf)
            }
            Outgoing::Vote2(data) => {
                if !has_quorum1(ledger, data) {
                    return Err(format!("Vote2 for {data:?}, for which no quorum voted first"));
                }
                self.not_excluded(member, ledger, data)?;
                self.once(member, Said::Vote2, data.view.get(), data.leaf)
            }
            Outgoing::Timeout(data, _) => {
                let up = self.given_up.entry(member).or_default();
                *up = (*up).max(data.view.get());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn once(&mut self, member: usize, said: Said, view: u64, leaf: Digest) -> Checked {
        let first = self.said.entry((member, said, view)).or_insert(leaf);
        if *first == leaf {
            Ok(())
        } else {
            Err(format!(
                "member {member} contradicts itself in view {view}: {said:?}"
            ))
        }
    }

    /// B1: no second vote for a leaf that a later first vote of the same member excludes. A vote in an epoch that is over
    /// excludes nothing in the next: its own last block is final.
    fn not_excluded(&self, member: usize, ledger: &Ledger, data: &VoteData) -> Checked {
        let view = data.view.get();
        let later = (member, Said::Vote1, view + 1)..=(member, Said::Vote1, u64::MAX);
        for ((_, _, voted), tip) in self.said.range(later) {
            let epoch = ledger.header(tip).map(|header| header.epoch);
            if epoch.is_some_and(|epoch| epoch < data.epoch.get()) {
                continue;
            }
            let mut at = *tip;
            while at != data.leaf {
                match ledger.header(&at) {
                    Some(header) if header.view > view => at = header.parent,
                    _ => {
                        return Err(format!(
                            "Vote2 for {data:?}, which its Vote1 in view {voted} excludes"
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn has_quorum1(ledger: &Ledger, data: &VoteData) -> bool {
    let voted = (0..MAX_NODES).filter(|member| ledger.has_voted(*member, Kind::Vote1, data));
    ledger.roster.is_quorum(data.epoch, voted)
}
