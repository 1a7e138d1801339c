//! Epochs: one committee hands over to the next.
//!
//! An epoch's last block is followed only when it is known to be final: a Certificate2 on it is the hand-over, moves whoever sees
//! it to the next epoch, and stands in that epoch's first proposal. Members who lack it give views up in the old epoch, the
//! others in the new one; both are counted, and what the others say again brings the hand-over (B3).
//!
//! If first votes for a rival keep the last block from becoming final in its own view, it is proposed again in a later view,
//! justified by its own certificate.

use hotshot_types::{Certificate2, Committee, Epoch, Epochs, Height, View, VoteData};
use rollup_abi::{Digest, Header};

use super::Consensus;
use crate::{Output, rules};

/// The epoch of what follows a final block.
pub(super) fn after(epochs: Epochs, header: &Header) -> Epoch {
    let height = Height::new(header.height);
    if height == Height::ZERO {
        Epoch::new(header.epoch)
    } else {
        epochs.of(height.next())
    }
}

impl Consensus {
    /// Votes for `data` prove that the epoch has come this far.
    pub(super) fn reach_epoch(&mut self, epoch: Epoch, out: &mut Vec<Output>) {
        if epoch <= self.epoch {
            return;
        }
        self.epoch = epoch;
        // All that the old committee said of undecided blocks is settled: its last block is final.
        self.certificates1
            .retain(|_, certificate| certificate.data().epoch >= epoch);
        self.votes1.clear();
        self.again.clear();
        self.upgrades.forget_before(epoch);
        self.restart_view();
        out.push(Output::EpochChanged(epoch));
    }

    /// A final block ends its epoch if it is the last one.
    pub(super) fn reach_epoch_after(&mut self, last: &VoteData, out: &mut Vec<Output>) {
        let next = if self.config.epochs.is_last(last.height) {
            last.epoch.next()
        } else {
            last.epoch
        };
        self.reach_epoch(next, out);
    }

    pub(super) fn take_committee(&mut self, committee: Committee) {
        self.config.committees.add(committee);
    }

    /// Whether the lock is the last block of its epoch.
    pub(super) fn lock_is_last(&self) -> bool {
        self.config.epochs.is_last(self.lock.data().height)
    }

    /// The proof that the lock's block is final.
    pub(super) fn hand_over(&self) -> Option<&Certificate2> {
        let lock = self.lock.data();
        let known = self
            .finals
            .get(&lock.height)
            .and_then(|known| known.certificate.as_ref());
        [self.decided_certificate.as_ref(), known]
            .into_iter()
            .flatten()
            .find(|certificate| rules::is_same_block(certificate.data(), &lock))
    }

    /// Whether this node gave this view up in this epoch.
    pub(super) fn has_timed_out(&self) -> bool {
        (self.actions.timeout_epoch, self.actions.timeout) >= (self.epoch, self.view)
    }

    /// What the header of the block at `height` says of the next committee, if this node knows it.
    pub(super) fn next_committee(&self, height: Height) -> Option<Digest> {
        if !self.config.epochs.is_last(height) {
            return Some([0; 32]);
        }
        let next = self.config.epochs.of(height).next();
        self.config.committees.of(next).map(|committee| *committee.hash())
    }

    /// Forgets what was proposed again in views that are over.
    pub(super) fn forget_again(&mut self, view: View) {
        self.again.retain(|(of, _), _| *of >= view);
    }
}
