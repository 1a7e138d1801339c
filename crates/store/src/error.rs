//! What can go wrong with the store.

use std::{path::PathBuf, sync::Arc};

use assetvm::StateError;

use crate::FORMAT;

/// Why the store cannot be opened, read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the data directory.
    #[error("{} is in use by {}; one process at a time may use a data directory", .path.display(), process(.pid))]
    InUse {
        /// The directory.
        path: PathBuf,
        /// That process, if its number could be read.
        pid: Option<u32>,
    },
    /// Another process has the store open.
    #[error("{} is in use by another process; one node at a time may run on a data directory", .path.display())]
    Locked {
        /// The locked file.
        path: PathBuf,
    },
    /// Written by a version that stores other things, or stores them otherwise.
    #[error("{} has format {got}, this version reads format {FORMAT}; use the version that wrote it, or start with an empty data directory and new keys: old keys would not know what they voted for", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        got: u32,
    },
    /// The data of another chain.
    #[error("{} holds chain {}, the genesis given is of chain {}", .path.display(), hex(got), hex(expected))]
    Chain {
        /// The file.
        path: PathBuf,
        /// Its chain.
        got: [u8; 32],
        /// The chain of the genesis given.
        expected: [u8; 32],
    },
    /// The blocks are there, the consensus log is not.
    #[error("{} is missing or empty although there are blocks up to height {height}: without it this node does not know what it has voted for and could contradict itself; restore it, or start with an empty data directory and new keys", .path.display())]
    LostLog {
        /// The log's file.
        path: PathBuf,
        /// The last durable block's height.
        height: u64,
    },
    /// The genesis given is none.
    #[error(transparent)]
    Genesis(#[from] assetvm::GenesisError),
    /// The directory cannot be made or opened.
    #[error("{operation} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        source: Arc<std::io::Error>,
    },
    /// redb failed.
    #[error("{operation}: {source}")]
    Redb {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        source: Arc<redb::Error>,
    },
    /// An entry is missing or does not decode: the file is damaged.
    #[error("entry {key} of {table} is missing or damaged")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The entry's key.
        key: String,
    },
    /// The stored accounts do not sum to the stored totals.
    #[error("stored accounts: {0}")]
    State(#[from] StateError),
    /// The stored accounts do not hash to the last block's state root.
    #[error(
        "stored accounts of height {height} have root {}, the block says {}",
        hex(got),
        hex(expected)
    )]
    StateRoot {
        /// The last block's height.
        height: u64,
        /// The root of the stored accounts.
        got: [u8; 32],
        /// The root in the last block's header.
        expected: [u8; 32],
    },
    /// A block was handed in out of turn.
    #[error("block of height {got}, expected height {expected}")]
    Height {
        /// Its height.
        got: u64,
        /// The height after the last block.
        expected: u64,
    },
    /// A block does not follow from the last one.
    #[error("block of height {height} does not follow from the last block: its {field} differs")]
    Unlinked {
        /// Its height.
        height: u64,
        /// The header field that differs.
        field: &'static str,
    },
    /// The writing thread has ended after an earlier fault.
    #[error("the store has stopped after an earlier fault")]
    Stopped,
}

impl StoreError {
    /// Wraps whatever redb says about `operation`.
    pub(crate) fn redb<E: Into<redb::Error>>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Redb {
            operation,
            source: Arc::new(error.into()),
        }
    }

    pub(crate) fn damaged(table: &'static str, key: impl ToString) -> Self {
        Self::Damaged {
            table,
            key: key.to_string(),
        }
    }
}

fn process(pid: &Option<u32>) -> String {
    pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"))
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
