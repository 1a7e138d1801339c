//! The state after a block.

use std::sync::Arc;

use curvevm::CodeHash;
use rollup_abi::{
    Digest,
    tree::{self as rules, account_key, entry_key, metadata_key, program_key, roster_key},
};

use crate::{
    Account, Address, Amount, Changes, EntryId, Metadata, Program, ProgramRecord, Reason, Roster, RosterCell,
    genesis::Params,
    program::Codes,
    proof::{AccountProof, CellProof, EntryProof, MetadataProof, ProgramProof, RosterProof},
    tree::{self, Tree},
};

/// A cell of the state tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Account(Address, Account),
    Metadata(Metadata),
    Program(Arc<Deployed>),
    Entry(Arc<Entry>),
    Roster(Arc<Roster>),
}

/// A program where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployed {
    address: Address,
    program: Program,
}

/// What a program stores under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    id: EntryId,
    value: Vec<u8>,
}

impl tree::Value for Cell {
    fn value_hash(&self) -> Digest {
        match self {
            Self::Account(_, account) => account.value_hash(),
            Self::Metadata(metadata) => metadata.value_hash(),
            Self::Program(deployed) => deployed.program.record().value_hash(),
            Self::Entry(entry) => rules::value_hash(&entry.value),
            Self::Roster(roster) => roster.value_hash(),
        }
    }
}

impl EntryId {
    /// The key of its cell in the state tree.
    pub(crate) fn cell_key(&self) -> Digest {
        entry_key(self.program.as_bytes(), &self.key)
    }
}

/// All accounts and programs, the totals and the chain's parameters. Immutable; a clone or a fork shares everything that is
/// equal.
#[derive(Clone, Debug)]
pub struct State {
    params: Arc<Params>,
    metadata: Metadata,
    roster: Arc<Roster>,
    tree: Tree<Cell>,
    codes: Arc<Codes>,
}

/// What storage rebuilds a state from, in any order, each account, program and entry once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Accounts, and what programs own.
    pub accounts: Vec<(Address, Account)>,
    /// Programs: their cells and the encodings of their code.
    pub programs: Vec<(Address, ProgramRecord, Vec<u8>)>,
    /// What programs store.
    pub entries: Vec<(EntryId, Vec<u8>)>,
    /// Who validates.
    pub roster: Roster,
}

/// Why what was stored is not a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// An address, or an entry of a program, came twice.
    #[error("account, program or storage of {address} came twice")]
    Duplicate {
        /// The address.
        address: Address,
    },
    /// The totals are not those of the accounts.
    #[error("balances and fees sum to {got} base units, expected the total supply of {expected}")]
    Supply {
        /// Their sum in base units.
        got: u128,
        /// The total supply.
        expected: Amount,
    },
    /// A program's code is not one that the verifier accepts.
    #[error("program {address}: {reason}")]
    Code {
        /// The program.
        address: Address,
        /// What is wrong.
        reason: Reason,
    },
    /// A program's code is not that of its hash.
    #[error("program {address} has code {got}, expected {expected}")]
    CodeHash {
        /// The program.
        address: Address,
        /// The code's hash.
        got: CodeHash,
        /// The hash in its cell.
        expected: CodeHash,
    },
}

impl State {
    /// The state with these contents: how storage rebuilds it.
    pub fn restore(
        params: Arc<Params>,
        metadata: Metadata,
        mut contents: Contents,
    ) -> Result<Self, StateError> {
        let balances = contents.accounts.iter().map(|(_, account)| account.balance);
        let got = balances
            .chain([metadata.fees_collected])
            .map(|amount| u128::from(amount.base_units()))
            .fold(0, u128::saturating_add);
        let roster = Arc::new(std::mem::take(&mut contents.roster));
        let codes = Codes::default();
        let mut cells = contents.into_cells(&codes)?;
        cells.sort_unstable_by_key(|(key, _)| *key);
        let twice = cells.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some(address) = twice.and_then(|pair| pair[0].1.address()) {
            return Err(StateError::Duplicate { address });
        }
        let expected = metadata.total_supply;
        if got != u128::from(expected.base_units()) {
            return Err(StateError::Supply { got, expected });
        }
        cells.push((metadata_key(), Cell::Metadata(metadata)));
        if !roster.is_empty() {
            cells.push((roster_key(), Cell::Roster(Arc::clone(&roster))));
        }
        Ok(Self {
            params,
            metadata,
            roster,
            tree: Tree::build(cells),
            codes: Arc::new(codes),
        })
    }

    /// The state after a block's changes.
    pub fn apply(&self, changes: &Changes) -> Self {
        let accounts = changes.accounts.iter().map(|(address, account)| {
            let stored = account.filter(|account| !account.is_vacant());
            (
                account_key(address.as_bytes()),
                stored.map(|account| Cell::Account(*address, account)),
            )
        });
        let programs = changes.programs.iter().map(|(address, program)| {
            let cell = program.clone().map(|program| Cell::program(*address, program));
            (program_key(address.as_bytes()), cell)
        });
        let entries = changes.entries.iter().map(|(id, value)| {
            let cell = value
                .clone()
                .map(|value| Cell::Entry(Arc::new(Entry { id: *id, value })));
            (id.cell_key(), cell)
        });
        let metadata = (metadata_key(), Some(Cell::Metadata(changes.metadata)));
        let roster = changes.roster.iter().map(|roster| {
            let cell = Some(Arc::clone(roster)).filter(|roster| !roster.is_empty());
            (roster_key(), cell.map(Cell::Roster))
        });
        let cells = accounts.chain(programs).chain(entries).chain(roster);
        Self {
            params: Arc::clone(&self.params),
            metadata: changes.metadata,
            roster: Arc::clone(changes.roster.as_ref().unwrap_or(&self.roster)),
            tree: self.tree.update(cells.chain([metadata])),
            codes: Arc::clone(&self.codes),
        }
    }

    /// The root: what a block's header carries.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The chain's parameters.
    pub fn params(&self) -> &Arc<Params> {
        &self.params
    }

    /// The totals.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Who validates.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The account at an address, or what a program there owns.
    pub fn get(&self, address: &Address) -> Option<Account> {
        match self.tree.get(&account_key(address.as_bytes())) {
            Some(Cell::Account(_, account)) => Some(*account),
            _ => None,
        }
    }

    /// The program at an address.
    pub fn program(&self, address: &Address) -> Option<&Program> {
        match self.tree.get(&program_key(address.as_bytes())) {
            Some(Cell::Program(deployed)) => Some(&deployed.program),
            _ => None,
        }
    }

    /// What a program stores under a key.
    pub fn entry(&self, id: &EntryId) -> Option<&[u8]> {
        match self.tree.get(&id.cell_key()) {
            Some(Cell::Entry(entry)) => Some(&entry.value),
            _ => None,
        }
    }

    /// The accounts, in the order of their keys in the tree.
    pub fn accounts(&self) -> impl Iterator<Item = (Address, Account)> {
        self.tree.iter().filter_map(|cell| match cell {
            Cell::Account(address, account) => Some((*address, *account)),
            _ => None,
        })
    }

    /// The programs, in the order of their keys in the tree.
    pub fn programs(&self) -> impl Iterator<Item = (Address, &Program)> {
        self.tree.iter().filter_map(|cell| match cell {
            Cell::Program(deployed) => Some((deployed.address, &deployed.program)),
            _ => None,
        })
    }

    /// What programs store, in the order of the keys in the tree.
    pub fn entries(&self) -> impl Iterator<Item = (EntryId, &[u8])> {
        self.tree.iter().filter_map(|cell| match cell {
            Cell::Entry(entry) => Some((entry.id, entry.value.as_slice())),
            _ => None,
        })
    }

    /// All that [`State::restore`] needs beside the totals.
    pub fn contents(&self) -> Contents {
        Contents {
            accounts: self.accounts().collect(),
            programs: self
                .programs()
                .map(|(address, program)| (address, program.record(), program.code.program().encode()))
                .collect(),
            entries: self.entries().map(|(id, value)| (id, value.to_vec())).collect(),
            roster: Roster::clone(&self.roster),
        }
    }

    /// Proves what is, or that nothing is, at an address.
    pub fn prove(&self, address: &Address) -> AccountProof {
        let (siblings, end) = self.tree.prove(&account_key(address.as_bytes()));
        CellProof::new(*address, siblings, end, |cell| match cell {
            Cell::Account(_, account) => Some(*account),
            _ => None,
        })
    }

    /// Proves which program is, or that none is, at an address.
    pub fn prove_program(&self, address: &Address) -> ProgramProof {
        let (siblings, end) = self.tree.prove(&program_key(address.as_bytes()));
        CellProof::new((*address).into(), siblings, end, |cell| match cell {
            Cell::Program(deployed) => Some(deployed.program.record()),
            _ => None,
        })
    }

    /// Proves what a program stores, or that it stores nothing, under a key.
    pub fn prove_entry(&self, id: &EntryId) -> EntryProof {
        let (siblings, end) = self.tree.prove(&id.cell_key());
        CellProof::new(*id, siblings, end, |cell| match cell {
            Cell::Entry(entry) => Some(entry.value.clone()),
            _ => None,
        })
    }

    /// Proves who validates, or that this chain has no epochs.
    pub fn prove_roster(&self) -> RosterProof {
        let (siblings, end) = self.tree.prove(&roster_key());
        CellProof::new(RosterCell, siblings, end, |cell| match cell {
            Cell::Roster(roster) => Some(Roster::clone(roster)),
            _ => None,
        })
    }

    /// Proves the totals.
    pub fn prove_metadata(&self) -> MetadataProof {
        let (siblings, _) = self.tree.prove(&metadata_key());
        MetadataProof {
            metadata: self.metadata,
            siblings,
        }
    }

    /// The code of this encoding, verified.
    pub(crate) fn verify_code(&self, encoded: &[u8]) -> Result<Arc<curvevm::Verified>, Reason> {
        self.codes.verify(encoded)
    }
}

impl Cell {
    fn program(address: Address, program: Program) -> Self {
        Self::Program(Arc::new(Deployed { address, program }))
    }

    fn address(&self) -> Option<Address> {
        match self {
            Self::Account(address, _) => Some(*address),
            Self::Program(deployed) => Some(deployed.address),
            Self::Entry(entry) => Some(entry.id.program),
            Self::Metadata(_) | Self::Roster(_) => None,
        }
    }
}

impl Contents {
    fn into_cells(self, codes: &Codes) -> Result<Vec<(Digest, Cell)>, StateError> {
        let accounts = self.accounts.into_iter();
        let mut cells: Vec<_> = accounts
            .filter(|(_, account)| !account.is_vacant())
            .map(|(address, account)| (account_key(address.as_bytes()), Cell::Account(address, account)))
            .collect();
        for (address, record, code) in self.programs {
            let program = record.with_code(address, &code, codes)?;
            cells.push((program_key(address.as_bytes()), Cell::program(address, program)));
        }
        let entries = self.entries.into_iter();
        cells.extend(entries.map(|(id, value)| (id.cell_key(), Cell::Entry(Arc::new(Entry { id, value })))));
        Ok(cells)
    }
}

impl ProgramRecord {
    fn with_code(self, address: Address, code: &[u8], codes: &Codes) -> Result<Program, StateError> {
        let code = codes
            .verify(code)
            .map_err(|reason| StateError::Code { address, reason })?;
        let (got, expected) = (code.code_hash(), self.code_hash);
        if got != expected {
            return Err(StateError::CodeHash {
                address,
                got,
                expected,
            });
        }
        Ok(Program {
            code,
            authority: self.authority,
            entries: self.entries,
        })
    }
}
