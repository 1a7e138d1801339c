//! `activate_committee`: governance lets the first committee certify. Every later one is named by the one before it.

use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::account::RING;
use rollup_abi::event::{CommitteeActivated, REASON_FIRST};

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::state::epoch::{self, Named};
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `activate_committee`.
#[derive(Accounts)]
pub struct ActivateCommittee {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut ActivateCommittee) -> Result<()> {
    validate(accounts)?;
    apply(accounts);
    invariant(accounts);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &ActivateCommittee) -> Result<()> {
    let state = &accounts.rollup.state;
    roles::validate_governance(state, accounts.governance.address().as_array()).map_err(refuse)?;
    if accounts.rollup.capacity() < RING {
        return Err(refuse(Refusal::AccountShort));
    }
    epoch::validate_first(state, &named(&accounts.committee)).map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut ActivateCommittee) {
    epoch::apply(&mut accounts.rollup.state, &named(&accounts.committee));
    log::event(&activated(&accounts.rollup, &accounts.committee, REASON_FIRST).encode());
}

#[inline(always)]
fn invariant(accounts: &ActivateCommittee) {
    epoch::invariant(&accounts.rollup.state, &named(&accounts.committee));
}

/// A committee's account as the rules see it.
#[inline(always)]
pub(crate) fn named(committee: &CommitteeAccount) -> Named<'_> {
    Named {
        state: &committee.state,
        address: committee.address().as_array(),
    }
}

/// The event of a committee that begins to certify.
#[inline(always)]
pub(crate) fn activated(
    rollup: &RollupAccount,
    committee: &CommitteeAccount,
    reason: u64,
) -> CommitteeActivated {
    let state = &committee.state;
    CommitteeActivated {
        epoch: state.epoch,
        reason,
        height: rollup.state.last.height,
        total_stake: state.total_stake,
        quorum: state.quorum,
        hash: state.hash,
        committee: *committee.address().as_array(),
    }
}
