//! `veto_replacement`: the guardian, or governance itself, takes an announced replacement back.

use anchor_lang::prelude::*;
use rollup_abi::event::ReplacementVetoed;

use crate::accounts_data::RollupAccount;
use crate::state::{replacement, roles};
use crate::{log, refuse};

/// Accounts of `veto_replacement`.
#[derive(Accounts)]
pub struct VetoReplacement {
    pub authority: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut VetoReplacement) -> Result<()> {
    validate(accounts)?;
    apply(accounts);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &VetoReplacement) -> Result<()> {
    let state = &accounts.rollup.state;
    roles::validate_guardian(state, accounts.authority.address().as_array())
        .and_then(|()| replacement::validate_veto(state))
        .map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut VetoReplacement) {
    let vetoed = replacement::take(&mut accounts.rollup.state);
    let event = ReplacementVetoed {
        epoch: vetoed.epoch,
        committee: vetoed.committee,
        by: *accounts.authority.address().as_array(),
    };
    log::event(&event.encode());
}

#[inline(always)]
fn invariant(accounts: &VetoReplacement) {
    assert!(!replacement::is_scheduled(&accounts.rollup.state));
}
