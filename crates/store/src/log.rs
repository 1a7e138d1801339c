//! The consensus log: what this node has said, so that it never says the opposite.
//!
//! Records in the order in which they were persisted, under a growing number. Blocks are the truth about what is decided:
//! the log holds no `Decided` records, and each write drops what the decided view has made obsolete.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hotshot::Record;
use hotshot_types::View;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use rollup_abi::Digest;

use crate::{StoreError, file, writer::Sink};

const LOG: TableDefinition<u64, &[u8]> = TableDefinition::new("log");
/// Page cache in bytes: the log is read once, at start.
const CACHE: usize = 8 << 20;

/// The open log.
pub(crate) struct Log {
    database: Database,
    /// The view of the last durable block; [`crate::chain`] moves it.
    decided: Arc<AtomicU64>,
    /// What the table holds, so that pruning need not read it. Payloads are shared with the core.
    live: Vec<(u64, Record)>,
    next: u64,
}

impl Log {
    /// Opens the log, or creates it on a chain that is new itself: `height` is the last durable block's.
    pub fn open(
        path: &Path,
        chain_id: &Digest,
        height: u64,
        decided: Arc<AtomicU64>,
    ) -> Result<Self, StoreError> {
        let (database, is_new) = file::open(path, CACHE, chain_id)?;
        if is_new && height > 0 {
            let path = path.to_owned();
            return Err(StoreError::LostLog { path, height });
        }
        if is_new {
            let transaction = database
                .begin_write()
                .map_err(StoreError::redb("begin writing"))?;
            file::stamp(&transaction, chain_id)?;
            transaction
                .open_table(LOG)
                .map_err(StoreError::redb("create table log"))?;
            transaction
                .commit()
                .map_err(StoreError::redb("commit a new log"))?;
        }
        let live = load(&database)?;
        let next = live.last().map_or(0, |(number, _)| number.saturating_add(1));
        Ok(Self {
            database,
            decided,
            live,
            next,
        })
    }

    /// The records, oldest first.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.live.iter().map(|(_, record)| record)
    }
}

fn load(database: &Database) -> Result<Vec<(u64, Record)>, StoreError> {
    let transaction = database.begin_read().map_err(StoreError::redb("begin reading"))?;
    let table = transaction
        .open_table(LOG)
        .map_err(StoreError::redb("open table log"))?;
    let mut live = Vec::new();
    for entry in table.iter().map_err(StoreError::redb("read table log"))? {
        let (number, bytes) = entry.map_err(StoreError::redb("read table log"))?;
        let number = number.value();
        let record = borsh::from_slice(bytes.value()).map_err(|_| StoreError::damaged("log", number))?;
        live.push((number, record));
    }
    Ok(live)
}

impl Sink for Log {
    type Job = Vec<Record>;

    fn commit(&mut self, jobs: Vec<Self::Job>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let answers = vec![Ok(()); jobs.len()];
        let decided = View::new(self.decided.load(Ordering::Acquire));
        let kept = |record: &Record| !matches!(record, Record::Decided(_)) && !record.is_obsolete(decided);
        let fresh: Vec<Record> = jobs.into_iter().flatten().filter(kept).collect();
        if fresh.is_empty() {
            return Ok(answers);
        }
        let transaction = self
            .database
            .begin_write()
            .map_err(StoreError::redb("begin writing"))?;
        {
            let mut table = transaction
                .open_table(LOG)
                .map_err(StoreError::redb("open table log"))?;
            for (number, _) in self
                .live
                .extract_if(.., |(_, record)| record.is_obsolete(decided))
            {
                table
                    .remove(number)
                    .map_err(StoreError::redb("prune table log"))?;
            }
            for record in fresh {
                let bytes = borsh::to_vec(&record).expect("writing to memory does not fail");
                table
                    .insert(self.next, bytes.as_slice())
                    .map_err(StoreError::redb("write table log"))?;
                self.live.push((self.next, record));
                self.next = self.next.saturating_add(1);
            }
        }
        transaction.commit().map_err(StoreError::redb("commit the log"))?;
        Ok(answers)
    }
}
