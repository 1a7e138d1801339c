//! `revoke_poster`: governance takes a poster off the list. Repeating it changes nothing. Without any poster listed, anybody may
//! post: the certificate is the authority.

use anchor_lang::prelude::*;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::event::PosterChanged;

use crate::accounts_data::RollupAccount;
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `revoke_poster`.
#[derive(Accounts)]
pub struct RevokePoster {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut RevokePoster, poster: &[u8; 32]) -> Result<()> {
    validate(accounts, poster)?;
    apply(accounts, poster);
    invariant(accounts, poster);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &RevokePoster, poster: &[u8; 32]) -> Result<()> {
    let signer = accounts.governance.address().as_array();
    roles::validate_governance(&accounts.rollup.state, signer).map_err(refuse)?;
    if *poster == [0; 32] {
        return Err(refuse(Refusal::PosterZero));
    }
    Ok(())
}

#[inline(always)]
fn apply(accounts: &mut RevokePoster, poster: &[u8; 32]) {
    if roles::apply_revocation(&mut accounts.rollup.state, poster) {
        let event = PosterChanged {
            listed: 0,
            poster: *poster,
        };
        log::event(&event.encode());
    }
}

#[inline(always)]
fn invariant(accounts: &RevokePoster, poster: &[u8; 32]) {
    assert!(!accounts.rollup.state.posters.contains(poster));
}
