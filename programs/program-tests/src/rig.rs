//! LiteSVM with the program deployed, and the keys of everybody who may do something.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use litesvm::LiteSVM;
use rollup_abi::account::{CommitteeRef, RollupRef};
use rollup_abi::event::Event;
use rollup_abi::instruction::{Call, MAX_TRANSACTION};
use rollup_abi::{ProgramError, pda};
use solana_clock::Clock;
use solana_instruction::error::InstructionError;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::Chain;

/// What an accepted transaction did.
#[derive(Debug)]
pub struct Landed {
    pub units: u64,
    pub bytes: usize,
    pub logs: Vec<String>,
    pub return_data: Vec<u8>,
}

/// Why a transaction was refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// One of the program's own codes.
    Refused(ProgramError),
    /// Anything else: the framework, the runtime, a trap.
    Other(TransactionError),
}

/// Everybody's keys.
pub struct Roles {
    pub authority: Keypair,
    pub governance: Keypair,
    pub guardian: Keypair,
    pub poster: Keypair,
    pub stranger: Keypair,
}

impl Roles {
    fn all(&self) -> [&Keypair; 5] {
        [
            &self.authority,
            &self.governance,
            &self.guardian,
            &self.poster,
            &self.stranger,
        ]
    }
}

/// The program in LiteSVM.
pub struct Rig {
    pub svm: LiteSVM,
    pub program: Pubkey,
    pub roles: Roles,
    pub chain: Chain,
}

pub const CHAIN_ID: [u8; 32] = [0xC1; 32];
pub const GENESIS_ROOT: [u8; 32] = [0x6E; 32];
/// Seconds that a replacement waits.
pub const DELAY: u64 = 3_600;

impl Rig {
    /// The program deployed with `roles.authority` as its upgrade authority; nothing initialized.
    pub fn deployed() -> Self {
        let release = registry::embedded().expect("the registry holds the program");
        let keypair = registry::local_program_keypair().expect("the registry holds its key");
        let program = Pubkey::try_from(&keypair[32..]).expect("32 bytes");
        let mut svm = LiteSVM::new();
        svm.add_program(program, &release.program)
            .expect("the loader takes the program");
        let roles = Roles {
            authority: Keypair::new(),
            governance: Keypair::new(),
            guardian: Keypair::new(),
            poster: Keypair::new(),
            stranger: Keypair::new(),
        };
        for key in roles.all() {
            svm.airdrop(&key.pubkey(), 10_000_000_000)
                .expect("the faucet has enough");
        }
        let mut rig = Self {
            svm,
            program,
            chain: Chain::new(CHAIN_ID, GENESIS_ROOT, Vec::new()),
            roles,
        };
        let authority = rig.roles.authority.pubkey();
        rig.set_upgrade_authority(Some(authority));
        rig
    }

    /// Writes the upgrade authority into the loader's account of the program.
    pub fn set_upgrade_authority(&mut self, authority: Option<Pubkey>) {
        let address = self.program_data();
        let mut account = self.svm.get_account(&address).expect("add_program made it");
        account.data[12] = u8::from(authority.is_some());
        account.data[13..45].copy_from_slice(&authority.unwrap_or_default().to_bytes());
        self.svm
            .set_account(address, account)
            .expect("the account is rent-exempt");
    }

    /// Lets Solana's clock run.
    pub fn pass(&mut self, seconds: u64) {
        let mut clock: Clock = self.svm.get_sysvar();
        clock.unix_timestamp += i64::try_from(seconds).expect("a short time");
        clock.slot += seconds * 5 / 2;
        self.svm.set_sysvar(&clock);
    }

    pub fn now(&self) -> Clock {
        self.svm.get_sysvar()
    }

    pub fn program_data(&self) -> Pubkey {
        let loader = solana_sdk_ids::bpf_loader_upgradeable::ID;
        Pubkey::find_program_address(&[self.program.as_ref()], &loader).0
    }

    pub fn rollup_address(&self) -> Pubkey {
        Pubkey::find_program_address(&[pda::ROLLUP], &self.program).0
    }

    /// The committee that `stager` opens for an epoch.
    pub fn committee_of(&self, epoch: u64, stager: &Pubkey) -> Pubkey {
        let seeds = [pda::COMMITTEE, &epoch.to_le_bytes(), stager.as_ref()];
        Pubkey::find_program_address(&seeds, &self.program).0
    }

    /// The committee that governance opens for an epoch.
    pub fn committee_address(&self, epoch: u64) -> Pubkey {
        self.committee_of(epoch, &self.roles.governance.pubkey())
    }

    pub fn data(&self, address: &Pubkey) -> Vec<u8> {
        self.svm.get_account(address).expect("the account exists").data
    }

    pub fn rollup_data(&self) -> Vec<u8> {
        self.data(&self.rollup_address())
    }

    /// Reads the rollup's account.
    pub fn rollup<T>(&self, read: impl FnOnce(RollupRef<'_>) -> T) -> T {
        read(RollupRef::read(&self.rollup_data()).expect("the program's own layout"))
    }

    /// Reads the committee that governance opened for the present epoch.
    pub fn committee<T>(&self, read: impl FnOnce(CommitteeRef<'_>) -> T) -> T {
        self.committee_at(&self.committee_address(self.chain.epoch), read)
    }

    pub fn committee_at<T>(&self, address: &Pubkey, read: impl FnOnce(CommitteeRef<'_>) -> T) -> T {
        read(CommitteeRef::read(&self.data(address)).expect("the program's own layout"))
    }

    /// An instruction: whoever signs is `signer`, and a committee is `committee`.
    pub fn instruction<C: Call>(&self, signer: Pubkey, committee: Pubkey, call: &C) -> Instruction {
        let mut data = vec![0; call.encoded_len()];
        call.encode(&mut data).expect("as long as it says");
        let accounts = C::INSTRUCTION.accounts.iter().map(|role| AccountMeta {
            pubkey: match role.name {
                _ if role.signer => signer,
                "rollup" => self.rollup_address(),
                "committee" => committee,
                "program_data" => self.program_data(),
                "system_program" => solana_sdk_ids::system_program::ID,
                other => panic!("nobody knows an account {other:?}"),
            },
            is_signer: role.signer,
            is_writable: role.writable,
        });
        Instruction {
            program_id: self.program,
            accounts: accounts.collect(),
            data,
        }
    }

    /// Sends a transaction; the first signer pays. A transaction that Solana would not carry is a broken test.
    pub fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Landed, Failure> {
        let transaction = self.transaction(instructions, signers);
        let bytes = transaction_len(&transaction);
        assert!(bytes <= MAX_TRANSACTION, "{bytes} bytes do not fit a packet");
        let result = self.svm.send_transaction(transaction);
        self.svm.expire_blockhash();
        match result {
            Ok(meta) => Ok(Landed {
                units: meta.compute_units_consumed,
                bytes,
                logs: meta.logs,
                return_data: meta.return_data.data,
            }),
            Err(failed) => Err(match failed.err {
                TransactionError::InstructionError(_, InstructionError::Custom(code)) => {
                    match ProgramError::from_code(code) {
                        Some(refused) => Failure::Refused(refused),
                        None => Failure::Other(failed.err),
                    }
                }
                other => Failure::Other(other),
            }),
        }
    }

    pub fn transaction(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Transaction {
        let payer = signers[0].pubkey();
        Transaction::new_signed_with_payer(instructions, Some(&payer), signers, self.svm.latest_blockhash())
    }
}

impl Landed {
    /// The program's events.
    pub fn events(&self) -> Vec<Event> {
        self.logs
            .iter()
            .filter_map(|line| line.strip_prefix("Program data: "))
            .map(|text| {
                Event::decode(&STANDARD.decode(text).expect("base64")).expect("one of the program's events")
            })
            .collect()
    }

    /// Units of the verification alone: between the two lines that the program logs around it.
    pub fn verification_units(&self) -> Option<u64> {
        let remaining: Vec<u64> = self
            .logs
            .iter()
            .filter_map(|line| {
                line.strip_prefix("Program consumption: ")?
                    .strip_suffix(" units remaining")
            })
            .map(|number| number.parse().expect("a number"))
            .collect();
        match remaining[..] {
            [before, after] => Some(before - after),
            _ => None,
        }
    }
}

/// Length of a transaction on the wire: the count of signatures (one byte below 128), the signatures, the message.
pub fn transaction_len(transaction: &Transaction) -> usize {
    1 + 64 * transaction.signatures.len() + transaction.message.serialize().len()
}
