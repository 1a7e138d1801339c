//! `verify_account`: proves an account, or that there is none, against a state root that the ring holds. Another program may call it
//! and read the answer from the return data.

use anchor_lang::prelude::*;
use rollup_abi::event::AccountProven;
use rollup_abi::path::PathRef;
use rollup_abi::{ProgramError as Refusal, tree};

use crate::accounts_data::RollupAccount;
use crate::state::history;
use crate::{log, refuse};

/// Accounts of `verify_account`.
#[derive(Accounts)]
pub struct VerifyAccount {
    pub rollup: RollupAccount,
}

/// What is to be proven.
pub(crate) struct Claim<'a> {
    pub height: u64,
    pub address: &'a [u8; 32],
    pub value: &'a [u8],
}

#[inline(always)]
pub(crate) fn handle(accounts: &VerifyAccount, claim: &Claim<'_>, proof: &[u8]) -> Result<()> {
    let proven = validate(accounts, claim, proof)?;
    answer(&proven.encode());
    Ok(())
}

#[inline(always)]
fn validate(accounts: &VerifyAccount, claim: &Claim<'_>, proof: &[u8]) -> Result<AccountProven> {
    let state = &accounts.rollup.state;
    if state.frozen != 0 {
        return Err(refuse(Refusal::Frozen));
    }
    let Some(entry) = history::recorded(state, accounts.rollup.as_slice(), claim.height) else {
        return Err(refuse(Refusal::RootUnknown));
    };
    let Some(path) = PathRef::decode(proof) else {
        return Err(refuse(Refusal::ProofMalformed));
    };
    let key = tree::account_key(claim.address);
    if !path.verify(&entry.state_root, &key, claim.value) {
        return Err(refuse(Refusal::AccountNotProven));
    }
    let exists = !claim.value.is_empty();
    Ok(AccountProven {
        height: claim.height,
        exists: u64::from(exists),
        state_root: entry.state_root,
        address: *claim.address,
        value_hash: if exists {
            tree::value_hash(claim.value)
        } else {
            [0; 32]
        },
    })
}

/// Logs what was proven and returns it to the caller.
#[inline(always)]
pub(crate) fn answer(event: &[u8]) {
    log::event(event);
    anchor_lang::pinocchio::cpi::set_return_data(event);
}
