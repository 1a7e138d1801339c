//! `hand_over`: the next committee begins to certify. Its hash stands in the epoch's last block, which the outgoing committee
//! certified and `submit_roots` accepted, so that anybody may call it and nobody can name another committee.

use anchor_lang::prelude::*;
use rollup_abi::event::REASON_HAND_OVER;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::instructions::activate_committee::{activated, named};
use crate::state::{epoch, roles};
use crate::{log, refuse};

/// Accounts of `hand_over`.
#[derive(Accounts)]
pub struct HandOver {
    #[account(mut)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

/// Repeating it has no effect.
#[inline(always)]
pub(crate) fn handle(accounts: &mut HandOver) -> Result<()> {
    if validate(accounts)? {
        apply(accounts);
        invariant(accounts);
    }
    Ok(())
}

#[inline(always)]
fn validate(accounts: &HandOver) -> Result<bool> {
    let (state, next) = (&accounts.rollup.state, named(&accounts.committee));
    if epoch::took_over(state, &next) {
        return Ok(false);
    }
    roles::validate_moving(state).map_err(refuse)?;
    epoch::validate_hand_over(state, &next).map_err(refuse)?;
    Ok(true)
}

#[inline(always)]
fn apply(accounts: &mut HandOver) {
    epoch::apply(&mut accounts.rollup.state, &named(&accounts.committee));
    log::event(&activated(&accounts.rollup, &accounts.committee, REASON_HAND_OVER).encode());
}

#[inline(always)]
fn invariant(accounts: &HandOver) {
    epoch::invariant(&accounts.rollup.state, &named(&accounts.committee));
}
