//! `verify_block`: proves a block of any age against the history root of a newer one that the ring holds.

use anchor_lang::prelude::*;
use rollup_abi::event::BlockProven;
use rollup_abi::{ProgramError as Refusal, mmr};

use crate::accounts_data::RollupAccount;
use crate::instructions::verify_account::answer;
use crate::refuse;
use crate::state::history;

/// Accounts of `verify_block`.
#[derive(Accounts)]
pub struct VerifyBlock {
    pub rollup: RollupAccount,
}

#[inline(always)]
pub(crate) fn handle(accounts: &VerifyBlock, claim: BlockProven, path: &[u8]) -> Result<()> {
    validate(accounts, &claim, path)?;
    answer(&claim.encode());
    Ok(())
}

#[inline(always)]
fn validate(accounts: &VerifyBlock, claim: &BlockProven, path: &[u8]) -> Result<()> {
    let state = &accounts.rollup.state;
    if state.frozen != 0 {
        return Err(refuse(Refusal::Frozen));
    }
    let Some(anchor) = history::recorded(state, accounts.rollup.as_slice(), claim.anchor) else {
        return Err(refuse(Refusal::RootUnknown));
    };
    if anchor.history_root == [0; 32] {
        return Err(refuse(Refusal::HistoryUnknown));
    }
    if mmr::verify(
        &anchor.history_root,
        claim.anchor,
        claim.height,
        &claim.leaf,
        path,
    ) {
        Ok(())
    } else {
        Err(refuse(Refusal::BlockNotProven))
    }
}
