//! `open_committee`: an empty committee of an epoch at an address of the stager's own, so that nobody can fill it but them, and
//! nobody can be first with another's.

#![allow(
    unused_variables,
    reason = "Anchor's macro reads the argument once more than it needs it"
)]

use anchor_lang::prelude::*;
use bytemuck::Zeroable;
use rollup_abi::account::{CommitteeState, committee_len};
use rollup_abi::event::CommitteeOpened;

use crate::accounts_data::CommitteeAccount;
use crate::log;

/// Accounts of `open_committee`.
#[allow(
    unused_variables,
    reason = "Anchor's macro parses the argument once more than it needs it"
)]
#[derive(Accounts)]
#[instruction(epoch: u64)]
pub struct OpenCommittee {
    #[account(mut)]
    pub stager: Signer,
    #[account(
        init, payer = stager, space = committee_len(0),
        seeds = [b"committee", &epoch.to_le_bytes(), stager.address().as_ref()], bump
    )]
    pub committee: CommitteeAccount,
    pub system_program: Program<System>,
}

/// The address, which the accounts' declaration checks, says all that is to be validated.
#[inline(always)]
pub(crate) fn handle(accounts: &mut OpenCommittee, epoch: u64) -> Result<()> {
    apply(accounts, epoch);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn apply(accounts: &mut OpenCommittee, epoch: u64) {
    accounts.committee.state = CommitteeState::zeroed();
    accounts.committee.state.epoch = epoch;
    let event = CommitteeOpened {
        epoch,
        committee: *accounts.committee.address().as_array(),
        stager: *accounts.stager.address().as_array(),
    };
    log::event(&event.encode());
}

#[inline(always)]
fn invariant(accounts: &OpenCommittee) {
    assert!(accounts.committee.is_empty() && accounts.committee.state.sealed == 0);
}
