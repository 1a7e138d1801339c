//! `register_member`: adds a member to a committee that is not active yet.

use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::event::MemberRegistered;

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::curve::Syscalls;
use crate::state::committee::{self, Registration};
use crate::state::rollup;
use crate::{log, refuse};

/// Accounts of `register_member`.
#[derive(Accounts)]
pub struct RegisterMember {
    #[account(mut)]
    pub governance: Signer,
    #[account(seeds = [b"rollup"], bump)]
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
    let state = &accounts.rollup.state;
    rollup::validate_governance(state, accounts.governance.address().as_array()).map_err(refuse)?;
    if new.epoch != state.epoch || accounts.committee.state.epoch != new.epoch {
        return Err(refuse(Refusal::WrongEpoch));
    }
    committee::validate_registration::<Syscalls>(
        &accounts.committee.state,
        accounts.committee.as_slice(),
        &state.chain_id,
        new,
    )
    .map_err(refuse)
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
    accounts.committee.top_up(accounts.governance.account())?;
    accounts.committee.try_push(member)?;
    let event = MemberRegistered {
        epoch: new.epoch,
        index: index as u64,
        stake: new.stake,
        owner: *new.owner,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &RegisterMember) {
    committee::invariant(&accounts.committee.state, accounts.committee.as_slice());
}
