//! `seal_committee`: fixes a committee's members, quorum and hash. It certifies nothing by that.

use anchor_lang::prelude::*;
use rollup_abi::event::CommitteeSealed;

use crate::accounts_data::CommitteeAccount;
use crate::instructions::register_member::validate_stager;
use crate::state::committee;
use crate::{log, refuse};

/// Accounts of `seal_committee`.
#[derive(Accounts)]
pub struct SealCommittee {
    pub stager: Signer,
    #[account(mut)]
    pub committee: CommitteeAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut SealCommittee, epoch: u64) -> Result<()> {
    validate(accounts, epoch)?;
    apply(accounts);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &SealCommittee, epoch: u64) -> Result<()> {
    validate_stager(&accounts.committee, accounts.stager.address(), epoch)?;
    committee::validate_sealing(&accounts.committee.state, accounts.committee.as_slice()).map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut SealCommittee) {
    let mut state = accounts.committee.state;
    committee::apply_sealing(&mut state, accounts.committee.as_slice());
    accounts.committee.state = state;
    let event = CommitteeSealed {
        epoch: state.epoch,
        members: accounts.committee.len() as u64,
        total_stake: state.total_stake,
        quorum: state.quorum,
        hash: state.hash,
        committee: *accounts.committee.address().as_array(),
    };
    log::event(&event.encode());
}

#[inline(always)]
fn invariant(accounts: &SealCommittee) {
    committee::invariant(&accounts.committee.state, accounts.committee.as_slice());
}
