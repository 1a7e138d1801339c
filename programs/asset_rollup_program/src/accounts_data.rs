//! The program's accounts: rollup-abi's layouts under Anchor's discriminators.

use anchor_lang::accounts::Slab;
use anchor_lang::prelude::*;
use rollup_abi::account::{CommitteeState, Member, RingEntry, RollupState};

/// Head of the rollup's account.
#[account]
pub struct Rollup {
    pub state: RollupState,
}

/// Head of a committee's account.
#[account]
pub struct Committee {
    pub state: CommitteeState,
}

/// The rollup's account with its root history.
pub type RollupAccount = Slab<Rollup, RingEntry>;
/// A committee's account with its members.
pub type CommitteeAccount = Slab<Committee, Member>;
