//! Dispersal: a large payload leaves its leader once in shares, not once per member.
//!
//! ```text
//! leader: payload ─▶ k data shards ─▶ n shards ─▶ Merkle root ─▶ header.payload_commitment
//!                                        └─▶ one Share per member: its shards and their proof
//! member: Share ─▶ verify ─▶ sent on with the Vote1 ─▶ any k shards ─▶ reconstruct ─▶ payload, or WrongEncoding
//! ```
//!
//! - A payload of at most [`THRESHOLD`] bytes travels whole and its commitment is its hash. The commitment of a longer one is
//!   `sha256(domain ‖ payload length u32 ‖ shard length u32 ‖ k u16 ‖ n u16 ‖ root)`, little-endian, so that a vote for the
//!   leaf binds every shard. [`commit`] knows which; neither can be taken for the other.
//! - Shards go by stake ([`Layout`]): whoever holds ⌈W/3⌉ of it recovers. A quorum of first votes has as much honest stake.
//! - [`reconstruct`] encodes what it found once more. If all shards that the leader committed to are the encoding of one
//!   payload, any `k` of them give it; if not, no `k` of them give anything, and they are the proof ([`WrongEncoding`]).
//! - The payload is filled up to whole shards with zeros, and a shard has the least even length: encoding is a function of
//!   payload and stakes, so the second encoding is exact.
//!
//! The code is Reed–Solomon over 16-bit symbols in O(n log n), systematic: the first `k` shards are the payload itself.

mod domain;
mod encode;
mod layout;
mod merkle;
mod reconstruct;
mod share;

pub use encode::{Dispersal, PayloadError, disperse};
pub use layout::{Layout, SCALE};
pub use reconstruct::{EvidenceError, NotEnough, ReconstructError, WrongEncoding, reconstruct};
use rollup_abi::{Digest, vote::payload_commitment};
pub use share::{Share, ShareError, VerifiedShare};

use crate::Committee;

/// Longest payload, in bytes, that travels whole.
pub const THRESHOLD: usize = 16 << 10;
/// Most shards of a payload.
pub const MAX_SHARDS: usize = 1024;

/// What a header names for this payload, whether it travels whole or in shares.
pub fn commit(committee: &Committee, payload: &[u8]) -> Result<Digest, PayloadError> {
    if is_dispersed(payload.len()) {
        disperse(committee, payload).map(|dispersal| dispersal.commitment())
    } else {
        Ok(payload_commitment(payload))
    }
}

/// Whether a payload of this length travels in shares.
pub fn is_dispersed(payload_len: usize) -> bool {
    payload_len > THRESHOLD
}
