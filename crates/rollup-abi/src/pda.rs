//! Seeds of the program's accounts.

/// The rollup's configuration and state: one per deployment.
pub const ROLLUP: &[u8] = b"rollup";
/// A committee: with the epoch as `u64`, little-endian, and the key of whoever opened it.
pub const COMMITTEE: &[u8] = b"committee";
