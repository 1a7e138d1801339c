//! Hash to curve: the smallest counter whose candidate is on the curve.

use ark_bn254::G1Affine;
use ark_serialize::CanonicalDeserialize;
use rollup_abi::Digest;

use super::point::encode_g1;

/// A digest on the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashedMessage {
    pub(super) point: G1Affine,
    ctr: u8,
}

impl HashedMessage {
    /// A point that stands in a message's place in a pairing equation.
    pub(super) fn of_point(point: G1Affine) -> Self {
        Self { point, ctr: 0 }
    }

    pub(crate) fn point(&self) -> G1Affine {
        self.point
    }

    /// The counter: a verifier on chain takes it as a hint instead of searching.
    pub fn ctr(&self) -> u8 {
        self.ctr
    }

    /// The point, big-endian x ‖ y.
    pub fn to_bytes(&self) -> [u8; 64] {
        encode_g1(&self.point)
    }
}

/// Hashes a message digest to G1; about two tries on average.
///
/// # Panics
/// If none of 256 candidates is on the curve, which no digest is known to cause: its chance is below 2⁻¹⁷⁰.
pub fn hash_to_curve(digest: &Digest) -> HashedMessage {
    for ctr in 0..=u8::MAX {
        let mut x = rollup_abi::curve::candidate(digest, ctr);
        // The candidate is big-endian with its flags in the first byte, this reader wants them in the last.
        x.reverse();
        if let Ok(point) = G1Affine::deserialize_compressed_unchecked(&x[..]) {
            return HashedMessage { point, ctr };
        }
    }
    unreachable!("256 candidates in a row off the curve")
}
