//! The program's accounts: fixed layouts, cast from the account's bytes without a copy on chain.
//!
//! ```text
//! Rollup     discriminator 8 │ RollupState 3,008  │ count u32, 4 zero  │ room for 256 × RingEntry 120: 33,744 bytes
//! Committee  discriminator 8 │ CommitteeState 192 │ count u32, 4 zero  │ Member 168 × count     208 + 168 × count
//! ```
//!
//! Integers are little-endian. One instruction may allocate 10,240 bytes only, so the rollup's account is created with as many and
//! grows to its length before the first committee is activated. Its ring counts up to 256 and stays there.

mod layout;

use bytemuck::Pod;

use crate::{MAX_MEMBERS, layout::Field};

pub use layout::*;

/// Root history kept on chain: the newest so many heights.
pub const RING: usize = 256;
/// Releases kept on chain: the newest so many.
pub const RELEASES: usize = 8;
/// Most bytes that an account may grow by in one instruction.
pub const MAX_GROWTH: usize = 10_240;
/// The version of the rollup account's layout and meaning that this crate writes and reads.
pub const STATE_VERSION: u64 = 2;
/// Longest delay that a rollup may be initialized with: 30 days.
pub const MAX_DELAY: u64 = 30 * 24 * 60 * 60;

/// First bytes of the rollup's account.
pub const ROLLUP_DISCRIMINATOR: [u8; 8] = [0x90, 0x43, 0xc9, 0xd9, 0x1a, 0x52, 0x6c, 0x6a];
/// First bytes of a committee's account.
pub const COMMITTEE_DISCRIMINATOR: [u8; 8] = [0x60, 0x88, 0xd2, 0xf4, 0x89, 0x6e, 0xb2, 0x68];

/// Full length of the rollup's account.
pub const ROLLUP_LEN: usize = items_offset::<RollupState>() + RING * size_of::<RingEntry>();
/// Length of a committee's account with `members` members.
pub const fn committee_len(members: usize) -> usize {
    items_offset::<CommitteeState>().saturating_add(members.saturating_mul(size_of::<Member>()))
}

const fn items_offset<H>() -> usize {
    size_of::<H>().saturating_add(16)
}

const _: () = assert!(size_of::<RollupState>() == 3_008 && size_of::<RingEntry>() == 120);
const _: () = assert!(size_of::<CommitteeState>() == 192 && size_of::<Member>() == 168);
const _: () = assert!(ROLLUP_LEN == 33_744 && ROLLUP_LEN <= 4 * MAX_GROWTH && RING.is_power_of_two());

/// Every layout with its fields, for the IDL.
pub const LAYOUTS: [(&str, &[Field]); 9] = [
    ("Certified", Certified::FIELDS),
    ("Accepted", Accepted::FIELDS),
    ("Conflict", Conflict::FIELDS),
    ("Replacement", Replacement::FIELDS),
    ("Release", Release::FIELDS),
    ("RollupState", RollupState::FIELDS),
    ("RingEntry", RingEntry::FIELDS),
    ("CommitteeState", CommitteeState::FIELDS),
    ("Member", Member::FIELDS),
];

/// Why bytes are not an account of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// Another account's discriminator.
    Discriminator {
        /// What came, as far as it went.
        got: [u8; 8],
    },
    /// Another version of the layout.
    Version {
        /// What came.
        got: u64,
    },
    /// Shorter than its layout.
    Length {
        /// What came.
        got: usize,
        /// At least this.
        expected: usize,
    },
    /// More items than its layout has room for.
    Count {
        /// What came.
        got: usize,
        /// At most this.
        limit: usize,
    },
}

impl core::fmt::Display for AccountError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Discriminator { got } => {
                write!(f, "account has discriminator {got:02x?}, not the expected one")
            }
            Self::Version { got } => {
                write!(f, "account with state version {got}, expected {STATE_VERSION}")
            }
            Self::Length { got, expected } => {
                write!(f, "account of {got} bytes, expected at least {expected}")
            }
            Self::Count { got, limit } => write!(f, "account counts {got} items, at most {limit} allowed"),
        }
    }
}

impl core::error::Error for AccountError {}

/// The rollup's account as it lies in memory. Copies what is asked for: the bytes need no alignment.
#[derive(Clone, Copy, Debug)]
pub struct RollupRef<'a> {
    /// The head.
    pub state: RollupState,
    ring: &'a [u8],
}

impl<'a> RollupRef<'a> {
    /// Reads the account's data.
    pub fn read(data: &'a [u8]) -> Result<Self, AccountError> {
        if let Some(got) = state_version(data).filter(|got| *got != STATE_VERSION) {
            return Err(AccountError::Version { got });
        }
        let (state, ring, _) = split::<RollupState, RingEntry>(data, &ROLLUP_DISCRIMINATOR, RING)?;
        Ok(Self { state, ring })
    }

    /// The accepted root of `height`, while the ring holds it.
    pub fn root_at(&self, height: u64) -> Option<RingEntry> {
        in_ring(self.state.last.height, height).then_some(())?;
        let entry: RingEntry = item(self.ring, ring_index(height))?;
        (entry.height == height).then_some(entry)
    }
}

/// The state version of a rollup's account. Version 1 had none: the chain id stood in its place, so a number that no version will
/// ever have means 1. `None` if the data is not a rollup's.
#[inline(always)]
pub fn state_version(data: &[u8]) -> Option<u64> {
    const NO_VERSION: u64 = 1 << 32;
    let (discriminator, rest) = data.split_first_chunk::<8>()?;
    if *discriminator != ROLLUP_DISCRIMINATOR {
        return None;
    }
    match u64::from_le_bytes(*rest.first_chunk()?) {
        version if version < NO_VERSION => Some(version),
        _ => Some(1),
    }
}

/// Where `height` stands in the ring.
#[inline(always)]
pub const fn ring_index(height: u64) -> usize {
    // A power of two, so that this is the remainder.
    const MASK: u64 = RING as u64 - 1;
    (height & MASK) as usize
}

/// Where release number `number` stands among the newest.
#[inline(always)]
pub const fn release_index(number: u64) -> usize {
    const MASK: u64 = RELEASES as u64 - 1;
    const _: () = assert!(RELEASES.is_power_of_two());
    (number & MASK) as usize
}

/// Whether the ring of a rollup at `last` still holds `height`.
#[inline(always)]
pub const fn in_ring(last: u64, height: u64) -> bool {
    match last.checked_sub(height) {
        Some(age) => age < RING as u64,
        None => false,
    }
}

/// A committee's account as it lies in memory. Copies what is asked for: the bytes need no alignment.
#[derive(Clone, Copy, Debug)]
pub struct CommitteeRef<'a> {
    /// The head.
    pub state: CommitteeState,
    members: &'a [u8],
    count: usize,
}

impl<'a> CommitteeRef<'a> {
    /// Reads the account's data.
    pub fn read(data: &'a [u8]) -> Result<Self, AccountError> {
        let (state, members, count) =
            split::<CommitteeState, Member>(data, &COMMITTEE_DISCRIMINATOR, MAX_MEMBERS)?;
        Ok(Self {
            state,
            members,
            count,
        })
    }

    /// Members registered.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The member with that bit.
    pub fn member(&self, index: usize) -> Option<Member> {
        item(self.members, index)
    }

    /// The members in order.
    pub fn members(&self) -> impl Iterator<Item = Member> + '_ {
        (0..self.count).filter_map(|index| self.member(index))
    }
}

fn split<'a, H: Pod, T: Pod>(
    data: &'a [u8],
    discriminator: &[u8; 8],
    limit: usize,
) -> Result<(H, &'a [u8], usize), AccountError> {
    let short = |expected| AccountError::Length {
        got: data.len(),
        expected,
    };
    let offset = items_offset::<H>();
    let got: [u8; 8] = *data.first_chunk().ok_or(short(offset))?;
    if got != *discriminator {
        return Err(AccountError::Discriminator { got });
    }
    let (head, rest) = data.split_at_checked(offset).ok_or(short(offset))?;
    let (state, count) = head[8..].split_at(size_of::<H>());
    let count = count.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
    if count > limit {
        return Err(AccountError::Count { got: count, limit });
    }
    let len = count.saturating_mul(size_of::<T>());
    let items = rest.get(..len).ok_or(short(offset.saturating_add(len)))?;
    Ok((bytemuck::pod_read_unaligned(state), items, count))
}

fn item<T: Pod>(items: &[u8], index: usize) -> Option<T> {
    let start = index.checked_mul(size_of::<T>())?;
    let end = start.checked_add(size_of::<T>())?;
    items.get(start..end).map(bytemuck::pod_read_unaligned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256;
    use bytemuck::Zeroable;

    fn committee(count: u32, held: usize) -> Vec<u8> {
        let mut state = CommitteeState::zeroed();
        state.epoch = 3;
        let mut data = COMMITTEE_DISCRIMINATOR.to_vec();
        data.extend_from_slice(bytemuck::bytes_of(&state));
        data.extend_from_slice(&count.to_le_bytes());
        data.extend_from_slice(&[0; 4]);
        for i in 0..held {
            let mut member = Member::zeroed();
            member.stake = i as u64 + 10;
            data.extend_from_slice(bytemuck::bytes_of(&member));
        }
        data
    }

    #[test]
    fn discriminators_are_the_hash_of_the_name() {
        assert_eq!(ROLLUP_DISCRIMINATOR, sha256(&[b"account:Rollup"])[..8]);
        assert_eq!(COMMITTEE_DISCRIMINATOR, sha256(&[b"account:Committee"])[..8]);
    }

    #[test]
    fn committee_is_read_from_unaligned_bytes() {
        let mut shifted = vec![0];
        shifted.extend_from_slice(&committee(2, 2));
        let read = CommitteeRef::read(&shifted[1..]).unwrap();
        assert_eq!((read.state.epoch, read.count()), (3, 2));
        assert_eq!(read.members().map(|m| m.stake).collect::<Vec<_>>(), [10, 11]);
        assert_eq!(read.member(2), None);
        assert_eq!(shifted.len() - 1, committee_len(2));
    }

    #[test]
    fn rollup_ring_answers_only_what_it_holds() {
        let mut state = RollupState::zeroed();
        state.state_version = STATE_VERSION;
        state.last.height = 300;
        let mut data = ROLLUP_DISCRIMINATOR.to_vec();
        data.extend_from_slice(bytemuck::bytes_of(&state));
        data.extend_from_slice(&(RING as u64).to_le_bytes());
        for index in 0..RING as u64 {
            let height = if index <= 300 % 256 { index + 256 } else { index };
            let mut entry = RingEntry::zeroed();
            entry.height = height;
            data.extend_from_slice(bytemuck::bytes_of(&entry));
        }
        assert_eq!(data.len(), ROLLUP_LEN);
        let rollup = RollupRef::read(&data).unwrap();
        for (height, held) in [
            (300, true),
            (45, true),
            (44, false),
            (301, false),
            (u64::MAX, false),
        ] {
            let found = rollup.root_at(height).map(|entry| entry.height);
            assert_eq!(found, held.then_some(height));
        }
        for (written, got) in [(0, 0), (1, 1), (3, 3), (u64::MAX, 1)] {
            data[8..16].copy_from_slice(&u64::to_le_bytes(written));
            assert_eq!(RollupRef::read(&data).err(), Some(AccountError::Version { got }));
        }
    }

    #[test]
    fn malformed_is_refused() {
        let whole = committee(1, 1);
        for len in 0..whole.len() {
            assert!(CommitteeRef::read(&whole[..len]).is_err(), "{len}");
        }
        let limit = MAX_MEMBERS;
        let got = limit + 1;
        assert_eq!(
            CommitteeRef::read(&committee(got as u32, got)).err(),
            Some(AccountError::Count { got, limit })
        );
        let got = COMMITTEE_DISCRIMINATOR;
        assert_eq!(
            RollupRef::read(&whole).err(),
            Some(AccountError::Discriminator { got })
        );
    }
}
