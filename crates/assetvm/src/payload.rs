//! A block's payload: its transactions, in order.
//!
//! `count: u32 ‖ count × (length: u32 ‖ transaction)`, little-endian, nothing behind it. Exactly one encoding per list.

use crate::{
    InvalidTransaction, Rejection,
    transaction::{Transaction, Unvalidated},
    verify::Verified,
};

/// Largest payload in bytes: what five validators on slow lines can pass on in a fraction of the 250 ms block interval.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
/// Most transactions in a block: keeps checking signatures (about 50 µs each) within one block interval.
pub const MAX_BLOCK_TXS: usize = 4096;

const COUNT_BYTES: usize = 4;
const LENGTH_BYTES: usize = 4;
/// What the encoding of a payload takes beside its transactions, at most.
pub const PAYLOAD_FRAMING: usize = COUNT_BYTES + LENGTH_BYTES * MAX_BLOCK_TXS;

/// Why bytes are not a payload, or a payload takes no more. Codes 300 to 399.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Over the size limit.
    #[error("payload of {got} bytes, expected at most {MAX_PAYLOAD_BYTES}")]
    TooLarge {
        /// Bytes that came, or that it would take.
        got: usize,
    },
    /// Over the count limit.
    #[error("payload of {got} transactions, expected at most {MAX_BLOCK_TXS}")]
    TooMany {
        /// Transactions that it says or would have.
        got: usize,
    },
    /// Ends within what it announces.
    #[error("payload ends at byte {at}, expected more")]
    Truncated {
        /// Its length.
        at: usize,
    },
    /// The last transaction, and then more.
    #[error("{got} bytes behind the payload, expected none")]
    TrailingBytes {
        /// Bytes too many.
        got: usize,
    },
    /// One of them is not a transaction.
    #[error(transparent)]
    Transaction(#[from] InvalidTransaction),
}

impl PayloadError {
    /// The stable code; a bad transaction's own for [`Self::Transaction`].
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooLarge { .. } => 300,
            Self::TooMany { .. } => 301,
            Self::Truncated { .. } => 302,
            Self::TrailingBytes { .. } => 303,
            Self::Transaction(invalid) => invalid.reason.code(),
        }
    }
}

/// A payload under construction, always encoded and within the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    bytes: Vec<u8>,
    count: usize,
}

impl Default for Payload {
    fn default() -> Self {
        Self {
            bytes: vec![0; COUNT_BYTES],
            count: 0,
        }
    }
}

impl Payload {
    /// The payload of these transactions.
    pub fn of(transactions: &[Verified]) -> Result<Self, PayloadError> {
        let mut payload = Self::default();
        transactions.iter().try_for_each(|tx| payload.push(tx))?;
        Ok(payload)
    }

    /// Appends a transaction, or says that there is no room for it and changes nothing.
    pub fn push(&mut self, transaction: &Verified) -> Result<(), PayloadError> {
        let count = self.count.saturating_add(1);
        if count > MAX_BLOCK_TXS {
            return Err(PayloadError::TooMany { got: count });
        }
        let got = self
            .bytes
            .len()
            .saturating_add(LENGTH_BYTES)
            .saturating_add(transaction.encoded_len());
        if got > MAX_PAYLOAD_BYTES {
            return Err(PayloadError::TooLarge { got });
        }
        let encoded = transaction.transaction().encode();
        let length = u32::try_from(encoded.len()).expect("a transaction is at most MAX_TRANSACTION_BYTES");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(&encoded);
        let header = u32::try_from(count).expect("at most MAX_BLOCK_TXS").to_le_bytes();
        self.bytes[..COUNT_BYTES].copy_from_slice(&header);
        self.count = count;
        Ok(())
    }

    /// Transactions in it.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Its encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its encoding, for keeping.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Reads an encoded payload. Limits are checked before anything is allocated; no signature is checked.
    pub fn decode(bytes: &[u8]) -> Result<Vec<Unvalidated<Transaction>>, PayloadError> {
        let truncated = PayloadError::Truncated { at: bytes.len() };
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(PayloadError::TooLarge { got: bytes.len() });
        }
        let (count, mut rest) = bytes.split_first_chunk().ok_or(truncated)?;
        let count = u32::from_le_bytes(*count) as usize;
        if count > MAX_BLOCK_TXS {
            return Err(PayloadError::TooMany { got: count });
        }
        let mut transactions = Vec::with_capacity(count);
        for index in 0..count {
            let (length, tail) = rest.split_first_chunk().ok_or(truncated)?;
            let length = u32::from_le_bytes(*length) as usize;
            let (encoded, tail) = tail.split_at_checked(length).ok_or(truncated)?;
            let transaction = Unvalidated::decode(encoded)
                .map_err(|reason: Rejection| InvalidTransaction { index, reason })?;
            transactions.push(transaction);
            rest = tail;
        }
        if !rest.is_empty() {
            return Err(PayloadError::TrailingBytes { got: rest.len() });
        }
        Ok(transactions)
    }
}
