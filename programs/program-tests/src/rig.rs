//! LiteSVM with the program deployed, and the keys of everybody who may do something.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use litesvm::LiteSVM;
use rollup_abi::account::{CommitteeRef, RollupRef};
use rollup_abi::event::Event;
use rollup_abi::instruction::{
    self, AccountRole, Initialize, MAX_POSTERS, MAX_TRANSACTION, RegisterMember, SubmitRoots,
};
use rollup_abi::{ProgramError, pda};
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::error::InstructionError;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

use crate::{Chain, Key, Post};

/// What an accepted transaction did.
#[derive(Debug)]
pub struct Landed {
    pub units: u64,
    pub bytes: usize,
    pub logs: Vec<String>,
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

/// The program in LiteSVM.
pub struct Rig {
    pub svm: LiteSVM,
    pub program: Pubkey,
    pub roles: Roles,
    pub chain: Chain,
}

pub const CHAIN_ID: [u8; 32] = [0xC1; 32];
pub const GENESIS_ROOT: [u8; 32] = [0x6E; 32];

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
        for key in [
            &roles.authority,
            &roles.governance,
            &roles.guardian,
            &roles.poster,
            &roles.stranger,
        ] {
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

    /// Initialized, the committee empty.
    pub fn initialized() -> Self {
        let mut rig = Self::deployed();
        let instruction = rig.initialize(&rig.genesis());
        rig.send(&[instruction], &[&rig.roles.authority.insecure_clone()])
            .expect("initialize");
        rig
    }

    /// A committee with these stakes, registered but not active. Member `i` has key and owner number `i`.
    pub fn registered(stakes: &[u64]) -> Self {
        let mut rig = Self::initialized();
        for (index, stake) in stakes.iter().enumerate() {
            let args = rig.membership(index as u64, *stake);
            rig.register(&args).expect("register_member");
            rig.chain.keys.push(Key::numbered(index as u64));
        }
        rig
    }

    /// An active committee with these stakes.
    pub fn active(stakes: &[u64]) -> Self {
        let mut rig = Self::registered(stakes);
        rig.activate(0).expect("activate_committee");
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

    pub fn program_data(&self) -> Pubkey {
        let loader = solana_sdk_ids::bpf_loader_upgradeable::ID;
        Pubkey::find_program_address(&[self.program.as_ref()], &loader).0
    }

    pub fn rollup_address(&self) -> Pubkey {
        Pubkey::find_program_address(&[pda::ROLLUP], &self.program).0
    }

    pub fn committee_address(&self) -> Pubkey {
        Pubkey::find_program_address(&[pda::COMMITTEE, &0u64.to_le_bytes()], &self.program).0
    }

    pub fn rollup_data(&self) -> Vec<u8> {
        self.svm
            .get_account(&self.rollup_address())
            .expect("initialized")
            .data
    }

    pub fn committee_data(&self) -> Vec<u8> {
        self.svm
            .get_account(&self.committee_address())
            .expect("initialized")
            .data
    }

    /// Reads the rollup's account.
    pub fn rollup<T>(&self, read: impl FnOnce(RollupRef<'_>) -> T) -> T {
        read(RollupRef::read(&self.rollup_data()).expect("the program's own layout"))
    }

    /// Reads the committee's account.
    pub fn committee<T>(&self, read: impl FnOnce(CommitteeRef<'_>) -> T) -> T {
        read(CommitteeRef::read(&self.committee_data()).expect("the program's own layout"))
    }

    /// The arguments that [`Rig::initialized`] uses.
    pub fn genesis(&self) -> Initialize {
        let mut posters = [[0; 32]; MAX_POSTERS];
        posters[3] = self.roles.poster.pubkey().to_bytes();
        Initialize {
            chain_id: CHAIN_ID,
            genesis_root: GENESIS_ROOT,
            governance: self.roles.governance.pubkey().to_bytes(),
            guardian: self.roles.guardian.pubkey().to_bytes(),
            posters,
        }
    }

    /// Member number `number` with a true proof of possession.
    pub fn membership(&self, number: u64, stake: u64) -> RegisterMember {
        membership(&Key::numbered(number), [number as u8 + 1; 32], stake)
    }

    pub fn initialize(&self, args: &Initialize) -> Instruction {
        let addresses = [
            self.roles.authority.pubkey(),
            self.rollup_address(),
            self.committee_address(),
            self.program_data(),
            solana_sdk_ids::system_program::ID,
        ];
        self.instruction(&instruction::INITIALIZE_ACCOUNTS, &addresses, &args.encode())
    }

    pub fn register_instruction(&self, signer: Pubkey, args: &RegisterMember) -> Instruction {
        let addresses = [
            signer,
            self.rollup_address(),
            self.committee_address(),
            solana_sdk_ids::system_program::ID,
        ];
        self.instruction(&instruction::REGISTER_MEMBER_ACCOUNTS, &addresses, &args.encode())
    }

    pub fn register(&mut self, args: &RegisterMember) -> Result<Landed, Failure> {
        let governance = self.roles.governance.insecure_clone();
        self.send(
            &[self.register_instruction(governance.pubkey(), args)],
            &[&governance],
        )
    }

    pub fn activate_by(&mut self, signer: &Keypair, epoch: u64) -> Result<Landed, Failure> {
        let addresses = [
            signer.pubkey(),
            self.rollup_address(),
            self.committee_address(),
            solana_sdk_ids::system_program::ID,
        ];
        let data = instruction::activate_committee(epoch);
        self.send(
            &[self.instruction(&instruction::ACTIVATE_COMMITTEE_ACCOUNTS, &addresses, &data)],
            &[signer],
        )
    }

    pub fn activate(&mut self, epoch: u64) -> Result<Landed, Failure> {
        let governance = self.roles.governance.insecure_clone();
        self.activate_by(&governance, epoch)
    }

    pub fn submit_instruction(&self, signer: Pubkey, post: &Post) -> Instruction {
        let addresses = [signer, self.rollup_address(), self.committee_address()];
        self.instruction(
            &instruction::SUBMIT_ROOTS_ACCOUNTS,
            &addresses,
            &submit_data(post),
        )
    }

    /// What a poster sends: the budget, the price, the roots.
    pub fn submit_by(&mut self, signer: &Keypair, post: &Post) -> Result<Landed, Failure> {
        self.send(
            &[
                ComputeBudgetInstruction::set_compute_unit_limit(200_000),
                ComputeBudgetInstruction::set_compute_unit_price(1_000),
                self.submit_instruction(signer.pubkey(), post),
            ],
            &[signer],
        )
    }

    pub fn submit(&mut self, post: &Post) -> Result<Landed, Failure> {
        let poster = self.roles.poster.insecure_clone();
        self.submit_by(&poster, post)
    }

    pub fn pause(&mut self, signer: &Keypair) -> Result<Landed, Failure> {
        self.switch(signer, &instruction::PAUSE_ACCOUNTS, &instruction::PAUSE)
    }

    pub fn resume(&mut self, signer: &Keypair) -> Result<Landed, Failure> {
        self.switch(signer, &instruction::RESUME_ACCOUNTS, &instruction::RESUME)
    }

    fn switch(&mut self, signer: &Keypair, roles: &[AccountRole], data: &[u8]) -> Result<Landed, Failure> {
        let instruction = self.instruction(roles, &[signer.pubkey(), self.rollup_address()], data);
        self.send(&[instruction], &[signer])
    }

    /// An instruction with its accounts in the table's order.
    pub fn instruction(&self, roles: &[AccountRole], addresses: &[Pubkey], data: &[u8]) -> Instruction {
        assert_eq!(roles.len(), addresses.len());
        let accounts = roles
            .iter()
            .zip(addresses)
            .map(|(role, address)| AccountMeta {
                pubkey: *address,
                is_signer: role.signer,
                is_writable: role.writable,
            })
            .collect();
        Instruction {
            program_id: self.program,
            accounts,
            data: data.to_vec(),
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

/// A member with a true proof of possession.
pub fn membership(key: &Key, owner: [u8; 32], stake: u64) -> RegisterMember {
    let (pk1, pk2) = (key.pk1(), key.pk2());
    let proof = key.sign(&Key::possession_message(&CHAIN_ID, &owner, &pk1, &pk2));
    RegisterMember {
        epoch: 0,
        owner,
        stake,
        pk1,
        pk2,
        signature: crate::oracle::g1_bytes(proof.point),
        ctr: proof.ctr,
    }
}

/// Instruction data of a post; headers of a wrong length, which rollup-abi does not encode, are written by hand.
pub fn submit_data(post: &Post) -> Vec<u8> {
    let mut buffer = [0; 4096];
    if let Ok(header) = post.header.as_slice().try_into() {
        let args = SubmitRoots {
            header,
            certificate: &post.certificate,
            roots: &post.roots,
        };
        return args.encode(&mut buffer).expect("4096 bytes are enough").to_vec();
    }
    let mut data = instruction::SUBMIT_ROOTS.to_vec();
    for part in [&post.header, &post.certificate] {
        data.extend((part.len() as u32).to_le_bytes());
        data.extend(part);
    }
    data.extend((post.roots.len() as u32).to_le_bytes());
    data.extend(post.roots.concat());
    data
}

/// Length of a transaction on the wire: the count of signatures (one byte below 128), the signatures, the message.
pub fn transaction_len(transaction: &Transaction) -> usize {
    1 + 64 * transaction.signatures.len() + transaction.message.serialize().len()
}
