//! `submit_roots`: a certified header and the state roots since the last accepted one.

use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::account::{RING, RingEntry, ring_index};
use rollup_abi::event::{RootConflict, RootsAccepted};
use rollup_abi::{Digest, ProgramError as Refusal, post};

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::curve::Syscalls;
use crate::state::history::{self, Meaning, Proven};
use crate::state::{conflict, proof, roles};
use crate::{log, refuse};

/// Accounts of `submit_roots`.
#[derive(Accounts)]
pub struct SubmitRoots {
    pub poster: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

/// What is submitted beside the header.
pub(crate) struct Submitted<'a> {
    pub view: u64,
    pub certificate: &'a [u8],
    pub between: &'a [Digest],
}

#[inline(always)]
pub(crate) fn handle(
    accounts: &mut SubmitRoots,
    header: &[u8; post::LEN],
    submitted: &Submitted<'_>,
) -> Result<()> {
    let encoded = post::restore(&accounts.rollup.state.chain_id, header);
    let proven = Proven::read(&encoded, submitted.view, submitted.certificate).map_err(refuse)?;
    match validate(accounts, &proven, submitted.between)? {
        (Meaning::Known, _) => return Ok(()),
        (Meaning::Conflicts, _) => freeze(accounts, &proven)?,
        (Meaning::Newer, stake) => apply(accounts, &proven, submitted.between, stake)?,
    }
    invariant(accounts);
    Ok(())
}

/// What the header means, and the stake that certified it. What is known already needs no certificate and has no effect.
#[inline(always)]
fn validate(accounts: &SubmitRoots, proven: &Proven<'_>, between: &[Digest]) -> Result<(Meaning, u64)> {
    let state = &accounts.rollup.state;
    roles::validate_moving(state).map_err(refuse)?;
    roles::validate_poster(state, accounts.poster.address().as_array()).map_err(refuse)?;
    let meaning = history::meaning(state, accounts.rollup.as_slice(), proven);
    if meaning == Meaning::Known {
        return Ok((meaning, 0));
    }
    if state.committee != *accounts.committee.address().as_array() {
        return Err(refuse(Refusal::WrongCommittee));
    }
    if proven.header.epoch != state.epoch {
        return Err(refuse(Refusal::WrongEpoch));
    }
    if meaning == Meaning::Newer {
        history::validate_advance(state, &proven.header, between).map_err(refuse)?;
    }
    proven.validate_view().map_err(refuse)?;
    let digest = proven.digest();
    log::compute_units();
    let stake = proof::validate_certificate::<Syscalls>(
        &accounts.committee.state,
        accounts.committee.as_slice(),
        &digest,
        proven.certificate,
    )
    .map_err(refuse)?;
    log::compute_units();
    Ok((meaning, stake))
}

#[inline(always)]
fn apply(accounts: &mut SubmitRoots, proven: &Proven<'_>, between: &[Digest], stake: u64) -> Result<()> {
    let clock = Clock::get()?;
    let now = (clock.slot, clock.unix_timestamp);
    let mut height = accounts.rollup.state.last.height;
    for root in between {
        height = height.wrapping_add(1);
        let entry = RingEntry {
            height,
            slot: now.0,
            unix_time: now.1,
            state_root: *root,
            leaf: [0; 32],
            history_root: [0; 32],
        };
        put(&mut accounts.rollup, entry)?;
    }
    history::apply_advance(&mut accounts.rollup.state, proven, now);
    let entry = history::newest_entry(&accounts.rollup.state);
    put(&mut accounts.rollup, entry)?;
    let event = RootsAccepted {
        height: entry.height,
        view: proven.header.view,
        epoch: proven.header.epoch,
        slot: entry.slot,
        signed_stake: stake,
        roots: (between.len() as u64).wrapping_add(1),
        leaf: entry.leaf,
        state_root: entry.state_root,
        history_root: entry.history_root,
    };
    log::event(&event.encode());
    Ok(())
}

/// The ring grows to its full length once, then the newest height takes the oldest one's place.
#[inline(always)]
fn put(ring: &mut RollupAccount, entry: RingEntry) -> Result<()> {
    if ring.len() < RING {
        return ring.try_push(entry);
    }
    ring.as_mut_slice()[ring_index(entry.height)] = entry;
    Ok(())
}

#[inline(always)]
fn freeze(accounts: &mut SubmitRoots, proven: &Proven<'_>) -> Result<()> {
    let clock = Clock::get()?;
    let recorded = accounts.rollup.as_slice()[ring_index(proven.header.height)];
    let now = (clock.slot, clock.unix_timestamp);
    conflict::apply_conflict(&mut accounts.rollup.state, &recorded, proven, now);
    let event = RootConflict {
        height: recorded.height,
        view: proven.header.view,
        recorded_root: recorded.state_root,
        conflicting_root: proven.header.state_root,
        conflicting_leaf: proven.leaf,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &SubmitRoots) {
    history::invariant(&accounts.rollup.state, accounts.rollup.as_slice());
}
