//! The accumulator over state roots: it lets one certificate prove a run of roots.

use crate::{Digest, sha256};

/// `acc(h) = sha256(acc(h−1) ‖ state_root(h))`. The genesis accumulator is `extend(&[0; 32], genesis_root)`.
#[inline(always)]
pub fn extend(previous: &Digest, state_root: &Digest) -> Digest {
    sha256(&[previous, state_root])
}

/// The accumulator of genesis.
pub fn genesis(state_root: &Digest) -> Digest {
    extend(&[0; 32], state_root)
}
