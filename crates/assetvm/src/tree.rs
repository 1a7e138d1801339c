//! The state tree: a persistent, compressed sparse Merkle tree under the rules of [`rollup_abi::tree`].
//!
//! Nodes are immutable and shared, so a clone is one pointer and a fork costs only what it changes. A batch of changes is
//! sorted by key and applied in one descent: each node on a changed path is hashed once per batch, no other node at all.
//! The shape, and so the root, depends only on the cells, not on the order in which they came.

use std::sync::Arc;

use rollup_abi::{
    Digest,
    tree::{EMPTY, bit, leaf_hash, node_hash},
};

/// What a leaf holds.
pub(crate) trait Value {
    /// Its hash.
    fn value_hash(&self) -> Digest;
}

#[derive(Debug)]
pub(crate) struct Leaf<V> {
    hash: Digest,
    key: Digest,
    value: V,
}

#[derive(Debug)]
struct Inner<V> {
    hash: Digest,
    left: Link<V>,
    right: Link<V>,
}

#[derive(Debug)]
enum Link<V> {
    Empty,
    Leaf(Arc<Leaf<V>>),
    Inner(Arc<Inner<V>>),
}

/// A change of one cell: its key, and its new leaf or nothing.
type Change<V> = (Digest, Option<Arc<Leaf<V>>>);

/// What ends a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End<'a, V> {
    Value(&'a V),
    Empty,
    Other { key: Digest, value_hash: Digest },
}

/// A tree. Cloning is cheap.
#[derive(Debug)]
pub(crate) struct Tree<V> {
    root: Link<V>,
}

impl<V> Clone for Link<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Leaf(leaf) => Self::Leaf(leaf.clone()),
            Self::Inner(inner) => Self::Inner(inner.clone()),
        }
    }
}

impl<V> Clone for Tree<V> {
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
        }
    }
}

impl<V> Default for Tree<V> {
    fn default() -> Self {
        Self { root: Link::Empty }
    }
}

impl<V: Value> Leaf<V> {
    fn new(key: Digest, value: V) -> Arc<Self> {
        let hash = leaf_hash(&key, &value.value_hash());
        Arc::new(Self { hash, key, value })
    }
}

impl<V: Value> Tree<V> {
    /// The tree of these cells, in any order; of cells with one key the last counts.
    pub fn build(cells: impl IntoIterator<Item = (Digest, V)>) -> Self {
        Self::default().update(cells.into_iter().map(|(key, value)| (key, Some(value))))
    }

    /// The root.
    pub fn root(&self) -> Digest {
        self.root.hash()
    }

    /// The cell of a key.
    pub fn get(&self, key: &Digest) -> Option<&V> {
        match self.walk(key, |_| ()) {
            End::Value(value) => Some(value),
            End::Empty | End::Other { .. } => None,
        }
    }

    /// The siblings on the path to a key, root first, and what ends it.
    pub fn prove(&self, key: &Digest) -> (Vec<Digest>, End<'_, V>) {
        let mut siblings = Vec::new();
        let end = self.walk(key, |sibling| siblings.push(sibling.hash()));
        (siblings, end)
    }

    fn walk(&self, key: &Digest, mut sibling: impl FnMut(&Link<V>)) -> End<'_, V> {
        let mut link = &self.root;
        for depth in 0.. {
            match link {
                Link::Empty => break,
                Link::Leaf(leaf) if leaf.key == *key => return End::Value(&leaf.value),
                Link::Leaf(leaf) => {
                    return End::Other {
                        key: leaf.key,
                        value_hash: leaf.value.value_hash(),
                    };
                }
                Link::Inner(inner) => {
                    let (next, other) = if bit(key, depth) {
                        (&inner.right, &inner.left)
                    } else {
                        (&inner.left, &inner.right)
                    };
                    sibling(other);
                    link = next;
                }
            }
        }
        End::Empty
    }

    /// The tree after these changes, in any order: a cell's new value, or `None` to remove it. Of changes with one key the
    /// last counts.
    pub fn update(&self, changes: impl IntoIterator<Item = (Digest, Option<V>)>) -> Self {
        let mut changes: Vec<Change<V>> = changes
            .into_iter()
            .map(|(key, value)| (key, value.map(|value| Leaf::new(key, value))))
            .collect();
        changes.reverse();
        changes.sort_by_key(|(key, _)| *key);
        changes.dedup_by_key(|(key, _)| *key);
        Self {
            root: self.root.update(0, &changes),
        }
    }

    /// The cells in key order.
    pub fn iter(&self) -> Iter<'_, V> {
        Iter {
            pending: vec![&self.root],
        }
    }
}

impl<V: Value> Link<V> {
    fn hash(&self) -> Digest {
        match self {
            Self::Empty => EMPTY,
            Self::Leaf(leaf) => leaf.hash,
            Self::Inner(inner) => inner.hash,
        }
    }

    /// This subtree at `depth` after `changes`: sorted, of different keys, all of this subtree. At most 256 deep, because
    /// keys that share all of their bits are one key.
    fn update(&self, depth: usize, changes: &[Change<V>]) -> Self {
        if changes.is_empty() {
            return self.clone();
        }
        match self {
            Self::Inner(inner) => {
                let (left, right) = split(changes, depth, |(key, _)| key);
                let below = depth.wrapping_add(1);
                Self::join(inner.left.update(below, left), inner.right.update(below, right))
            }
            Self::Empty => Self::build(depth, &put(changes)),
            Self::Leaf(old) => match changes.binary_search_by_key(&old.key, |(key, _)| *key) {
                Ok(_) => Self::build(depth, &put(changes)),
                Err(_) => {
                    let mut leaves = put(changes);
                    let at = leaves.partition_point(|leaf| leaf.key < old.key);
                    leaves.insert(at, old.clone());
                    Self::build(depth, &leaves)
                }
            },
        }
    }

    /// The subtree at `depth` of these leaves, sorted.
    fn build(depth: usize, leaves: &[Arc<Leaf<V>>]) -> Self {
        match leaves {
            [] => Self::Empty,
            [leaf] => Self::Leaf(leaf.clone()),
            _ => {
                let (left, right) = split(leaves, depth, |leaf| &leaf.key);
                let below = depth.wrapping_add(1);
                Self::join(Self::build(below, left), Self::build(below, right))
            }
        }
    }

    fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (Self::Empty, Self::Leaf(leaf)) | (Self::Leaf(leaf), Self::Empty) => Self::Leaf(leaf),
            (left, right) => {
                let hash = node_hash(&left.hash(), &right.hash());
                Self::Inner(Arc::new(Inner { hash, left, right }))
            }
        }
    }
}

fn put<V>(changes: &[Change<V>]) -> Vec<Arc<Leaf<V>>> {
    changes.iter().filter_map(|(_, leaf)| leaf.clone()).collect()
}

/// Those left and those right at `depth`, of items sorted by key.
fn split<T>(items: &[T], depth: usize, key: impl Fn(&T) -> &Digest) -> (&[T], &[T]) {
    items.split_at(items.partition_point(|item| !bit(key(item), depth)))
}

/// The cells of a tree in key order.
pub(crate) struct Iter<'a, V> {
    pending: Vec<&'a Link<V>>,
}

impl<'a, V> Iterator for Iter<'a, V> {
    type Item = &'a V;

    fn next(&mut self) -> Option<&'a V> {
        while let Some(link) = self.pending.pop() {
            match link {
                Link::Empty => {}
                Link::Leaf(leaf) => return Some(&leaf.value),
                Link::Inner(inner) => self.pending.extend([&inner.right, &inner.left]),
            }
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]
mod tests;
