//! The rollup's configuration: genesis, roles, pause.

use bytemuck::Zeroable;
use rollup_abi::ProgramError;
use rollup_abi::account::{RingEntry, RollupState};
use rollup_abi::roots;

/// What `initialize` sets.
pub struct Genesis<'a> {
    pub chain_id: &'a [u8; 32],
    pub genesis_root: &'a [u8; 32],
    pub governance: &'a [u8; 32],
    pub guardian: &'a [u8; 32],
    pub posters: &'a [[u8; 32]; 8],
}

const ZERO: [u8; 32] = [0; 32];

/// Refuses a genesis that nobody could run.
#[inline(always)]
pub fn validate_genesis(genesis: &Genesis<'_>) -> Result<(), ProgramError> {
    if *genesis.chain_id == ZERO || *genesis.governance == ZERO || *genesis.guardian == ZERO {
        return Err(ProgramError::RoleZero);
    }
    if genesis.posters.iter().all(|poster| *poster == ZERO) {
        return Err(ProgramError::NoPoster);
    }
    Ok(())
}

/// Writes the state of height 0 and returns its ring entry.
#[inline(always)]
pub fn apply_genesis(state: &mut RollupState, genesis: &Genesis<'_>, slot: u64, unix_time: i64) -> RingEntry {
    *state = RollupState::zeroed();
    state.chain_id = *genesis.chain_id;
    state.genesis_root = *genesis.genesis_root;
    state.governance = *genesis.governance;
    state.guardian = *genesis.guardian;
    state.posters = *genesis.posters;
    state.last.slot = slot;
    state.last.unix_time = unix_time;
    state.last.state_root = *genesis.genesis_root;
    state.last.roots_acc = roots::genesis(genesis.genesis_root);
    RingEntry {
        height: 0,
        slot,
        unix_time,
        state_root: *genesis.genesis_root,
    }
}

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
pub fn validate_pause(state: &RollupState, signer: &[u8; 32]) -> Result<(), ProgramError> {
    if state.guardian == *signer || state.governance == *signer {
        Ok(())
    } else {
        Err(ProgramError::NotGuardian)
    }
}

/// A listed poster, and the rollup takes roots.
#[inline(always)]
pub fn validate_poster(state: &RollupState, signer: &[u8; 32]) -> Result<(), ProgramError> {
    if state.frozen != 0 {
        return Err(ProgramError::Frozen);
    }
    if state.paused != 0 {
        return Err(ProgramError::Paused);
    }
    if *signer == ZERO || !state.posters.contains(signer) {
        return Err(ProgramError::PosterNotAllowed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genesis<'a>(posters: &'a [[u8; 32]; 8], chain_id: &'a [u8; 32]) -> Genesis<'a> {
        Genesis {
            chain_id,
            genesis_root: &[2; 32],
            governance: &[3; 32],
            guardian: &[4; 32],
            posters,
        }
    }

    #[test]
    fn genesis_needs_roles_and_a_poster() {
        let mut posters = [ZERO; 8];
        assert_eq!(
            validate_genesis(&genesis(&posters, &[1; 32])),
            Err(ProgramError::NoPoster)
        );
        posters[7] = [5; 32];
        assert_eq!(validate_genesis(&genesis(&posters, &[1; 32])), Ok(()));
        assert_eq!(
            validate_genesis(&genesis(&posters, &ZERO)),
            Err(ProgramError::RoleZero)
        );
    }

    #[test]
    fn roles() {
        let mut posters = [ZERO; 8];
        posters[0] = [5; 32];
        let mut state = RollupState::zeroed();
        let entry = apply_genesis(&mut state, &genesis(&posters, &[1; 32]), 6, 7);
        assert_eq!((entry.height, entry.slot, entry.state_root), (0, 6, [2; 32]));
        assert_eq!(state.last.roots_acc, roots::genesis(&[2; 32]));
        assert_eq!(validate_governance(&state, &[3; 32]), Ok(()));
        assert_eq!(
            validate_governance(&state, &[4; 32]),
            Err(ProgramError::NotGovernance)
        );
        assert_eq!(
            validate_pause(&state, &[3; 32]).and(validate_pause(&state, &[4; 32])),
            Ok(())
        );
        assert_eq!(validate_pause(&state, &[5; 32]), Err(ProgramError::NotGuardian));
        assert_eq!(validate_poster(&state, &[5; 32]), Ok(()));
        for stranger in [ZERO, [6; 32]] {
            assert_eq!(
                validate_poster(&state, &stranger),
                Err(ProgramError::PosterNotAllowed)
            );
        }
        state.paused = 1;
        assert_eq!(validate_poster(&state, &[5; 32]), Err(ProgramError::Paused));
        state.frozen = 1;
        assert_eq!(validate_poster(&state, &[5; 32]), Err(ProgramError::Frozen));
    }
}
