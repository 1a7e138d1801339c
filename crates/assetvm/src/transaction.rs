//! Transactions: canonical Borsh, signed with ed25519.

use std::{fmt, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{
    Gas,
    limits::{MAX_BYTES, MAX_FIELDS, MAX_PROGRAM_BYTES},
};
use rollup_abi::{Digest, domain, sha256};

use crate::{Address, Amount, Memo, Rejection, RosterChange, roster::MAX_VALIDATOR_BYTES};

/// Largest encoded transaction in bytes: one with the largest program and the longest arguments.
pub const MAX_TRANSACTION_BYTES: usize = MAX_PLAIN_BYTES + MAX_PROGRAM_BYTES + MAX_ARGS_BYTES;
/// Largest encoded transaction that brings neither code nor arguments nor lists, with room for actions to come.
pub const MAX_PLAIN_BYTES: usize = 512;
/// Longest arguments that any function takes, encoded: its parameters, each the longest byte string.
pub const MAX_ARGS_BYTES: usize = MAX_FIELDS * (MAX_BYTES as usize + 2);
/// Most storage entries that go with a closed program. One that stores more removes some before.
pub const MAX_CLOSED_ENTRIES: usize = 1024;
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
    /// Puts a program at [`crate::program_address`] and calls its constructor, if it has one.
    Deploy {
        /// Its encoding: [`curvevm::Program::encode`].
        code: Vec<u8>,
        /// Whether the sender may upgrade and close it. If not, it stays what it is for good.
        upgradeable: bool,
        /// The constructor's arguments: [`curvevm::encode_values`].
        args: Vec<u8>,
        /// What the program gets, from the sender.
        payment: Amount,
        /// The most gas that this may use.
        gas: Gas,
    },
    /// Calls an entry of a program.
    Call {
        /// The program.
        program: Address,
        /// The entry's name.
        entry: String,
        /// Its arguments: [`curvevm::encode_values`].
        args: Vec<u8>,
        /// What the program gets, from the sender.
        payment: Amount,
        /// The most gas that this may use.
        gas: Gas,
    },
    /// Gives a program other code, which must keep all that it stores; only for its authority.
    Upgrade {
        /// The program.
        program: Address,
        /// The new code's encoding.
        code: Vec<u8>,
    },
    /// Removes a program that owns nothing, with all that it stores; only for its authority.
    Close {
        /// The program.
        program: Address,
        /// The keys of all that it stores, in any order: whoever closes a program has seen what is lost.
        entries: Vec<Digest>,
    },
    /// Changes who will validate.
    Roster(RosterChange),
}

impl Action {
    /// The largest encoded transaction with this action, in bytes.
    pub const fn max_bytes(&self) -> usize {
        match self {
            Self::Mint { .. } | Self::Transfer { .. } | Self::Burn { .. } => MAX_PLAIN_BYTES,
            Self::Deploy { .. } => MAX_TRANSACTION_BYTES,
            Self::Call { .. } => MAX_PLAIN_BYTES.saturating_add(MAX_ARGS_BYTES),
            Self::Upgrade { .. } => MAX_PLAIN_BYTES.saturating_add(MAX_PROGRAM_BYTES),
            Self::Close { .. } => MAX_PLAIN_BYTES.saturating_add(32 * MAX_CLOSED_ENTRIES),
            Self::Roster(_) => MAX_PLAIN_BYTES.saturating_add(MAX_VALIDATOR_BYTES),
        }
    }

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
    /// What the sender pays, whether or not the action succeeds, and whether or not it uses all the gas that it may:
    /// [`crate::Params::minimum_fee`] or more.
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
    /// Reads the canonical bytes: at most [`Action::max_bytes`], nothing behind them.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejection> {
        let bounded = |limit: usize| match bytes.len() {
            got if got > limit => Err(Rejection::TooLarge { got, limit }),
            _ => Ok(()),
        };
        bounded(MAX_TRANSACTION_BYTES)?;
        let mut rest = bytes;
        let transaction = Transaction::deserialize(&mut rest).map_err(|_| Rejection::Malformed)?;
        bounded(transaction.body.action.max_bytes())?;
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
