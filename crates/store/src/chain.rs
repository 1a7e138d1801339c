//! Decided blocks, and the state after the last of them.
//!
//! | table | key | value |
//! |---|---|---|
//! | `headers` | height | encoded header |
//! | `payloads` | height | payload |
//! | `certificates` | height | Certificate2, where the block itself has one |
//! | `receipts` | height | receipts of its transactions, in order |
//! | `leaves` | leaf commitment | height |
//! | `transactions` | transaction id | height, index in the block |
//! | `accounts` | address | balance, nonce |
//! | `programs` | address | code hash, authority, count of entries |
//! | `code` | address of a program | its code |
//! | `entries` | program and key | what the program stores |
//! | `committees` | epoch | members of its committee |
//! | `meta` | name | format, chain id, totals of the state, roster, history range |
//!
//! All that one decision changes is in one redb transaction. Commits save the allocator's state (`quick_repair`), so
//! opening after a crash takes as long as reading the accounts, not the whole history.

mod read;
mod write;

use std::path::Path;

use assetvm::{
    Account, Address, Amount, Changes, Contents, EntryId, Genesis, Metadata, Nonce, ProgramRecord, Receipt,
    Roster, State,
};
use hotshot_engine::ports::DecidedBlock;
use hotshot_types::Certificate2;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition};
use rollup_abi::{
    Digest, Header,
    mmr::{MAX_PEAKS, Mmr},
};

pub(crate) use read::Reader;
pub use read::TransactionPlace;
pub(crate) use write::Chain;

use crate::{StoreError, file};

const HEADERS: TableDefinition<u64, &[u8]> = TableDefinition::new("headers");
const PAYLOADS: TableDefinition<u64, &[u8]> = TableDefinition::new("payloads");
const CERTIFICATES: TableDefinition<u64, &[u8]> = TableDefinition::new("certificates");
const RECEIPTS: TableDefinition<u64, &[u8]> = TableDefinition::new("receipts");
const LEAVES: TableDefinition<&Digest, u64> = TableDefinition::new("leaves");
const TRANSACTIONS: TableDefinition<&Digest, (u64, u32)> = TableDefinition::new("transactions");
const ACCOUNTS: TableDefinition<&[u8; 32], (u64, u64)> = TableDefinition::new("accounts");
const PROGRAMS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("programs");
const CODE: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("code");
const ENTRIES: TableDefinition<(&[u8; 32], &Digest), &[u8]> = TableDefinition::new("entries");
const COMMITTEES: TableDefinition<u64, &[u8]> = TableDefinition::new("committees");

const TOTALS_KEY: &str = "totals";
const HISTORY_KEY: &str = "history";
const ROSTER_KEY: &str = "roster";
/// Page cache in bytes: the accounts and indices that blocks touch.
const CACHE: usize = 64 << 20;

/// A decided block with what it did, as it is committed.
#[derive(Clone, Debug)]
pub struct CommittedBlock {
    /// Header, payload, certificate.
    pub block: DecidedBlock,
    /// One receipt per transaction of the payload, in order.
    pub receipts: Vec<Receipt>,
    /// What it changed in the state.
    pub changes: Changes,
}

/// The last durable block and the state after it.
#[derive(Clone, Debug)]
pub struct Tip {
    /// Its header.
    pub header: Header,
    /// Its certificate; genesis has none, nor has a block that was decided through a descendant.
    pub certificate: Option<Certificate2>,
    /// The range over the leaf commitments of heights `0..=header.height`.
    pub history: Mmr,
    /// The state after it; its root is `header.state_root`.
    pub state: State,
}

/// Opens or creates the chain's file, and reads and checks its tip.
pub(crate) fn open(path: &Path, genesis: &Genesis, header: &Header) -> Result<(Database, Tip), StoreError> {
    let chain_id = genesis.chain_id();
    let (database, is_new) = file::open(path, CACHE, &chain_id)?;
    if is_new {
        write::found(&database, genesis, header)?;
    }
    let tip = load_tip(&database, genesis)?;
    let (got, expected) = (tip.state.root(), tip.header.state_root);
    if got != expected {
        let height = tip.header.height;
        return Err(StoreError::StateRoot {
            height,
            got,
            expected,
        });
    }
    Ok((database, tip))
}

fn load_tip(database: &Database, genesis: &Genesis) -> Result<Tip, StoreError> {
    let reader = Reader::begin(database)?;
    let header = reader.last_header()?;
    let certificate = reader.certificate(header.height)?;
    let transaction = database.begin_read().map_err(StoreError::redb("begin reading"))?;
    let meta = transaction
        .open_table(file::META)
        .map_err(StoreError::redb("open table meta"))?;
    let value = |key: &str| meta.get(key).map_err(StoreError::redb("read table meta"));
    let totals = value(TOTALS_KEY)?.and_then(|bytes| borsh::from_slice::<Metadata>(bytes.value()).ok());
    let totals = totals.ok_or_else(|| StoreError::damaged("meta", TOTALS_KEY))?;
    let history = value(HISTORY_KEY)?.and_then(|bytes| decode_history(bytes.value()));
    let history = history.ok_or_else(|| StoreError::damaged("meta", HISTORY_KEY))?;
    let roster = value(ROSTER_KEY)?.and_then(|bytes| borsh::from_slice::<Roster>(bytes.value()).ok());
    let contents = Contents {
        roster: roster.ok_or_else(|| StoreError::damaged("meta", ROSTER_KEY))?,
        accounts: load_accounts(&transaction)?,
        programs: load_programs(&transaction)?,
        entries: load_entries(&transaction)?,
    };
    Ok(Tip {
        header,
        certificate,
        history,
        state: State::restore(genesis.params(), totals, contents)?,
    })
}

fn load_accounts(transaction: &ReadTransaction) -> Result<Vec<(Address, Account)>, StoreError> {
    let redb = StoreError::redb::<redb::StorageError>;
    let table = transaction
        .open_table(ACCOUNTS)
        .map_err(StoreError::redb("open table accounts"))?;
    let mut accounts = Vec::new();
    for entry in table.iter().map_err(redb("read table accounts"))? {
        let (address, value) = entry.map_err(redb("read table accounts"))?;
        let (balance, nonce) = value.value();
        let account = Account {
            balance: Amount::from_base_units(balance),
            nonce: Nonce::new(nonce),
        };
        accounts.push((Address::new(*address.value()), account));
    }
    Ok(accounts)
}

fn load_programs(
    transaction: &ReadTransaction,
) -> Result<Vec<(Address, ProgramRecord, Vec<u8>)>, StoreError> {
    let redb = StoreError::redb::<redb::StorageError>;
    let open = StoreError::redb::<redb::TableError>;
    let records = transaction
        .open_table(PROGRAMS)
        .map_err(open("open table programs"))?;
    let codes = transaction.open_table(CODE).map_err(open("open table code"))?;
    let mut programs = Vec::new();
    for entry in records.iter().map_err(redb("read table programs"))? {
        let (key, record) = entry.map_err(redb("read table programs"))?;
        let address = Address::new(*key.value());
        let record =
            borsh::from_slice(record.value()).map_err(|_| StoreError::damaged("programs", address))?;
        let code = codes.get(key.value()).map_err(redb("read table code"))?;
        let code = code.ok_or_else(|| StoreError::damaged("code", address))?;
        programs.push((address, record, code.value().to_vec()));
    }
    Ok(programs)
}

fn load_entries(transaction: &ReadTransaction) -> Result<Vec<(EntryId, Vec<u8>)>, StoreError> {
    let table = transaction
        .open_table(ENTRIES)
        .map_err(StoreError::redb("open table entries"))?;
    let entries = table.iter().map_err(StoreError::redb("read table entries"))?;
    entries.map(read::entry).collect()
}

/// The count, then the peaks that it says there are, smallest tree first.
fn encode_history(history: &Mmr) -> Vec<u8> {
    let mut bytes = history.count().to_le_bytes().to_vec();
    for (k, peak) in history.peaks().iter().enumerate() {
        if history.count() >> k & 1 == 1 {
            bytes.extend_from_slice(peak);
        }
    }
    bytes
}

fn decode_history(bytes: &[u8]) -> Option<Mmr> {
    let (count, mut rest) = bytes.split_first_chunk()?;
    let count = u64::from_le_bytes(*count);
    let mut peaks = [[0; 32]; MAX_PEAKS];
    for (k, peak) in peaks.iter_mut().enumerate() {
        if count >> k & 1 == 1 {
            (*peak, rest) = rest.split_first_chunk().map(|(peak, rest)| (*peak, rest))?;
        }
    }
    rest.is_empty().then(|| Mmr::from_parts(count, peaks))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn history_round_trips(leaves in prop::collection::vec(any::<Digest>(), 0..40), cut in any::<prop::sample::Index>()) {
            let mut history = Mmr::default();
            leaves.iter().for_each(|leaf| history.append(leaf));
            let bytes = encode_history(&history);
            prop_assert_eq!(decode_history(&bytes), Some(history));
            prop_assert_eq!(decode_history(&bytes[..cut.index(bytes.len())]), None);
            prop_assert_eq!(decode_history(&[&bytes[..], &[0]].concat()), None);
        }
    }
}
