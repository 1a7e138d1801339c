//! The block header: fixed layout, little-endian, no padding. Its hash is the leaf commitment that votes name.
//!
//! The layout is the same in all versions: the version selects the rules by which a block is executed.

use crate::{Digest, domain, sha256};

/// The version of genesis.
pub const FIRST_VERSION: u16 = 1;

/// The newest version that the program on Solana knows.
pub const NEWEST_VERSION: u16 = 1;

/// Encoded length in bytes.
pub const LEN: usize = 2 + 32 + 8 * 4 + 32 * 6 + 8 + 32 + 32;

/// A block header. All digests are SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// The rules by which the block is executed, from [`FIRST_VERSION`] on.
    pub version: u16,
    /// Hash of the genesis: nothing can be replayed into another deployment.
    pub chain_id: Digest,
    /// The committee's epoch.
    pub epoch: u64,
    /// The view that decided it.
    pub view: u64,
    /// Blocks since genesis, which is 0.
    pub height: u64,
    /// The leader's clock, milliseconds since 1970, strictly growing.
    pub timestamp_ms: u64,
    /// Leaf commitment of the parent.
    pub parent: Digest,
    /// Hash of the payload: [`crate::vote::payload_commitment`].
    pub payload_commitment: Digest,
    /// Root of the state tree after this block.
    pub state_root: Digest,
    /// Accumulator over the state roots: [`crate::roots::extend`].
    pub roots_acc: Digest,
    /// Root of the Merkle mountain range over the leaf commitments of heights `0..height`.
    pub history_root: Digest,
    /// Hash of the next epoch's committee in an epoch's last block, else zero.
    pub next_committee: Digest,
    /// Count of messages from Solana consumed so far; zero until the bridge exists.
    pub inbox_count: u64,
    /// Rolling hash of those messages; zero until the bridge exists.
    pub inbox_hash: Digest,
    /// Root of the messages to Solana; zero until the bridge exists.
    pub outbox_root: Digest,
}

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Not [`LEN`] bytes.
    Length {
        /// What came.
        got: usize,
    },
    /// Below [`FIRST_VERSION`].
    Version {
        /// What came.
        got: u16,
    },
}

impl core::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Length { got } => write!(f, "header of {got} bytes, expected {LEN}"),
            Self::Version { got } => write!(f, "header version {got}, expected at least {FIRST_VERSION}"),
        }
    }
}

impl core::error::Error for HeaderError {}

/// A header of [`FIRST_VERSION`] that says nothing: what a header does not name is zero.
impl Default for Header {
    fn default() -> Self {
        Self {
            version: FIRST_VERSION,
            chain_id: [0; 32],
            epoch: 0,
            view: 0,
            height: 0,
            timestamp_ms: 0,
            parent: [0; 32],
            payload_commitment: [0; 32],
            state_root: [0; 32],
            roots_acc: [0; 32],
            history_root: [0; 32],
            next_committee: [0; 32],
            inbox_count: 0,
            inbox_hash: [0; 32],
            outbox_root: [0; 32],
        }
    }
}

impl Header {
    /// The canonical bytes.
    #[inline(always)]
    pub fn encode(&self) -> [u8; LEN] {
        let mut out = [0u8; LEN];
        let mut w = Writer { out: &mut out, at: 0 };
        w.put(&self.version.to_le_bytes());
        w.put(&self.chain_id);
        for number in [self.epoch, self.view, self.height, self.timestamp_ms] {
            w.put(&number.to_le_bytes());
        }
        for digest in [
            &self.parent,
            &self.payload_commitment,
            &self.state_root,
            &self.roots_acc,
            &self.history_root,
            &self.next_committee,
        ] {
            w.put(digest);
        }
        w.put(&self.inbox_count.to_le_bytes());
        w.put(&self.inbox_hash);
        w.put(&self.outbox_root);
        out
    }

    /// Reads the canonical bytes: exactly [`LEN`] of them, of a version that there can be.
    #[inline(always)]
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() != LEN {
            return Err(HeaderError::Length { got: bytes.len() });
        }
        let mut r = Reader { bytes, at: 0 };
        let version = u16::from_le_bytes(r.take());
        if version < FIRST_VERSION {
            return Err(HeaderError::Version { got: version });
        }
        Ok(Self {
            version,
            chain_id: r.take(),
            epoch: u64::from_le_bytes(r.take()),
            view: u64::from_le_bytes(r.take()),
            height: u64::from_le_bytes(r.take()),
            timestamp_ms: u64::from_le_bytes(r.take()),
            parent: r.take(),
            payload_commitment: r.take(),
            state_root: r.take(),
            roots_acc: r.take(),
            history_root: r.take(),
            next_committee: r.take(),
            inbox_count: u64::from_le_bytes(r.take()),
            inbox_hash: r.take(),
            outbox_root: r.take(),
        })
    }

    /// The leaf commitment.
    pub fn commitment(&self) -> Digest {
        commitment(&self.encode())
    }
}

/// The leaf commitment of an encoded header.
#[inline(always)]
pub fn commitment(encoded: &[u8]) -> Digest {
    sha256(&[domain::LEAF, encoded])
}

struct Writer<'a> {
    out: &'a mut [u8; LEN],
    at: usize,
}

impl Writer<'_> {
    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.at.wrapping_add(bytes.len());
        self.out[self.at..end].copy_from_slice(bytes);
        self.at = end;
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    /// The caller has checked the whole length.
    #[inline(always)]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0u8; N];
        let end = self.at.wrapping_add(N);
        out.copy_from_slice(&self.bytes[self.at..end]);
        self.at = end;
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Header {
        Header {
            chain_id: [1; 32],
            epoch: 2,
            view: 3,
            height: 4,
            timestamp_ms: 5,
            parent: [6; 32],
            payload_commitment: [7; 32],
            state_root: [8; 32],
            roots_acc: [9; 32],
            history_root: [10; 32],
            ..Header::default()
        }
    }

    #[test]
    fn round_trip_and_golden_commitment() {
        let header = sample();
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Ok(header.clone()));
        assert_eq!(
            hex::encode(header.commitment()),
            "77e611a88647f660c6799d1513323e6033f316c4d09448cc3d5284355319df20"
        );
    }

    #[test]
    fn the_version_is_committed_to() {
        let later = Header {
            version: 0x0102,
            ..sample()
        };
        assert_eq!(later.encode()[..2], [2, 1]);
        assert_eq!(Header::decode(&later.encode()), Ok(later.clone()));
        assert_ne!(later.commitment(), sample().commitment());
    }

    #[test]
    fn wrong_length_and_version_are_refused() {
        let bytes = sample().encode();
        assert_eq!(
            Header::decode(&bytes[1..]),
            Err(HeaderError::Length { got: LEN - 1 })
        );
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(Header::decode(&longer), Err(HeaderError::Length { got: LEN + 1 }));
        let mut none = bytes;
        none[0] = 0;
        assert_eq!(Header::decode(&none), Err(HeaderError::Version { got: 0 }));
    }
}
