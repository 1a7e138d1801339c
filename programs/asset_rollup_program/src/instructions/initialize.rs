//! `initialize`: creates the rollup.

use anchor_lang::accounts::UncheckedAccount;
use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::account::MAX_GROWTH;
use rollup_abi::event::RollupInitialized;

use crate::accounts_data::RollupAccount;
use crate::state::history;
use crate::state::rollup::{self, Genesis};
use crate::{loader, log, refuse};

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub upgrade_authority: Signer,
    #[account(init, payer = upgrade_authority, space = MAX_GROWTH, seeds = [b"rollup"], bump)]
    pub rollup: RollupAccount,
    /// Checked in `validate`: owner, address and content.
    pub program_data: UncheckedAccount,
    pub system_program: Program<System>,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut Initialize, genesis: &Genesis<'_>) -> Result<()> {
    validate(accounts, genesis)?;
    apply(accounts, genesis)?;
    invariant(accounts);
    Ok(())
}

/// Nobody but the upgrade authority may choose the genesis: a stranger could otherwise be first.
#[inline(always)]
fn validate(accounts: &Initialize, genesis: &Genesis<'_>) -> Result<()> {
    let program_data = accounts.program_data.account();
    if !loader::is_program_data(program_data) {
        return Err(refuse(Refusal::NotUpgradeAuthority));
    }
    let authority = accounts.upgrade_authority.address().as_array();
    let data = program_data.try_borrow()?;
    if loader::authority(&data) != Some(authority) {
        return Err(refuse(Refusal::NotUpgradeAuthority));
    }
    rollup::validate_genesis(genesis).map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut Initialize, genesis: &Genesis<'_>) -> Result<()> {
    let clock = Clock::get()?;
    let entry = rollup::apply_genesis(
        &mut accounts.rollup.state,
        genesis,
        clock.slot,
        clock.unix_timestamp,
    );
    accounts.rollup.try_push(entry)?;
    let event = RollupInitialized {
        chain_id: *genesis.chain_id,
        genesis_root: *genesis.genesis_root,
        governance: *genesis.governance,
        guardian: *genesis.guardian,
        delay: genesis.delay,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &Initialize) {
    history::invariant(&accounts.rollup.state, accounts.rollup.as_slice());
}
