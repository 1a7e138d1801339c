//! The undecided blocks that this node knows, by leaf commitment (which commits to the view), as a tree above the last
//! decided block, and the last few decided ones for peers that lag.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use hotshot_types::{Block, Proposal, Signature, View};
use rollup_abi::{Digest, Header};

/// Most undecided blocks kept.
const MAX_BLOCKS: usize = 1024;
/// Most payload bytes of undecided blocks kept, whoever asks for them.
const MAX_BYTES: usize = 256 << 20;
/// Most proposals of one view kept that no certificate asks for: enough to see an equivocation.
const MAX_PER_VIEW: usize = 2;
/// Decided blocks kept for peers that lag a little.
pub(crate) const RECENT: usize = 32;

/// What is known of a block.
#[expect(clippy::large_enum_variant, reason = "bare blocks are rare and few")]
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The leader's proposal; an own one lacks the signature.
    Proposal(Arc<Proposal>, Option<Signature>),
    /// A decided block from a peer.
    Block(Block),
}

impl Content {
    pub(crate) fn header(&self) -> &Header {
        match self {
            Self::Proposal(proposal, _) => &proposal.header,
            Self::Block(block) => &block.header,
        }
    }

    pub(crate) fn payload(&self) -> &Arc<[u8]> {
        match self {
            Self::Proposal(proposal, _) => &proposal.payload,
            Self::Block(block) => &block.payload,
        }
    }

    pub(crate) fn block(&self) -> Block {
        Block {
            header: self.header().clone(),
            payload: Arc::clone(self.payload()),
        }
    }
}

/// The application's judgement so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Unvalidated,
    Validating,
    Valid,
    Invalid,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) content: Content,
    pub(crate) status: Status,
    /// Whether the proposal is in the log, or on its way there.
    pub(crate) durable: bool,
}

impl Entry {
    pub(crate) fn header(&self) -> &Header {
        self.content.header()
    }

    pub(crate) fn view(&self) -> View {
        View::new(self.header().view)
    }
}

/// The way from the decided block up to a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    /// All leaves above the decided block, oldest first.
    Complete(Vec<Digest>),
    /// The highest ancestor that is not here, and its height.
    Missing { leaf: Digest, height: u64 },
    /// It does not lead to the decided block.
    Conflict,
}

/// What became of a new block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    New,
    Known,
    Full,
}

/// The blocks.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: Digest,
    root_header: Header,
    entries: BTreeMap<Digest, Entry>,
    by_view: BTreeMap<View, BTreeSet<Digest>>,
    bytes: usize,
    recent: VecDeque<(Digest, Content)>,
}

impl Tree {
    pub(crate) fn new(root: Digest, root_header: Header) -> Self {
        Self {
            root,
            root_header,
            entries: BTreeMap::new(),
            by_view: BTreeMap::new(),
            bytes: 0,
            recent: VecDeque::new(),
        }
    }

    pub(crate) fn root(&self) -> &Digest {
        &self.root
    }

    pub(crate) fn root_header(&self) -> &Header {
        &self.root_header
    }

    /// Undecided blocks.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, leaf: &Digest) -> Option<&Entry> {
        self.entries.get(leaf)
    }

    pub(crate) fn get_mut(&mut self, leaf: &Digest) -> Option<&mut Entry> {
        self.entries.get_mut(leaf)
    }

    /// The known leaves of a view.
    pub(crate) fn in_view(&self, view: View) -> impl Iterator<Item = &Digest> {
        self.by_view.get(&view).into_iter().flatten()
    }

    /// The entry of a proposal for peers: undecided or decided lately.
    pub(crate) fn proposal(&self, leaf: &Digest) -> Option<(&Arc<Proposal>, Option<Signature>)> {
        let recent = || {
            self.recent
                .iter()
                .find(|(l, _)| l == leaf)
                .map(|(_, content)| content)
        };
        let content = self.get(leaf).map(|entry| &entry.content).or_else(recent)?;
        match content {
            Content::Proposal(proposal, signature) => Some((proposal, *signature)),
            Content::Block(_) => None,
        }
    }

    /// The decided leaf of a height, if it is recent.
    pub(crate) fn recent_leaf(&self, height: u64) -> Option<&Digest> {
        let at = |(_, content): &&(Digest, Content)| content.header().height == height;
        self.recent.iter().find(at).map(|(leaf, _)| leaf)
    }

    /// Takes a block, if there is room. `wanted` says that a certificate asks for it: so it may be one of many in its view.
    pub(crate) fn insert(&mut self, leaf: Digest, content: Content, wanted: bool) -> Inserted {
        if let Some(entry) = self.entries.get_mut(&leaf) {
            // A proposal says more than the bare block, and a signed one more than an unsigned.
            let better = match (&entry.content, &content) {
                (Content::Block(_), Content::Proposal(..)) => true,
                (Content::Proposal(_, old), Content::Proposal(_, new)) => old.is_none() && new.is_some(),
                _ => false,
            };
            if better {
                entry.content = content;
            }
            return Inserted::Known;
        }
        let view = View::new(content.header().view);
        let size = content.payload().len();
        let is_one_of_many = !wanted && self.in_view(view).count() >= MAX_PER_VIEW;
        if !self.has_room(size) || is_one_of_many {
            return Inserted::Full;
        }
        self.bytes = self.bytes.saturating_add(size);
        self.by_view.entry(view).or_default().insert(leaf);
        let entry = Entry {
            content,
            status: Status::Unvalidated,
            durable: false,
        };
        self.entries.insert(leaf, entry);
        Inserted::New
    }

    /// Makes room for a block: forgets the lowest blocks that `keep` does not name.
    pub(crate) fn make_room(&mut self, size: usize, keep: &BTreeSet<Digest>) {
        let leaves: Vec<Digest> = self.by_view.values().flatten().copied().collect();
        for leaf in leaves {
            if self.has_room(size) {
                return;
            }
            if !keep.contains(&leaf) {
                self.remove(&leaf);
            }
        }
    }

    /// Makes room for a block of this height: forgets the highest blocks above it. What is decided next always fits.
    pub(crate) fn make_room_below(&mut self, height: u64, size: usize) {
        while !self.has_room(size) {
            let by_height = self
                .entries
                .iter()
                .map(|(leaf, entry)| (entry.header().height, *leaf));
            match by_height.max() {
                Some((highest, leaf)) if highest > height => self.remove(&leaf),
                _ => return,
            };
        }
    }

    fn has_room(&self, size: usize) -> bool {
        self.entries.len() < MAX_BLOCKS && self.bytes.saturating_add(size) <= MAX_BYTES
    }

    /// The header of a leaf that is the decided one or valid.
    pub(crate) fn valid_header(&self, leaf: &Digest) -> Option<&Header> {
        if *leaf == self.root {
            return Some(&self.root_header);
        }
        let entry = self.get(leaf)?;
        (entry.status == Status::Valid).then(|| entry.header())
    }

    /// The way up to `leaf`, which has `height`.
    pub(crate) fn path(&self, leaf: &Digest, height: u64) -> Path {
        let mut way = Vec::new();
        let (mut leaf, mut height) = (*leaf, height);
        // Heights fall by one with each step, so this ends.
        while height > self.root_header.height {
            let Some(entry) = self.get(&leaf) else {
                return Path::Missing { leaf, height };
            };
            if entry.header().height != height {
                return Path::Conflict;
            }
            way.push(leaf);
            leaf = entry.header().parent;
            height = height.saturating_sub(1);
        }
        if leaf != self.root {
            return Path::Conflict;
        }
        way.reverse();
        Path::Complete(way)
    }

    /// Whether the branch that ends in `tip` contains `leaf` of `view`. Not known to contain it is `false`.
    pub(crate) fn contains(&self, tip: &Digest, leaf: &Digest, view: View) -> bool {
        let mut at = *tip;
        // Views fall with each step, so this ends.
        while at != *leaf {
            match self.get(&at) {
                Some(entry) if entry.view() > view => at = entry.header().parent,
                _ => return false,
            }
        }
        true
    }

    /// Unvalidated blocks whose parent is decided or valid, lowest view first.
    pub(crate) fn ready(&self) -> Vec<Digest> {
        let leaves = self.by_view.values().flatten();
        leaves
            .filter(|leaf| {
                self.get(leaf).is_some_and(|entry| {
                    entry.status == Status::Unvalidated && self.valid_header(&entry.header().parent).is_some()
                })
            })
            .copied()
            .collect()
    }

    pub(crate) fn validating(&self) -> usize {
        let validating = |entry: &&Entry| entry.status == Status::Validating;
        self.entries.values().filter(validating).count()
    }

    /// Makes the last of `way` (a complete path) the decided block; returns the contents, oldest first, and forgets all that
    /// does not descend from it.
    pub(crate) fn decide(&mut self, way: &[Digest]) -> Vec<(Digest, Content)> {
        let mut decided = Vec::with_capacity(way.len());
        for leaf in way {
            let content = self.remove(leaf).expect("a complete path is here").content;
            self.root = *leaf;
            self.root_header = content.header().clone();
            self.recent.push_back((*leaf, content.clone()));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
            decided.push((*leaf, content));
        }
        self.prune();
        decided
    }

    fn remove(&mut self, leaf: &Digest) -> Option<Entry> {
        let entry = self.entries.remove(leaf)?;
        self.bytes = self.bytes.saturating_sub(entry.content.payload().len());
        if let Some(leaves) = self.by_view.get_mut(&entry.view()) {
            leaves.remove(leaf);
            if leaves.is_empty() {
                self.by_view.remove(&entry.view());
            }
        }
        Some(entry)
    }

    /// Views grow along a branch: in their order, a parent is looked at before its children.
    fn prune(&mut self) {
        let (view, height) = (View::new(self.root_header.view), self.root_header.height);
        let mut gone = BTreeSet::new();
        let leaves: Vec<Digest> = self.by_view.values().flatten().copied().collect();
        for leaf in leaves {
            let Some(entry) = self.get(&leaf) else { continue };
            let header = entry.header();
            let on_root = header.height == height.saturating_add(1) && header.parent == self.root;
            let above = header.height > height.saturating_add(1) && !gone.contains(&header.parent);
            if entry.view() <= view || !(on_root || above) {
                gone.insert(leaf);
                self.remove(&leaf);
            }
        }
    }
}

#[cfg(test)]
mod tests;
