//! The rollup's genesis and its record of releases.

use rollup_abi::account::{MAX_DELAY, Release, RingEntry, RollupState, STATE_VERSION, release_index};
use rollup_abi::{ProgramError, roots};

/// What `initialize` sets.
pub struct Genesis<'a> {
    pub chain_id: &'a [u8; 32],
    pub genesis_root: &'a [u8; 32],
    pub governance: &'a [u8; 32],
    pub guardian: &'a [u8; 32],
    pub delay: u64,
    pub posters: &'a [[u8; 32]; 8],
}

const ZERO: [u8; 32] = [0; 32];

/// Refuses a genesis that nobody could run.
#[inline(always)]
pub fn validate_genesis(genesis: &Genesis<'_>) -> Result<(), ProgramError> {
    if *genesis.chain_id == ZERO || *genesis.governance == ZERO || *genesis.guardian == ZERO {
        return Err(ProgramError::RoleZero);
    }
    if genesis.delay == 0 || genesis.delay > MAX_DELAY {
        return Err(ProgramError::DelayRange);
    }
    Ok(())
}

/// Writes the state of height 0 into a new account, which is zero, and returns its ring entry.
#[inline(always)]
pub fn apply_genesis(state: &mut RollupState, genesis: &Genesis<'_>, slot: u64, unix_time: i64) -> RingEntry {
    state.state_version = STATE_VERSION;
    state.chain_id = *genesis.chain_id;
    state.genesis_root = *genesis.genesis_root;
    state.governance = *genesis.governance;
    state.guardian = *genesis.guardian;
    state.delay = genesis.delay;
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
        leaf: ZERO,
        history_root: ZERO,
    }
}

/// Puts a release in the oldest one's place.
#[inline(always)]
pub fn apply_release(state: &mut RollupState, release: Release) {
    state.releases[release_index(state.release_count)] = release;
    state.release_count = state.release_count.wrapping_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn genesis<'a>(delay: u64, chain_id: &'a [u8; 32]) -> Genesis<'a> {
        Genesis {
            chain_id,
            genesis_root: &[2; 32],
            governance: &[3; 32],
            guardian: &[4; 32],
            delay,
            posters: &[ZERO; 8],
        }
    }

    #[test]
    fn genesis_needs_roles_and_a_delay() {
        for (delay, chain_id, expected) in [
            (1, [1; 32], Ok(())),
            (MAX_DELAY, [1; 32], Ok(())),
            (0, [1; 32], Err(ProgramError::DelayRange)),
            (MAX_DELAY + 1, [1; 32], Err(ProgramError::DelayRange)),
            (1, ZERO, Err(ProgramError::RoleZero)),
        ] {
            assert_eq!(validate_genesis(&genesis(delay, &chain_id)), expected, "{delay}");
        }
        let mut state = RollupState::zeroed();
        let entry = apply_genesis(&mut state, &genesis(1, &[1; 32]), 6, 7);
        assert_eq!((entry.height, entry.slot, entry.state_root), (0, 6, [2; 32]));
        assert_eq!(state.last.roots_acc, roots::genesis(&[2; 32]));
    }

    #[test]
    fn the_newest_releases_are_kept() {
        let mut state = RollupState::zeroed();
        assert_eq!(state.running(), None);
        for version in 1..=10 {
            let mut release = Release::zeroed();
            release.version = version;
            apply_release(&mut state, release);
            assert_eq!(state.running().map(|running| running.version), Some(version));
        }
        assert_eq!(
            state.releases.map(|release| release.version),
            [9, 10, 3, 4, 5, 6, 7, 8]
        );
    }
}
