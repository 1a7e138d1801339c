//! Programs as text: the assembler and the disassembler. What one writes, the other reads.

mod lex;
mod parse;
mod write;

pub use parse::AsmError;

use crate::{Instr, Program};

impl Program {
    /// Reads assembly. The program is not verified.
    pub fn assemble(text: &str) -> Result<Self, AsmError> {
        parse::program(text)
    }

    /// Writes a program as assembly. What cannot be named, because it is out of bounds, is written as its number.
    pub fn disassemble(&self) -> String {
        write::program(self)
    }

    /// Writes one instruction of this program, its jump target as `l` and the instruction's index.
    pub fn show(&self, instr: &Instr) -> String {
        write::instr(self, instr)
    }
}

#[cfg(test)]
mod tests;
