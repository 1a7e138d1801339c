//! `pause`: stops what moves the rollup; the guardian or governance may, at any time. Repeating it changes nothing.

use anchor_lang::prelude::*;
use rollup_abi::event::PauseChanged;

use crate::accounts_data::RollupAccount;
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `pause`.
#[derive(Accounts)]
pub struct Pause {
    pub authority: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut Pause) -> Result<()> {
    validate(accounts)?;
    apply(accounts);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &Pause) -> Result<()> {
    roles::validate_guardian(&accounts.rollup.state, accounts.authority.address().as_array()).map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut Pause) {
    accounts.rollup.state.paused = 1;
    let event = PauseChanged {
        paused: 1,
        by: *accounts.authority.address().as_array(),
    };
    log::event(&event.encode());
}

#[inline(always)]
fn invariant(accounts: &Pause) {
    assert!(accounts.rollup.state.paused == 1);
}
