//! The program's accounts: rollup-abi's layouts under Anchor's discriminators.
//!
//! Only `initialize` writes the rollup's discriminator, and only once, at the one address that it can. So the account of this
//! owner and discriminator is the rollup, and no other instruction derives its address again. A committee's account is the same
//! kind of thing: only `open_committee` makes one; whose it is, its address tells.

use anchor_lang::accounts::{Slab, SlabInit};
use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::account::{
    CommitteeState, Member, ROLLUP_DISCRIMINATOR, RingEntry, RollupState, STATE_VERSION, state_version,
};

use crate::refuse;

/// Head of the rollup's account. Declared by hand: it refuses a rollup of another state version with its own code.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
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

impl Discriminator for Rollup {
    const DISCRIMINATOR: &'static [u8] = &ROLLUP_DISCRIMINATOR;
}

impl SlabSchema for Rollup {
    const DATA_OFFSET: usize = ROLLUP_DISCRIMINATOR.len();
    const MIN_DATA_LEN: usize = ROLLUP_DISCRIMINATOR.len() + size_of::<RollupState>();

    #[inline(always)]
    fn validate(view: &AccountView, data: &[u8]) -> Result<()> {
        if !view.owned_by(&crate::ID) {
            return Err(Error::IllegalOwner);
        }
        match state_version(data) {
            Some(STATE_VERSION) if data.len() >= Self::MIN_DATA_LEN => Ok(()),
            Some(STATE_VERSION) | None => Err(Error::InvalidAccountData),
            Some(_) => Err(refuse(Refusal::StateVersion)),
        }
    }
}

impl SlabInit for Rollup {
    type Params<'a> = ();

    #[inline(always)]
    fn create_and_initialize<'a>(
        payer: &AccountView,
        account: &AccountView,
        space: usize,
        _: &(),
        signer_seeds: Option<&[&[u8]]>,
        payer_signer_seeds: Option<&[&[u8]]>,
    ) -> Result<()> {
        anchor_lang::create_account_with_signers(
            payer,
            account,
            space,
            &crate::ID,
            signer_seeds,
            payer_signer_seeds,
        )?;
        let mut account = *account;
        account.try_borrow_mut()?[..Self::DATA_OFFSET].copy_from_slice(&ROLLUP_DISCRIMINATOR);
        Ok(())
    }
}
