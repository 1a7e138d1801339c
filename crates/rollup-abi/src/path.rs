//! The proof of one cell of the state tree as it is sent to the program: siblings that are empty take one bit each.
//!
//! ```text
//! kind u8 │ kind 2 only: the other leaf's key 32, its value's hash 32 │ depth u16 │ bitmap ⌈depth/8⌉ │ siblings 32 each
//! ```
//!
//! Kind 0 proves a value, 1 that the place is empty, 2 that another key's leaf stands for the whole subtree. Bit `d` of the bitmap,
//! least significant first, says whether the sibling at depth `d` is written; one that is not is [`tree::EMPTY`]. So a path
//! that somebody made deep with a key like its own stays short.

use crate::tree::{self, MAX_DEPTH, Terminal};
use crate::{Digest, certificate};

const VALUE: u8 = 0;
const NOTHING: u8 = 1;
const OTHER: u8 = 2;

/// A proof as it lies in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRef<'a> {
    /// The leaf of another key that ends the path, if one does.
    other: Option<(&'a Digest, &'a Digest)>,
    /// Whether the path ends at a value.
    has_value: bool,
    depth: usize,
    bitmap: &'a [u8],
    siblings: &'a [u8],
}

impl<'a> PathRef<'a> {
    /// Reads a proof; `None` if the bytes are not exactly one.
    #[inline(always)]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let (other, rest) = match kind {
            VALUE | NOTHING => (None, rest),
            OTHER => {
                let (key, rest) = rest.split_first_chunk::<32>()?;
                let (value_hash, rest) = rest.split_first_chunk::<32>()?;
                (Some((key, value_hash)), rest)
            }
            _ => return None,
        };
        let (depth, rest) = rest.split_first_chunk::<2>()?;
        let depth = usize::from(u16::from_le_bytes(*depth));
        let (bitmap, siblings) = rest.split_at_checked(depth.div_ceil(8))?;
        if depth > MAX_DEPTH || !siblings.len().is_multiple_of(32) {
            return None;
        }
        Some(Self {
            other,
            has_value: kind == VALUE,
            depth,
            bitmap,
            siblings,
        })
    }

    /// Whether it proves what it says of `key` against `root`: that its cell has the encoding `value`, or, if that is empty,
    /// that there is no such cell.
    #[inline(always)]
    pub fn verify(&self, root: &Digest, key: &Digest, value: &[u8]) -> bool {
        if self.has_value == value.is_empty() {
            return false;
        }
        let value_hash = tree::value_hash(value);
        let mut hash = match self.other {
            Some((other, _)) if other == key || !self.shares_path(other, key) => return false,
            Some((other, value_hash)) => tree::leaf_hash(other, value_hash),
            None if self.has_value => tree::leaf_hash(key, &value_hash),
            None => tree::EMPTY,
        };
        let mut siblings = self.siblings;
        for depth in (0..self.depth).rev() {
            let mut sibling = &tree::EMPTY;
            if certificate::has(self.bitmap, depth) {
                let Some((rest, last)) = siblings.split_last_chunk::<32>() else {
                    return false;
                };
                (siblings, sibling) = (rest, last);
            }
            hash = if tree::bit(key, depth) {
                tree::node_hash(sibling, &hash)
            } else {
                tree::node_hash(&hash, sibling)
            };
        }
        siblings.is_empty() && hash == *root
    }

    fn shares_path(&self, other: &Digest, key: &Digest) -> bool {
        (0..self.depth).all(|depth| tree::bit(other, depth) == tree::bit(key, depth))
    }
}

/// Writes a proof to the start of `out` and returns it: the siblings root first, and what ends the path. `None` if `out` is too
/// short or the path too deep.
pub fn encode<'o>(siblings: &[Digest], terminal: Terminal<'_>, out: &'o mut [u8]) -> Option<&'o [u8]> {
    let depth = u16::try_from(siblings.len()).ok()?;
    if siblings.len() > MAX_DEPTH {
        return None;
    }
    let mut at = 0usize;
    let mut put = |bytes: &[u8]| {
        let end = at.checked_add(bytes.len())?;
        out.get_mut(at..end)?.copy_from_slice(bytes);
        at = end;
        Some(())
    };
    match terminal {
        Terminal::Value(_) => put(&[VALUE])?,
        Terminal::Empty => put(&[NOTHING])?,
        Terminal::Other(key, value_hash) => {
            put(&[OTHER])?;
            put(key)?;
            put(value_hash)?;
        }
    }
    put(&depth.to_le_bytes())?;
    for eight in siblings.chunks(8) {
        let written =
            |byte: u8, (bit, sibling): (usize, &Digest)| byte | u8::from(*sibling != tree::EMPTY) << bit;
        put(&[eight.iter().enumerate().fold(0, written)])?;
    }
    for sibling in siblings.iter().filter(|sibling| **sibling != tree::EMPTY) {
        put(sibling)?;
    }
    out.get(..at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The root over a path, by [`tree::verify`]'s rules but without its code.
    fn root(key: &Digest, siblings: &[Digest], leaf: Digest) -> Digest {
        let mut hash = leaf;
        for depth in (0..siblings.len()).rev() {
            hash = if key[depth / 8] >> (7 - depth % 8) & 1 == 1 {
                tree::node_hash(&siblings[depth], &hash)
            } else {
                tree::node_hash(&hash, &siblings[depth])
            };
        }
        hash
    }

    fn siblings() -> impl Strategy<Value = Vec<Digest>> {
        let sibling = prop_oneof![Just([0; 32]), any::<Digest>()];
        proptest::collection::vec(sibling, 0..40)
    }

    proptest! {
        #[test]
        fn says_what_the_full_proof_says(key: Digest, siblings in siblings(), value in proptest::collection::vec(any::<u8>(), 1..40)) {
            let value_hash = tree::value_hash(&value);
            let root = root(&key, &siblings, tree::leaf_hash(&key, &value_hash));
            let terminal = Terminal::Value(&value_hash);
            prop_assert!(tree::verify(&root, &key, &siblings, terminal));
            let mut out = [0; 4096];
            let bytes = encode(&siblings, terminal, &mut out).unwrap();
            let path = PathRef::decode(bytes).unwrap();
            prop_assert!(path.verify(&root, &key, &value));
            prop_assert!(!path.verify(&root, &key, &[]));
            prop_assert!(!path.verify(&[1; 32], &key, &value));
            let mut longer = bytes.to_vec();
            longer.extend([0; 32]);
            prop_assert!(!PathRef::decode(&longer).unwrap().verify(&root, &key, &value), "a sibling too many");
            for len in 0..bytes.len() {
                let refused = PathRef::decode(&bytes[..len]).is_none_or(|path| !path.verify(&root, &key, &value));
                prop_assert!(refused, "{len}");
            }
        }

        #[test]
        fn absence(key: Digest, siblings in siblings(), flipped in 0..256usize) {
            let mut out = [0; 4096];
            let nothing = root(&key, &siblings, tree::EMPTY);
            let bytes = encode(&siblings, Terminal::Empty, &mut out).unwrap();
            prop_assert!(PathRef::decode(bytes).unwrap().verify(&nothing, &key, &[]));
            let mut other = key;
            other[flipped / 8] ^= 0x80 >> (flipped % 8);
            let with_other = root(&key, &siblings, tree::leaf_hash(&other, &[7; 32]));
            let bytes = encode(&siblings, Terminal::Other(&other, &[7; 32]), &mut out).unwrap();
            let holds = PathRef::decode(bytes).unwrap().verify(&with_other, &key, &[]);
            prop_assert_eq!(holds, flipped >= siblings.len(), "another leaf stands for the key's subtree only if it lies there");
            let own = root(&key, &siblings, tree::leaf_hash(&key, &[7; 32]));
            let bytes = encode(&siblings, Terminal::Other(&key, &[7; 32]), &mut out).unwrap();
            prop_assert!(!PathRef::decode(bytes).unwrap().verify(&own, &key, &[]), "the key's own leaf is no absence");
        }
    }

    #[test]
    fn layout() {
        let mut out = [0xff; 200];
        let siblings = [[1; 32], [0; 32], [2; 32]];
        let bytes = encode(&siblings, Terminal::Other(&[3; 32], &[4; 32]), &mut out).unwrap();
        let expected = [
            &[2][..],
            &[3; 32],
            &[4; 32],
            &[3, 0],
            &[0b101],
            &[1; 32],
            &[2; 32],
        ]
        .concat();
        assert_eq!(bytes, expected);
        assert_eq!(encode(&siblings, Terminal::Empty, &mut [0; 67]), None);
        assert_eq!(PathRef::decode(&[3, 0, 0]), None);
    }
}
