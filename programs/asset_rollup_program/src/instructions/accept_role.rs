//! `accept_role`: the proposed key takes the role over, so that no role is ever given to a key that nobody holds.

use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use rollup_abi::event::RoleTransferred;

use crate::accounts_data::RollupAccount;
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `accept_role`.
#[derive(Accounts)]
pub struct AcceptRole {
    pub proposed: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut AcceptRole, role: u8) -> Result<()> {
    validate(accounts, role)?;
    apply(accounts, role);
    roles::invariant(&accounts.rollup.state);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &AcceptRole, role: u8) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    let signer = accounts.proposed.address().as_array();
    roles::validate_acceptance(&accounts.rollup.state, role, signer, now).map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut AcceptRole, role: u8) {
    roles::apply_acceptance(&mut accounts.rollup.state, role);
    let event = RoleTransferred {
        role: u64::from(role),
        key: *accounts.proposed.address().as_array(),
    };
    log::event(&event.encode());
}
