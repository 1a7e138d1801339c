//! The Curve language: from source to bytecode that CurveVM's verifier accepts.
//!
//! ```text
//!  source ─lexer, parser─▶ ast ─check─▶ hir ─lower─▶ ir ─opt─▶ ir ─codegen─▶ curvevm::Program ─verify─▶ Artifact
//!             │                  │        │                                                             │
//!             └── format         └── ide  └── reference: interprets hir ◀── must come to the same ──────┘
//! ```
//!
//! - [`compile`] makes an [`Artifact`]: the program, its [`interface`] for callers, its [`source_map`]; [`check`] stops after
//!   the types; [`format()`] lays a source out; [`ide`] answers what editors ask.
//! - What is wrong is a [`diagnostic`] with a code, a place and if possible a fix. Each code has an explanation.
//! - [`testing`] runs the tests that stand beside a program, on CurveVM or by the [`reference`](mod@reference) interpreter.
//!
//! The language is described in `docs/curve.md`, the machine in `docs/curvevm.md`.
//!
//! Rules:
//! - Pure: text in, values out. No IO, no clock, no randomness.
//! - The front end never fails: what it cannot read is reported, and is `Bad` further on, which goes with everything.
//! - Every limit (file, depth, rounds of loops, scalars of a record, registers) has a diagnostic.
//!
//! Invariants, and what guards them:
//! - No source makes the compiler panic, and its time is about linear in the source: `tests/robust.rs`.
//! - Whatever it emits passes the verifier: [`compile`] runs it; `tests/differential.rs` on random programs.
//! - A program means the same interpreted, compiled, and optimised: `tests/differential.rs`, `tests/calls.rs` for programs that call
//!   one another, `tests/vectors.rs` on checked-in vectors.
//! - The standard programs keep their laws: `tests/laws.rs`. Wrong programs are refused or trapped: `tests/wrong.rs`.
//! - Formatting keeps every token and comment, and formatting twice is formatting once: `tests/format.rs`.
//! - Every code of a diagnostic is reached, and every suggested fix fixes: `tests/diagnostics.rs`.
//!
//! ```
//! use curve_lang::{Options, compile};
//!
//! let source = "program counter;
//!
//! state { count: Count }
//!
//! /// Counts.
//! entry next() -> Count {
//!     state.count += 1;
//!     state.count
//! }
//! ";
//! let artifact = compile(source, &Options::default())?;
//! assert_eq!(artifact.interface.entries[0].docs, "Counts.");
//! assert!(artifact.program.verify().is_ok());
//! # Ok::<(), curve_lang::diagnostic::Diagnostics>(())
//! ```
#![forbid(unsafe_code)]

mod check;
mod codegen;
mod compile;
pub mod diagnostic;
mod format;
pub mod hir;
pub mod ide;
pub mod interface;
mod ir;
pub mod machine;
mod opt;
pub mod reference;
mod show;
pub mod source_map;
pub mod span;
pub mod symbols;
pub mod syntax;
pub mod testing;
pub mod types;
pub mod value;

pub use check::{Checked, check};
pub use compile::{Artifact, Options, compile, lower};
pub use format::format;
pub use show::show_value;
