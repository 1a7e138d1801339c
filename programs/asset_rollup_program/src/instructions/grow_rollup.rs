//! `grow_rollup`: gives the rollup's account as much of its length as one instruction can. Anybody may pay; at full length
//! it has no effect.

use anchor_lang::prelude::*;
use rollup_abi::account::{MAX_GROWTH, RING, RingEntry};
use rollup_abi::event::RollupGrown;

use crate::accounts_data::RollupAccount;
use crate::log;

/// Accounts of `grow_rollup`.
#[derive(Accounts)]
pub struct GrowRollup {
    #[account(mut)]
    pub payer: Signer,
    #[account(mut)]
    pub rollup: RollupAccount,
    pub system_program: Program<System>,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut GrowRollup) -> Result<()> {
    if accounts.rollup.capacity() < RING {
        apply(accounts)?;
        invariant(accounts);
    }
    Ok(())
}

#[inline(always)]
fn apply(accounts: &mut GrowRollup) -> Result<()> {
    const STEP: usize = MAX_GROWTH / size_of::<RingEntry>();
    let capacity = accounts.rollup.capacity().wrapping_add(STEP).min(RING);
    accounts.rollup.resize_to_capacity(capacity as u32)?;
    accounts.rollup.top_up(accounts.payer.account())?;
    let event = RollupGrown {
        bytes: accounts.rollup.current_space() as u64,
    };
    log::event(&event.encode());
    Ok(())
}

#[inline(always)]
fn invariant(accounts: &GrowRollup) {
    assert!(accounts.rollup.capacity() <= RING);
}
