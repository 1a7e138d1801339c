//! `activate_committee`: closes the committee and lets it certify roots.

use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::account::RING;
use rollup_abi::event::CommitteeActivated;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::state::{committee, rollup};
use crate::{log, refuse};

/// Accounts of `activate_committee`.
#[derive(Accounts)]
pub struct ActivateCommittee {
    #[account(mut)]
    pub governance: Signer,
    #[account(mut, seeds = [b"rollup"], bump)]
    pub rollup: RollupAccount,
    #[account(mut)]
    pub committee: CommitteeAccount,
    pub system_program: Program<System>,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut ActivateCommittee, epoch: u64) -> Result<()> {
    validate(accounts, epoch)?;
    apply(accounts)?;
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &ActivateCommittee, epoch: u64) -> Result<()> {
    let state = &accounts.rollup.state;
    rollup::validate_governance(state, accounts.governance.address().as_array()).map_err(refuse)?;
    if epoch != state.epoch || accounts.committee.state.epoch != epoch {
        return Err(refuse(Refusal::WrongEpoch));
    }
    committee::validate_activation(&accounts.committee.state, accounts.committee.as_slice()).map_err(refuse)
}

/// Also gives the rollup's account the rest of its length: one instruction could not allocate all of it.
#[inline(always)]
fn apply(accounts: &mut ActivateCommittee) -> Result<()> {
    accounts.rollup.resize_to_capacity(RING as u32)?;
    accounts.rollup.top_up(accounts.governance.account())?;
    accounts.rollup.state.active = 1;
    let mut state = accounts.committee.state;
    committee::apply_activation(&mut state, accounts.committee.as_slice());
    accounts.committee.state = state;
    let event = CommitteeActivated {
        epoch: state.epoch,
        members: accounts.committee.len() as u64,
        total_stake: state.total_stake,
        quorum: state.quorum,
        hash: state.hash,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &ActivateCommittee) {
    committee::invariant(&accounts.committee.state, accounts.committee.as_slice());
    assert!(accounts.rollup.capacity() == RING);
}
