//! `execute_replacement`: puts the announced committee in after the delay. This alone ends a freeze.

use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::event::REASON_REPLACEMENT;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::instructions::activate_committee::{activated, named};
use crate::state::{epoch, replacement, roles};
use crate::{log, refuse};

/// Accounts of `execute_replacement`.
#[derive(Accounts)]
pub struct ExecuteReplacement {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut ExecuteReplacement) -> Result<()> {
    validate(accounts)?;
    apply(accounts);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &ExecuteReplacement) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let state = &accounts.rollup.state;
    roles::validate_governance(state, accounts.governance.address().as_array())
        .and_then(|()| replacement::validate_execute(state, &named(&accounts.committee), now))
        .map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut ExecuteReplacement) {
    replacement::apply_execute(&mut accounts.rollup.state, &named(&accounts.committee));
    log::event(&activated(&accounts.rollup, &accounts.committee, REASON_REPLACEMENT).encode());
}

#[inline(always)]
fn invariant(accounts: &ExecuteReplacement) {
    let state = &accounts.rollup.state;
    epoch::invariant(state, &named(&accounts.committee));
    assert!(state.frozen == 0 && !replacement::is_scheduled(state));
}
