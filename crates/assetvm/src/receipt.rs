//! Receipts: what became of a transaction.

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{Event, Gas};

use crate::{Amount, Failure, TxId};

/// Most bytes of the events and results in one receipt, encoded.
pub const MAX_OUTPUT_BYTES: usize = 16_384;

/// What became of an included transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// Its id.
    pub id: TxId,
    /// The fee charged.
    pub fee: Amount,
    /// The gas used.
    pub gas_used: Gas,
    /// Whether its action took effect.
    pub outcome: Outcome,
}

/// Whether an action took effect.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// It did.
    Applied(Output),
    /// It did not; the fee is charged all the same.
    Failed(Failure),
}

/// What a program answers and announces; nothing if none was called.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Output {
    /// The encoding of the function's results: [`curvevm::decode_values`].
    pub results: Vec<u8>,
    /// What it announced, in order.
    pub events: Vec<Event>,
}

impl Outcome {
    /// Whether the action took effect.
    pub const fn is_applied(&self) -> bool {
        matches!(self, Self::Applied(_))
    }
}

impl Output {
    /// Bytes of its encoding.
    pub(crate) fn encoded_len(&self) -> usize {
        borsh::object_length(self).expect("counting does not fail")
    }
}
