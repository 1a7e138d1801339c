//! What is in a data directory that no node runs on: how much, and whether it is whole.

use std::{fs, path::Path, sync::Arc};

use assetvm::{Genesis, Payload, TxId};
use hotshot_types::{Height, dispersal};
use redb::{Database, ReadableDatabase, ReadableTableMetadata as _, TableHandle as _};
use rollup_abi::{Digest, Header, vote};

use crate::{
    CHAIN_FILE, Directory, LOG_FILE, StoreError,
    chain::{self, Reader},
    file,
};

/// How much is in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableStats {
    /// Its name.
    pub name: String,
    /// Its entries.
    pub entries: u64,
    /// Bytes of keys and values.
    pub stored_bytes: u64,
    /// Bytes of the pages around them, and what is empty in these.
    pub overhead_bytes: u64,
}

/// How much is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStats {
    /// Its name in the directory.
    pub name: &'static str,
    /// Its size on disk.
    pub bytes: u64,
    /// Its format.
    pub format: u32,
    /// Its chain.
    pub chain_id: Digest,
    /// Its tables, by name.
    pub tables: Vec<TableStats>,
}

/// What a check has looked at and found whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Height of the oldest block.
    pub oldest: u64,
    /// Height of the newest block.
    pub newest: u64,
    /// Blocks: each follows from the one before it and has the payload that its header names, if that is small enough to be
    /// named as a whole; what names a larger one, only the committee's shares show.
    pub blocks: u64,
    /// Transactions: each is found by its id and has a receipt.
    pub transactions: u64,
    /// Certificates: each names its block.
    pub certificates: u64,
}

/// How much is in each file of a directory.
pub fn stats(directory: &Directory) -> Result<Vec<FileStats>, StoreError> {
    let files = [CHAIN_FILE, LOG_FILE].into_iter();
    files.map(|name| file_stats(directory.path(), name)).collect()
}

fn file_stats(directory: &Path, name: &'static str) -> Result<FileStats, StoreError> {
    let path = directory.join(name);
    let size = fs::metadata(&path).map_err(|source| StoreError::Io {
        operation: "read",
        path: path.clone(),
        source: Arc::new(source),
    })?;
    let database = Database::open(&path).map_err(StoreError::redb("open the database"))?;
    let transaction = database.begin_read().map_err(StoreError::redb("begin reading"))?;
    let (format, chain_id) = file::stamp_of(&transaction)?;
    let mut tables = Vec::new();
    for handle in transaction
        .list_tables()
        .map_err(StoreError::redb("list tables"))?
    {
        let name = handle.name().to_owned();
        let table = transaction
            .open_untyped_table(handle)
            .map_err(StoreError::redb("open a table"))?;
        let stats = table.stats().map_err(StoreError::redb("measure a table"))?;
        tables.push(TableStats {
            name,
            entries: table.len().map_err(StoreError::redb("measure a table"))?,
            stored_bytes: stats.stored_bytes(),
            overhead_bytes: stats.metadata_bytes().saturating_add(stats.fragmented_bytes()),
        });
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(FileStats {
        name,
        bytes: size.len(),
        format,
        chain_id,
        tables,
    })
}

/// Reads everything and compares it with what it should be: pages with their checksums, the state with the last block's root,
/// blocks with each other, indices with blocks. `progress` is told each height.
pub fn check(
    directory: &Directory,
    genesis: &Genesis,
    genesis_header: &Header,
    mut progress: impl FnMut(u64),
) -> Result<Checked, StoreError> {
    for name in [CHAIN_FILE, LOG_FILE] {
        let database = Database::open(directory.path().join(name));
        let mut database = database.map_err(StoreError::redb("open the database"))?;
        let whole = database
            .check_integrity()
            .map_err(StoreError::redb("check the database"))?;
        if !whole {
            tracing::warn!(file = name, "was not closed in order; repaired");
        }
    }
    let (database, tip) = chain::open(&directory.path().join(CHAIN_FILE), genesis, genesis_header)?;
    let reader = Reader::begin(&database)?;
    let oldest = reader.first_header()?;
    let newest = tip.header.height;
    let mut checked = Checked {
        oldest: oldest.height,
        newest,
        ..Checked::default()
    };
    let mut last: Option<Header> = None;
    for height in oldest.height..=newest {
        let header = check_block(&reader, height, last.as_ref(), &mut checked)?;
        last = Some(header);
        progress(height);
    }
    Ok(checked)
}

fn check_block(
    reader: &Reader,
    height: u64,
    last: Option<&Header>,
    checked: &mut Checked,
) -> Result<Header, StoreError> {
    let block = reader
        .block(height)?
        .ok_or_else(|| StoreError::damaged("headers", height))?;
    let header = block.header;
    let leaf = header.commitment();
    let links = [
        (
            "parent",
            last.is_none_or(|last| header.parent == last.commitment()),
        ),
        ("view", last.is_none_or(|last| header.view > last.view)),
        (
            "payload_commitment",
            dispersal::is_dispersed(block.payload.len())
                || header.payload_commitment == vote::payload_commitment(&block.payload),
        ),
    ];
    if let Some((field, _)) = links.iter().find(|(_, holds)| !holds) {
        return Err(StoreError::Unlinked { height, field });
    }
    if reader.height_of(&leaf)? != Some(Height::new(height)) {
        return Err(StoreError::damaged("leaves", height));
    }
    checked.blocks += 1;
    if let Some(certificate) = block.certificate {
        let data = certificate.data();
        if (data.leaf, data.height.get()) != (leaf, height) {
            return Err(StoreError::damaged("certificates", height));
        }
        checked.certificates += 1;
    }
    check_transactions(reader, height, &block.payload, checked)?;
    Ok(header)
}

fn check_transactions(
    reader: &Reader,
    height: u64,
    payload: &[u8],
    checked: &mut Checked,
) -> Result<(), StoreError> {
    let transactions = Payload::decode(payload).map_err(|_| StoreError::damaged("payloads", height))?;
    let receipts = reader.receipts(height)?.unwrap_or_default();
    if transactions.len() != receipts.len() {
        return Err(StoreError::damaged("receipts", height));
    }
    for (transaction, receipt) in transactions.iter().zip(&receipts) {
        let id: TxId = transaction.peek().id();
        let place = reader.transaction(&id)?;
        let found = place.is_some_and(|place| place.height.get() == height && place.receipt == *receipt);
        if !found || receipt.id != id {
            return Err(StoreError::damaged("transactions", id));
        }
        checked.transactions += 1;
    }
    Ok(())
}
