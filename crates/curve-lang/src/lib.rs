//! The Curve language: source to verified bytecode.

mod check;
mod codegen;
mod compile;
pub mod diagnostic;
mod format;
pub mod hir;
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
pub use compile::{Artifact, Options, compile};
pub use format::format;
