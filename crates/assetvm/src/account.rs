//! What the state holds beside programs: accounts and one metadata cell; and what a block changes.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::{Digest, tree};

use crate::{Address, Amount, EntryId, Nonce, Program, Roster};

/// An account, or what a program owns. One with balance 0 and nonce 0 is the same as none, and is not stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// What it owns.
    pub balance: Amount,
    /// The nonce of its next transaction: the count of those it has sent.
    pub nonce: Nonce,
}

impl Account {
    /// Whether it is the same as no account.
    pub fn is_vacant(&self) -> bool {
        *self == Self::default()
    }

    /// The hash of its value in the state tree.
    pub fn value_hash(&self) -> Digest {
        tree::account_value_hash(self.balance.base_units(), self.nonce.get())
    }
}

/// The chain's totals. Always: balances + fees collected = total supply = minted − burnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Metadata {
    /// What exists: every balance and the collected fees. Never above the supply cap.
    pub total_supply: Amount,
    /// Fees paid so far. They belong to no account: out of circulation until a rule says who receives them.
    pub fees_collected: Amount,
    /// Base units minted since genesis, genesis included. Wider than a balance: minting and burning may alternate forever.
    pub minted: u128,
    /// Base units burnt since genesis.
    pub burnt: u128,
}

impl Metadata {
    /// The hash of its value in the state tree.
    pub fn value_hash(&self) -> Digest {
        tree::value_hash(&borsh::to_vec(self).expect("writing to memory does not fail"))
    }
}

/// What a block changed: what storage has to write to get from the state before it to the state after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Touched accounts with their new value, by address, each once; `None` if the account is vacant now.
    pub accounts: Vec<(Address, Option<Account>)>,
    /// Touched programs, by address, each once; `None` if the program is closed.
    pub programs: Vec<(Address, Option<Program>)>,
    /// Touched storage entries, by program and key, each once; `None` if there is nothing any more.
    pub entries: Vec<(EntryId, Option<Vec<u8>>)>,
    /// The roster after the block, if it is another.
    pub roster: Option<Arc<Roster>>,
    /// The totals after the block.
    pub metadata: Metadata,
}
