//! What an instruction is: the vocabulary of [`TABLE`], which is the only place that says what the instructions are.
//!
//! Encoder, decoder, verifier, gas, assembler, disassembler and the reference in `docs/curvevm.md` all read the table. The
//! interpreter alone has one more list of the same names, because it is what they do.

mod cost;
mod table;

pub use cost::Cost;
pub(crate) use table::Code;
pub use table::{Opcode, TABLE};

use crate::TrapKind;

/// Most operands of an instruction.
pub const MAX_OPERANDS: usize = 5;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its code: the first byte of its encoding.
    pub opcode: Opcode,
    /// Its name in assembly.
    pub mnemonic: &'static str,
    /// Its operands in order, with their names.
    pub operands: &'static [(&'static str, Operand)],
    /// What it costs.
    pub cost: Cost,
    /// How it can trap, besides [`TrapKind::OutOfGas`].
    pub traps: &'static [TrapKind],
    /// What it does.
    pub text: &'static str,
}

/// What an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A register that is written.
    Out(Class),
    /// A register that is read.
    In(Class),
    /// A 64-bit number in the instruction.
    Imm64,
    /// A signed 64-bit number in the instruction, encoded as its two's complement.
    ImmI64,
    /// A 16-bit number in the instruction.
    Imm16,
    /// `false` or `true` in the instruction.
    ImmBool,
    /// An index into the constants; the constant's type is that of the written register.
    Constant,
    /// An instruction of the same function, by its index.
    Target,
    /// A function with a lower index than this one.
    Function,
    /// A storage cell: a slot without keys.
    Cell,
    /// A storage map: a slot with keys.
    Map,
    /// An event.
    Event,
    /// An error.
    Error,
    /// An entry of another program, as declared here.
    EntryInterface,
    /// A view of another program, as declared here.
    ViewInterface,
    /// How many registers the run that follows has.
    Count,
    /// The first of consecutive registers that are read, of the types that `Run` says.
    InRun(Run),
    /// The first of consecutive registers that are written, of the types that `Run` says.
    OutRun(Run),
}

/// Which types a register may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `u64`.
    U64,
    /// `i64`.
    I64,
    /// `u128`.
    U128,
    /// `fix`.
    Fix,
    /// `bool`.
    Bool,
    /// `address`.
    Address,
    /// `hash`.
    Hash,
    /// `bytes[N]` of any N. A written one must be long enough for what may be written.
    Bytes,
    /// `u64`, `i64` or `bool`; the same in all of the instruction's registers of this class.
    Any64,
    /// `u128` or `fix`; the same in all of the instruction's registers of this class.
    Any128,
    /// `address` or `hash`; the same in all of the instruction's registers of this class.
    Any256,
}

/// Where the types of a run of registers are declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Parameters of the called function.
    Params,
    /// Results of the called function.
    Results,
    /// Results of this function.
    Returns,
    /// Keys of the map.
    Keys,
    /// Fields of the cell or map.
    Values,
    /// Fields of the event.
    Fields,
    /// Parameters of the interface.
    InterfaceParams,
    /// Results of the interface.
    InterfaceResults,
    /// Nowhere: `Count` registers of any type.
    Counted,
}

impl Opcode {
    /// Its row of the table.
    pub fn spec(self) -> &'static Spec {
        &TABLE[self as usize]
    }

    /// The instruction with this mnemonic.
    pub fn from_mnemonic(mnemonic: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|spec| spec.mnemonic == mnemonic)
            .map(|spec| spec.opcode)
    }

    /// Whether no instruction after it runs unless it is jumped to.
    pub fn is_terminator(self) -> bool {
        matches!(self, Self::Jump | Self::Ret | Self::Revert | Self::Unreachable)
    }

    /// Whether it may continue somewhere else than at the next instruction of the function.
    pub fn ends_block(self) -> bool {
        self.is_terminator()
            || self
                .spec()
                .operands
                .iter()
                .any(|(_, kind)| *kind == Operand::Target)
    }

    /// Whether it changes what outlives the call: storage, balances, events, other programs.
    pub fn writes(self) -> bool {
        use Opcode::{CallProgram, Emit, MapRemove, MapSet, Store, Transfer};
        matches!(self, Store | MapSet | MapRemove | Transfer | Emit | CallProgram)
    }

    /// Whether it runs another program.
    pub fn leaves(self) -> bool {
        matches!(self, Self::CallProgram | Self::ViewProgram)
    }
}
