//! Codes and what they mean. Those of the compiler explain themselves: [`curve_lang::diagnostic::Code`].

pub mod traps;
