//! `add_poster`: governance lists a poster. Repeating it changes nothing.

use anchor_lang::prelude::*;
use rollup_abi::event::PosterChanged;

use crate::accounts_data::RollupAccount;
use crate::state::roles;
use crate::{log, refuse};

/// Accounts of `add_poster`.
#[derive(Accounts)]
pub struct AddPoster {
    pub governance: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut AddPoster, poster: &[u8; 32]) -> Result<()> {
    validate(accounts, poster)?;
    apply(accounts, poster);
    invariant(accounts, poster);
    Ok(())
}

#[inline(always)]
fn validate(accounts: &AddPoster, poster: &[u8; 32]) -> Result<()> {
    let state = &accounts.rollup.state;
    roles::validate_governance(state, accounts.governance.address().as_array())
        .and_then(|()| roles::validate_listing(state, poster))
        .map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut AddPoster, poster: &[u8; 32]) {
    if roles::apply_listing(&mut accounts.rollup.state, poster) {
        let event = PosterChanged {
            listed: 1,
            poster: *poster,
        };
        log::event(&event.encode());
    }
}

#[inline(always)]
fn invariant(accounts: &AddPoster, poster: &[u8; 32]) {
    assert!(accounts.rollup.state.posters.contains(poster));
}
