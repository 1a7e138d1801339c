//! Upgrades: what nine tenths of an epoch's stake agreed on, how it comes to be known, and who it leaves behind.
//!
//! A member with a plan says its vote, and then the certificate, from a while before the window until the upgrade is decided or
//! void, over and over. Nothing of it is durable: votes bind to nothing, and a certified block needs no certificate beside it.

use std::collections::BTreeMap;

use hotshot_types::{Epoch, Height, Upgrade, UpgradeCertificate, UpgradeData};
use rollup_abi::Header;

use super::Consensus;
use crate::{Decided, HaltReason, Outgoing, Output};

/// How many blocks before its window an upgrade begins to be voted for: long enough for all to hear of it.
const EARLY: u64 = 100;
/// What is said of an upgrade is said again after so many decided blocks.
const SAID_EVERY: u64 = 8;
/// Most certificates kept. Each holds votes of honest members, so there is more than one only if plans change.
const MAX_AGREED: usize = 8;

/// What is known of upgrades.
#[derive(Clone, Debug, Default)]
pub(super) struct Upgrades {
    agreed: BTreeMap<UpgradeData, UpgradeCertificate>,
    /// Epoch and decided height in which this node's plan was spoken of last.
    said: Option<(Epoch, Height)>,
}

impl Upgrades {
    /// What was agreed on.
    pub(super) fn agreed(&self) -> impl Iterator<Item = &UpgradeData> {
        self.agreed.keys()
    }

    pub(super) fn add(&mut self, certificates: impl IntoIterator<Item = UpgradeCertificate>) {
        for certificate in certificates {
            self.agreed.insert(*certificate.data(), certificate);
        }
        while self.agreed.len() > MAX_AGREED {
            self.agreed.pop_first();
        }
    }

    /// What another committee agreed on does not count.
    pub(super) fn forget_before(&mut self, epoch: Epoch) {
        self.agreed.retain(|agreed, _| agreed.epoch >= epoch);
    }
}

/// Whether an upgrade may come above the decided block: its window is not over, nor its version left behind.
fn may_still_come(upgrade: &Upgrade, decided: &Header) -> bool {
    upgrade.last().get() > decided.height && upgrade.from() >= decided.version
}

/// The first blocks of other versions among decided ones that follow a block of version `before`.
pub(super) fn upgraded(before: u16, decided: &[Decided]) -> Vec<Output> {
    let mut version = before;
    let headers = decided.iter().map(|decided| &decided.block.header);
    let others = headers.filter(|header| std::mem::replace(&mut version, header.version) != header.version);
    let tell = |header: &Header| Output::Upgraded {
        version: header.version,
        height: Height::new(header.height),
    };
    others.map(tell).collect()
}

impl Consensus {
    /// Whether the certificate of this upgrade would be news that may still be of use.
    pub fn wants_upgrade(&self, data: &UpgradeData) -> bool {
        may_still_come(&data.upgrade, self.decided())
            && data.epoch >= self.epoch
            && !self.upgrades.agreed.contains_key(data)
    }

    /// It is passed on once, for its last vote may have come to this node alone.
    pub(super) fn take_upgrade(&mut self, certificate: UpgradeCertificate, out: &mut Vec<Output>) {
        if !self.wants_upgrade(certificate.data()) {
            return;
        }
        if !self.config.speaks.contains(certificate.upgrade().to()) {
            out.push(Output::CannotUpgrade(*certificate.upgrade()));
        }
        self.upgrades.add([certificate]);
        self.send(Outgoing::Upgrade(certificate), out);
    }

    /// Forgets what cannot come any more.
    pub(super) fn forget_upgrades(&mut self) {
        let decided = self.decided().clone();
        let agreed = &mut self.upgrades.agreed;
        agreed.retain(|agreed, _| may_still_come(&agreed.upgrade, &decided));
    }

    /// The version of the block on this one: a later one as soon as it may be.
    pub(super) fn next_version(&self, parent: &Header) -> u16 {
        let height = Height::new(parent.height).next();
        let may_come = |agreed: &&UpgradeData| {
            let upgrade = agreed.upgrade;
            let here = agreed.epoch == self.epoch && upgrade.is_open_at(height);
            here && upgrade.from() == parent.version && self.config.speaks.contains(upgrade.to())
        };
        let later = self.upgrades.agreed().filter(may_come);
        later
            .map(|agreed| agreed.upgrade.to())
            .max()
            .unwrap_or(parent.version)
    }

    /// The certificate that lets a block with this header be the first of its version, if it needs one.
    pub(super) fn upgrade_of(&self, header: &Header, parent: &Header) -> Option<UpgradeCertificate> {
        let mut agreed = self.upgrades.agreed.values();
        let fits = |certificate: &&UpgradeCertificate| {
            certificate.upgrade().from() == parent.version && certificate.data().may_begin_with(header)
        };
        agreed
            .find(fits)
            .filter(|_| header.version != parent.version)
            .copied()
    }

    /// Speaks of this node's plan when it is time.
    pub(super) fn say_upgrade(&mut self, out: &mut Vec<Output>) {
        let now = (self.epoch, Height::new(self.decided().height));
        let recent = |(epoch, height): (Epoch, Height)| epoch == now.0 && now.1.since(height) < SAID_EVERY;
        if self.upgrades.said.is_some_and(recent) {
            return;
        }
        if let Some(what) = self.upgrade_to_say() {
            self.upgrades.said = Some(now);
            self.send(what, out);
        }
    }

    /// This member's vote for its plan, or the certificate, while the plan may come about in this epoch.
    pub(super) fn upgrade_to_say(&self) -> Option<Outgoing> {
        let (upgrade, decided) = (self.config.upgrade?, self.decided());
        let near = decided.height.saturating_add(EARLY) >= upgrade.first().get();
        let open = may_still_come(&upgrade, decided) && decided.version == upgrade.from();
        let end = self.config.epochs.last_of(self.epoch);
        let in_epoch = end.is_none_or(|end| end >= upgrade.first());
        let speaks = self.config.speaks.contains(upgrade.to());
        if !(near && open && in_epoch && speaks && self.is_member()) {
            return None;
        }
        let epoch = self.epoch;
        let data = UpgradeData { epoch, upgrade };
        let agreed = self.upgrades.agreed.get(&data).copied();
        Some(agreed.map_or(Outgoing::UpgradeVote(data), Outgoing::Upgrade))
    }

    /// Whether this node speaks a block's version.
    pub(super) fn speaks(&self, header: &Header) -> bool {
        self.config.speaks.contains(header.version)
    }

    /// A node cannot follow a final block whose rules it does not know.
    pub(super) fn must_speak(&self, header: &Header) -> Result<(), HaltReason> {
        if self.speaks(header) {
            return Ok(());
        }
        Err(HaltReason::Unspoken {
            height: Height::new(header.height),
            got: header.version,
            expected: self.config.speaks,
        })
    }
}
