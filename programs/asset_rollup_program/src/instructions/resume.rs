//! `resume`: ends a pause; only governance may. Repeating it changes nothing.

use anchor_lang::prelude::*;
use rollup_abi::event::PauseChanged;

use crate::accounts_data::RollupAccount;
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `resume`.
#[derive(Accounts)]
pub struct Resume {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut Resume) -> Result<()> {
    validate(accounts)?;
    apply(accounts);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &Resume) -> Result<()> {
    roles::validate_governance(&accounts.rollup.state, accounts.governance.address().as_array())
        .map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut Resume) {
    accounts.rollup.state.paused = 0;
    let event = PauseChanged {
        paused: 0,
        by: *accounts.governance.address().as_array(),
    };
    log::event(&event.encode());
}

#[inline(always)]
fn invariant(accounts: &Resume) {
    assert!(accounts.rollup.state.paused == 0);
}
