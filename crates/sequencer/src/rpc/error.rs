//! Errors with stable codes. A code never changes its meaning.
//!
//! | codes | from |
//! |---|---|
//! | 100 to 199 | [`assetvm::Rejection`]: the transaction cannot be in a block |
//! | 200 to 299 | [`assetvm::Failure`]: a program does not answer, and why |
//! | 500 to 599 | [`MempoolError`]: the transaction is not taken now |
//! | 600 to 699 | here |

use assetvm::Gas;
use jsonrpsee::types::ErrorObjectOwned;

use super::{MAX_ASK_GAS, MAX_SUBMIT};
use crate::mempool::MempoolError;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The transaction cannot be in a block.
    #[error(transparent)]
    Rejected(#[from] assetvm::Rejection),
    /// The transaction is not taken now.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
    /// The program does not answer.
    #[error(transparent)]
    Failed(#[from] assetvm::Failure),
    /// Too many at once.
    #[error("{got} transactions, expected 1 to {MAX_SUBMIT}")]
    BatchSize {
        /// How many came.
        got: usize,
    },
    /// No such block is decided.
    #[error("block {got} is not decided, expected at most {newest}")]
    NoBlock {
        /// The height asked for.
        got: u64,
        /// The newest decided height.
        newest: u64,
    },
    /// No block has been certified since genesis.
    #[error("no block has been decided since genesis")]
    NothingDecided,
    /// A simulation of more gas than this node spends on one.
    #[error("gas limit {}, expected at most {} in a simulation", got.0, MAX_ASK_GAS.0)]
    AskGas {
        /// The gas asked for.
        got: Gas,
    },
    /// Not the encoding of what a transaction's sender signs.
    #[error("malformed transaction body, expected its canonical Borsh")]
    MalformedBody,
    /// The node stops, or has stopped signing.
    #[error("this node takes no transactions: {reason}")]
    Stopping {
        /// Why.
        reason: String,
    },
    /// Our own fault.
    #[error("internal error: {0}")]
    Internal(String),
}

impl RpcError {
    /// The stable code.
    pub fn code(&self) -> i32 {
        match self {
            Self::Rejected(rejection) => i32::from(rejection.code()),
            Self::Mempool(error) => i32::from(error.code()),
            Self::Failed(failure) => i32::from(failure.code()),
            Self::BatchSize { .. } => 600,
            Self::NoBlock { .. } => 601,
            Self::NothingDecided => 602,
            Self::Stopping { .. } => 603,
            Self::AskGas { .. } => 604,
            Self::MalformedBody => 605,
            Self::Internal(_) => 699,
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        ErrorObjectOwned::owned(error.code(), error.to_string(), None::<()>)
    }
}
