//! CurveVM.
#![forbid(unsafe_code)]
#![deny(clippy::arithmetic_side_effects)]

mod address;
mod asm;
mod codec;
mod domain;
mod host;
mod instr;
mod isa;
pub mod limits;
mod machine;
mod program;
pub mod reference;
mod trap;
mod types;
mod verify;

pub use address::{Address, AddressError};
pub use asm::AsmError;
pub use codec::{DecodeError, Malformed, decode_values, encode_values};
pub use host::{Effects, Event, Host, MemoryHost};
pub use instr::Instr;
pub use isa::{Class, Cost, MAX_OPERANDS, Opcode, Operand, Run, Spec, TABLE};
pub use machine::{Call, CallError, Entrance, Gas, Machine, Outcome, Step, Success};
pub use program::{ErrorKind, EventKind, Field, Function, Interface, Kind, Location, Mark, Program, Slot};
pub use trap::{Fault, Limit, Trap, TrapKind};
pub use types::{Type, Value};
pub use verify::{CodeHash, Place, Problem, Selector, UpgradeError, Verified, VerifyError};
