//! The states of blocks that are not decided yet, over the newest decided one.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use rollup_abi::Digest;

use super::block::Branch;

/// Most undecided blocks whose states are kept. Two views are usually open; a long row of timeouts opens more, and what is
/// dropped is executed again when it is needed. States share what is equal, so one costs about what it changes.
pub const MAX_UNDECIDED: usize = 64;

/// Blocks that were executed here and that others were decided instead of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abandoned {
    /// How many.
    pub blocks: u64,
    /// Most of them in a row: how deep the chain was that this node gave up.
    pub depth: u64,
}

/// The tree of known states: its root is the newest decided block.
#[derive(Debug)]
pub struct Branches {
    anchor: Arc<Branch>,
    undecided: HashMap<Digest, Arc<Branch>>,
}

impl Branches {
    /// Only the newest decided block.
    pub fn new(anchor: Branch) -> Self {
        Self {
            anchor: Arc::new(anchor),
            undecided: HashMap::new(),
        }
    }

    /// The newest decided block.
    pub fn anchor(&self) -> &Arc<Branch> {
        &self.anchor
    }

    /// The block with this leaf commitment.
    pub fn get(&self, leaf: &Digest) -> Option<Arc<Branch>> {
        if *leaf == self.anchor.leaf {
            Some(Arc::clone(&self.anchor))
        } else {
            self.undecided.get(leaf).cloned()
        }
    }

    /// Keeps an undecided block. At the limit the one farthest from being decided goes: of the highest view.
    pub fn insert(&mut self, branch: Arc<Branch>) {
        if branch.header.height <= self.anchor.header.height {
            return;
        }
        self.undecided.insert(branch.leaf, branch);
        if self.undecided.len() > MAX_UNDECIDED {
            let farthest = self
                .undecided
                .values()
                .max_by_key(|b| (b.header.view, b.leaf))
                .map(|b| b.leaf);
            farthest.map(|leaf| self.undecided.remove(&leaf));
        }
    }

    /// Makes `anchor` the newest decided block and forgets everything that does not descend from it. Says what of that was
    /// not decided before it.
    pub fn advance(&mut self, anchor: Arc<Branch>) -> Abandoned {
        let mut by_height: BTreeMap<(u64, Digest), Arc<Branch>> = BTreeMap::new();
        for (leaf, branch) in self.undecided.drain() {
            by_height.insert((branch.header.height, leaf), branch);
        }
        let decided = between(&by_height, &anchor);
        let mut kept: HashSet<Digest> = HashSet::from([anchor.leaf]);
        let mut depths: HashMap<Digest, u64> = HashMap::new();
        for ((_, leaf), branch) in by_height {
            if decided.contains(&leaf) {
                continue;
            }
            if kept.contains(&branch.header.parent) {
                kept.insert(leaf);
                self.undecided.insert(leaf, branch);
            } else {
                let below = depths.get(&branch.header.parent).copied().unwrap_or(0);
                depths.insert(leaf, below.saturating_add(1));
            }
        }
        self.anchor = anchor;
        Abandoned {
            blocks: u64::try_from(depths.len()).unwrap_or(u64::MAX),
            depth: depths.values().copied().max().unwrap_or(0),
        }
    }

    /// Undecided blocks kept.
    pub fn undecided(&self) -> usize {
        self.undecided.len()
    }
}

/// The new anchor and those known blocks under it that are decided with it.
fn between(known: &BTreeMap<(u64, Digest), Arc<Branch>>, anchor: &Branch) -> HashSet<Digest> {
    let mut decided = HashSet::from([anchor.leaf]);
    let mut next = anchor.header.parent;
    for ((_, leaf), branch) in known.iter().rev() {
        if *leaf == next {
            decided.insert(*leaf);
            next = branch.header.parent;
        }
    }
    decided
}
