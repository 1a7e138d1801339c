//! Writing decided blocks.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use assetvm::{Changes, Genesis, Payload, ProgramRecord};
use hotshot_engine::ports::DecidedBlock;
use redb::{Database, WriteTransaction};
use rollup_abi::{Digest, Header, mmr::Mmr};

use super::{
    ACCOUNTS, CERTIFICATES, CODE, COMMITTEES, CommittedBlock, ENTRIES, HEADERS, HISTORY_KEY, LEAVES,
    PAYLOADS, PROGRAMS, RECEIPTS, ROSTER_KEY, TOTALS_KEY, TRANSACTIONS, Tip, encode_history,
};
use crate::{StoreError, file, writer::Sink};

/// Appends blocks to the chain.
pub(crate) struct Chain {
    database: Arc<Database>,
    end: End,
    /// The last durable block's view, for pruning the consensus log.
    decided: Arc<AtomicU64>,
}

/// What the next block must follow from.
#[derive(Clone)]
struct End {
    chain_id: Digest,
    height: u64,
    view: u64,
    leaf: Digest,
    history: Mmr,
}

impl End {
    /// Takes the next block; its leaf commitment.
    fn extend(&mut self, header: &Header) -> Result<Digest, StoreError> {
        let (got, expected) = (header.height, self.height.saturating_add(1));
        if got != expected {
            return Err(StoreError::Height { got, expected });
        }
        let fields = [
            ("chain_id", header.chain_id == self.chain_id),
            ("parent", header.parent == self.leaf),
            ("history_root", header.history_root == self.history.root()),
            ("view", header.view > self.view),
        ];
        if let Some((field, _)) = fields.iter().find(|(_, fits)| !fits) {
            return Err(StoreError::Unlinked { height: got, field });
        }
        (self.height, self.view, self.leaf) = (got, header.view, header.commitment());
        self.history.append(&self.leaf);
        Ok(self.leaf)
    }
}

impl Chain {
    pub fn new(database: Arc<Database>, tip: &Tip, decided: Arc<AtomicU64>) -> Self {
        let end = End {
            chain_id: tip.header.chain_id,
            height: tip.header.height,
            view: tip.header.view,
            leaf: tip.header.commitment(),
            history: tip.history.clone(),
        };
        Self {
            database,
            end,
            decided,
        }
    }
}

impl Sink for Chain {
    type Job = Vec<CommittedBlock>;

    fn commit(&mut self, jobs: Vec<Self::Job>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let transaction = begin(&self.database)?;
        let mut end = self.end.clone();
        let mut answers = Vec::with_capacity(jobs.len());
        for blocks in jobs {
            // Blocks of one call are linked before any of them is written: all or none.
            let mut reach = end.clone();
            let links = blocks
                .iter()
                .map(|block| reach.extend(&block.block.header))
                .collect::<Result<Vec<_>, _>>();
            answers.push(match links {
                Ok(leaves) => {
                    for (block, leaf) in blocks.iter().zip(leaves) {
                        write_block(&transaction, block, &leaf)?;
                    }
                    end = reach;
                    Ok(())
                }
                Err(refusal) => Err(refusal),
            });
        }
        if end.height == self.end.height {
            transaction.abort().map_err(StoreError::redb("abort"))?;
            return Ok(answers);
        }
        write_history(&transaction, &end.history)?;
        transaction.commit().map_err(StoreError::redb("commit blocks"))?;
        self.decided.store(end.view, Ordering::Release);
        self.end = end;
        Ok(answers)
    }
}

/// Writes a new chain: format, chain id and the block of height 0.
pub(super) fn found(database: &Database, genesis: &Genesis, header: &Header) -> Result<(), StoreError> {
    let state = genesis.state()?;
    let leaf = header.commitment();
    let mut history = Mmr::default();
    history.append(&leaf);
    let block = CommittedBlock {
        block: DecidedBlock {
            header: header.clone(),
            payload: Payload::default().as_bytes().into(),
            certificate: None,
        },
        receipts: Vec::new(),
        changes: Changes {
            accounts: state
                .accounts()
                .map(|(address, account)| (address, Some(account)))
                .collect(),
            roster: Some(Arc::clone(state.roster())),
            metadata: *state.metadata(),
            ..Changes::default()
        },
    };
    let transaction = begin(database)?;
    file::stamp(&transaction, &genesis.chain_id())?;
    write_block(&transaction, &block, &leaf)?;
    write_history(&transaction, &history)?;
    transaction.commit().map_err(StoreError::redb("commit genesis"))
}

fn begin(database: &Database) -> Result<WriteTransaction, StoreError> {
    let mut transaction = database
        .begin_write()
        .map_err(StoreError::redb("begin writing"))?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

fn write_block(
    transaction: &WriteTransaction,
    committed: &CommittedBlock,
    leaf: &Digest,
) -> Result<(), StoreError> {
    let CommittedBlock {
        block,
        receipts,
        changes,
    } = committed;
    let height = block.header.height;
    let certificate = block.certificate.as_ref().map(encode);
    let by_height = [
        (HEADERS, Some(block.header.encode().to_vec())),
        (PAYLOADS, Some(block.payload.to_vec())),
        (CERTIFICATES, certificate),
        (RECEIPTS, Some(encode(receipts))),
    ];
    for (definition, value) in by_height {
        let mut table = transaction
            .open_table(definition)
            .map_err(StoreError::redb("open a table of blocks"))?;
        if let Some(value) = value {
            table
                .insert(height, value.as_slice())
                .map_err(StoreError::redb("write a block"))?;
        }
    }
    let mut leaves = transaction
        .open_table(LEAVES)
        .map_err(StoreError::redb("open table leaves"))?;
    leaves
        .insert(leaf, height)
        .map_err(StoreError::redb("write table leaves"))?;
    let mut transactions = transaction
        .open_table(TRANSACTIONS)
        .map_err(StoreError::redb("open table transactions"))?;
    for (index, receipt) in (0u32..).zip(receipts) {
        let place = (height, index);
        transactions
            .insert(receipt.id.as_bytes(), place)
            .map_err(StoreError::redb("write table transactions"))?;
    }
    write_accounts(transaction, changes)?;
    write_programs(transaction, changes)?;
    write_entries(transaction, changes)?;
    write_roster(transaction, changes)?;
    write_meta(transaction, TOTALS_KEY, &encode(&changes.metadata))
}

fn write_accounts(transaction: &WriteTransaction, changes: &Changes) -> Result<(), StoreError> {
    let mut accounts = transaction
        .open_table(ACCOUNTS)
        .map_err(StoreError::redb("open table accounts"))?;
    for (address, account) in &changes.accounts {
        let written = match account {
            Some(account) => {
                let value = (account.balance.base_units(), account.nonce.get());
                accounts.insert(address.as_bytes(), value)
            }
            None => accounts.remove(address.as_bytes()),
        };
        written.map_err(StoreError::redb("write table accounts"))?;
    }
    Ok(())
}

/// Code is written when it is new. What a program counts changes often, what it runs hardly ever.
fn write_programs(transaction: &WriteTransaction, changes: &Changes) -> Result<(), StoreError> {
    let redb = StoreError::redb::<redb::StorageError>;
    let open = StoreError::redb::<redb::TableError>;
    let mut programs = transaction
        .open_table(PROGRAMS)
        .map_err(open("open table programs"))?;
    let mut codes = transaction.open_table(CODE).map_err(open("open table code"))?;
    for (address, program) in &changes.programs {
        let key = address.as_bytes();
        let Some(program) = program else {
            programs.remove(key).map_err(redb("write table programs"))?;
            codes.remove(key).map_err(redb("write table code"))?;
            continue;
        };
        let record = program.record();
        let before = programs.insert(key, encode(&record).as_slice());
        let before = before.map_err(redb("write table programs"))?;
        let before = before.and_then(|bytes| borsh::from_slice::<ProgramRecord>(bytes.value()).ok());
        if before.is_none_or(|before| before.code_hash != record.code_hash) {
            let code = program.code.program().encode();
            codes
                .insert(key, code.as_slice())
                .map_err(redb("write table code"))?;
        }
    }
    Ok(())
}

fn write_entries(transaction: &WriteTransaction, changes: &Changes) -> Result<(), StoreError> {
    let mut entries = transaction
        .open_table(ENTRIES)
        .map_err(StoreError::redb("open table entries"))?;
    for (id, value) in &changes.entries {
        let key = (id.program.as_bytes(), &id.key);
        let written = match value {
            Some(value) => entries.insert(key, value.as_slice()),
            None => entries.remove(key),
        };
        written.map_err(StoreError::redb("write table entries"))?;
    }
    Ok(())
}

/// Committees stay when the roster has forgotten them: settlement may lag behind.
fn write_roster(transaction: &WriteTransaction, changes: &Changes) -> Result<(), StoreError> {
    let mut committees = transaction
        .open_table(COMMITTEES)
        .map_err(StoreError::redb("open table committees"))?;
    let Some(roster) = &changes.roster else {
        return Ok(());
    };
    for seats in &roster.committees {
        committees
            .insert(seats.epoch, encode(&seats.validators).as_slice())
            .map_err(StoreError::redb("write table committees"))?;
    }
    write_meta(transaction, ROSTER_KEY, &encode(&**roster))
}

fn write_history(transaction: &WriteTransaction, history: &Mmr) -> Result<(), StoreError> {
    write_meta(transaction, HISTORY_KEY, &encode_history(history))
}

fn write_meta(transaction: &WriteTransaction, key: &str, value: &[u8]) -> Result<(), StoreError> {
    let mut meta = transaction
        .open_table(file::META)
        .map_err(StoreError::redb("open table meta"))?;
    meta.insert(key, value)
        .map_err(StoreError::redb("write table meta"))?;
    Ok(())
}

fn encode(value: &impl borsh::BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}
