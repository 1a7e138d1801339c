//! From values to registers, and from blocks to a list of instructions.
//!
//! ```text
//! select    comparisons that only a branch reads become part of it
//! live      from where to where each value is needed, in the order of the blocks
//! assign    a register for each value; runs get consecutive ones of their own
//! emit      instructions, moves on the edges between blocks, jumps, marks
//! ```

mod assign;
mod emit;
mod live;
mod moves;
mod select;

use crate::{
    ir::Module,
    span::{LineIndex, Span},
};

/// What does not fit the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {got}, at most {most}")]
pub struct TooLarge {
    /// What there is too much of.
    pub what: &'static str,
    /// How much.
    pub got: usize,
    /// How much is possible.
    pub most: usize,
    /// Where.
    pub span: Span,
}

/// The program of a module.
pub fn generate(module: Module, lines: &LineIndex) -> Result<curvevm::Program, TooLarge> {
    let mut program = module.shell;
    let mut instructions = 0usize;
    for function in module.functions {
        let span = function.span;
        let emitted = emit::function(function, lines)?;
        instructions = instructions.saturating_add(emitted.code.len());
        if instructions > curvevm::limits::MAX_CODE {
            let (got, most) = (instructions, curvevm::limits::MAX_CODE);
            return Err(TooLarge {
                what: "instructions",
                got,
                most,
                span,
            });
        }
        program.functions.push(emitted);
    }
    Ok(program)
}
