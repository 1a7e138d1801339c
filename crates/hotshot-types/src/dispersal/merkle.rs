//! The Merkle tree over a payload's shards, and proofs of neighbours in it.
//!
//! A leaf hashes its index with the shard; an inner node hashes its children; the last node of an odd level moves up as it
//! is. Leaves and nodes have domains of their own, and the commitment binds the count of leaves, so a digest has one place.

use std::ops::Range;

use rollup_abi::{Digest, sha256};

use super::domain;

/// The whole tree.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// From the leaves to the root; none is empty.
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// The tree over these leaves, of which there is at least one.
    pub(super) fn over(leaves: Vec<Digest>) -> Self {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            levels.push(parents(level));
        }
        Self { levels }
    }

    pub(super) fn root(&self) -> Digest {
        self.levels[self.levels.len() - 1][0]
    }

    /// What [`root_of`] needs besides these leaves.
    pub(super) fn prove(&self, leaves: Range<usize>) -> Vec<Digest> {
        let Range { mut start, mut end } = leaves;
        let mut proof = Vec::new();
        for level in &self.levels[..self.levels.len() - 1] {
            if start % 2 == 1 {
                start -= 1;
                proof.push(level[start]);
            }
            if end % 2 == 1 && end < level.len() {
                proof.push(level[end]);
                end += 1;
            }
            start /= 2;
            end = end.div_ceil(2);
        }
        proof
    }
}

/// The root of a tree of `count` leaves in which these are the ones from `first`; `None` if the proof is not of exactly the
/// length that this takes.
pub(super) fn root_of(count: usize, first: usize, leaves: Vec<Digest>, proof: &[Digest]) -> Option<Digest> {
    let mut proof = proof.iter();
    let (mut size, mut first, mut level) = (count, first, leaves);
    while size > 1 {
        if first % 2 == 1 {
            level.insert(0, *proof.next()?);
            first -= 1;
        }
        let end = first + level.len();
        if end % 2 == 1 && end < size {
            level.push(*proof.next()?);
        }
        level = parents(&level);
        first /= 2;
        size = size.div_ceil(2);
    }
    match (&level[..], proof.next()) {
        ([root], None) => Some(*root),
        _ => None,
    }
}

/// The leaf of shard `index`.
pub(super) fn leaf(index: usize, shard: &[u8]) -> Digest {
    let index = u16::try_from(index).expect("below MAX_SHARDS");
    sha256(&[domain::SHARD, &index.to_le_bytes(), shard])
}

fn parents(level: &[Digest]) -> Vec<Digest> {
    let parent = |pair: &[Digest]| match pair {
        [left, right] => sha256(&[domain::SHARD_NODE, left, right]),
        rest => rest[0],
    };
    level.chunks(2).map(parent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: usize) -> Vec<Digest> {
        (0..count).map(|index| leaf(index, b"shard")).collect()
    }

    #[test]
    fn every_range_of_every_small_tree_is_proven_at_its_place_only() {
        for count in 1..=17 {
            let leaves = leaves(count);
            let tree = Tree::over(leaves.clone());
            for start in 0..count {
                for end in start + 1..=count {
                    let proof = tree.prove(start..end);
                    for first in 0..=count - (end - start) {
                        let root = root_of(count, first, leaves[start..end].to_vec(), &proof);
                        assert_eq!(
                            root == Some(tree.root()),
                            first == start,
                            "{count}: {start}..{end} at {first}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_proof_has_one_length() {
        let tree = Tree::over(leaves(11));
        let proof = tree.prove(3..6);
        let given = || leaves(11)[3..6].to_vec();
        assert_eq!(root_of(11, 3, given(), &proof[1..]), None);
        let longer = [&proof[..], &[[0; 32]]].concat();
        assert_eq!(root_of(11, 3, given(), &longer), None);
        assert_eq!(root_of(11, 3, given(), &proof), Some(tree.root()));
    }
}
