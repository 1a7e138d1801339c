//! Instructions of the program, from `rollup-abi`'s tables.

use rollup_abi::instruction::{self as abi, AccountRole};
use rollup_abi::pda;
use solana_instruction::{AccountMeta, Instruction};
use solana_loader_v3_interface::get_program_data_address;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Address of the rollup's account.
pub fn rollup_address(program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[pda::ROLLUP], program).0
}

/// Address of an epoch's committee.
pub fn committee_address(program: &Pubkey, epoch: u64) -> Pubkey {
    Pubkey::find_program_address(&[pda::COMMITTEE, &epoch.to_le_bytes()], program).0
}

/// Builds one instruction: the address of each account is looked up by its name in the table.
fn build(program: &Pubkey, roles: &[AccountRole], epoch: u64, signer: &Pubkey, data: Vec<u8>) -> Instruction {
    let address = |role: &AccountRole| match role.name {
        _ if role.signer => *signer,
        "rollup" => rollup_address(program),
        "committee" => committee_address(program, epoch),
        "program_data" => get_program_data_address(program),
        "system_program" => system_program::ID,
        other => unreachable!("rollup-abi names an account {other:?} that this client does not know"),
    };
    let accounts = roles
        .iter()
        .map(|role| AccountMeta {
            pubkey: address(role),
            is_signer: role.signer,
            is_writable: role.writable,
        })
        .collect();
    Instruction {
        program_id: *program,
        accounts,
        data,
    }
}

pub(crate) fn initialize(program: &Pubkey, authority: &Pubkey, args: &abi::Initialize) -> Instruction {
    build(
        program,
        &abi::INITIALIZE_ACCOUNTS,
        0,
        authority,
        args.encode().to_vec(),
    )
}

pub(crate) fn register_member(
    program: &Pubkey,
    governance: &Pubkey,
    args: &abi::RegisterMember,
) -> Instruction {
    build(
        program,
        &abi::REGISTER_MEMBER_ACCOUNTS,
        args.epoch,
        governance,
        args.encode().to_vec(),
    )
}

pub(crate) fn activate_committee(program: &Pubkey, governance: &Pubkey, epoch: u64) -> Instruction {
    build(
        program,
        &abi::ACTIVATE_COMMITTEE_ACCOUNTS,
        epoch,
        governance,
        abi::activate_committee(epoch).to_vec(),
    )
}

pub(crate) fn pause(program: &Pubkey, authority: &Pubkey) -> Instruction {
    build(program, &abi::PAUSE_ACCOUNTS, 0, authority, abi::PAUSE.to_vec())
}

pub(crate) fn resume(program: &Pubkey, governance: &Pubkey) -> Instruction {
    build(
        program,
        &abi::RESUME_ACCOUNTS,
        0,
        governance,
        abi::RESUME.to_vec(),
    )
}

pub(crate) fn submit_roots(program: &Pubkey, poster: &Pubkey, epoch: u64, data: Vec<u8>) -> Instruction {
    build(program, &abi::SUBMIT_ROOTS_ACCOUNTS, epoch, poster, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_of_every_instruction_is_known() {
        let program = Pubkey::new_from_array([1; 32]);
        let signer = Pubkey::new_from_array([2; 32]);
        for instruction in abi::ALL {
            let built = build(&program, instruction.accounts, 3, &signer, Vec::new());
            assert_eq!(built.accounts.len(), instruction.accounts.len());
            let first = built.accounts[0].pubkey;
            assert_eq!(first, signer, "{}: the signer stands first", instruction.name);
        }
        assert_ne!(committee_address(&program, 0), committee_address(&program, 1));
    }
}
