//! `record_release`: the program that runs records itself. It knows its version and the state version that it reads, and hashes
//! its own bytes; governance gives only what cannot be computed, the hash of the IDL.

use anchor_lang::accounts::UncheckedAccount;
use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::account::{Release, STATE_VERSION};
use rollup_abi::event::ReleaseRecorded;
use rollup_abi::{Digest, ProgramError as Refusal, release, sha256};

use crate::accounts_data::RollupAccount;
use crate::state::{roles, rollup};
use crate::{loader, log, refuse};

/// The version of this program.
const VERSION: u64 = release::parse(env!("CARGO_PKG_VERSION"));

/// Accounts of `record_release`.
#[derive(Accounts)]
pub struct RecordRelease {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
    /// Checked in `validate`.
    pub program_data: UncheckedAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut RecordRelease, program_len: u32, idl_hash: &Digest) -> Result<()> {
    let program_hash = validate(accounts, program_len as usize)?;
    apply(accounts, program_hash, idl_hash)?;
    invariant(accounts);
    Ok(())
}

/// The hash of the program's own bytes.
#[inline(always)]
fn validate(accounts: &RecordRelease, program_len: usize) -> Result<Digest> {
    let signer = accounts.governance.address().as_array();
    roles::validate_governance(&accounts.rollup.state, signer).map_err(refuse)?;
    let program_data = accounts.program_data.account();
    if !loader::is_program_data(program_data) {
        return Err(refuse(Refusal::ProgramData));
    }
    let data = program_data.try_borrow()?;
    match loader::program(&data, program_len) {
        Some(program) => Ok(sha256(&[program])),
        None => Err(refuse(Refusal::ProgramData)),
    }
}

#[inline(always)]
fn apply(accounts: &mut RecordRelease, program_hash: Digest, idl_hash: &Digest) -> Result<()> {
    let clock = Clock::get()?;
    let release = Release {
        version: VERSION,
        state_version: STATE_VERSION,
        slot: clock.slot,
        unix_time: clock.unix_timestamp,
        program_hash,
        idl_hash: *idl_hash,
    };
    rollup::apply_release(&mut accounts.rollup.state, release);
    let event = ReleaseRecorded {
        version: release.version,
        state_version: release.state_version,
        slot: release.slot,
        program_hash,
        idl_hash: *idl_hash,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &RecordRelease) {
    assert!(accounts.rollup.state.release_count != 0);
}
