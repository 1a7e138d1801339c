//! Dispersal: a large payload leaves its leader once in shares, not once per member.
//!
//! ```text
//! leader: payload ─▶ k data shards ─▶ n shards ─▶ Merkle root ─▶ header.payload_commitment
//!                                        └─▶ one Share per member: its shards and their proof
//! member: Share ─▶ verify ─▶ passed on to all ─▶ any k shards ─▶ reconstruct ─▶ payload, or WrongEncoding ─▶ Vote1
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
//! The code is Reed–Solomon over 16-bit symbols in O(n log n), systematic: the first `k` shards are the payload itself. Its
//! library is `reed-solomon-simd`, whose unsafe code is its vector engines alone; what it computes is pinned by golden
//! commitments.
//!
//! # Cost
//!
//! `cargo run --release -p hotshot-types --example dispersal`, one busy core of a 2023 Xeon; medians in ms, with equal stakes
//! except where the members have about a million each, unequally. *Data* and *parity* are the two ends of reconstruction:
//! from the payload's own shards, and from as many others as there are. Both include the second encoding.
//!
//! | payload | members | k / n | cut | verify one | data | parity | leader sends, in payloads | whole |
//! |---|---|---|---|---|---|---|---|---|
//! | 100 kB | 4 | 2 / 4 | 0.16 | 0.035 | 0.24 | 0.80 | 1.50 | 3 |
//! | | 5 | 2 / 5 | 0.31 | 0.035 | 0.30 | 1.33 | 2.01 | 4 |
//! | | 7 | 3 / 7 | 0.21 | 0.025 | 0.20 | 0.88 | 2.01 | 6 |
//! | | 16 | 6 / 16 | 0.25 | 0.013 | 0.25 | 1.47 | 2.53 | 15 |
//! | | 64 | 22 / 64 | 0.31 | 0.005 | 0.29 | 1.63 | 3.01 | 63 |
//! | | 100 | 34 / 100 | 0.52 | 0.004 | 0.51 | 1.76 | 3.18 | 99 |
//! | | 7, unequal | 314 / 899 | 0.54 | 0.060 | 0.54 | 2.09 | 2.88 | 6 |
//! | | 100, unequal | 301 / 948 | 0.60 | 0.006 | 0.58 | 2.74 | 3.53 | 99 |
//! | 1 MiB | 4 | 2 / 4 | 1.93 | 0.37 | 7.3 | 8.7 | 1.50 | 3 |
//! | | 5 | 2 / 5 | 4.6 | 0.37 | 8.8 | 11.0 | 2.00 | 4 |
//! | | 7 | 3 / 7 | 5.9 | 0.25 | 6.4 | 8.1 | 2.00 | 6 |
//! | | 16 | 6 / 16 | 7.0 | 0.19 | 6.9 | 12.6 | 2.50 | 15 |
//! | | 64 | 22 / 64 | 7.6 | 0.038 | 7.5 | 16.4 | 2.88 | 63 |
//! | | 100 | 34 / 100 | 8.0 | 0.025 | 7.9 | 19.8 | 2.94 | 99 |
//! | | 7, unequal | 314 / 899 | 8.4 | 0.58 | 8.5 | 23.0 | 2.84 | 6 |
//! | | 100, unequal | 301 / 948 | 8.7 | 0.067 | 9.2 | 24.3 | 3.18 | 99 |

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
///
/// Shares take two thirds of the bytes off the leader's link with 7 members, four fifths with 16; they add a message delay,
/// bytes on the others' links, and computation: about 1 ms, most of it a fixed cost of decoding from parity. By the bytes on
/// the leader's link alone they are ahead with 7 members from 64 KiB on at 1 Gbit/s, and with 16 from a quarter of that. Below,
/// copies are faster for committees of the size that this is made for.
pub const THRESHOLD: usize = 64 << 10;
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

/// Whether a payload is the one that a header names.
pub fn matches(committee: &Committee, payload: &[u8], commitment: &Digest) -> bool {
    commit(committee, payload).is_ok_and(|computed| computed == *commitment)
}

/// Whether a payload of this length travels in shares.
pub fn is_dispersed(payload_len: usize) -> bool {
    payload_len > THRESHOLD
}
