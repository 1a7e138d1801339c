//! The machine that programs run on: a typed register machine with one instruction table, a verifier and an interpreter.
//!
//! ```text
//!  assembly ─assemble─▶          ┌──────────── isa/table.rs: every instruction, once ───────────┐
//!  bytes ────decode───▶ Program ─┤ encoder · decoder · verifier · gas · (dis)assembler · reference
//!  compiler ──────────▶    │     └───────────────────────────────────────────────────────────────┘
//!                          ▼ verify: one pass, linear
//!  Host ──state──▶ Machine::call(Verified, Call) ──▶ Outcome { gas, Success { results, effects } or Fault }
//! ```
//!
//! [`docs/curvevm.md`](../../../docs/curvevm.md) is the machine's model and its instruction reference.
//!
//! Rules:
//! - An instruction is a row of [`TABLE`]. Nothing else says what its operands are, what it costs and how it traps.
//! - What the machine runs is [`Verified`]; there is no other way to one than [`Program::verify`].
//! - Registers have one type for their whole function and start as zeros, so instructions are checked one by one.
//! - Gas depends on declared types, never on values. A block is paid for when it is entered.
//! - The machine reads the state ([`Host`]) and answers with what changes ([`Effects`]): all of it or, after a trap, nothing.
//!
//! Invariants:
//! - Whatever passes the verifier cannot fault the interpreter (`tests/never_faults.rs`, `examples/fuzz.rs`).
//! - No call uses more gas than it is given, nor, without loops, more than [`Verified::worst_gas`].
//! - Effects keep the sum of all balances.
//! - Pure: no IO, no clock, no randomness, no floats, checked arithmetic, no recursion that a program drives. Equal inputs give
//!   equal outputs on every machine.
//! - What decodes encodes to the same bytes.
//!
//! ```
//! use std::sync::Arc;
//! use curvevm::{Address, Call, Entrance, Gas, Machine, MemoryHost, Program, Value, encode_values};
//!
//! let program = Program::assemble(
//!     "program quote
//!      view cost(n: u64, price: fix) -> (u64) {
//!        scale.up r0, r0, r1
//!        ret r0
//!      }",
//! )?;
//! let address = Address::new([7; 32]);
//! let mut host = MemoryHost::default();
//! host.programs.insert(address, Arc::new(program.verify()?));
//! let one_and_a_half = Value::Fix(3 << 63);
//! let call = Call {
//!     program: address,
//!     entrance: Entrance::View("cost"),
//!     caller: Address::default(),
//!     payment: 0,
//!     args: &encode_values(&[Value::U64(3), one_and_a_half]),
//!     gas: Gas(10_000),
//! };
//! let outcome = Machine::new().call(&host, &call)?;
//! assert_eq!(outcome.result?.results, [Value::U64(5)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
