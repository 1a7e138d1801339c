//! `submit_roots`: a certified header and the state roots since the last accepted one.

use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::account::{RING, RingEntry, ring_index};
use rollup_abi::event::{RootConflict, RootsAccepted};
use rollup_abi::{Digest, Header, ProgramError as Refusal, header, vote};

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::curve::Syscalls;
use crate::state::history::{self, Meaning};
use crate::state::{proof, rollup};
use crate::{log, refuse};

/// Accounts of `submit_roots`.
#[derive(Accounts)]
pub struct SubmitRoots {
    pub poster: Signer,
    #[account(mut, seeds = [b"rollup"], bump)]
    pub rollup: RollupAccount,
    pub committee: CommitteeAccount,
}

/// A header that passed, with what its certificate said.
struct Certified {
    header: Header,
    leaf: Digest,
    stake: u64,
    meaning: Meaning,
}

#[inline(always)]
pub(crate) fn handle(
    accounts: &mut SubmitRoots,
    header: &[u8],
    certificate: &[u8],
    roots: &[Digest],
) -> Result<()> {
    if let Some(certified) = validate(accounts, header, certificate, roots)? {
        apply(accounts, &certified, roots)?;
        invariant(accounts);
    }
    Ok(())
}

/// `None`: an honest repetition, which succeeds without effect.
#[inline(always)]
fn validate(
    accounts: &SubmitRoots,
    header_bytes: &[u8],
    certificate: &[u8],
    roots: &[Digest],
) -> Result<Option<Certified>> {
    let state = &accounts.rollup.state;
    rollup::validate_poster(state, accounts.poster.address().as_array()).map_err(refuse)?;
    let committee = &accounts.committee.state;
    if committee.epoch != state.epoch {
        return Err(refuse(Refusal::WrongEpoch));
    }
    if committee.active == 0 {
        return Err(refuse(Refusal::CommitteeNotActive));
    }
    let header = history::read_header(state, header_bytes).map_err(refuse)?;
    let meaning = history::meaning(state, accounts.rollup.as_slice(), &header);
    match meaning {
        Meaning::Known => return Ok(None),
        Meaning::Conflicts { .. } => {}
        Meaning::Newer => history::validate_advance(state, &header, roots).map_err(refuse)?,
    }
    let leaf = header::commitment(header_bytes);
    let digest = vote::vote2_digest(&header.chain_id, header.epoch, header.view, header.height, &leaf);
    log::compute_units();
    let stake = proof::validate_certificate::<Syscalls>(
        committee,
        accounts.committee.as_slice(),
        &digest,
        certificate,
    )
    .map_err(refuse)?;
    log::compute_units();
    Ok(Some(Certified {
        header,
        leaf,
        stake,
        meaning,
    }))
}

#[inline(always)]
fn apply(accounts: &mut SubmitRoots, certified: &Certified, roots: &[Digest]) -> Result<()> {
    let Certified {
        header,
        leaf,
        stake,
        meaning,
    } = certified;
    if let Meaning::Conflicts { recorded } = meaning {
        history::apply_conflict(&mut accounts.rollup.state, header, leaf, recorded);
        let event = RootConflict {
            height: header.height,
            view: header.view,
            recorded_root: *recorded,
            conflicting_root: header.state_root,
            conflicting_leaf: *leaf,
        };
        log::event(&event.encode());
        return Ok(());
    }
    let clock = Clock::get()?;
    let mut height = accounts.rollup.state.last.height;
    for root in roots {
        height = height.wrapping_add(1);
        let entry = RingEntry {
            height,
            slot: clock.slot,
            unix_time: clock.unix_timestamp,
            state_root: *root,
        };
        put(&mut accounts.rollup, entry)?;
    }
    history::apply_advance(
        &mut accounts.rollup.state,
        header,
        leaf,
        clock.slot,
        clock.unix_timestamp,
    );
    let event = RootsAccepted {
        height: header.height,
        view: header.view,
        slot: clock.slot,
        signed_stake: *stake,
        roots: roots.len() as u64,
        leaf: *leaf,
        state_root: header.state_root,
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
fn invariant(accounts: &SubmitRoots) {
    history::invariant(&accounts.rollup.state, accounts.rollup.as_slice());
}
