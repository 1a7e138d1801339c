//! Which committee certifies: the first, the next, or one in its place.

use rollup_abi::ProgramError;
use rollup_abi::account::{CommitteeState, RollupState};

/// What a committee's account says of itself, and where it is.
pub struct Named<'a> {
    pub state: &'a CommitteeState,
    pub address: &'a [u8; 32],
}

/// Refuses to begin with a committee that is not whole or not of the first epoch, or to begin twice.
#[inline(always)]
pub fn validate_first(state: &RollupState, first: &Named<'_>) -> Result<(), ProgramError> {
    if state.active != 0 {
        return Err(ProgramError::RollupActive);
    }
    validate_sealed(first, state.epoch)
}

/// Whether this committee took over already: repeating the hand-over has no effect.
#[inline(always)]
pub fn took_over(state: &RollupState, next: &Named<'_>) -> bool {
    state.active != 0 && state.committee == *next.address
}

/// Refuses any committee but the one that the epoch's last block names, which its own committee certified.
#[inline(always)]
pub fn validate_hand_over(state: &RollupState, next: &Named<'_>) -> Result<(), ProgramError> {
    if state.active == 0 {
        return Err(ProgramError::RollupNotActive);
    }
    if !has_ended(state) {
        return Err(ProgramError::EpochNotEnded);
    }
    validate_sealed(next, state.epoch.wrapping_add(1))?;
    if next.state.hash != state.last.next_committee {
        return Err(ProgramError::CommitteeHash);
    }
    Ok(())
}

/// Refuses a committee that is not sealed, or of another epoch.
#[inline(always)]
pub fn validate_sealed(committee: &Named<'_>, epoch: u64) -> Result<(), ProgramError> {
    if committee.state.epoch != epoch {
        return Err(ProgramError::WrongEpoch);
    }
    if committee.state.sealed == 0 {
        return Err(ProgramError::CommitteeNotSealed);
    }
    Ok(())
}

/// Whether the epoch's last block was accepted, so that its committee has nothing more to certify.
#[inline(always)]
pub fn has_ended(state: &RollupState) -> bool {
    state.last.next_committee != [0; 32]
}

/// From here on this committee certifies, and no other.
#[inline(always)]
pub fn apply(state: &mut RollupState, committee: &Named<'_>) {
    state.active = 1;
    state.epoch = committee.state.epoch;
    state.committee = *committee.address;
    state.last.next_committee = [0; 32];
}

/// What must hold after a change of committees.
#[inline(always)]
pub fn invariant(state: &RollupState, committee: &Named<'_>) {
    let now = committee.state;
    assert!(state.active == 1 && state.epoch == now.epoch && state.committee == *committee.address);
    assert!(now.sealed == 1 && now.quorum > now.total_stake / 2 && !has_ended(state));
}
