//! Tests of the program's real bytecode in LiteSVM.
//!
//! ```text
//! registry/ ── bytecode ──▶ LiteSVM ◀── instructions (rollup-abi) ── [`Rig`] ◀── headers, certificates ── [`oracle`]
//! ```
//!
//! The program under test is the one in `registry/`, byte for byte what is deployed. Keys, signatures and certificates come
//! from [`oracle`], which is written against arkworks and the written layout, and calls none of the code that it judges.
//!
//! Rules: LiteSVM does not enforce the length of a transaction, so [`Rig::send`] does; every refusal is compared by its code;
//! `tests/program/coverage.rs` proves that every code is reached.
#![allow(missing_docs, reason = "a crate of tests")]

pub mod acts;
pub mod chain;
pub mod oracle;
pub mod rig;

pub use acts::Staged;
pub use chain::{Chain, Post};
pub use oracle::{Key, Signature};
pub use rig::{Failure, Landed, Rig, Roles};
