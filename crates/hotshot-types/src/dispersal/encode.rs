//! From a payload to its shards and their commitment.

use std::sync::Arc;

use reed_solomon_simd::ReedSolomonEncoder;
use rollup_abi::{Digest, sha256};

use super::{
    Layout, MAX_SHARDS, Share, THRESHOLD, domain,
    merkle::{self, Tree},
};
use crate::{Committee, message::MAX_PAYLOAD};

/// Why a payload is not dispersed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Beyond what a block may hold.
    #[error("payload of {got} bytes, at most {MAX_PAYLOAD}")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// So short that it travels whole.
    #[error("payload of {got} bytes is dispersed, up to {THRESHOLD} it travels whole")]
    TooShort {
        /// Its length.
        got: usize,
    },
}

/// How a payload is cut: all that its commitment names besides the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) payload: usize,
    pub(super) k: usize,
    pub(super) n: usize,
}

impl Shape {
    /// Of a payload that is dispersed; `k` and `n` are a layout's.
    pub(super) fn new(payload: usize, k: usize, n: usize) -> Result<Self, PayloadError> {
        let got = payload;
        if got > MAX_PAYLOAD {
            return Err(PayloadError::TooLong { got });
        }
        if got <= THRESHOLD {
            return Err(PayloadError::TooShort { got });
        }
        Ok(Self { payload, k, n })
    }

    /// Bytes in a shard: the least that suffices, and even, as the code's 16-bit symbols need.
    pub(super) fn shard(&self) -> usize {
        self.payload.div_ceil(self.k).next_multiple_of(2)
    }

    /// The commitment to a payload of this length: cuts it, encodes it, hashes the shards.
    pub(super) fn commit(&self, payload: &[u8]) -> Digest {
        self.commitment(&tree(self, &encode(self, payload)).root())
    }

    /// The commitment to shards with this root.
    pub(super) fn commitment(&self, root: &Digest) -> Digest {
        let four = |n: usize| u32::try_from(n).expect("at most MAX_PAYLOAD").to_le_bytes();
        let two = |n: usize| u16::try_from(n).expect("at most MAX_SHARDS").to_le_bytes();
        sha256(&[
            domain::DISPERSAL,
            &four(self.payload),
            &four(self.shard()),
            &two(self.k),
            &two(self.n),
            root,
        ])
    }
}

const _: () = assert!(MAX_PAYLOAD <= u32::MAX as usize && MAX_SHARDS <= u16::MAX as usize);

/// A payload cut into shards for a committee. The leader takes a share for each member out of it.
#[derive(Clone, Debug)]
pub struct Dispersal {
    shape: Shape,
    layout: Layout,
    shards: Vec<u8>,
    tree: Tree,
}

/// Cuts a payload of more than [`THRESHOLD`] bytes into shards for a committee.
pub fn disperse(committee: &Committee, payload: &[u8]) -> Result<Dispersal, PayloadError> {
    let layout = committee.layout().clone();
    let shape = Shape::new(payload.len(), layout.k(), layout.n())?;
    let shards = encode(&shape, payload);
    let tree = tree(&shape, &shards);
    Ok(Dispersal {
        shape,
        layout,
        shards,
        tree,
    })
}

impl Dispersal {
    /// What the block's header names.
    pub fn commitment(&self) -> Digest {
        self.shape.commitment(&self.tree.root())
    }

    /// The share of a member; `None` beyond the committee.
    pub fn share(&self, member: usize) -> Option<Share> {
        let range = self.layout.range(member)?;
        let width = self.shape.shard();
        let shards: Arc<[u8]> = self.shards[range.start * width..range.end * width].into();
        let (first, proof) = (range.start, self.tree.prove(range));
        Some(Share::new(self.shape, self.tree.root(), first, shards, proof))
    }

    /// The shares of all members, in order.
    pub fn shares(&self) -> impl Iterator<Item = Share> + '_ {
        (0..).map_while(|member| self.share(member))
    }
}

/// All shards, one after the other: the payload, zeros up to the end of the data shards, parity.
fn encode(shape: &Shape, payload: &[u8]) -> Vec<u8> {
    let width = shape.shard();
    let mut shards = Vec::with_capacity(shape.n * width);
    shards.extend_from_slice(payload);
    shards.resize(shape.k * width, 0);
    if shape.n > shape.k {
        let valid = "even and not empty shards in a supported number";
        let mut encoder = ReedSolomonEncoder::new(shape.k, shape.n - shape.k, width).expect(valid);
        for shard in shards.chunks_exact(width) {
            encoder.add_original_shard(shard).expect(valid);
        }
        let parity = encoder.encode().expect(valid);
        parity
            .recovery_iter()
            .for_each(|shard| shards.extend_from_slice(shard));
    }
    shards
}

fn tree(shape: &Shape, shards: &[u8]) -> Tree {
    let shards = shards.chunks_exact(shape.shard()).enumerate();
    Tree::over(shards.map(|(index, shard)| merkle::leaf(index, shard)).collect())
}
