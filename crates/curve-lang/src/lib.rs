//! The Curve language: source to verified bytecode.

mod check;
pub mod diagnostic;
pub mod hir;
pub mod reference;
mod show;
pub mod span;
pub mod symbols;
pub mod syntax;
pub mod testing;
pub mod types;
pub mod value;

pub use check::{Checked, check};
