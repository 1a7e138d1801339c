//! BN254 by Solana's syscalls. Points are big-endian, as in `rollup_abi::curve`.
//!
//! Every operation returns `None` when the syscall refuses its input: a point off the curve, a failed square root. Input
//! and output are separate buffers, since the syscalls' contract says nothing of overlap.

/// The group operations that the checks need.
pub trait Bn254 {
    /// The point with that x; the flag in its first byte chooses y.
    fn g1_decompress(x: &[u8; 32]) -> Option<[u8; 64]>;
    /// `a + b` in G1.
    fn g1_add(a: &[u8; 64], b: &[u8; 64]) -> Option<[u8; 64]>;
    /// `scalar · point` in G1.
    fn g1_mul(point: &[u8; 64], scalar: &[u8; 32]) -> Option<[u8; 64]>;
    /// `a + b` in G2; does not check the subgroup.
    fn g2_add(a: &[u8; 128], b: &[u8; 128]) -> Option<[u8; 128]>;
    /// Whether `e(a1, a2) · e(b1, b2) = 1`; refuses points outside their groups.
    fn pairing_is_one(a1: &[u8; 64], a2: &[u8; 128], b1: &[u8; 64], b2: &[u8; 128]) -> Option<bool>;
}

/// The syscalls. Off chain there are none: every operation refuses, so nothing is ever accepted there.
pub struct Syscalls;

const G1_ADD: u64 = 0;
const G1_MUL: u64 = 2;
const PAIRING: u64 = 3;
const G2_ADD: u64 = 4;
const G1_DECOMPRESS: u64 = 1;

#[cfg(target_os = "solana")]
mod sys {
    unsafe extern "C" {
        fn sol_alt_bn128_group_op(op: u64, input: *const u8, len: u64, result: *mut u8) -> u64;
        fn sol_alt_bn128_compression(op: u64, input: *const u8, len: u64, result: *mut u8) -> u64;
    }

    #[inline(always)]
    pub fn group_op<const OUT: usize>(op: u64, input: &[u8]) -> Option<[u8; OUT]> {
        let mut out = [0; OUT];
        // SAFETY: each caller's OUT is the length that the operation writes; the input is a valid slice.
        let code =
            unsafe { sol_alt_bn128_group_op(op, input.as_ptr(), input.len() as u64, out.as_mut_ptr()) };
        (code == 0).then_some(out)
    }

    #[inline(always)]
    pub fn compression<const OUT: usize>(op: u64, input: &[u8]) -> Option<[u8; OUT]> {
        let mut out = [0; OUT];
        // SAFETY: as above.
        let code =
            unsafe { sol_alt_bn128_compression(op, input.as_ptr(), input.len() as u64, out.as_mut_ptr()) };
        (code == 0).then_some(out)
    }
}

#[cfg(not(target_os = "solana"))]
mod sys {
    pub fn group_op<const OUT: usize>(_: u64, _: &[u8]) -> Option<[u8; OUT]> {
        None
    }

    pub fn compression<const OUT: usize>(_: u64, _: &[u8]) -> Option<[u8; OUT]> {
        None
    }
}

impl Bn254 for Syscalls {
    #[inline(always)]
    fn g1_decompress(x: &[u8; 32]) -> Option<[u8; 64]> {
        sys::compression(G1_DECOMPRESS, x)
    }

    #[inline(always)]
    fn g1_add(a: &[u8; 64], b: &[u8; 64]) -> Option<[u8; 64]> {
        let mut input = [0; 128];
        input[..64].copy_from_slice(a);
        input[64..].copy_from_slice(b);
        sys::group_op(G1_ADD, &input)
    }

    #[inline(always)]
    fn g1_mul(point: &[u8; 64], scalar: &[u8; 32]) -> Option<[u8; 64]> {
        let mut input = [0; 96];
        input[..64].copy_from_slice(point);
        input[64..].copy_from_slice(scalar);
        sys::group_op(G1_MUL, &input)
    }

    #[inline(always)]
    fn g2_add(a: &[u8; 128], b: &[u8; 128]) -> Option<[u8; 128]> {
        let mut input = [0; 256];
        input[..128].copy_from_slice(a);
        input[128..].copy_from_slice(b);
        sys::group_op(G2_ADD, &input)
    }

    #[inline(always)]
    fn pairing_is_one(a1: &[u8; 64], a2: &[u8; 128], b1: &[u8; 64], b2: &[u8; 128]) -> Option<bool> {
        let mut input = [0; 384];
        input[..64].copy_from_slice(a1);
        input[64..192].copy_from_slice(a2);
        input[192..256].copy_from_slice(b1);
        input[256..].copy_from_slice(b2);
        let product: [u8; 32] = sys::group_op(PAIRING, &input)?;
        Some(product[31] == 1 && rollup_abi::curve::is_infinity(&product[..31]))
    }
}
