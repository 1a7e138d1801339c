//! Opening a redb file: its format, its chain.

use std::path::Path;

use redb::{
    Builder, Database, DatabaseError, ReadOnlyTable, ReadTransaction, ReadableDatabase, TableDefinition,
    TableError,
};
use rollup_abi::Digest;

use crate::{FORMAT, StoreError, migrate::migrate};

/// Single values, by name.
pub(crate) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

pub(crate) const FORMAT_KEY: &str = "format";
const CHAIN_KEY: &str = "chain_id";

/// Opens or creates a file. `true` if it is new: then the caller's first transaction calls [`stamp`].
pub(crate) fn open(path: &Path, cache: usize, chain_id: &Digest) -> Result<(Database, bool), StoreError> {
    let database = Builder::new()
        .set_cache_size(cache)
        .create(path)
        .map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => StoreError::Locked {
                path: path.to_owned(),
            },
            other => StoreError::redb("open the database")(other),
        })?;
    let transaction = database.begin_read().map_err(StoreError::redb("begin reading"))?;
    if let Err(TableError::TableDoesNotExist(_)) = transaction.open_table(META) {
        return Ok((database, true));
    }
    let (format, got) = stamp_of(&transaction)?;
    drop(transaction);
    if got != *chain_id {
        return Err(StoreError::Chain {
            path: path.to_owned(),
            got,
            expected: *chain_id,
        });
    }
    if format != FORMAT && !migrate(&database, format)? {
        return Err(StoreError::Format {
            path: path.to_owned(),
            got: format,
        });
    }
    Ok((database, false))
}

/// The format and the chain of a file.
pub(crate) fn stamp_of(transaction: &ReadTransaction) -> Result<(u32, Digest), StoreError> {
    let meta = transaction
        .open_table(META)
        .map_err(StoreError::redb("open table meta"))?;
    let format = value(&meta, FORMAT_KEY)?;
    Ok((u32::from_le_bytes(format), value(&meta, CHAIN_KEY)?))
}

fn value<const LEN: usize>(
    meta: &ReadOnlyTable<&str, &[u8]>,
    key: &'static str,
) -> Result<[u8; LEN], StoreError> {
    let value = meta.get(key).map_err(StoreError::redb("read table meta"))?;
    let value = value.and_then(|value| value.value().try_into().ok());
    value.ok_or_else(|| StoreError::damaged("meta", key))
}

/// Writes the format and the chain into a new file.
pub(crate) fn stamp(transaction: &redb::WriteTransaction, chain_id: &Digest) -> Result<(), StoreError> {
    let mut meta = transaction
        .open_table(META)
        .map_err(StoreError::redb("open table meta"))?;
    for (key, value) in [(FORMAT_KEY, &FORMAT.to_le_bytes()[..]), (CHAIN_KEY, chain_id)] {
        meta.insert(key, value)
            .map_err(StoreError::redb("write table meta"))?;
    }
    Ok(())
}
