//! BLS over BN254: signatures in G1, keys in both groups, because Solana has the syscalls for it.
//!
//! ```text
//! sk ─▶ pk1 = sk·G1, pk2 = sk·G2          σ = sk·H(m)          e(H(m), Σ pk2) = e(Σ σ, G2)
//! ```
//!
//! Points travel uncompressed, big-endian, in EIP-197 order, as [`rollup_abi::curve`] says. Whatever is decoded here is a
//! point of the right group, in the right subgroup and not infinity, or an error; nothing later checks that again.

mod hash;
mod keys;
mod point;
mod signature;

pub use hash::{HashedMessage, hash_to_curve};
pub use keys::{KeyPair, PublicKey, SecretKey};
pub use point::PointError;
pub use signature::{Signature, verify_aggregate};
pub(crate) use signature::{pairing_holds, products_hold};
