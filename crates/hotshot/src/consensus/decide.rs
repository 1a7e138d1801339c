//! Deciding.

use hotshot_types::{Certificate2, Epoch, Height};
use rollup_abi::Digest;

use super::{Consensus, upgrade};
use crate::{
    Decided, HaltReason, Outgoing, Output,
    tree::{Entry, Path, Status},
};

impl Consensus {
    /// Decides final leaves, lowest first, each with all its undecided ancestors. All final leaves are on one branch, so
    /// where one cannot be decided yet, no higher one can.
    pub(super) fn decide(&mut self, out: &mut Vec<Output>) -> Result<(), HaltReason> {
        self.must_speak(self.decided())?;
        while let Some(next) = self.finals.values().next() {
            let view = next.data.view;
            let way = match self.tree.path(&next.data.leaf, next.data.height.get()) {
                Path::Complete(way) => way,
                Path::Missing { .. } => return Ok(()),
                Path::Conflict => return Err(HaltReason::ConflictingDecision { view }),
            };
            let entries = way.iter().filter_map(|leaf| self.tree.get(leaf));
            entries
                .map(Entry::header)
                .try_for_each(|header| self.must_speak(header))?;
            let status = |leaf: &Digest| self.tree.get(leaf).map(|entry| entry.status);
            if way.iter().any(|leaf| status(leaf) == Some(Status::Invalid)) {
                return Err(HaltReason::Diverged { view });
            }
            if way.iter().any(|leaf| status(leaf) != Some(Status::Valid)) {
                return Ok(());
            }
            self.decide_branch(&way, out);
        }
        Ok(())
    }

    /// B8: the state moves and the event leaves together, ancestors included, so none is swallowed and none comes twice.
    fn decide_branch(&mut self, way: &[Digest], out: &mut Vec<Output>) {
        let mut blocks = Vec::with_capacity(way.len());
        let before = self.decided().version;
        for (leaf, content) in self.tree.decide(way) {
            let height = Height::new(content.header().height);
            let of_leaf = |certificate: &Certificate2| *certificate.leaf() == leaf;
            let certificate = self
                .finals
                .get(&height)
                .and_then(|known| known.certificate.clone());
            blocks.push(Decided {
                block: content.block(),
                leaf,
                certificate: certificate.filter(of_leaf),
            });
        }
        self.decided_certificate = blocks.last().and_then(|last| last.certificate.clone());
        let height = Height::new(self.decided().height);
        self.finals = self.finals.split_off(&height.next());
        self.behind = false;
        // Up to here, blocks may still have to be fetched.
        let epoch = Epoch::new(self.decided().epoch);
        self.config.committees.forget_before(epoch.previous());
        let above = self.decided_view().next();
        self.certificates1 = self.certificates1.split_off(&above);
        self.votes1 = self.votes1.split_off(&above);
        self.caught_up();
        let upgraded = upgrade::upgraded(before, &blocks);
        out.push(Output::Decide(blocks));
        out.extend(upgraded);
        self.forget_upgrades();
        // Who caught up does not tell the others what they know.
        let recent = self.decided_view().plus(2) >= self.view;
        if let Some(certificate) = self.decided_certificate.clone().filter(|_| recent) {
            self.send(Outgoing::Certificate2(certificate), out);
        }
    }
}
