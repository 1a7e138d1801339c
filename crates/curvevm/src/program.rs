//! A program as plain data: what a compiler makes, what is encoded, what the verifier reads.

use rollup_abi::{Digest, sha256};

use crate::{Instr, Type, Value, domain, encode_values};

/// A program, not verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Constants of type `u128`, `fix`, `address`, `hash` and `bytes`, by index.
    pub constants: Vec<Value>,
    /// Storage cells and maps, by index.
    pub slots: Vec<Slot>,
    /// Events, by index.
    pub events: Vec<EventKind>,
    /// Errors, by index.
    pub errors: Vec<ErrorKind>,
    /// What it calls in other programs, by index.
    pub interfaces: Vec<Interface>,
    /// Functions, by index. A function calls only functions before it.
    pub functions: Vec<Function>,
    /// Source files that the marks of functions point into.
    pub files: Vec<String>,
}

/// A name and a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The type.
    pub ty: Type,
}

/// A storage cell (no keys) or map (one to four keys), holding a record of one or more fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Types of the keys.
    pub keys: Vec<Type>,
    /// Fields of what is stored.
    pub values: Vec<Field>,
}

/// An event that the program emits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKind {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// An error that the program reverts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorKind {
    /// Its name.
    pub name: String,
    /// What a person is told.
    pub message: String,
}

/// An entry or view of another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The name of the other program's function.
    pub name: String,
    /// Whether it is a view; else an entry.
    pub view: bool,
    /// Types of its parameters.
    pub params: Vec<Type>,
    /// Types of its results.
    pub results: Vec<Type>,
}

/// What a function is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Called by functions of this program only.
    Internal,
    /// Called once, when the program is deployed.
    Init {
        /// Whether it takes a payment.
        payable: bool,
    },
    /// Called by accounts and other programs.
    Entry {
        /// Whether it takes a payment.
        payable: bool,
    },
    /// Changes nothing; called without a transaction and by other programs.
    View,
    /// Changes nothing and calls no other program, takes nothing, returns whether all is well. Runs after every entry.
    Invariant,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// Its parameters: the first registers.
    pub params: Vec<Field>,
    /// Types of its results.
    pub results: Vec<Type>,
    /// Types of the registers after the parameters. They start as zeros.
    pub registers: Vec<Type>,
    /// Its instructions.
    pub code: Vec<Instr>,
    /// Where the instructions come from, by rising `pc`; each holds until the next.
    pub marks: Vec<Mark>,
}

/// Where instructions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The first instruction.
    pub pc: u16,
    /// The source file, by index.
    pub file: u16,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// A place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The source file.
    pub file: &'a str,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Program {
    /// The index of the function with this name.
    pub fn function(&self, name: &str) -> Option<u16> {
        let at = self.functions.iter().position(|f| f.name == name)?;
        u16::try_from(at).ok()
    }

    /// Where an instruction comes from.
    pub fn locate(&self, function: u16, pc: u16) -> Option<Location<'_>> {
        let marks = &self.functions.get(usize::from(function))?.marks;
        let after = marks.partition_point(|mark| mark.pc <= pc);
        let mark = marks.get(after.checked_sub(1)?)?;
        Some(Location {
            file: self.files.get(usize::from(mark.file))?,
            line: mark.line,
            column: mark.column,
        })
    }
}

impl Function {
    /// Types of all registers, the parameters first.
    pub fn register_types(&self) -> impl Iterator<Item = Type> {
        let params = self.params.iter().map(|field| field.ty);
        params.chain(self.registers.iter().copied())
    }
}

impl Slot {
    /// Types of what is stored.
    pub fn value_types(&self) -> Vec<Type> {
        self.values.iter().map(|field| field.ty).collect()
    }

    /// Where the program stores the cell, or the map's entry at these keys.
    pub fn key(&self, keys: &[Value]) -> Digest {
        let slot = sha256(&[domain::SLOT, self.name.as_bytes()]);
        if self.keys.is_empty() {
            slot
        } else {
            sha256(&[domain::ITEM, &slot, &encode_values(keys)])
        }
    }
}

impl Kind {
    /// Whether it must not change anything.
    pub const fn is_pure(self) -> bool {
        matches!(self, Self::View | Self::Invariant)
    }

    /// Whether it takes a payment.
    pub const fn is_payable(self) -> bool {
        matches!(self, Self::Init { payable: true } | Self::Entry { payable: true })
    }
}
