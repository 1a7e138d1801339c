//! Programs as calls answer them.

use assetvm::{Address, Amount, EntryId, EntryProof, ProgramProof, ProgramRecord};
use curvevm::{ErrorKind, EventKind, Field, Function, Kind};
use rollup_abi::Digest;
use serde::{Deserialize, Serialize};

use super::{AddressText, ReceiptView, Unproven, ValueView};
use crate::text::{Hex32, HexBytes, display};

/// A program with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramView {
    /// Where it is.
    #[serde(with = "display")]
    pub address: Address,
    /// Its name.
    pub name: String,
    /// The hash of its code.
    pub code_hash: Hex32,
    /// Who may upgrade and close it; absent if nobody ever may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authority: Option<AddressText>,
    /// How many entries it stores.
    pub entries: u64,
    /// What it owns, $ASSET.
    #[serde(with = "display")]
    pub balance: Amount,
    /// What can be called.
    pub functions: Vec<FunctionView>,
    /// Its events, by index.
    pub events: Vec<RecordView>,
    /// Its errors, by index.
    pub errors: Vec<ErrorView>,
    /// The decided block that this is the state after.
    pub height: u64,
    /// That block's state root.
    pub state_root: Hex32,
    /// [`ProgramProof`] of hash, authority and count of entries against it, Borsh.
    pub proof: HexBytes,
}

/// A constructor, an entry or a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionView {
    /// Its name.
    pub name: String,
    /// `init`, `entry` or `view`.
    pub kind: String,
    /// Whether it takes a payment.
    pub payable: bool,
    /// Its parameters.
    pub params: Vec<FieldView>,
    /// The types of its results.
    pub results: Vec<String>,
}

/// Something with fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Vec<FieldView>,
}

/// A name and a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An error that a program reverts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorView {
    /// Its name.
    pub name: String,
    /// What people are told.
    pub message: String,
}

/// What a program stores under a key, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// The program.
    #[serde(with = "display")]
    pub program: Address,
    /// The key.
    pub key: Hex32,
    /// What is there; absent if nothing is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<HexBytes>,
    /// The decided block that this is the state after.
    pub height: u64,
    /// That block's state root.
    pub state_root: Hex32,
    /// [`EntryProof`] against it, Borsh.
    pub proof: HexBytes,
}

/// Something that a program stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntry {
    /// Its key.
    pub key: Hex32,
    /// What is there.
    pub value: HexBytes,
}

/// What a view answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its results.
    pub values: Vec<ValueView>,
    /// Their encoding.
    pub encoded: HexBytes,
    /// The gas that it took.
    pub gas_used: u64,
    /// The decided block that this is the state after.
    pub height: u64,
    /// That block's state root.
    pub state_root: Hex32,
}

/// What would become of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulation {
    /// The least fee of it, $ASSET.
    #[serde(with = "display")]
    pub minimum_fee: Amount,
    /// Its receipt, with no id.
    pub receipt: ReceiptView,
}

impl FunctionView {
    /// A function, if it is called from outside.
    pub fn of(function: &Function) -> Option<Self> {
        let kind = match function.kind {
            Kind::Init { .. } => "init",
            Kind::Entry { .. } => "entry",
            Kind::View => "view",
            Kind::Internal | Kind::Invariant => return None,
        };
        Some(Self {
            name: function.name.clone(),
            kind: kind.to_owned(),
            payable: function.kind.is_payable(),
            params: function.params.iter().map(Into::into).collect(),
            results: function.results.iter().map(ToString::to_string).collect(),
        })
    }
}

impl From<&Field> for FieldView {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name.clone(),
            ty: field.ty.to_string(),
        }
    }
}

impl From<&EventKind> for RecordView {
    fn from(kind: &EventKind) -> Self {
        Self {
            name: kind.name.clone(),
            fields: kind.fields.iter().map(Into::into).collect(),
        }
    }
}

impl From<&ErrorKind> for ErrorView {
    fn from(kind: &ErrorKind) -> Self {
        Self {
            name: kind.name.clone(),
            message: kind.message.clone(),
        }
    }
}

impl ProgramView {
    /// The program's cell, if the proof proves it against `root`, which the caller has from elsewhere.
    pub fn verify(&self, root: &Digest) -> Result<ProgramRecord, Unproven> {
        let address = self.address;
        let proof =
            ProgramProof::decode(&self.proof.0).map_err(|source| Unproven::Encoding { address, source })?;
        let authority = self.authority.map(|authority| authority.0);
        let said = proof.value().filter(|record| {
            (record.code_hash.0, record.authority, record.entries)
                == (self.code_hash.0, authority, self.entries)
        });
        match said {
            Some(record) if proof.id().0 == address && proof.verify(root) => Ok(*record),
            _ => Err(Unproven::Proof { address, root: *root }),
        }
    }
}

impl EntryView {
    /// What is stored, if the proof proves it against `root`, which the caller has from elsewhere.
    pub fn verify(&self, root: &Digest) -> Result<Option<Vec<u8>>, Unproven> {
        let address = self.program;
        let proof =
            EntryProof::decode(&self.proof.0).map_err(|source| Unproven::Encoding { address, source })?;
        let id = EntryId {
            program: address,
            key: self.key.0,
        };
        let said = self.value.as_ref().map(|value| &value.0);
        if proof.id() != id || proof.value() != said || !proof.verify(root) {
            return Err(Unproven::Proof { address, root: *root });
        }
        Ok(said.cloned())
    }
}
