//! Merkle mountain range over leaf commitments: append-only, its root proves any past block.

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

#[cfg(test)]
mod tests {
    use super::*;

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
