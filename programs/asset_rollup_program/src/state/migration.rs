//! State versions: how the rollup's account of version 1 becomes one of version 2.
//!
//! ```text
//! 1: discriminator 8 │   648 │ count 8 │ 256 × 56        15,000 bytes, 10,240 before activation
//! 2: discriminator 8 │ 3,008 │ count 8 │ 256 × 120       33,744 bytes
//! ```
//!
//! Everything lies further back in version 2, so the ring moves first, its newest place before the others; then the head.

use rollup_abi::account::{Accepted, ROLLUP_LEN, RingEntry, RollupState, STATE_VERSION, v1};

/// Bytes before the head.
const HEAD: usize = 8;
/// Bytes of the count after the head.
const COUNT: usize = 8;
/// Delay of a rollup that was initialized without one: two days.
pub const DELAY: u64 = 2 * 24 * 60 * 60;

const OLD_COUNT: usize = HEAD + size_of::<v1::RollupState>();
const OLD_ITEMS: usize = OLD_COUNT + COUNT;
const NEW_COUNT: usize = HEAD + size_of::<RollupState>();
const NEW_COUNT_END: usize = NEW_COUNT + size_of::<u32>();
const NEW_ITEMS: usize = NEW_COUNT + COUNT;

/// Rewrites the data of an account of version 1 that has the length of version 2 already. `committee` is the address of its first
/// committee.
#[inline(always)]
pub fn from_v1(data: &mut [u8; ROLLUP_LEN], committee: &[u8; 32]) {
    let old: v1::RollupState = read(data, HEAD);
    let count: u32 = read(data, OLD_COUNT);
    move_ring(data, count as usize);
    data[HEAD..NEW_ITEMS].fill(0);
    data[NEW_COUNT..NEW_COUNT_END].copy_from_slice(&count.to_le_bytes());
    let state: &mut RollupState = bytemuck::from_bytes_mut(&mut data[HEAD..NEW_COUNT]);
    write_head(state, &old, committee);
}

/// Each entry where it belongs, those at the back first, since they move furthest.
#[inline(always)]
fn move_ring(data: &mut [u8; ROLLUP_LEN], count: usize) {
    let mut index = count;
    while index > 0 {
        index = index.wrapping_sub(1);
        let from = OLD_ITEMS.wrapping_add(index.wrapping_mul(size_of::<v1::RingEntry>()));
        let to = NEW_ITEMS.wrapping_add(index.wrapping_mul(size_of::<RingEntry>()));
        let old: v1::RingEntry = read(data, from);
        let new = RingEntry {
            height: old.height,
            slot: old.slot,
            unix_time: old.unix_time,
            state_root: old.state_root,
            leaf: [0; 32],
            history_root: [0; 32],
        };
        data[to..to.wrapping_add(size_of::<RingEntry>())].copy_from_slice(bytemuck::bytes_of(&new));
    }
}

#[inline(always)]
fn read<T: bytemuck::AnyBitPattern>(data: &[u8], at: usize) -> T {
    bytemuck::pod_read_unaligned(&data[at..at.wrapping_add(size_of::<T>())])
}

/// The head of an account whose bytes are zero.
#[inline(always)]
fn write_head(state: &mut RollupState, old: &v1::RollupState, committee: &[u8; 32]) {
    state.state_version = STATE_VERSION;
    state.chain_id = old.chain_id;
    state.genesis_root = old.genesis_root;
    state.governance = old.governance;
    state.guardian = old.guardian;
    state.delay = DELAY;
    state.posters = old.posters;
    if old.active != 0 {
        state.committee = *committee;
    }
    state.epoch = old.epoch;
    state.accepted = old.accepted;
    state.last = Accepted {
        height: old.last.height,
        view: old.last.view,
        slot: old.last.slot,
        unix_time: old.last.unix_time,
        leaf: old.last.leaf,
        state_root: old.last.state_root,
        roots_acc: old.last.roots_acc,
        history_root: [0; 32],
        next_committee: [0; 32],
    };
    state.conflict.height = old.conflict.height;
    state.conflict.recorded_root = old.conflict.recorded_root;
    state.conflict.conflicting_root = old.conflict.conflicting_root;
    state.conflict.conflicting_leaf = old.conflict.conflicting_leaf;
    state.paused = old.paused;
    state.frozen = old.frozen;
    state.active = old.active;
}
