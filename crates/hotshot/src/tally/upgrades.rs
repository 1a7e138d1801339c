//! Upgrade votes: few, so each is checked by itself before it comes here.

use std::collections::BTreeMap;

use hotshot_types::{Committee, Epoch, UpgradeCertificate, UpgradeVote};

use super::stake;

/// Each member's last upgrade vote in an epoch.
#[derive(Clone, Debug, Default)]
pub struct UpgradeTally {
    votes: BTreeMap<(Epoch, usize), UpgradeVote>,
}

impl UpgradeTally {
    /// Whether a vote of member `index` would be news: another than its last one.
    pub fn wants(&self, index: usize, vote: &UpgradeVote) -> bool {
        let known = self.votes.get(&(vote.data.epoch, index));
        known.is_none_or(|known| known.data != vote.data)
    }

    /// Counts a checked vote. The caller bounds the epoch, and asks no more once it knows the certificate.
    pub fn add(
        &mut self,
        committee: &Committee,
        index: usize,
        vote: UpgradeVote,
    ) -> Option<UpgradeCertificate> {
        let data = vote.data;
        self.votes.insert((data.epoch, index), vote);
        let agree = self.votes.iter().filter(|(_, vote)| vote.data == data);
        let agree: BTreeMap<_, _> = agree.map(|((_, index), vote)| (*index, vote.signature)).collect();
        let enough = stake(committee, agree.keys()) >= committee.nine_tenths();
        enough
            .then(|| UpgradeCertificate::assemble(committee, data, agree))
            .flatten()
    }

    /// Forgets all epochs before `epoch`.
    pub fn prune(&mut self, epoch: Epoch) {
        self.votes = self.votes.split_off(&(epoch, 0));
    }

    /// Votes held.
    pub fn len(&self) -> usize {
        self.votes.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.votes.is_empty()
    }
}
