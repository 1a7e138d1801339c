//! The store's handle.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use assetvm::{Address, EntryId, Genesis, Receipt, TxId, Validator};
use hotshot::{Anchor, Record, Recovery};
use hotshot_engine::ports::{DecidedBlock, Storage, StorageError};
use hotshot_types::{Certificate2, Epoch, Height};
use redb::Database;
use rollup_abi::{Digest, Header};

use crate::{
    Directory, StoreError,
    chain::{self, Chain, CommittedBlock, Reader, Tip, TransactionPlace},
    log::Log,
    writer::Writer,
};

/// File of the consensus log within the data directory.
pub const LOG_FILE: &str = "consensus.redb";
/// File of blocks and state within the data directory.
pub const CHAIN_FILE: &str = "chain.redb";

/// Durable storage of one node. Cheap to clone. Reads see everything that has been acknowledged; they touch the page cache
/// or the disk, for about a millisecond per block.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    log: Writer<Vec<Record>>,
    chain: Writer<Vec<CommittedBlock>>,
    database: Arc<Database>,
    /// Given back last.
    _directory: Directory,
}

/// What a node starts from.
pub struct Opened {
    /// The handle.
    pub store: Store,
    /// For the consensus core: the log folded over the last durable block.
    pub recovery: Recovery,
    /// For the application: the last durable block and the state after it.
    pub tip: Tip,
}

impl Store {
    /// Opens the store in `directory`, or creates it with the block of height 0. Reads all accounts and compares their root
    /// with the last block's.
    pub fn open(directory: &Path, genesis: &Genesis, genesis_header: &Header) -> Result<Opened, StoreError> {
        Self::open_in(Directory::open(directory)?, genesis, genesis_header)
    }

    /// Opens the store in a directory whose lock is taken already.
    pub fn open_in(
        directory: Directory,
        genesis: &Genesis,
        genesis_header: &Header,
    ) -> Result<Opened, StoreError> {
        let path = directory.path();
        let (database, tip) = chain::open(&path.join(CHAIN_FILE), genesis, genesis_header)?;
        let decided = Arc::new(AtomicU64::new(tip.header.view));
        let log = Log::open(
            &path.join(LOG_FILE),
            &genesis.chain_id(),
            tip.header.height,
            decided.clone(),
        )?;
        let mut recovery = Recovery::genesis(genesis_header.clone());
        recovery.raise_anchor(Anchor {
            header: tip.header.clone(),
            certificate: tip.certificate.clone(),
        });
        log.records().cloned().for_each(|record| recovery.apply(record));
        let database = Arc::new(database);
        let chain = Chain::new(database.clone(), &tip, decided);
        let place = path.to_owned();
        let io = |source| StoreError::Io {
            operation: "start a writing thread for",
            path: place.clone(),
            source: Arc::new(source),
        };
        let store = Self(Arc::new(Inner {
            log: Writer::spawn("store-log", log).map_err(io)?,
            chain: Writer::spawn("store-chain", chain).map_err(io)?,
            database,
            _directory: directory,
        }));
        Ok(Opened { store, recovery, tip })
    }

    /// Makes decided blocks durable, oldest first, with all that they changed: all of them or none, in one transaction.
    /// They must follow from the last one.
    pub async fn commit(&self, blocks: Vec<CommittedBlock>) -> Result<(), StoreError> {
        self.0.chain.write(blocks).await
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        Reader::begin(&self.0.database)
    }

    /// The last durable block's header.
    pub fn last_header(&self) -> Result<Header, StoreError> {
        self.reader()?.last_header()
    }

    /// The header at a height.
    pub fn header(&self, height: Height) -> Result<Option<Header>, StoreError> {
        self.reader()?.header(height.get())
    }

    /// The certificate of the block at a height, if it has one of its own.
    pub fn certificate(&self, height: Height) -> Result<Option<Certificate2>, StoreError> {
        self.reader()?.certificate(height.get())
    }

    /// The block at a height.
    pub fn block(&self, height: Height) -> Result<Option<DecidedBlock>, StoreError> {
        self.reader()?.block(height.get())
    }

    /// Blocks from a height on, oldest first: one if there is one, then as many as fit both limits.
    pub fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        max_bytes: usize,
    ) -> Result<Vec<DecidedBlock>, StoreError> {
        self.reader()?.blocks(from.get(), max_blocks, max_bytes)
    }

    /// The members of an epoch's committee, once it is fixed.
    pub fn committee(&self, epoch: Epoch) -> Result<Option<Vec<Validator>>, StoreError> {
        self.reader()?.committee(epoch.get())
    }

    /// The receipts of the block at a height.
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>, StoreError> {
        self.reader()?.receipts(height.get())
    }

    /// The height of a leaf.
    pub fn height_of(&self, leaf: &Digest) -> Result<Option<Height>, StoreError> {
        self.reader()?.height_of(leaf)
    }

    /// Where a transaction is.
    pub fn transaction(&self, id: &TxId) -> Result<Option<TransactionPlace>, StoreError> {
        self.reader()?.transaction(id)
    }

    /// Up to `limit` of what a program stores after the last block, by rising key, from the first above `after` on.
    pub fn entries(
        &self,
        program: &Address,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<(EntryId, Vec<u8>)>, StoreError> {
        self.reader()?.entries(program, after, limit)
    }

    /// The first block at or above a height that has its own finality certificate.
    pub fn certified_from(&self, height: Height) -> Result<Option<(Header, Certificate2)>, StoreError> {
        self.reader()?.certified_from(height.get())
    }

    /// The last block that has its own finality certificate.
    pub fn last_certified(&self) -> Result<Option<(Header, Certificate2)>, StoreError> {
        self.reader()?.last_certified()
    }
}

impl Storage for Store {
    async fn persist(&self, records: Vec<Record>) -> Result<(), StorageError> {
        self.0.log.write(records).await.map_err(|error| StorageError {
            operation: "persist consensus records",
            reason: error.to_string(),
        })
    }
}
