//! CurveVM.
#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects)]

mod address;
mod instr;
mod isa;
pub mod limits;
mod program;
pub mod reference;
mod trap;
mod types;

pub use address::{Address, AddressError};
pub use instr::Instr;
pub use isa::{Class, Cost, MAX_OPERANDS, Opcode, Operand, Run, Spec, TABLE};
pub use program::{
    ErrorKind, EventKind, Field, Function, Interface, Kind, Location, Mark, Program, Slot,
};
pub use trap::{Fault, Limit, Trap, TrapKind};
pub use types::{Type, Value};
