//! Which members signed: one bit each, in committee order.

use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::{MAX_MEMBERS, certificate::MAX_BITMAP};

/// A set of committee members. Its encoding is ⌈members/8⌉ and that many bytes, little-endian bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signers {
    bits: u128,
    bytes: u8,
}

const _: () = assert!(MAX_MEMBERS == 128 && MAX_BITMAP == 16, "the bits are a u128");

impl Signers {
    /// Nobody of a committee of `members`, of which there are at most [`MAX_MEMBERS`].
    pub fn none(members: usize) -> Self {
        let bytes = members.min(MAX_MEMBERS).div_ceil(8);
        Self {
            bits: 0,
            bytes: u8::try_from(bytes).expect("at most MAX_BITMAP"),
        }
    }

    /// Adds a member; whether it is new and fits.
    pub fn insert(&mut self, index: usize) -> bool {
        if index >= usize::from(self.bytes) * 8 || self.contains(index) {
            return false;
        }
        self.bits |= 1 << index;
        true
    }

    /// Whether a member signed.
    pub fn contains(&self, index: usize) -> bool {
        index < MAX_MEMBERS && self.bits >> index & 1 == 1
    }

    /// How many signed.
    pub fn count(&self) -> usize {
        self.bits.count_ones() as usize
    }

    /// Their indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..usize::from(self.bytes) * 8).filter(|index| self.contains(*index))
    }

    /// Whether this is a set of members of a committee of `members`: exactly its length, nobody beyond.
    pub fn fits(&self, members: usize) -> bool {
        usize::from(self.bytes) == members.div_ceil(8)
            && (members >= MAX_MEMBERS || self.bits >> members == 0)
    }

    /// Whether the two sets have a member in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.bits & other.bits != 0
    }

    /// Both sets' members.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            bits: self.bits | other.bits,
            bytes: self.bytes.max(other.bytes),
        }
    }
}

impl BorshSerialize for Signers {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(&[self.bytes])?;
        writer.write_all(&self.bits.to_le_bytes()[..usize::from(self.bytes)])
    }
}

impl BorshDeserialize for Signers {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let bytes = u8::deserialize_reader(reader)?;
        let length = usize::from(bytes);
        if length > MAX_BITMAP {
            let message = format!("bitmap of {length} bytes, at most {MAX_BITMAP}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let mut bits = [0; MAX_BITMAP];
        reader.read_exact(&mut bits[..length])?;
        Ok(Self {
            bits: u128::from_le_bytes(bits),
            bytes,
        })
    }
}
