//! `propose_role`: governance names the key that may take a role over; the zero key takes a proposal back.

use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::event::RoleProposed;

use crate::accounts_data::RollupAccount;
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `propose_role`.
#[derive(Accounts)]
pub struct ProposeRole {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut ProposeRole, role: u8, key: &[u8; 32]) -> Result<()> {
    validate(accounts, role)?;
    apply(accounts, role, key)?;
    roles::invariant(&accounts.rollup.state);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &ProposeRole, role: u8) -> Result<()> {
    let signer = accounts.governance.address().as_array();
    roles::validate_governance(&accounts.rollup.state, signer)
        .and_then(|()| roles::validate_role(role))
        .map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut ProposeRole, role: u8, key: &[u8; 32]) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let ready_at = roles::apply_proposal(&mut accounts.rollup.state, role, key, now);
    let event = RoleProposed {
        role: u64::from(role),
        key: *key,
        ready_at,
    };
    log::event(&event.encode());
    Ok(())
}
