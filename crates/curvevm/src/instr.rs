//! An instruction as data.

use crate::{MAX_OPERANDS, Opcode};

/// An instruction: what it does and its operands as numbers, in the order of the table, zeros after the last.
///
/// A register is its index in the function; so are jump targets, constants, slots, events, errors, interfaces and
/// functions. A signed immediate is its two's complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instr {
    /// What it does.
    pub op: Opcode,
    /// Its operands.
    pub args: [u64; MAX_OPERANDS],
}

impl Instr {
    /// An instruction with these operands.
    ///
    /// # Panics
    /// If the count of operands is not the table's.
    pub fn new<const N: usize>(op: Opcode, operands: [u64; N]) -> Self {
        assert_eq!(N, op.spec().operands.len(), "operands of {}", op.spec().mnemonic);
        let mut args = [0; MAX_OPERANDS];
        args[..N].copy_from_slice(&operands);
        Self { op, args }
    }

    /// Its operands, as many as the table says.
    pub fn operands(&self) -> &[u64] {
        &self.args[..self.op.spec().operands.len()]
    }
}
