//! Everything that can be wrong with a transaction, with stable numeric codes.
//!
//! | code | when | consequence |
//! |---|---|---|
//! | 1xx [`Rejection`] | it cannot be charged: unreadable, unsigned, not the sender's next, fee missing | never in a block; a block with one is invalid |
//! | 2xx [`Failure`](crate::Failure) | its sender signed it and can pay, but the action is not possible | in the block: fee charged, nonce used, no other effect |

use curvevm::Gas;
use rollup_abi::Digest;

use crate::{Amount, Nonce};

/// Why a transaction cannot be in a block. Codes 100 to 199; a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Encoding over the limit of its action.
    #[error("transaction of {got} bytes, expected at most {limit}")]
    TooLarge {
        /// Bytes that came.
        got: usize,
        /// The limit.
        limit: usize,
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
    /// Asks for more gas than any block has.
    #[error("gas limit {}, expected at most {}", got.0, limit.0)]
    GasLimit {
        /// The gas that it may use.
        got: Gas,
        /// The gas of a block.
        limit: Gas,
    },
    /// Asks for more gas than this block has left. A later one may have it.
    #[error("gas limit {}, but the block has {} left", got.0, left.0)]
    BlockFull {
        /// The gas that it may use.
        got: Gas,
        /// What is left.
        left: Gas,
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
            Self::GasLimit { .. } => 109,
            Self::BlockFull { .. } => 110,
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
