//! A committee that governance puts in place of the next one, after a delay in which the guardian may veto.

use rollup_abi::ProgramError;
use rollup_abi::account::{Replacement, RollupState};

use crate::state::epoch::{self, Named};

/// Refuses a committee that could not take the next epoch, and a second announcement beside the first.
#[inline(always)]
pub fn validate_schedule(state: &RollupState, committee: &Named<'_>) -> Result<(), ProgramError> {
    if state.active == 0 {
        return Err(ProgramError::RollupNotActive);
    }
    if is_scheduled(state) {
        return Err(ProgramError::AlreadyScheduled);
    }
    epoch::validate_sealed(committee, state.epoch.wrapping_add(1))
}

/// Announces it.
#[inline(always)]
pub fn apply_schedule(state: &mut RollupState, committee: &Named<'_>, now: i64) {
    state.replacement = Replacement {
        committee: *committee.address,
        hash: committee.state.hash,
        epoch: committee.state.epoch,
        ready_at: now.saturating_add_unsigned(state.delay),
    };
}

/// Whether something is announced.
#[inline(always)]
pub fn is_scheduled(state: &RollupState) -> bool {
    state.replacement.committee != [0; 32]
}

/// Refuses a veto of nothing.
#[inline(always)]
pub fn validate_veto(state: &RollupState) -> Result<(), ProgramError> {
    if is_scheduled(state) {
        Ok(())
    } else {
        Err(ProgramError::NothingScheduled)
    }
}

/// Takes the announcement back and returns it.
#[inline(always)]
pub fn take(state: &mut RollupState) -> Replacement {
    let was = state.replacement;
    state.replacement = bytemuck::Zeroable::zeroed();
    was
}

/// Refuses what was not announced, is not due, or is no longer of the next epoch.
#[inline(always)]
pub fn validate_execute(state: &RollupState, committee: &Named<'_>, now: i64) -> Result<(), ProgramError> {
    validate_veto(state)?;
    if state.replacement.committee != *committee.address {
        return Err(ProgramError::WrongCommittee);
    }
    if now < state.replacement.ready_at {
        return Err(ProgramError::TooEarly);
    }
    epoch::validate_sealed(committee, state.epoch.wrapping_add(1))
}

/// The announced committee certifies from the last accepted block on; a freeze is over.
#[inline(always)]
pub fn apply_execute(state: &mut RollupState, committee: &Named<'_>) {
    take(state);
    epoch::apply(state, committee);
    state.frozen = 0;
}
