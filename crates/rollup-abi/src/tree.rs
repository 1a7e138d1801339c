//! The state tree's hashing rules and the check of its proofs.
//!
//! A sparse Merkle tree over 256-bit keys. A subtree without leaves hashes to zero, a subtree with one leaf *is* that leaf,
//! any other is an inner node. The path to a key follows its bits, most significant first.
//!
//! Cells are accounts, programs, what programs store, the metadata and the roster; a kind byte in the hashed key keeps them apart.

use crate::{Digest, domain, sha256};

/// Root of the empty tree.
pub const EMPTY: Digest = [0; 32];
/// Deepest path.
pub const MAX_DEPTH: usize = 256;

/// Kind byte of an account cell.
const KIND_ACCOUNT: u8 = 0;
/// Kind byte of the metadata cell.
const KIND_METADATA: u8 = 1;
/// Kind byte of a program's cell.
const KIND_PROGRAM: u8 = 2;
/// Kind byte of a storage entry's cell.
const KIND_ENTRY: u8 = 3;

/// Key of an account's cell.
#[inline(always)]
pub fn account_key(address: &[u8; 32]) -> Digest {
    sha256(&[domain::TREE_KEY, &[KIND_ACCOUNT], address])
}

/// Key of the metadata cell.
#[inline(always)]
pub fn metadata_key() -> Digest {
    sha256(&[domain::TREE_KEY, &[KIND_METADATA]])
}

/// Key of a program's cell: what code runs at an address.
#[inline(always)]
pub fn program_key(address: &[u8; 32]) -> Digest {
    sha256(&[domain::TREE_KEY, &[KIND_PROGRAM], address])
}

/// Key of what a program stores under a key of its own.
#[inline(always)]
pub fn entry_key(program: &[u8; 32], key: &Digest) -> Digest {
    sha256(&[domain::TREE_KEY, &[KIND_ENTRY], program, key])
}

/// Hash of a cell's encoded value.
#[inline(always)]
pub fn value_hash(encoded: &[u8]) -> Digest {
    sha256(&[domain::TREE_VALUE, encoded])
}

/// Value hash of an account: balance, then nonce, little-endian.
#[inline(always)]
pub fn account_value_hash(balance: u64, nonce: u64) -> Digest {
    sha256(&[domain::TREE_VALUE, &balance.to_le_bytes(), &nonce.to_le_bytes()])
}

/// Hash of a leaf: the key and the hash of its value.
#[inline(always)]
pub fn leaf_hash(key: &Digest, value_hash: &Digest) -> Digest {
    sha256(&[domain::TREE_LEAF, key, value_hash])
}

/// Hash of an inner node.
#[inline(always)]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[domain::TREE_NODE, left, right])
}

/// Bit `depth` of a key, most significant first.
#[inline(always)]
pub fn bit(key: &Digest, depth: usize) -> bool {
    key[depth / 8] & (0x80 >> (depth % 8)) != 0
}

/// What ends the path to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal<'a> {
    /// The key's own leaf: an inclusion proof.
    Value(&'a Digest),
    /// Nothing: a non-inclusion proof.
    Empty,
    /// Another key's leaf, `(key, value hash)`, standing for the whole subtree: a non-inclusion proof.
    Other(&'a Digest, &'a Digest),
}

/// Whether `siblings` (root first) and `terminal` prove their statement about `key` against `root`.
pub fn verify(root: &Digest, key: &Digest, siblings: &[Digest], terminal: Terminal<'_>) -> bool {
    let depth = siblings.len();
    if depth > MAX_DEPTH {
        return false;
    }
    let mut hash = match terminal {
        Terminal::Value(value_hash) => leaf_hash(key, value_hash),
        Terminal::Empty => EMPTY,
        Terminal::Other(other, value_hash) => {
            if other == key || (0..depth).any(|d| bit(other, d) != bit(key, d)) {
                return false;
            }
            leaf_hash(other, value_hash)
        }
    };
    for (d, sibling) in siblings.iter().enumerate().rev() {
        hash = if bit(key, d) {
            node_hash(sibling, &hash)
        } else {
            node_hash(&hash, sibling)
        };
    }
    hash == *root
}

/// Kind byte of the roster's cell.
const KIND_ROSTER: u8 = 4;

/// Key of the roster's cell: who validates.
#[inline(always)]
pub fn roster_key() -> Digest {
    sha256(&[domain::TREE_KEY, &[KIND_ROSTER]])
}
