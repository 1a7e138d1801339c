//! What callers need to know of a program: its entries, views, events, errors and state, with types and documentation.
//!
//! It is written as JSON ([`Interface::to_json`]). Types appear twice: as the source has them, with units, and as the scalars
//! that the machine takes.

use curvevm::Program as Machine;
use serde::Serialize;

use crate::{
    hir::{self, Program},
    ir::layout,
    syntax::ast::FunctionKind,
    types::Type,
};

/// The version of the description's form.
pub const VERSION: u32 = 1;

/// A program's interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// [`VERSION`].
    pub version: u32,
    /// The program's name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// Units that it declares.
    pub units: Vec<Item>,
    /// Structs.
    pub structs: Vec<Record>,
    /// Enums.
    pub enums: Vec<Enum>,
    /// Its state: cells and maps.
    pub state: Vec<Slot>,
    /// The constructor.
    pub init: Option<Function>,
    /// Entries.
    pub entries: Vec<Function>,
    /// Views.
    pub views: Vec<Function>,
    /// Events, in the order of their indices.
    pub events: Vec<Record>,
    /// Errors, in the order of their indices.
    pub errors: Vec<Item>,
    /// Invariants.
    pub invariants: Vec<Item>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The name.
    pub name: String,
    /// Documentation.
    pub docs: String,
}

/// Something of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// The type as the source has it: `Asset/Share`.
    #[serde(rename = "type")]
    pub ty: String,
    /// The scalars that it is made of: `u64`.
    pub scalars: Vec<String>,
}

/// A struct, an event or a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// In order.
    pub fields: Vec<Field>,
}

/// An enum: a `u64` that says which variant, then the fields of all variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enum {
    /// The name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// In order.
    pub variants: Vec<Record>,
}

/// A cell or a map of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// The name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// Of a map's keys.
    pub key: Option<String>,
    /// Of the values.
    pub value: String,
    /// Whether it holds $ASSET.
    pub vault: bool,
    /// The scalars of a value.
    pub scalars: Vec<String>,
}

/// An entry, a view, or the constructor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Function {
    /// The name.
    pub name: String,
    /// Documentation.
    pub docs: String,
    /// Whether it takes a payment.
    pub payable: bool,
    /// In order.
    pub params: Vec<Field>,
    /// What it returns.
    pub result: Option<Field>,
}

impl Interface {
    /// Of a checked program.
    pub fn of(program: &Program, _: &Machine) -> Self {
        let functions = |kind: FunctionKind| {
            let all = program
                .functions
                .iter()
                .filter(move |function| function.kind == kind);
            all.map(|found| function(found, program))
                .collect::<Vec<Function>>()
        };
        let declared = program
            .units
            .iter()
            .skip(usize::from(crate::types::UnitId::BUILT_IN));
        Self {
            version: VERSION,
            name: program.name.clone(),
            docs: program.docs.clone(),
            units: declared.map(item).collect(),
            structs: program
                .structs
                .iter()
                .map(|found| record(found, program))
                .collect(),
            enums: program
                .enums
                .iter()
                .map(|found| enumeration(found, program))
                .collect(),
            state: program.slots.iter().map(|found| slot(found, program)).collect(),
            init: functions(FunctionKind::Init).pop(),
            entries: functions(FunctionKind::Entry),
            views: functions(FunctionKind::View),
            events: program
                .events
                .iter()
                .map(|found| record(found, program))
                .collect(),
            errors: program.errors.iter().map(item).collect(),
            invariants: program
                .invariants
                .iter()
                .map(|found| item(&found.named))
                .collect(),
        }
    }

    /// As JSON, for people and for machines.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("strings, lists and booleans have a JSON form")
    }
}

fn item(named: &hir::Named) -> Item {
    Item {
        name: named.name.clone(),
        docs: named.docs.clone(),
    }
}

fn scalars(ty: &Type, program: &Program) -> Vec<String> {
    layout::scalars(ty, program)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn field(name: &str, docs: &str, ty: &Type, program: &Program) -> Field {
    Field {
        name: name.to_owned(),
        docs: docs.to_owned(),
        ty: program.show(ty),
        scalars: scalars(ty, program),
    }
}

fn record(found: &hir::Struct, program: &Program) -> Record {
    let fields = found
        .fields
        .iter()
        .map(|f| field(&f.named.name, &f.named.docs, &f.ty, program));
    Record {
        name: found.named.name.clone(),
        docs: found.named.docs.clone(),
        fields: fields.collect(),
    }
}

fn enumeration(found: &hir::Enum, program: &Program) -> Enum {
    let variants = found.variants.iter().map(|variant| record(variant, program));
    Enum {
        name: found.named.name.clone(),
        docs: found.named.docs.clone(),
        variants: variants.collect(),
    }
}

fn slot(found: &hir::Slot, program: &Program) -> Slot {
    Slot {
        name: found.named.name.clone(),
        docs: found.named.docs.clone(),
        key: found.key.as_ref().map(|key| program.show(key)),
        value: program.show(&found.value),
        vault: found.vault,
        scalars: scalars(&found.value, program),
    }
}

fn function(found: &hir::Function, program: &Program) -> Function {
    let params = found.locals.iter().take(usize::from(found.params));
    let result = (found.result != Type::Nothing).then(|| field("result", "", &found.result, program));
    Function {
        name: found.named.name.clone(),
        docs: found.named.docs.clone(),
        payable: found.payable,
        params: params
            .map(|local| field(&local.name, "", &local.ty, program))
            .collect(),
        result,
    }
}
