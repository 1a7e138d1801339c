//! Why a call has no result.

use std::time::Duration;

use assetvm::{GenesisError, TxId};
use hotshot_types::{CertificateError, CommitteeError};
use rpc_types::types::Unproven;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Not the address of a validator.
    #[error("{got:?} is no address of a validator: {reason}")]
    Endpoint {
        /// What came.
        got: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No address, or too many.
    #[error("{got} validators, expected 1 to {}", crate::MAX_ENDPOINTS)]
    Endpoints {
        /// How many came.
        got: usize,
    },
    /// None of the validators answers.
    #[error("no validator answers: {reason}")]
    Unreachable {
        /// What happened at each.
        reason: String,
    },
    /// The validator refuses.
    #[error("{message}")]
    Refused {
        /// The stable code.
        code: i32,
        /// What was got and what was expected.
        message: String,
    },
    /// The answer is not what was asked for.
    #[error("{call}: {what}")]
    Answer {
        /// The call.
        call: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A proof does not prove what it came with.
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// A certificate does not make its header final.
    #[error("certificate of height {height}: {source}")]
    Certificate {
        /// The header's height.
        height: u64,
        /// Why.
        source: CertificateError,
    },
    /// The genesis is none.
    #[error("genesis: {0}")]
    Genesis(#[from] GenesisError),
    /// The committee is none.
    #[error("committee: {0}")]
    Committee(#[from] CommitteeError),
    /// Another chain.
    #[error("chain {}, expected {}", hex::encode(got), hex::encode(expected))]
    Chain {
        /// The chain that the validator is of.
        got: [u8; 32],
        /// The one that was expected.
        expected: [u8; 32],
    },
    /// The transaction has not come so far in time.
    #[error("transaction {id} is not {stage} after {} s", after.as_secs())]
    Late {
        /// Which.
        id: TxId,
        /// How far it was to come.
        stage: crate::Stage,
        /// After how long.
        after: Duration,
    },
    /// No validator knows the transaction any more.
    #[error("transaction {id} is in no block and no validator has it waiting")]
    Lost {
        /// Which.
        id: TxId,
    },
}

impl ClientError {
    /// The validator's stable code, if it refused.
    pub const fn code(&self) -> Option<i32> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    pub(crate) fn answer(call: &'static str, what: impl ToString) -> Self {
        Self::Answer {
            call,
            what: what.to_string(),
        }
    }
}
