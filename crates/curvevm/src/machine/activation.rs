use std::sync::Arc;

use super::{memory::Memory, world::Scene};
use crate::{Value, Verified};

/// A program in the chain of calls.
#[derive(Debug)]
pub struct Activation {
    pub code: Arc<Verified>,
    /// The function that was entered.
    pub function: u16,
    pub scene: Scene,
    pub stage: Stage,
    /// Where its first frame begins.
    pub base: usize,
    /// Frames of the programs before it.
    pub bottom: usize,
    /// Where the calling program goes on.
    pub resume: Resume,
}

/// What an activation is at.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    /// The function that was entered.
    Body,
    /// The invariant of this index.
    Invariant(usize),
}

/// Where the calling program goes on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resume {
    pub pc: usize,
    pub base: usize,
    pub top: usize,
    /// Where the results go in its frame.
    pub results: u16,
}

impl Activation {
    pub fn new(code: Arc<Verified>, function: u16, scene: Scene, base: usize, bottom: usize) -> Self {
        Self {
            code,
            function,
            scene,
            stage: Stage::Body,
            base,
            bottom,
            resume: Resume::default(),
        }
    }

    /// The n-th invariant to run after the function.
    pub fn invariant(&self, n: usize) -> Option<u16> {
        let function = &self.code.program().functions[usize::from(self.function)];
        if function.kind.is_pure() {
            return None;
        }
        self.code.invariants.get(n).copied()
    }

    /// The first instruction of a function, in the code of all functions.
    pub fn first(&self, function: u16) -> usize {
        self.code.frames[usize::from(function)].start as usize
    }

    /// The function's results, from their words.
    pub fn values(&self, memory: &Memory, words: &[u64]) -> Vec<Value> {
        let function = &self.code.program().functions[usize::from(self.function)];
        memory.values(&function.results, words)
    }
}
