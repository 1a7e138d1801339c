//! The optimiser: small passes, run until nothing changes.
//!
//! A pass may drop a trap only together with what made it impossible, and never moves one past another: a program fails in the
//! same way with and without the optimiser, at a place that may be another one in the same statement. That is shown by
//! running random programs in both forms and by the reference.

mod cfg;
mod cse;
mod dce;
mod fold;
mod memory;
mod params;

use crate::ir::{Function, Module, Val};

/// Most rounds of all passes.
const MAX_ROUNDS: usize = 6;

/// Makes the functions of a module smaller and faster.
pub fn optimise(module: &mut Module) {
    let writes = memory::writing_functions(module);
    for function in &mut module.functions {
        for _ in 0..MAX_ROUNDS {
            let passes: [fn(&mut Function) -> bool; 5] =
                [fold::run, cfg::run, params::run, cse::run, dce::run];
            let mut changed = false;
            for pass in passes {
                changed |= pass(function);
                debug_check(function);
            }
            changed |= memory::run(function, &writes);
            debug_check(function);
            if !changed {
                break;
            }
        }
    }
}

/// Blocks that are never reached would only confuse the code generator.
pub fn clean(module: &mut Module) {
    for function in &mut module.functions {
        cfg::drop_unreachable(function);
    }
}

fn debug_check(function: &Function) {
    debug_assert_eq!(crate::ir::check(function), Ok(()));
}

/// Values that are to be replaced by others.
struct Replacements(Vec<Option<Val>>);

impl Replacements {
    fn new(function: &Function) -> Self {
        Self(vec![None; function.types.len()])
    }

    fn set(&mut self, old: Val, new: Val) {
        let new = self.find(new);
        if new != old {
            self.0[old.index()] = Some(new);
        }
    }

    /// What stands for a value now.
    fn find(&self, value: Val) -> Val {
        let mut value = value;
        while let Some(next) = self.0[value.index()] {
            value = next;
        }
        value
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn apply(&self, function: &mut Function) {
        for block in &mut function.blocks {
            for inst in &mut block.insts {
                inst.ins.iter_mut().for_each(|value| *value = self.find(*value));
            }
            block.end.for_each_use_mut(|value| *value = self.find(*value));
        }
    }
}
