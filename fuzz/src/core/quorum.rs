//! Quorums that do not lie: one leaf in a view, nothing beside what is final. In half of all inputs certificates are theirs.

use std::collections::BTreeMap;

use hotshot_types::{Epochs, Height, UpgradeData, View};
use rollup_abi::{Digest, Header};

/// Whether nine tenths agreed on what the version of this block is, if it is not its parent's.
pub fn may_follow(header: &Header, parent: &Header, agreed: &[UpgradeData]) -> bool {
    let allowed = |data: &UpgradeData| {
        let plan = data.upgrade;
        data.epoch.get() == header.epoch
            && (plan.from(), plan.to()) == (parent.version, header.version)
            && (plan.first().get()..=plan.last().get()).contains(&header.height)
    };
    header.version == parent.version || agreed.iter().any(allowed)
}

/// What honest quorums have said.
pub struct Quorum {
    epochs: Epochs,
    certified: BTreeMap<View, Digest>,
    /// Certified headers, genesis included.
    headers: BTreeMap<Digest, Header>,
    last: Header,
    /// What nine tenths agreed on.
    pub agreed: Vec<UpgradeData>,
}

impl Quorum {
    pub fn new(genesis: &Header, epochs: Epochs) -> Self {
        Self {
            epochs,
            certified: BTreeMap::from([(View::ZERO, genesis.commitment())]),
            headers: BTreeMap::from([(genesis.commitment(), genesis.clone())]),
            last: genesis.clone(),
            agreed: Vec::new(),
        }
    }

    /// Whether a quorum votes first for this block, whose parent it has certified.
    pub fn certifies(&mut self, header: &Header) -> bool {
        let leaf = header.commitment();
        if self.headers.contains_key(&leaf) {
            return true;
        }
        let Some(parent) = self.headers.get(&header.parent).cloned() else {
            return false;
        };
        let view = View::new(header.view);
        let free = !self.certified.contains_key(&view) && header.view > parent.view && header.view < u64::MAX;
        let beside = header.view > self.last.view && !self.extends(header.parent, &self.last.commitment());
        let handed_over = !self.epochs.is_last(Height::new(parent.height)) || self.finalises(&parent);
        let version = may_follow(header, &parent, &self.agreed);
        let good = free && !beside && handed_over && version;
        if good {
            self.certified.insert(view, leaf);
            self.headers.insert(leaf, header.clone());
        }
        good
    }

    /// Whether a quorum votes for it twice: no later one has voted beside it.
    pub fn finalises(&mut self, header: &Header) -> bool {
        let leaf = header.commitment();
        if !self.certifies(header) {
            return false;
        }
        let later = self.certified.range(View::new(header.view).next()..);
        let alone = later.into_iter().all(|(_, other)| self.extends(*other, &leaf));
        if alone && header.height > self.last.height {
            self.last = header.clone();
        }
        alone
    }

    fn extends(&self, leaf: Digest, of: &Digest) -> bool {
        let parent = |leaf: &Digest| self.headers.get(leaf).map(|header| header.parent);
        std::iter::successors(Some(leaf), parent).any(|leaf| leaf == *of)
    }
}
