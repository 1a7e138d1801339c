//! `schedule_replacement`: governance announces that another committee takes the next epoch, whatever the present one certifies.

use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::event::ReplacementScheduled;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::instructions::activate_committee::named;
use crate::state::{replacement, roles};
use crate::{log, refuse};

/// Accounts of `schedule_replacement`.
#[derive(Accounts)]
pub struct ScheduleReplacement {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut ScheduleReplacement) -> Result<()> {
    validate(accounts)?;
    apply(accounts)?;
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &ScheduleReplacement) -> Result<()> {
    let state = &accounts.rollup.state;
    roles::validate_governance(state, accounts.governance.address().as_array())
        .and_then(|()| replacement::validate_schedule(state, &named(&accounts.committee)))
        .map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut ScheduleReplacement) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    replacement::apply_schedule(&mut accounts.rollup.state, &named(&accounts.committee), now);
    let scheduled = &accounts.rollup.state.replacement;
    let event = ReplacementScheduled {
        epoch: scheduled.epoch,
        ready_at: scheduled.ready_at,
        hash: scheduled.hash,
        committee: scheduled.committee,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &ScheduleReplacement) {
    let state = &accounts.rollup.state;
    assert!(replacement::is_scheduled(state) && state.replacement.committee != state.committee);
}
