//! Instructions of the program, from `rollup-abi`'s tables.

use rollup_abi::account::{MAX_GROWTH, ROLLUP_LEN, RingEntry};
use rollup_abi::instruction::{Call, GrowRollup};
use rollup_abi::pda;
use solana_instruction::{AccountMeta, Instruction};
use solana_loader_v3_interface::get_program_data_address;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Who takes part in an instruction beside the program's own account. What an instruction does not name is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parties {
    /// Who signs, and pays where the instruction creates or enlarges an account.
    pub signer: Pubkey,
    /// The committee's account.
    pub committee: Pubkey,
}

impl Parties {
    /// Only a signer.
    pub fn signer(signer: Pubkey) -> Self {
        Self {
            signer,
            ..Self::default()
        }
    }
}

/// Address of the rollup's account.
pub fn rollup_address(program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[pda::ROLLUP], program).0
}

/// Address of the committee of an epoch that `stager` opens.
pub fn committee_address(program: &Pubkey, epoch: u64, stager: &Pubkey) -> Pubkey {
    let seeds = [pda::COMMITTEE, &epoch.to_le_bytes(), stager.as_ref()];
    Pubkey::find_program_address(&seeds, program).0
}

/// Builds one instruction: the address of each account is looked up by its name in the table.
pub fn instruction<C: Call>(program: &Pubkey, parties: &Parties, call: &C) -> Instruction {
    let table = C::INSTRUCTION;
    let address = |name| match name {
        "rollup" => rollup_address(program),
        "committee" => parties.committee,
        "program_data" => get_program_data_address(program),
        "system_program" => system_program::ID,
        other => unreachable!("rollup-abi names an account {other:?} that this client does not know"),
    };
    let accounts = table.accounts.iter().map(|role| AccountMeta {
        pubkey: if role.signer {
            parties.signer
        } else {
            address(role.name)
        },
        is_signer: role.signer,
        is_writable: role.writable,
    });
    let mut data = vec![0; call.encoded_len()];
    let written = call.encode(&mut data).map(<[u8]>::len);
    assert_eq!(written, Some(data.len()), "an instruction is as long as it says");
    Instruction {
        program_id: *program,
        accounts: accounts.collect(),
        data,
    }
}

/// The steps in which a rollup's account of `len` bytes gets its full length; none if it has it.
pub fn growth(program: &Pubkey, payer: &Pubkey, len: usize) -> Vec<Instruction> {
    // The account ends at a whole entry of its ring.
    const STEP: usize = MAX_GROWTH - size_of::<RingEntry>();
    let steps = ROLLUP_LEN.saturating_sub(len).div_ceil(STEP);
    let step = instruction(program, &Parties::signer(*payer), &GrowRollup {});
    vec![step; steps]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollup_abi::instruction as abi;

    const PROGRAM: Pubkey = Pubkey::new_from_array([1; 32]);

    /// Builds a call and compares its accounts with the table's.
    fn built<C: Call>(call: &C) -> Instruction {
        let parties = Parties {
            signer: Pubkey::new_from_array([2; 32]),
            committee: Pubkey::new_from_array([3; 32]),
        };
        let built = instruction(&PROGRAM, &parties, call);
        let table = C::INSTRUCTION;
        assert_eq!(built.accounts.len(), table.accounts.len());
        assert_eq!(built.data[..8], table.discriminator);
        for (meta, role) in built.accounts.iter().zip(table.accounts) {
            assert_eq!((meta.is_signer, meta.is_writable), (role.signer, role.writable));
            assert_eq!(meta.pubkey == parties.signer, role.signer, "{}", role.name);
            assert_eq!(meta.pubkey == parties.committee, role.name == "committee");
        }
        built
    }

    #[test]
    fn every_account_is_known() {
        let names: std::collections::BTreeSet<_> = abi::ALL
            .iter()
            .flat_map(|instruction| instruction.accounts)
            .filter(|role| !role.signer)
            .map(|role| role.name)
            .collect();
        let known = ["committee", "program_data", "rollup", "system_program"];
        assert_eq!(names.into_iter().collect::<Vec<_>>(), known);
        built(&abi::HandOver {});
        built(&abi::OpenCommittee { epoch: 1 });
        built(&abi::RecordRelease {
            program_len: 1,
            idl_hash: [0; 32],
        });
    }

    #[test]
    fn committees_differ_by_epoch_and_stager() {
        let [a, b] = [4, 5].map(|byte| Pubkey::new_from_array([byte; 32]));
        let of = |epoch, stager| committee_address(&PROGRAM, epoch, stager);
        assert!(of(0, &a) != of(1, &a) && of(0, &a) != of(0, &b));
    }

    #[test]
    fn an_account_grows_in_as_few_steps_as_can_be() {
        let steps = |len| growth(&PROGRAM, &PROGRAM, len).len();
        assert_eq!(
            (steps(MAX_GROWTH), steps(ROLLUP_LEN), steps(ROLLUP_LEN - 1)),
            (3, 0, 1)
        );
    }
}
