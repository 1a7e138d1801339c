//! Merkle mountain range over leaf commitments: append-only, its root proves any past block.
//!
//! A proof that leaf `i` of `n` is in a range, digests of 32 bytes each:
//!
//! ```text
//! siblings from the leaf up to its peak │ the root over the smaller peaks, if there are any │ the larger peaks, smallest first
//! ```

use crate::{Digest, domain, sha256};

/// Peaks that a range of any `u64` count can have.
pub const MAX_PEAKS: usize = 64;

/// A range in its compact form: the count of leaves and the peak of every perfect tree in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mmr {
    count: u64,
    /// `peaks[k]` is the root of the tree of 2ᵏ leaves, meaningful iff bit k of `count` is set; else zero.
    peaks: [Digest; MAX_PEAKS],
}

impl Default for Mmr {
    fn default() -> Self {
        Self {
            count: 0,
            peaks: [[0; 32]; MAX_PEAKS],
        }
    }
}

impl Mmr {
    /// Leaves in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The peaks, smallest tree first, absent ones zero.
    pub fn peaks(&self) -> &[Digest; MAX_PEAKS] {
        &self.peaks
    }

    /// Puts a range together again from what [`Mmr::count`] and [`Mmr::peaks`] gave.
    pub fn from_parts(count: u64, peaks: [Digest; MAX_PEAKS]) -> Self {
        Self { count, peaks }
    }

    /// Appends a leaf commitment. A range of 2⁶⁴−1 leaves is full and stays as it is.
    pub fn append(&mut self, leaf: &Digest) {
        let Some(count) = self.count.checked_add(1) else {
            return;
        };
        let mut carried = *leaf;
        let mut rest = self.count;
        for peak in &mut self.peaks {
            if rest & 1 == 0 {
                *peak = carried;
                break;
            }
            carried = sha256(&[domain::MMR_NODE, peak, &carried]);
            *peak = [0; 32];
            rest >>= 1;
        }
        self.count = count;
    }

    /// The root: count and peaks, hashed from the smallest tree to the largest. An empty range has one, too.
    pub fn root(&self) -> Digest {
        let mut root = sha256(&[domain::MMR_ROOT, &self.count.to_le_bytes()]);
        for (k, peak) in self.peaks.iter().enumerate() {
            if self.count >> k & 1 == 1 {
                root = sha256(&[domain::MMR_ROOT, &root, peak]);
            }
        }
        root
    }
}

/// The perfect tree that a leaf stands in.
struct Place {
    /// The tree has 2ᵏ leaves.
    k: u32,
    /// Whether there are smaller trees than this one.
    smaller: bool,
    /// How many are larger.
    larger: u32,
}

/// `None` if the range has no such leaf.
#[inline(always)]
fn place(count: u64, index: u64) -> Option<Place> {
    if index >= count {
        return None;
    }
    // The trees stand from the largest to the smallest: the leaf's is the one of the highest bit in which the count and the
    // index differ.
    let k = (count ^ index).checked_ilog2()?;
    let below = (1u64 << k).wrapping_sub(1);
    Some(Place {
        k,
        smaller: count & below != 0,
        larger: (count >> k).count_ones().wrapping_sub(1),
    })
}

/// Whether `path` proves that leaf `index` of the range with `count` leaves and this root is `leaf`. The count must be the
/// range's own, a header's height for its history root: the path need not show it.
#[inline(always)]
pub fn verify(root: &Digest, count: u64, index: u64, leaf: &Digest, path: &[u8]) -> bool {
    let Some(place) = place(count, index) else {
        return false;
    };
    let (path, rest) = path.as_chunks::<32>();
    let mut path = path.iter();
    let mut peak = *leaf;
    for level in 0..place.k {
        let Some(sibling) = path.next() else {
            return false;
        };
        peak = if index >> level & 1 == 1 {
            sha256(&[domain::MMR_NODE, sibling, &peak])
        } else {
            sha256(&[domain::MMR_NODE, &peak, sibling])
        };
    }
    let mut bagged = if place.smaller {
        match path.next() {
            Some(smaller) => *smaller,
            None => return false,
        }
    } else {
        sha256(&[domain::MMR_ROOT, &count.to_le_bytes()])
    };
    bagged = sha256(&[domain::MMR_ROOT, &bagged, &peak]);
    for larger in path.by_ref().take(place.larger as usize) {
        bagged = sha256(&[domain::MMR_ROOT, &bagged, larger]);
    }
    // A path of another length would leave something over, or end at another root.
    path.next().is_none() && rest.is_empty() && bagged == *root
}

/// Puts a proof together from the range's nodes and hands out its digests in order: `node(k, i)` is the root of the 2ᵏ leaves
/// from `i · 2ᵏ`. False if the range has no such leaf.
pub fn prove(
    count: u64,
    index: u64,
    mut node: impl FnMut(u32, u64) -> Digest,
    mut out: impl FnMut(Digest),
) -> bool {
    let Some(place) = place(count, index) else {
        return false;
    };
    for level in 0..place.k {
        out(node(level, index >> level ^ 1));
    }
    // The tree of bit k begins where the count's higher bits say.
    let mut peak = |k: u32| node(k, (count >> k).wrapping_sub(1));
    let has = |k: &u32| count >> k & 1 == 1;
    if place.smaller {
        let empty = sha256(&[domain::MMR_ROOT, &count.to_le_bytes()]);
        let bag = |bagged: Digest, k: u32| sha256(&[domain::MMR_ROOT, &bagged, &peak(k)]);
        out((0..place.k).filter(has).fold(empty, bag));
    }
    for k in (place.k..u64::BITS).skip(1).filter(has) {
        out(peak(k));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count).map(|i| sha256(&[&i.to_le_bytes()])).collect()
    }

    /// The root of a perfect tree.
    fn perfect(leaves: &[Digest]) -> Digest {
        match leaves {
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len() / 2);
                sha256(&[domain::MMR_NODE, &perfect(left), &perfect(right)])
            }
        }
    }

    fn proof(leaves: &[Digest], index: u64) -> Vec<u8> {
        let mut path = Vec::new();
        let node = |k: u32, i: u64| perfect(&leaves[(i as usize) << k..(i as usize + 1) << k]);
        assert!(prove(leaves.len() as u64, index, node, |digest| path.extend(digest)));
        path
    }

    #[test]
    fn every_leaf_of_every_range_is_proven_and_no_other() {
        for count in 1..40u64 {
            let leaves = leaves(count);
            let mut mmr = Mmr::default();
            leaves.iter().for_each(|leaf| mmr.append(leaf));
            let root = mmr.root();
            for (index, leaf) in (0..count).zip(&leaves) {
                let path = proof(&leaves, index);
                assert!(verify(&root, count, index, leaf, &path), "{index} of {count}");
                assert!(!verify(&root, count, index, &[9; 32], &path));
                for other in (0..count + 2).filter(|other| *other != index) {
                    assert!(
                        !verify(&root, count, other, leaf, &path),
                        "{index} is not {other}"
                    );
                }
            }
        }
        assert!(!prove(3, 3, |_, _| [0; 32], |_| ()));
    }

    proptest! {
        #[test]
        fn a_spoiled_path_proves_nothing(count in 1..300u64, at: prop::sample::Index, byte: prop::sample::Index, bit in 0..8u8) {
            let leaves = leaves(count);
            let mut mmr = Mmr::default();
            leaves.iter().for_each(|leaf| mmr.append(leaf));
            let index = at.index(leaves.len());
            let path = proof(&leaves, index as u64);
            let holds = |path: &[u8]| verify(&mmr.root(), count, index as u64, &leaves[index], path);
            prop_assert!(holds(&path));
            prop_assert!(!holds(&[&path[..], &[0; 32]].concat()));
            if !path.is_empty() {
                let mut flipped = path.clone();
                flipped[byte.index(path.len())] ^= 1 << bit;
                prop_assert!(!holds(&flipped));
                prop_assert!(!holds(&path[..path.len() - 1]));
                prop_assert!(!holds(&path[..path.len() - 32]));
            }
        }
    }

    #[test]
    fn peaks_are_the_perfect_trees() {
        let leaves: Vec<Digest> = (0u8..5).map(|i| [i; 32]).collect();
        let node = |a: &Digest, b: &Digest| sha256(&[domain::MMR_NODE, a, b]);
        let mut mmr = Mmr::default();
        let mut roots = vec![mmr.root()];
        for leaf in &leaves {
            mmr.append(leaf);
            roots.push(mmr.root());
        }
        let four = node(&node(&leaves[0], &leaves[1]), &node(&leaves[2], &leaves[3]));
        assert_eq!(
            (mmr.count(), mmr.peaks()[0], mmr.peaks()[2]),
            (5, leaves[4], four)
        );
        roots.sort();
        roots.dedup();
        assert_eq!(roots.len(), 6, "every length has its own root");
        assert_eq!(Mmr::from_parts(mmr.count(), *mmr.peaks()), mmr);
    }
}
