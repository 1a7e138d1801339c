//! Reading decided blocks: one consistent snapshot per [`Reader`].

use std::ops::Bound;

use assetvm::{Address, EntryId, Receipt, TxId, Validator};
use borsh::BorshDeserialize;
use hotshot_engine::ports::DecidedBlock;
use hotshot_types::{Certificate2, Height};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition};
use rollup_abi::{Digest, Header};

use super::{CERTIFICATES, COMMITTEES, ENTRIES, HEADERS, LEAVES, PAYLOADS, RECEIPTS, TRANSACTIONS};
use crate::StoreError;

/// Where a transaction is, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionPlace {
    /// The height of its block.
    pub height: Height,
    /// Its place in the block, from 0.
    pub index: u32,
    /// Its receipt.
    pub receipt: Receipt,
}

/// A snapshot of the chain.
pub(crate) struct Reader(ReadTransaction);

impl Reader {
    pub fn begin(database: &Database) -> Result<Self, StoreError> {
        database
            .begin_read()
            .map(Self)
            .map_err(StoreError::redb("begin reading"))
    }

    fn bytes(&self, table: TableDefinition<u64, &[u8]>, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self
            .0
            .open_table(table)
            .map_err(StoreError::redb("open a table of blocks"))?;
        let value = table.get(height).map_err(StoreError::redb("read a block"))?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    fn decoded<T: BorshDeserialize>(
        &self,
        table: TableDefinition<u64, &[u8]>,
        name: &'static str,
        height: u64,
    ) -> Result<Option<T>, StoreError> {
        let bytes = self.bytes(table, height)?;
        bytes
            .map(|bytes| borsh::from_slice(&bytes).map_err(|_| StoreError::damaged(name, height)))
            .transpose()
    }

    pub fn header(&self, height: u64) -> Result<Option<Header>, StoreError> {
        let bytes = self.bytes(HEADERS, height)?;
        bytes.map(|bytes| decode_header(&bytes, height)).transpose()
    }

    pub fn first_header(&self) -> Result<Header, StoreError> {
        let table = self
            .0
            .open_table(HEADERS)
            .map_err(StoreError::redb("open table headers"))?;
        let first = table.first().map_err(StoreError::redb("read table headers"))?;
        let (height, bytes) = first.ok_or_else(|| StoreError::damaged("headers", "0"))?;
        decode_header(bytes.value(), height.value())
    }

    pub fn last_header(&self) -> Result<Header, StoreError> {
        let table = self
            .0
            .open_table(HEADERS)
            .map_err(StoreError::redb("open table headers"))?;
        let last = table.last().map_err(StoreError::redb("read table headers"))?;
        let (height, bytes) = last.ok_or_else(|| StoreError::damaged("headers", "0"))?;
        decode_header(bytes.value(), height.value())
    }

    pub fn certificate(&self, height: u64) -> Result<Option<Certificate2>, StoreError> {
        self.decoded(CERTIFICATES, "certificates", height)
    }

    pub fn committee(&self, epoch: u64) -> Result<Option<Vec<Validator>>, StoreError> {
        self.decoded(COMMITTEES, "committees", epoch)
    }

    pub fn receipts(&self, height: u64) -> Result<Option<Vec<Receipt>>, StoreError> {
        self.decoded(RECEIPTS, "receipts", height)
    }

    pub fn block(&self, height: u64) -> Result<Option<DecidedBlock>, StoreError> {
        let Some(header) = self.header(height)? else {
            return Ok(None);
        };
        let payload = self
            .bytes(PAYLOADS, height)?
            .ok_or_else(|| StoreError::damaged("payloads", height))?;
        Ok(Some(DecidedBlock {
            header,
            payload: payload.into(),
            certificate: self.certificate(height)?,
        }))
    }

    /// At least one block if there is one, then as many as fit.
    pub fn blocks(
        &self,
        from: u64,
        max_blocks: usize,
        max_bytes: usize,
    ) -> Result<Vec<DecidedBlock>, StoreError> {
        let mut blocks = Vec::new();
        let mut bytes = 0usize;
        for height in (from..).take(max_blocks) {
            let Some(block) = self.block(height)? else { break };
            bytes = bytes
                .saturating_add(block.payload.len())
                .saturating_add(rollup_abi::header::LEN);
            if bytes > max_bytes && !blocks.is_empty() {
                break;
            }
            blocks.push(block);
        }
        Ok(blocks)
    }

    pub fn height_of(&self, leaf: &Digest) -> Result<Option<Height>, StoreError> {
        let table = self
            .0
            .open_table(LEAVES)
            .map_err(StoreError::redb("open table leaves"))?;
        let height = table.get(leaf).map_err(StoreError::redb("read table leaves"))?;
        Ok(height.map(|height| Height::new(height.value())))
    }

    pub fn transaction(&self, id: &TxId) -> Result<Option<TransactionPlace>, StoreError> {
        let table = self
            .0
            .open_table(TRANSACTIONS)
            .map_err(StoreError::redb("open table transactions"))?;
        let place = table
            .get(id.as_bytes())
            .map_err(StoreError::redb("read table transactions"))?;
        let Some((height, index)) = place.map(|place| place.value()) else {
            return Ok(None);
        };
        let receipts = self.receipts(height)?.unwrap_or_default();
        let receipt = usize::try_from(index)
            .ok()
            .and_then(|index| receipts.into_iter().nth(index));
        Ok(Some(TransactionPlace {
            height: Height::new(height),
            index,
            receipt: receipt.ok_or_else(|| StoreError::damaged("receipts", height))?,
        }))
    }

    pub fn entries(
        &self,
        program: &Address,
        after: Option<&Digest>,
        limit: usize,
    ) -> Result<Vec<(EntryId, Vec<u8>)>, StoreError> {
        let table = self
            .0
            .open_table(ENTRIES)
            .map_err(StoreError::redb("open table entries"))?;
        let last = [u8::MAX; 32];
        let from = after.map_or(Bound::Included((program.as_bytes(), &[0; 32])), |key| {
            Bound::Excluded((program.as_bytes(), key))
        });
        let range = (from, Bound::Included((program.as_bytes(), &last)));
        let entries = table
            .range::<(&[u8; 32], &Digest)>(range)
            .map_err(StoreError::redb("read table entries"))?;
        entries.take(limit).map(entry).collect()
    }

    /// The first block from `height` on that has its own certificate.
    pub fn certified_from(&self, height: u64) -> Result<Option<(Header, Certificate2)>, StoreError> {
        let table = self
            .0
            .open_table(CERTIFICATES)
            .map_err(StoreError::redb("open table certificates"))?;
        let mut entries = table
            .range(height..)
            .map_err(StoreError::redb("read table certificates"))?;
        self.certified(entries.next())
    }

    /// The last block that has its own certificate.
    pub fn last_certified(&self) -> Result<Option<(Header, Certificate2)>, StoreError> {
        let table = self
            .0
            .open_table(CERTIFICATES)
            .map_err(StoreError::redb("open table certificates"))?;
        let last = table
            .last()
            .map_err(StoreError::redb("read table certificates"))?;
        self.certified(last.map(Ok))
    }

    fn certified(&self, entry: Option<Entry<'_>>) -> Result<Option<(Header, Certificate2)>, StoreError> {
        let Some(entry) = entry else { return Ok(None) };
        let (height, bytes) = entry.map_err(StoreError::redb("read table certificates"))?;
        let height = height.value();
        let certificate =
            borsh::from_slice(bytes.value()).map_err(|_| StoreError::damaged("certificates", height))?;
        let header = self
            .header(height)?
            .ok_or_else(|| StoreError::damaged("headers", height))?;
        Ok(Some((header, certificate)))
    }
}

/// An entry of a program, as the table has it.
pub(super) fn entry(
    stored: Result<StoredEntry<'_>, redb::StorageError>,
) -> Result<(EntryId, Vec<u8>), StoreError> {
    let (id, value) = stored.map_err(StoreError::redb("read table entries"))?;
    let (program, key) = id.value();
    let id = EntryId {
        program: Address::new(*program),
        key: *key,
    };
    Ok((id, value.value().to_vec()))
}

type StoredEntry<'a> = (
    redb::AccessGuard<'a, (&'static [u8; 32], &'static Digest)>,
    redb::AccessGuard<'a, &'static [u8]>,
);

type Entry<'a> =
    Result<(redb::AccessGuard<'a, u64>, redb::AccessGuard<'a, &'static [u8]>), redb::StorageError>;

fn decode_header(bytes: &[u8], height: u64) -> Result<Header, StoreError> {
    let header = Header::decode(bytes)
        .ok()
        .filter(|header| header.height == height);
    header.ok_or_else(|| StoreError::damaged("headers", height))
}
