//! Hash to curve and what an encoded point must satisfy before a syscall sees it.
//!
//! Points are big-endian in EIP-197 order: G1 is `x ‖ y`, G2 is `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`. The two top bits of a
//! coordinate are flags to the decoder: one of them means infinity *with success*, so they are refused everywhere.

use crate::{Digest, domain, sha256};

/// The G1 generator.
pub const G1: [u8; 64] = {
    let mut point = [0u8; 64];
    point[31] = 1;
    point[63] = 2;
    point
};

/// Candidate x (compressed G1: flag bit 7 of the first byte chooses y) number `ctr` for message digest `m`. The infinity
/// flag is cleared. Signers take the smallest `ctr` whose candidate is on the curve.
#[inline(always)]
pub fn candidate(m: &Digest, ctr: u8) -> [u8; 32] {
    let mut x = sha256(&[domain::HASH_TO_CURVE, m, &[ctr]]);
    x[0] &= 0xBF;
    x
}

/// Whether an uncompressed point (G1: 64 bytes, G2: 128) carries a flag bit in any coordinate.
#[inline(always)]
pub fn has_flag_bits(point: &[u8]) -> bool {
    let mut flags = 0;
    for coordinate in point.chunks_exact(32) {
        flags |= coordinate[0];
    }
    flags & 0xC0 != 0
}

/// Whether a point is the encoding of infinity: all zero.
#[inline(always)]
pub fn is_infinity(point: &[u8]) -> bool {
    point.iter().all(|byte| *byte == 0)
}

/// The scalar of the random combination that checks a proof of possession: bound to all inputs, since a known scalar
/// forges. The three top bits are cleared, so it is below the group order.
#[inline(always)]
pub fn combine_scalar(h: &[u8; 64], sigma: &[u8; 64], pk1: &[u8; 64], pk2: &[u8; 128]) -> [u8; 32] {
    let mut a = sha256(&[domain::COMBINE, h, sigma, pk1, pk2]);
    a[0] &= 0x1F;
    a
}
