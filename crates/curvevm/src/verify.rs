//! The verifier: one pass over a program, in time linear in its size, that accepts it or names the first thing wrong.
//!
//! ```text
//!  Program ──schema──▶ names, counts, types ──function by function──▶ instructions ──lower──▶ Verified ──▶ Machine
//!                                                  │                        │
//!                                     registers, runs, jumps, purity    block gas, worst gas
//! ```
//!
//! A register has one type for its whole function and starts as zero, so an instruction can be checked by itself: there is
//! no data flow to follow, and no fixed point to find. A function calls only earlier ones, so what is known of a callee
//! (does it write, how deep is its stack, what is its largest gas) is known when its caller is read.

mod error;
mod function;
mod fuse;
mod lower;
mod schema;
mod verified;

pub use error::{Place, Problem, VerifyError};
pub(crate) use lower::{Blocks, Op};
pub use verified::{CodeHash, Selector, UpgradeError, Verified};
pub(crate) use verified::{Frame, SlotInfo};

use crate::{
    Program, Type,
    limits::{MAX_CODE, MAX_FUNCTION_DEPTH, MAX_PROGRAM_BYTES, MAX_STACK_WORDS},
};

/// What callers have to know of a function.
#[derive(Clone, Debug, Default)]
struct Summary {
    /// Word of each register, and of the end.
    words: Vec<u16>,
    /// Type of each register.
    types: Vec<Type>,
    writes: bool,
    leaves: bool,
    depth: usize,
    stack: usize,
    /// The most gas that it uses, unless it loops or leaves.
    worst: Option<u64>,
}

impl Program {
    /// Verifies the program.
    pub fn verify(self) -> Result<Verified, VerifyError> {
        schema::check(&self)?;
        let encoded = self.encode();
        limit("bytes of the program", encoded.len(), MAX_PROGRAM_BYTES)?;
        let size: usize = self.functions.iter().map(|f| f.code.len()).sum();
        limit("instructions", size, MAX_CODE)?;
        let mut builder = lower::Builder::default();
        let mut summaries: Vec<Summary> = Vec::new();
        for (index, function) in self.functions.iter().enumerate() {
            let summary = function::Checker::new(&self, &summaries, index)?.check()?;
            let at = |problem| VerifyError::new(Place::Function(index), problem);
            limit("functions in a chain of calls", summary.depth, MAX_FUNCTION_DEPTH)
                .map_err(|e| at(e.problem))?;
            limit("words in a chain of calls", summary.stack, MAX_STACK_WORDS).map_err(|e| at(e.problem))?;
            summaries.push(summary);
            let worst = builder.function(&self, function, &summaries).map_err(at)?;
            summaries[index].worst = worst;
        }
        Ok(Verified::new(self, &encoded, builder, &summaries))
    }
}

fn limit(what: &'static str, got: usize, max: usize) -> Result<(), VerifyError> {
    if got > max {
        let problem = Problem::TooMany { what, got, max };
        return Err(VerifyError::new(Place::Program, problem));
    }
    Ok(())
}
