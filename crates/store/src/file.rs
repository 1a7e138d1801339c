//! Opening a redb file: its lock, its format record, its chain.

use std::{fs, path::Path, sync::Arc};

use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableDefinition, TableError};
use rollup_abi::Digest;

use crate::{FORMAT, StoreError};

/// Single values, by name.
pub(crate) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

const FORMAT_KEY: &str = "format";
const CHAIN_KEY: &str = "chain_id";

/// Makes the directory, durably.
pub(crate) fn prepare_directory(directory: &Path) -> Result<(), StoreError> {
    let io = |operation| {
        move |source| StoreError::Io {
            operation,
            path: directory.to_owned(),
            source: Arc::new(source),
        }
    };
    fs::create_dir_all(directory).map_err(io("create directory"))?;
    // A directory entry outlives a power cut only once the directory itself is synced.
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    for directory in [Some(directory), parent].into_iter().flatten() {
        fs::File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(io("sync directory"))?;
    }
    Ok(())
}

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
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok((database, true)),
        Err(error) => return Err(StoreError::redb("open table meta")(error)),
    };
    let value = |key: &str| -> Result<Vec<u8>, StoreError> {
        let value = meta.get(key).map_err(StoreError::redb("read table meta"))?;
        value
            .map(|value| value.value().to_vec())
            .ok_or_else(|| StoreError::damaged("meta", key))
    };
    let format = value(FORMAT_KEY)?
        .try_into()
        .map_err(|_| StoreError::damaged("meta", FORMAT_KEY))?;
    let got = u32::from_le_bytes(format);
    if got != FORMAT {
        return Err(StoreError::Format {
            path: path.to_owned(),
            got,
        });
    }
    let got: Digest = value(CHAIN_KEY)?
        .try_into()
        .map_err(|_| StoreError::damaged("meta", CHAIN_KEY))?;
    if got != *chain_id {
        return Err(StoreError::Chain {
            path: path.to_owned(),
            got,
            expected: *chain_id,
        });
    }
    drop(meta);
    drop(transaction);
    Ok((database, false))
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
