//! What happens when a quorum certifies two blocks of one height.

use rollup_abi::account::{RingEntry, RollupState};
use rollup_abi::{Digest, Header, ProgramError};

use crate::state::history::Proven;

/// Freezes the rollup and keeps both blocks. The accepted one's proof is at hand only if it is the newest.
#[inline(always)]
pub fn apply_conflict(
    state: &mut RollupState,
    recorded: &RingEntry,
    other: &Proven<'_>,
    (slot, unix_time): (u64, i64),
) {
    state.frozen = 1;
    let conflict = &mut state.conflict;
    conflict.height = recorded.height;
    conflict.epoch = state.epoch;
    conflict.slot = slot;
    conflict.unix_time = unix_time;
    conflict.recorded_root = recorded.state_root;
    conflict.recorded_leaf = recorded.leaf;
    conflict.conflicting_root = other.header.state_root;
    conflict.conflicting_leaf = other.leaf;
    conflict
        .conflicting
        .set(other.view, other.encoded, other.certificate);
    if state.last.height == recorded.height && state.newest.is_set() {
        conflict.recorded = state.newest;
    } else {
        conflict.recorded.certificate_len = 0;
    }
}

/// Refuses a block that is not the one whose proof is missing.
#[inline(always)]
pub fn validate_evidence(state: &RollupState, header: &Header, leaf: &Digest) -> Result<(), ProgramError> {
    let conflict = &state.conflict;
    let missing = state.frozen != 0 && !conflict.recorded.is_set();
    let recorded = header.height == conflict.height
        && header.epoch == conflict.epoch
        && header.state_root == conflict.recorded_root
        && *leaf != conflict.conflicting_leaf
        && (conflict.recorded_leaf == [0; 32] || conflict.recorded_leaf == *leaf);
    if missing && recorded {
        Ok(())
    } else {
        Err(ProgramError::NotEvidence)
    }
}
