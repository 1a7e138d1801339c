//! `migrate`: brings the rollup's account to the program's state version. It takes several calls, since one can give the account
//! 10,240 bytes only; the account keeps its version until the last. Anybody may pay: there is nothing to choose.

use anchor_lang::accounts::UncheckedAccount;
use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::account::{MAX_GROWTH, ROLLUP_LEN, STATE_VERSION, state_version};
use rollup_abi::event::{RollupGrown, StateMigrated};

use crate::state::migration;
use crate::{log, refuse};

/// Accounts of `migrate`. The rollup's is not of the program's version: owner and version are checked here.
#[derive(Accounts)]
pub struct Migrate {
    #[account(mut)]
    pub payer: Signer,
    #[account(mut)]
    pub rollup: UncheckedAccount,
    pub system_program: Program<System>,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut Migrate) -> Result<()> {
    let from = validate(accounts)?;
    if from != STATE_VERSION {
        apply(accounts, from)?;
    }
    Ok(())
}

/// The account's version, if there is a way from it to the program's.
#[inline(always)]
fn validate(accounts: &Migrate) -> Result<u64> {
    let rollup = accounts.rollup.account();
    if !rollup.owned_by(&crate::ID) {
        return Err(Error::IllegalOwner);
    }
    match state_version(&rollup.try_borrow()?) {
        Some(version @ (1 | STATE_VERSION)) => Ok(version),
        Some(_) => Err(refuse(Refusal::StateVersion)),
        None => Err(Error::InvalidAccountData),
    }
}

#[inline(always)]
fn apply(accounts: &mut Migrate, from: u64) -> Result<()> {
    let mut rollup = *accounts.rollup.account();
    let len = rollup.data_len();
    if len < ROLLUP_LEN {
        let len = len.wrapping_add(MAX_GROWTH).min(ROLLUP_LEN);
        anchor_lang::realloc_account(&mut rollup, len, accounts.payer.account(), true)?;
        log::event(&RollupGrown { bytes: len as u64 }.encode());
    }
    let mut data = rollup.try_borrow_mut()?;
    // Short of its length, it needs another call.
    let Some(data) = data.first_chunk_mut() else {
        return Ok(());
    };
    let epoch = [0; 8];
    let committee = find_program_address(&[b"committee", &epoch], &crate::ID).0;
    migration::from_v1(data, committee.as_array());
    let event = StateMigrated {
        from,
        to: STATE_VERSION,
    };
    log::event(&event.encode());
    assert!(state_version(data) == Some(STATE_VERSION));
    Ok(())
}
