//! The program's accounts as they were read, with the slot of the reading.

use rollup_abi::Digest;
use rollup_abi::account::{
    AccountError, CommitteeRef, CommitteeState, Member, RingEntry, RollupRef, RollupState,
};
use solana_pubkey::Pubkey;

/// The rollup's account at one slot.
#[derive(Clone, Debug)]
pub struct RollupAccount {
    /// Slot that the RPC node answered for.
    pub observed_slot: u64,
    /// The head.
    pub state: RollupState,
    data: Vec<u8>,
}

impl RollupAccount {
    /// Reads the account's data.
    pub fn read(observed_slot: u64, data: Vec<u8>) -> Result<Self, AccountError> {
        let state = RollupRef::read(&data)?.state;
        Ok(Self {
            observed_slot,
            state,
            data,
        })
    }

    /// The accepted root of `height`, while the account's ring holds it.
    pub fn root_at(&self, height: u64) -> Option<RingEntry> {
        RollupRef::read(&self.data).ok()?.root_at(height)
    }

    /// Whether `poster` may post: it is listed, or nobody is.
    pub fn allows(&self, poster: &[u8; 32]) -> bool {
        self.state.allows(poster)
    }

    /// Address of the account of the committee that certifies; zero before the first.
    pub fn committee(&self) -> Pubkey {
        Pubkey::new_from_array(self.state.committee)
    }

    /// Hash of the committee that has to take over before anything else is accepted, if the epoch has ended.
    pub fn awaited(&self) -> Option<Digest> {
        let next = self.state.last.next_committee;
        (next != [0; 32]).then_some(next)
    }

    /// Bytes that the account has; it may still be short of [`rollup_abi::account::ROLLUP_LEN`].
    pub(crate) fn data_len(&self) -> usize {
        self.data.len()
    }
}

/// A committee's account.
#[derive(Clone, Debug)]
pub struct CommitteeAccount {
    /// The head.
    pub state: CommitteeState,
    /// The members; the index is the bit in a certificate.
    pub members: Vec<Member>,
}

impl CommitteeAccount {
    /// Reads the account's data.
    pub fn read(data: &[u8]) -> Result<Self, AccountError> {
        let read = CommitteeRef::read(data)?;
        Ok(Self {
            state: read.state,
            members: read.members().collect(),
        })
    }
}
