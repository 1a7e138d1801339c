//! Who may do what: governance, the guardian, posters; and how roles pass on.

use rollup_abi::ProgramError;
use rollup_abi::account::RollupState;
use rollup_abi::instruction::{GOVERNANCE, GUARDIAN};

const NOBODY: [u8; 32] = [0; 32];

/// Only governance.
#[inline(always)]
pub fn validate_governance(state: &RollupState, signer: &[u8; 32]) -> Result<(), ProgramError> {
    if state.governance == *signer {
        Ok(())
    } else {
        Err(ProgramError::NotGovernance)
    }
}

/// The guardian or governance.
#[inline(always)]
pub fn validate_guardian(state: &RollupState, signer: &[u8; 32]) -> Result<(), ProgramError> {
    if state.guardian == *signer || state.governance == *signer {
        Ok(())
    } else {
        Err(ProgramError::NotGuardian)
    }
}

/// The rollup moves: it has a committee, and is neither frozen nor paused.
#[inline(always)]
pub fn validate_moving(state: &RollupState) -> Result<(), ProgramError> {
    if state.frozen != 0 {
        return Err(ProgramError::Frozen);
    }
    if state.paused != 0 {
        return Err(ProgramError::Paused);
    }
    if state.active == 0 {
        return Err(ProgramError::RollupNotActive);
    }
    Ok(())
}

/// A listed poster; anybody if nobody is listed.
#[inline(always)]
pub fn validate_poster(state: &RollupState, signer: &[u8; 32]) -> Result<(), ProgramError> {
    if state.allows(signer) {
        Ok(())
    } else {
        Err(ProgramError::PosterNotAllowed)
    }
}

/// Refuses a poster that cannot be, or for whom there is no place. One that is listed keeps its place.
#[inline(always)]
pub fn validate_listing(state: &RollupState, poster: &[u8; 32]) -> Result<(), ProgramError> {
    if *poster == NOBODY {
        return Err(ProgramError::PosterZero);
    }
    if state.posters.contains(poster) || state.posters.contains(&NOBODY) {
        Ok(())
    } else {
        Err(ProgramError::PostersFull)
    }
}

/// Lists a poster; true if it was not listed.
#[inline(always)]
pub fn apply_listing(state: &mut RollupState, poster: &[u8; 32]) -> bool {
    if state.posters.contains(poster) {
        return false;
    }
    if let Some(place) = state.posters.iter_mut().find(|place| **place == NOBODY) {
        *place = *poster;
    }
    true
}

/// Revokes a poster; true if it was listed.
#[inline(always)]
pub fn apply_revocation(state: &mut RollupState, poster: &[u8; 32]) -> bool {
    match state.posters.iter_mut().find(|place| *place == poster) {
        Some(place) => {
            *place = NOBODY;
            true
        }
        None => false,
    }
}

/// Refuses a number that is no role.
#[inline(always)]
pub fn validate_role(role: u8) -> Result<(), ProgramError> {
    match role {
        GOVERNANCE | GUARDIAN => Ok(()),
        _ => Err(ProgramError::RoleUnknown),
    }
}

/// Proposes a key and returns when it may accept. A guardian waits as long as a replacement does, so that governance cannot
/// rid itself of a veto at once.
#[inline(always)]
pub fn apply_proposal(state: &mut RollupState, role: u8, key: &[u8; 32], now: i64) -> i64 {
    if role == GOVERNANCE {
        state.proposed_governance = *key;
        return now;
    }
    state.proposed_guardian = *key;
    state.guardian_ready_at = now.saturating_add_unsigned(state.delay);
    state.guardian_ready_at
}

/// Only the proposed key, and a guardian only after the delay.
#[inline(always)]
pub fn validate_acceptance(
    state: &RollupState,
    role: u8,
    signer: &[u8; 32],
    now: i64,
) -> Result<(), ProgramError> {
    validate_role(role)?;
    let (proposed, ready_at) = match role {
        GOVERNANCE => (&state.proposed_governance, now),
        _ => (&state.proposed_guardian, state.guardian_ready_at),
    };
    if proposed != signer || *signer == NOBODY {
        return Err(ProgramError::NotProposed);
    }
    if now < ready_at {
        return Err(ProgramError::TooEarly);
    }
    Ok(())
}

/// The proposed key has the role now. A new governance inherits no proposal of the old one.
#[inline(always)]
pub fn apply_acceptance(state: &mut RollupState, role: u8) {
    if role == GOVERNANCE {
        state.governance = state.proposed_governance;
        state.proposed_governance = NOBODY;
    } else {
        state.guardian = state.proposed_guardian;
    }
    state.proposed_guardian = NOBODY;
    state.guardian_ready_at = 0;
}

/// What must hold after a change of roles.
#[inline(always)]
pub fn invariant(state: &RollupState) {
    assert!(state.governance != NOBODY && state.guardian != NOBODY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn state() -> RollupState {
        let mut state = RollupState::zeroed();
        (state.governance, state.guardian, state.delay) = ([3; 32], [4; 32], 10);
        state
    }

    #[test]
    fn who_is_who() {
        let state = state();
        assert_eq!(validate_governance(&state, &[3; 32]), Ok(()));
        assert_eq!(
            validate_governance(&state, &[4; 32]),
            Err(ProgramError::NotGovernance)
        );
        assert_eq!(
            validate_guardian(&state, &[3; 32]).and(validate_guardian(&state, &[4; 32])),
            Ok(())
        );
        assert_eq!(
            validate_guardian(&state, &[5; 32]),
            Err(ProgramError::NotGuardian)
        );
    }

    #[test]
    fn posters_come_and_go() {
        let mut state = state();
        assert_eq!(
            validate_poster(&state, &[9; 32]),
            Ok(()),
            "nobody is listed: anybody may"
        );
        for n in 1..=8 {
            assert_eq!(validate_listing(&state, &[n; 32]), Ok(()));
            assert!(apply_listing(&mut state, &[n; 32]));
            assert!(!apply_listing(&mut state, &[n; 32]), "twice");
        }
        assert_eq!(validate_listing(&state, &[9; 32]), Err(ProgramError::PostersFull));
        assert_eq!(validate_listing(&state, &[8; 32]), Ok(()), "has its place");
        assert_eq!(validate_listing(&state, &NOBODY), Err(ProgramError::PosterZero));
        for stranger in [NOBODY, [9; 32]] {
            assert_eq!(
                validate_poster(&state, &stranger),
                Err(ProgramError::PosterNotAllowed)
            );
        }
        assert!(apply_revocation(&mut state, &[3; 32]) && !apply_revocation(&mut state, &[3; 32]));
        assert_eq!(
            validate_poster(&state, &[3; 32]),
            Err(ProgramError::PosterNotAllowed)
        );
        assert_eq!(
            validate_poster(&state, &NOBODY),
            Err(ProgramError::PosterNotAllowed),
            "a free place is nobody's"
        );
    }

    #[test]
    fn a_guardian_waits_and_governance_does_not() {
        let mut state = state();
        assert_eq!(apply_proposal(&mut state, GOVERNANCE, &[5; 32], 100), 100);
        assert_eq!(apply_proposal(&mut state, GUARDIAN, &[6; 32], 100), 110);
        for (role, signer, now, expected) in [
            (GOVERNANCE, [5; 32], 100, Ok(())),
            (GOVERNANCE, [6; 32], 100, Err(ProgramError::NotProposed)),
            (GUARDIAN, [6; 32], 109, Err(ProgramError::TooEarly)),
            (GUARDIAN, [6; 32], 110, Ok(())),
            (GUARDIAN, [5; 32], 110, Err(ProgramError::NotProposed)),
            (2, [5; 32], 110, Err(ProgramError::RoleUnknown)),
        ] {
            assert_eq!(
                validate_acceptance(&state, role, &signer, now),
                expected,
                "{role} {now}"
            );
        }
        apply_acceptance(&mut state, GOVERNANCE);
        assert_eq!((state.governance, state.guardian), ([5; 32], [4; 32]));
        assert_eq!(
            validate_acceptance(&state, GUARDIAN, &[6; 32], 110),
            Err(ProgramError::NotProposed),
            "the old governance's proposal is gone"
        );
        assert_eq!(
            validate_acceptance(&state, GOVERNANCE, &NOBODY, 110),
            Err(ProgramError::NotProposed)
        );
    }
}
