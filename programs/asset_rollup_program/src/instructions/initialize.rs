//! `initialize`: creates the rollup and its empty first committee.

use anchor_lang::accounts::UncheckedAccount;
use anchor_lang::pinocchio::sysvars::{Sysvar as _, clock::Clock};
use anchor_lang::prelude::*;
use bytemuck::Zeroable;
use rollup_abi::ProgramError as Refusal;
use rollup_abi::account::{CommitteeState, MAX_GROWTH, committee_len};

use crate::accounts_data::{CommitteeAccount, RollupAccount};
use crate::refuse;
use crate::state::rollup::{self, Genesis};

/// Accounts of `initialize`.
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub upgrade_authority: Signer,
    #[account(init, payer = upgrade_authority, space = MAX_GROWTH, seeds = [b"rollup"], bump)]
    pub rollup: RollupAccount,
    #[account(
        init, payer = upgrade_authority, space = committee_len(0),
        seeds = [b"committee", &[0, 0, 0, 0, 0, 0, 0, 0]], bump
    )]
    pub committee: CommitteeAccount,
    /// Checked in `validate`: owner, address and content.
    pub program_data: UncheckedAccount,
    pub system_program: Program<System>,
}

#[inline(always)]
pub(crate) fn handle(accounts: &mut Initialize, genesis: &Genesis<'_>) -> Result<()> {
    validate(accounts, genesis)?;
    apply(accounts, genesis)?;
    invariant(accounts);
    Ok(())
}

/// Nobody but the upgrade authority may choose the genesis: a stranger could otherwise be first.
#[inline(always)]
fn validate(accounts: &Initialize, genesis: &Genesis<'_>) -> Result<()> {
    let expected = find_program_address(&[crate::ID.as_ref()], &upgradeable_loader::ID).0;
    let program_data = accounts.program_data.account();
    if *program_data.address() != expected || !program_data.owned_by(&upgradeable_loader::ID) {
        return Err(refuse(Refusal::NotUpgradeAuthority));
    }
    let authority = accounts.upgrade_authority.address().as_array();
    let data = program_data.try_borrow()?;
    if upgradeable_loader::authority(&data) != Some(authority) {
        return Err(refuse(Refusal::NotUpgradeAuthority));
    }
    rollup::validate_genesis(genesis).map_err(refuse)
}

#[inline(always)]
fn apply(accounts: &mut Initialize, genesis: &Genesis<'_>) -> Result<()> {
    let clock = Clock::get()?;
    accounts.committee.state = CommitteeState::zeroed();
    let entry = rollup::apply_genesis(
        &mut accounts.rollup.state,
        genesis,
        clock.slot,
        clock.unix_timestamp,
    );
    accounts.rollup.try_push(entry)
}

#[inline(always)]
fn invariant(accounts: &Initialize) {
    crate::state::history::invariant(&accounts.rollup.state, accounts.rollup.as_slice());
    assert!(accounts.committee.is_empty());
}

/// The upgradeable loader's account of a program's bytes: `tag u32 = 3 │ slot u64 │ has authority u8 │ authority 32 │ …`.
mod upgradeable_loader {
    use anchor_lang::prelude::*;

    declare_id!("BPFLoaderUpgradeab1e11111111111111111111111");

    #[inline(always)]
    pub fn authority(data: &[u8]) -> Option<&[u8; 32]> {
        let (head, rest) = data.split_first_chunk::<13>()?;
        let (tag, has_authority) = (&head[..4], head[12]);
        if tag != [3, 0, 0, 0] || has_authority != 1 {
            return None;
        }
        rest.first_chunk()
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn authority_of_program_data_only() {
            let mut data = [0; 60];
            data[0] = 3;
            data[12] = 1;
            data[13..45].copy_from_slice(&[7; 32]);
            assert_eq!(super::authority(&data), Some(&[7; 32]));
            assert_eq!(super::authority(&data[..44]), None);
            for (at, value) in [(0, 2), (1, 1), (12, 0)] {
                let mut other = data;
                other[at] = value;
                assert_eq!(super::authority(&other), None);
            }
        }
    }
}
