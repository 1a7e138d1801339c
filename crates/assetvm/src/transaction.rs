//! Transactions: canonical Borsh, signed with ed25519.

use std::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::{Digest, domain, sha256};

use crate::{Address, Amount, Memo, Rejection};

/// Largest encoded transaction in bytes: the largest action there is, with room for actions to come.
pub const MAX_TRANSACTION_BYTES: usize = 512;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A transaction's place in its sender's sequence: the count of the sender's transactions before it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Nonce(u64);

impl Nonce {
    /// The `count`th.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// As a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The one after it, unless there is none.
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(next) => Some(Self(next)),
            None => None,
        }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a transaction does. The encoding's tag is the variant's position.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Action {
    /// Creates `amount` and gives it to `to`; only for the mint authority, up to the supply cap.
    Mint {
        /// Who receives.
        to: Address,
        /// How much.
        amount: Amount,
    },
    /// Moves `amount` from the sender to `to`.
    Transfer {
        /// Who receives.
        to: Address,
        /// How much.
        amount: Amount,
        /// A note to the recipient; may be empty.
        memo: Memo,
    },
    /// Destroys `amount` of the sender's balance.
    Burn {
        /// How much.
        amount: Amount,
    },
}

impl Action {
    /// A transfer without a memo.
    pub fn transfer(to: Address, amount: Amount) -> Self {
        Self::Transfer {
            to,
            amount,
            memo: Memo::default(),
        }
    }
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionBody {
    /// The chain that it is for: nothing can be replayed elsewhere.
    pub chain_id: Digest,
    /// Who acts, pays and signs.
    pub sender: Address,
    /// The sender's next nonce: nothing can be replayed here.
    pub nonce: Nonce,
    /// What the sender pays for inclusion, whether or not the action succeeds.
    pub fee: Amount,
    /// What it does.
    pub action: Action,
}

impl TransactionBody {
    /// The bytes that the sender signs: `domain::TRANSACTION ‖ borsh(body)`.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut bytes = domain::TRANSACTION.to_vec();
        borsh::to_writer(&mut bytes, self).expect("writing to memory does not fail, memos are bounded");
        bytes
    }
}

/// A body and its sender's signature.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// What is signed.
    pub body: TransactionBody,
    /// The sender's ed25519 signature over [`TransactionBody::signing_bytes`].
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Transaction {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail, memos are bounded")
    }

    /// The id: see [`TxId`].
    pub fn id(&self) -> TxId {
        TxId::of_encoded(&self.encode())
    }
}

/// A transaction that nobody has checked yet, as it came from a user, a peer or a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unvalidated<T>(T);

impl<T> Unvalidated<T> {
    /// Marks a value as unchecked.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for looking at; nothing in it can be trusted.
    pub const fn peek(&self) -> &T {
        &self.0
    }

    /// The value, given up as unchecked.
    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl Unvalidated<Transaction> {
    /// Reads the canonical bytes: at most [`MAX_TRANSACTION_BYTES`], nothing behind them.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejection> {
        if bytes.len() > MAX_TRANSACTION_BYTES {
            return Err(Rejection::TooLarge { got: bytes.len() });
        }
        let mut rest = bytes;
        let transaction = Transaction::deserialize(&mut rest).map_err(|_| Rejection::Malformed)?;
        if !rest.is_empty() {
            return Err(Rejection::TrailingBytes { got: rest.len() });
        }
        Ok(Self(transaction))
    }
}

/// `sha256(domain::TRANSACTION_ID ‖ borsh(transaction))`: over the whole transaction, its signature included, so that an
/// id stands for exactly one sequence of bytes and a signature checked once need not be checked again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TxId(Digest);

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a transaction id, expected 64 hexadecimal digits")]
pub struct TxIdError;

impl TxId {
    /// From its digest.
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn as_bytes(&self) -> &Digest {
        &self.0
    }

    /// The id of an encoded transaction.
    pub fn of_encoded(bytes: &[u8]) -> Self {
        Self(sha256(&[domain::TRANSACTION_ID, bytes]))
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TxId({self})")
    }
}

impl FromStr for TxId {
    type Err = TxIdError;

    fn from_str(text: &str) -> Result<Self, TxIdError> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(TxIdError);
        }
        let mut digest = [0; 32];
        for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = str::from_utf8(digits).map_err(|_| TxIdError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| TxIdError)?;
        }
        Ok(Self(digest))
    }
}
