//! Everything that can be wrong with a transaction, with stable numeric codes.
//!
//! | code | when | consequence |
//! |---|---|---|
//! | 1xx [`Rejection`] | it cannot be charged: unreadable, unsigned, not the sender's next, fee missing | never in a block; a block with one is invalid |
//! | 2xx [`Failure`] | its sender signed it and can pay, but the action is not possible | in the block: fee charged, nonce used, no other effect |

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::Digest;

use crate::{Amount, Nonce, transaction::MAX_TRANSACTION_BYTES};

/// Why a transaction cannot be in a block. Codes 100 to 199; a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Encoding over the limit.
    #[error("transaction of {got} bytes, expected at most {MAX_TRANSACTION_BYTES}")]
    TooLarge {
        /// Bytes that came.
        got: usize,
    },
    /// Not the encoding of any transaction.
    #[error("malformed transaction")]
    Malformed,
    /// A transaction, and then more.
    #[error("{got} bytes behind the transaction, expected none")]
    TrailingBytes {
        /// Bytes too many.
        got: usize,
    },
    /// Not signed by its sender, under the strict rule.
    #[error("signature is not the sender's")]
    Signature,
    /// For another chain.
    #[error("for chain {}, expected {}", Hex(got), Hex(expected))]
    ChainId {
        /// The chain that it names.
        got: Digest,
        /// This chain.
        expected: Digest,
    },
    /// Not the sender's next.
    #[error("nonce {got}, expected {expected}")]
    Nonce {
        /// The nonce that it has.
        got: Nonce,
        /// The sender's next.
        expected: Nonce,
    },
    /// The last nonce there is: it would have no successor.
    #[error("the sender's nonces are used up")]
    NonceExhausted,
    /// Less than the minimum.
    #[error("fee {got}, expected at least {minimum}")]
    FeeTooLow {
        /// The fee offered.
        got: Amount,
        /// The chain's minimum.
        minimum: Amount,
    },
    /// More than the sender has.
    #[error("fee {fee}, but the sender has {balance}")]
    FeeNotPayable {
        /// The sender's balance.
        balance: Amount,
        /// The fee offered.
        fee: Amount,
    },
}

impl Rejection {
    /// The stable code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooLarge { .. } => 100,
            Self::Malformed => 101,
            Self::TrailingBytes { .. } => 102,
            Self::Signature => 103,
            Self::ChainId { .. } => 104,
            Self::Nonce { .. } => 105,
            Self::NonceExhausted => 106,
            Self::FeeTooLow { .. } => 107,
            Self::FeeNotPayable { .. } => 108,
        }
    }
}

/// Why an included and charged transaction did nothing else. Codes 200 to 299; a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, BorshSerialize, BorshDeserialize)]
pub enum Failure {
    /// Moves or burns more than the sender has after the fee.
    #[error("amount {amount}, but the sender has {balance} after the fee")]
    InsufficientBalance {
        /// The sender's balance after the fee.
        balance: Amount,
        /// The amount asked for.
        amount: Amount,
    },
    /// Only the mint authority mints.
    #[error("the sender is not the mint authority")]
    NotMintAuthority,
    /// Would lift the total supply above the cap.
    #[error("minting {amount} on a supply of {supply} exceeds the cap of {cap}")]
    SupplyCapExceeded {
        /// Total supply before.
        supply: Amount,
        /// The amount asked for.
        amount: Amount,
        /// The cap.
        cap: Amount,
    },
    /// Moves nothing: refused, so that it cannot create empty accounts.
    #[error("amount 0, expected more")]
    ZeroAmount,
}

impl Failure {
    /// The stable code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::InsufficientBalance { .. } => 200,
            Self::NotMintAuthority => 201,
            Self::SupplyCapExceeded { .. } => 202,
            Self::ZeroAmount => 203,
        }
    }
}

/// Shows a digest in hexadecimal.
pub(crate) struct Hex<'a>(pub &'a Digest);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
