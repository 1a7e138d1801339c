//! The program's accounts: fixed layouts, cast from the account's bytes without a copy on chain.
//!
//! ```text
//! Rollup     discriminator 8 │ RollupState 648    │ count u32, 4 zero  │ room for 256 × RingEntry 56: 15,000 bytes
//! Committee  discriminator 8 │ CommitteeState 192 │ count u32, 4 zero  │ Member 168 × count     208 + 168 × count
//! ```
//!
//! Integers are little-endian. The rollup's account is created without its full length, since one instruction may allocate
//! 10,240 bytes only, and grows to it when the first committee is activated. Its ring counts up to 256 and stays there.

use bytemuck::Pod;

use crate::instruction::MAX_POSTERS;
use crate::layout::{Field, layouts};
use crate::{Digest, MAX_MEMBERS};

/// Root history kept on chain: the newest so many heights.
pub const RING: usize = 256;
/// Most bytes that an account may grow by in one instruction.
pub const MAX_GROWTH: usize = 10_240;

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

layouts! {
    /// The newest accepted block.
    pub struct Accepted {
        /// Its height; 0 is genesis.
        pub height: u64,
        /// Its view.
        pub view: u64,
        /// Solana slot in which it was accepted.
        pub slot: u64,
        /// Solana's clock then, seconds since 1970.
        pub unix_time: i64,
        /// Its leaf commitment; zero for genesis.
        pub leaf: Digest,
        /// Its state root.
        pub state_root: Digest,
        /// The accumulator over all state roots up to it.
        pub roots_acc: Digest,
    }

    /// Evidence of two certified roots at one height; all zero while there is none.
    pub struct Conflict {
        /// The height.
        pub height: u64,
        /// View of the second header.
        pub view: u64,
        /// The root that had been accepted.
        pub recorded_root: Digest,
        /// The other certified root.
        pub conflicting_root: Digest,
        /// Leaf commitment of the second header.
        pub conflicting_leaf: Digest,
    }

    /// Head of the rollup's account.
    pub struct RollupState {
        /// Hash of the genesis.
        pub chain_id: Digest,
        /// State root of height 0.
        pub genesis_root: Digest,
        /// Who registers committees and resumes.
        pub governance: [u8; 32],
        /// Who may pause.
        pub guardian: [u8; 32],
        /// Who may post; zero is a free place.
        pub posters: [[u8; 32]; MAX_POSTERS],
        /// The newest accepted block.
        pub last: Accepted,
        /// Why the rollup is frozen, if it is.
        pub conflict: Conflict,
        /// Epoch of the committee that certifies.
        pub epoch: u64,
        /// Submissions accepted with effect.
        pub accepted: u64,
        /// 1 while paused.
        pub paused: u8,
        /// 1 for ever after a conflict.
        pub frozen: u8,
        /// 1 once the first committee has been activated.
        pub active: u8,
        /// Zero.
        pub reserved: [u8; 5],
    }

    /// One height of the root history; height `h` stands at index `h % RING`.
    pub struct RingEntry {
        /// The height.
        pub height: u64,
        /// Solana slot in which it was accepted.
        pub slot: u64,
        /// Solana's clock then, seconds since 1970.
        pub unix_time: i64,
        /// The state root after that height.
        pub state_root: Digest,
    }

    /// Head of a committee's account.
    pub struct CommitteeState {
        /// The epoch that it certifies.
        pub epoch: u64,
        /// Sum of the members' stakes.
        pub total_stake: u64,
        /// Stake that a certificate needs; zero until active.
        pub quorum: u64,
        /// Sum of the members' keys in G2; zero (infinity) while there is no member.
        pub total_pk2: [u8; 128],
        /// [`crate::committee::committee_hash`] of the members; zero until active.
        pub hash: Digest,
        /// 1 once active: members can no longer be added.
        pub active: u8,
        /// Zero.
        pub reserved: [u8; 7],
    }

    /// One member, in order of registration: its index is its bit in a certificate.
    pub struct Member {
        /// BLS key in G2.
        pub pk2: [u8; 128],
        /// Voting weight.
        pub stake: u64,
        /// The member's Solana key.
        pub owner: [u8; 32],
    }
}

const _: () = assert!(size_of::<RollupState>() == 648 && size_of::<RingEntry>() == 56);
const _: () = assert!(size_of::<CommitteeState>() == 192 && size_of::<Member>() == 168);
const _: () = assert!(ROLLUP_LEN == 15_000 && ROLLUP_LEN <= 2 * MAX_GROWTH && RING.is_power_of_two());

/// Every layout with its fields, for the IDL.
pub const LAYOUTS: [(&str, &[Field]); 6] = [
    ("Accepted", Accepted::FIELDS),
    ("Conflict", Conflict::FIELDS),
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

/// Where `height` stands in the ring.
#[inline(always)]
pub const fn ring_index(height: u64) -> usize {
    // A power of two, so that this is the remainder.
    const MASK: u64 = RING as u64 - 1;
    (height & MASK) as usize
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
