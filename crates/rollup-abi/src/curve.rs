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

/// The negative of the G2 generator: `e(h, apk) · e(σ, −G2) = 1` is the check of a signature.
pub const NEG_G2: [u8; 128] = [
    0x19, 0x8e, 0x93, 0x93, 0x92, 0x0d, 0x48, 0x3a, 0x72, 0x60, 0xbf, 0xb7, 0x31, 0xfb, 0x5d, 0x25, 0xf1,
    0xaa, 0x49, 0x33, 0x35, 0xa9, 0xe7, 0x12, 0x97, 0xe4, 0x85, 0xb7, 0xae, 0xf3, 0x12, 0xc2, 0x18, 0x00,
    0xde, 0xef, 0x12, 0x1f, 0x1e, 0x76, 0x42, 0x6a, 0x00, 0x66, 0x5e, 0x5c, 0x44, 0x79, 0x67, 0x43, 0x22,
    0xd4, 0xf7, 0x5e, 0xda, 0xdd, 0x46, 0xde, 0xbd, 0x5c, 0xd9, 0x92, 0xf6, 0xed, 0x27, 0x5d, 0xc4, 0xa2,
    0x88, 0xd1, 0xaf, 0xb3, 0xcb, 0xb1, 0xac, 0x09, 0x18, 0x75, 0x24, 0xc7, 0xdb, 0x36, 0x39, 0x5d, 0xf7,
    0xbe, 0x3b, 0x99, 0xe6, 0x73, 0xb1, 0x3a, 0x07, 0x5a, 0x65, 0xec, 0x1d, 0x9b, 0xef, 0xcd, 0x05, 0xa5,
    0x32, 0x3e, 0x6d, 0xa4, 0xd4, 0x35, 0xf3, 0xb6, 0x17, 0xcd, 0xb3, 0xaf, 0x83, 0x28, 0x5c, 0x2d, 0xf7,
    0x11, 0xef, 0x39, 0xc0, 0x15, 0x71, 0x82, 0x7f, 0x9d,
];

/// The base field's modulus as four limbs, least significant first.
const MODULUS: [u64; 4] = [
    0x3c20_8c16_d87c_fd47,
    0x9781_6a91_6871_ca8d,
    0xb850_45b6_8181_585d,
    0x3064_4e72_e131_a029,
];

/// The negative of a G2 point that the curve's decoder accepts: both parts of y are subtracted from the modulus.
#[inline(always)]
pub fn negate_g2(point: &[u8; 128]) -> [u8; 128] {
    let mut out = *point;
    for part in out[64..].chunks_exact_mut(32) {
        negate_field(part);
    }
    out
}

/// `modulus − value`, and zero stays zero; `value` is 32 bytes, big-endian, below the modulus.
#[inline(always)]
fn negate_field(value: &mut [u8]) {
    if is_infinity(value) {
        return;
    }
    let mut borrow = false;
    for (limb, modulus) in value.rchunks_exact_mut(8).zip(MODULUS) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(limb);
        let (difference, first) = modulus.overflowing_sub(u64::from_be_bytes(bytes));
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        borrow = first || second;
        limb.copy_from_slice(&difference.to_be_bytes());
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    /// The G2 generator as EIP-197 prints it, in decimal-free form: x.c1, x.c0, y.c1, y.c0.
    const G2: &str = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
                      1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
                      090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
                      12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";

    #[test]
    fn negative_generator() {
        let g2: [u8; 128] = hex::decode(G2).unwrap().try_into().unwrap();
        assert_eq!(negate_g2(&g2), NEG_G2);
        assert_eq!(negate_g2(&NEG_G2), g2);
    }

    #[test]
    fn negation_keeps_zero() {
        let mut point = [0; 128];
        assert_eq!(negate_g2(&point), point);
        point[127] = 1;
        let negative = negate_g2(&point);
        assert_eq!(negative[64..96], [0; 32]);
        assert_eq!(
            hex::encode(&negative[96..]),
            "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd46"
        );
    }

    #[test]
    fn golden_digests() {
        assert_eq!(
            hex::encode(candidate(&[1; 32], 2)),
            "0445b67dd4a5a6c1a76e7a46c64702be0ad4f161e45ddde592503e3e74f0b5a3"
        );
        assert_eq!(
            hex::encode(combine_scalar(&[1; 64], &[2; 64], &[3; 64], &[4; 128])),
            "1811966926fc524fd72693022d5ce47f46696278357b8e4e8acd6511e9576f3b"
        );
        assert_eq!(
            (
                candidate(&[1; 32], 2)[0] & 0x40,
                combine_scalar(&G1, &G1, &G1, &NEG_G2)[0] & 0xE0
            ),
            (0, 0)
        );
    }

    #[test]
    fn flags_and_infinity() {
        for bit in [0x40, 0x80] {
            for coordinate in 0..4 {
                let mut point = NEG_G2;
                point[coordinate * 32] |= bit;
                assert!(has_flag_bits(&point));
            }
        }
        assert!(!has_flag_bits(&NEG_G2) && !is_infinity(&G1) && is_infinity(&[0; 64]));
    }
}
