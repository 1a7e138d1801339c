//! Strict encoding of curve points.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ff::{BigInt, PrimeField};

/// Why bytes are not a point that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointError {
    /// A coordinate is not below the field's prime (or carries a flag bit).
    #[error("a coordinate is not a field element")]
    Field,
    /// The coordinates do not satisfy the curve's equation.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point lies outside the prime-order subgroup.
    #[error("the point is not in the subgroup")]
    Subgroup,
    /// The point at infinity.
    #[error("the point is infinity")]
    Infinity,
    /// A scalar that is zero or not below the group's order.
    #[error("the scalar is zero or not below the group's order")]
    Scalar,
}

pub(super) fn limbs_to_be(limbs: [u64; 4]) -> [u8; 32] {
    let mut out = [0; 32];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

pub(super) fn limbs_from_be(bytes: &[u8; 32]) -> BigInt<4> {
    let mut limbs = [0; 4];
    for (chunk, limb) in bytes.chunks_exact(8).zip(limbs.iter_mut().rev()) {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        *limb = u64::from_be_bytes(word);
    }
    BigInt(limbs)
}

/// Reads coordinate number `index` of an encoded point. A set flag bit makes it larger than the prime.
fn coordinate(bytes: &[u8], index: usize) -> Result<Fq, PointError> {
    let mut be = [0; 32];
    be.copy_from_slice(&bytes[32 * index..32 * (index + 1)]);
    Fq::from_bigint(limbs_from_be(&be)).ok_or(PointError::Field)
}

fn put(out: &mut [u8], index: usize, value: &Fq) {
    out[32 * index..32 * (index + 1)].copy_from_slice(&limbs_to_be(value.into_bigint().0));
}

pub(super) fn encode_g1(point: &G1Affine) -> [u8; 64] {
    let mut out = [0; 64];
    if !point.infinity {
        put(&mut out, 0, &point.x);
        put(&mut out, 1, &point.y);
    }
    out
}

pub(super) fn encode_g2(point: &G2Affine) -> [u8; 128] {
    let mut out = [0; 128];
    if !point.infinity {
        for (index, value) in [point.x.c1, point.x.c0, point.y.c1, point.y.c0]
            .iter()
            .enumerate()
        {
            put(&mut out, index, value);
        }
    }
    out
}

/// The cofactor of G1 is one: on the curve is in the group.
pub(super) fn decode_g1(bytes: &[u8; 64]) -> Result<G1Affine, PointError> {
    if rollup_abi::curve::is_infinity(bytes) {
        return Err(PointError::Infinity);
    }
    let point = G1Affine::new_unchecked(coordinate(bytes, 0)?, coordinate(bytes, 1)?);
    if point.is_on_curve() {
        Ok(point)
    } else {
        Err(PointError::NotOnCurve)
    }
}

pub(super) fn decode_g2(bytes: &[u8; 128]) -> Result<G2Affine, PointError> {
    if rollup_abi::curve::is_infinity(bytes) {
        return Err(PointError::Infinity);
    }
    let x = Fq2::new(coordinate(bytes, 1)?, coordinate(bytes, 0)?);
    let y = Fq2::new(coordinate(bytes, 3)?, coordinate(bytes, 2)?);
    let point = G2Affine::new_unchecked(x, y);
    if !point.is_on_curve() {
        return Err(PointError::NotOnCurve);
    }
    if !point.is_in_correct_subgroup_assuming_on_curve() {
        return Err(PointError::Subgroup);
    }
    Ok(point)
}
