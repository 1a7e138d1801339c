//! `close_committee`: gives a committee that certifies nothing, and is not scheduled to, up; its rent goes back to its stager.

use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::event::CommitteeClosed;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::instructions::register_member::validate_stager;
use crate::{log, refuse};

/// Accounts of `close_committee`.
#[derive(Accounts)]
pub struct CloseCommittee {
    #[account(mut)]
    pub stager: Signer,
    pub rollup: RollupAccount,
    #[account(mut, close = stager)]
    pub committee: CommitteeAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut CloseCommittee, epoch: u64) -> Result<()> {
    validate(accounts, epoch)?;
    apply(accounts, epoch);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &CloseCommittee, epoch: u64) -> Result<()> {
    validate_stager(&accounts.committee, accounts.stager.address(), epoch)?;
    let (state, address) = (&accounts.rollup.state, accounts.committee.address().as_array());
    if state.committee == *address || state.replacement.committee == *address {
        return Err(refuse(Refusal::CommitteeInUse));
    }
    Ok(())
}

/// The account itself is closed after this, as its declaration says.
#[inline(always)]
fn apply(accounts: &CloseCommittee, epoch: u64) {
    let event = CommitteeClosed {
        epoch,
        committee: *accounts.committee.address().as_array(),
    };
    log::event(&event.encode());
}
