//! What a transaction did, and what a program announced.

use assetvm::{Amount, Failure, Outcome, Receipt, State};
use curvevm::{Event, Value};
use serde::{Deserialize, Serialize};

use super::{AddressText, IdText};
use crate::text::{HexBytes, display};

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// The transaction.
    pub id: IdText,
    /// The fee charged, $ASSET.
    #[serde(with = "display")]
    pub fee: Amount,
    /// The gas used.
    pub gas_used: u64,
    /// The encoding of what a program returned; absent if it returned nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub results: Option<HexBytes>,
    /// What programs announced, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub events: Vec<EventView>,
    /// Why the action had no effect; absent if it had.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<FailureView>,
}

/// Why an action had no effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
    /// The stable code of [`assetvm::Failure`].
    pub code: u16,
    /// What was got and what was expected; of a trap, what happened, and the line of the source.
    pub message: String,
}

/// Something that a program announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    /// The program.
    pub program: AddressText,
    /// Which of its events, by index.
    pub event: u16,
    /// The encoding of its fields.
    pub data: HexBytes,
    /// The event's name, as far as the program that is there now knows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Its fields, by name.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<(String, ValueView)>,
}

/// A value: its type, and its text. Numbers are decimal, a `fix` is its 128 bits as a number, hashes and byte strings are
/// hexadecimal, addresses base58.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueView {
    /// The type: `u64`, `address` …
    #[serde(rename = "type")]
    pub ty: String,
    /// The value.
    pub value: String,
}

impl ReceiptView {
    /// A receipt, with its events as the programs of this state declare them.
    pub fn of(receipt: &Receipt, state: &State) -> Self {
        let mut view = Self {
            id: IdText(receipt.id),
            fee: receipt.fee,
            gas_used: receipt.gas_used.0,
            results: None,
            events: Vec::new(),
            failure: None,
        };
        match &receipt.outcome {
            Outcome::Applied(output) => {
                view.results = Some(HexBytes(output.results.clone())).filter(|results| !results.0.is_empty());
                view.events = output
                    .events
                    .iter()
                    .map(|event| EventView::of(event, state))
                    .collect();
            }
            Outcome::Failed(failure) => view.failure = Some(failure.into()),
        }
        view
    }
}

impl From<&Failure> for FailureView {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code(),
            message: failure.to_string(),
        }
    }
}

impl EventView {
    fn of(event: &Event, state: &State) -> Self {
        let mut view = Self {
            program: event.program.into(),
            event: event.event,
            data: HexBytes(event.data.clone()),
            name: None,
            fields: Vec::new(),
        };
        let Some(program) = state
            .program(&event.program)
            .map(|program| program.code.program())
        else {
            return view;
        };
        // After an upgrade the event may be another one: then its bytes are all that is said.
        if let Some(Ok((name, values))) = event.decode(program) {
            let fields = &program.events[usize::from(event.event)].fields;
            let names = fields.iter().map(|field| field.name.clone());
            view.name = Some(name.to_owned());
            view.fields = names.zip(values.iter().map(ValueView::from)).collect();
        }
        view
    }
}

impl From<&Value> for ValueView {
    fn from(value: &Value) -> Self {
        let text = match value {
            Value::Address(address) => address.to_string(),
            Value::Hash(digest) => hex::encode(digest),
            Value::Bytes(bytes) => hex::encode(bytes),
            number => number.to_string(),
        };
        let ty = match value {
            Value::Bytes(_) => "bytes".to_owned(),
            other => other.ty().to_string(),
        };
        Self { ty, value: text }
    }
}
