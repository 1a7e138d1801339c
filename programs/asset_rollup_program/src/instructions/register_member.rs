//! `register_member`: adds a member to a committee that is not sealed yet.

use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::event::MemberRegistered;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::curve::Syscalls;
use crate::state::committee::{self, Registration};
use crate::{log, refuse};

/// Accounts of `register_member`.
#[derive(Accounts)]
pub struct RegisterMember {
    #[account(mut)]
    pub stager: Signer,
    pub rollup: RollupAccount,
    #[account(mut)]
    pub committee: CommitteeAccount,
    pub system_program: Program<System>,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut RegisterMember, new: &Registration<'_>) -> Result<()> {
    validate(accounts, new)?;
    apply(accounts, new)?;
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &RegisterMember, new: &Registration<'_>) -> Result<()> {
    validate_stager(&accounts.committee, accounts.stager.address(), new.epoch)?;
    committee::validate_registration::<Syscalls>(
        &accounts.committee.state,
        accounts.committee.as_slice(),
        &accounts.rollup.state.chain_id,
        new,
    )
    .map_err(refuse)
}

/// Only whoever opened a committee may change it: the account stands at the address of its epoch and stager.
#[inline(always)]
pub(crate) fn validate_stager(committee: &CommitteeAccount, stager: &Address, epoch: u64) -> Result<()> {
    let seeds: [&[u8]; 3] = [b"committee", &epoch.to_le_bytes(), stager.as_ref()];
    if *committee.address() == find_program_address(&seeds, &crate::ID).0 {
        Ok(())
    } else {
        Err(refuse(Refusal::NotStager))
    }
}

#[inline(always)]
fn apply(accounts: &mut RegisterMember, new: &Registration<'_>) -> Result<()> {
    let member =
        committee::apply_registration::<Syscalls>(&mut accounts.committee.state, new).map_err(refuse)?;
    let index = accounts.committee.len();
    // At most MAX_MEMBERS, which validate has checked.
    accounts
        .committee
        .resize_to_capacity((index as u32).wrapping_add(1))?;
    accounts.committee.top_up(accounts.stager.account())?;
    accounts.committee.try_push(member)?;
    let event = MemberRegistered {
        epoch: new.epoch,
        index: index as u64,
        stake: new.stake,
        owner: *new.owner,
        committee: *accounts.committee.address().as_array(),
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &RegisterMember) {
    committee::invariant(&accounts.committee.state, accounts.committee.as_slice());
}
