//! Comparisons become part of the branches that they decide.

use curvevm::Opcode;

use crate::ir::{Block, End, Function, Val};

/// What a branch asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Whether a value is true.
    Bool(Val),
    /// A comparison of two values.
    Two(Opcode, Val, Val),
    /// A comparison of a value with a small number.
    Imm(Opcode, Val, u16),
}

/// The instructions that are left, and what the branches ask.
pub struct Selected {
    /// For each block, whether each instruction is emitted.
    pub emitted: Vec<Vec<bool>>,
    /// For each block that ends in a branch, what it asks.
    pub tests: Vec<Option<Test>>,
}

impl Test {
    /// What is true when this is false; `None` if no instruction asks that.
    pub const fn negated(self) -> Option<Self> {
        Some(match self {
            Self::Bool(_) => return None,
            Self::Two(Opcode::JumpEq, a, b) => Self::Two(Opcode::JumpNe, a, b),
            Self::Two(Opcode::JumpNe, a, b) => Self::Two(Opcode::JumpEq, a, b),
            Self::Two(Opcode::JumpLt, a, b) => Self::Two(Opcode::JumpLe, b, a),
            Self::Two(_, a, b) => Self::Two(Opcode::JumpLt, b, a),
            Self::Imm(Opcode::JumpEqImm, a, n) => Self::Imm(Opcode::JumpNeImm, a, n),
            Self::Imm(Opcode::JumpNeImm, a, n) => Self::Imm(Opcode::JumpEqImm, a, n),
            Self::Imm(Opcode::JumpLtImm, a, n) => Self::Imm(Opcode::JumpGeImm, a, n),
            Self::Imm(_, a, n) => Self::Imm(Opcode::JumpLtImm, a, n),
        })
    }

    /// What it reads.
    pub fn for_each_use(self, mut each: impl FnMut(Val)) {
        match self {
            Self::Bool(a) | Self::Imm(_, a, _) => each(a),
            Self::Two(_, a, b) => {
                each(a);
                each(b);
            }
        }
    }
}

pub fn run(function: &Function) -> Selected {
    let mut uses = count_uses(function);
    let numbers = small_numbers(function);
    let mut emitted: Vec<Vec<bool>> = function
        .blocks
        .iter()
        .map(|block| vec![true; block.insts.len()])
        .collect();
    let mut tests = Vec::with_capacity(function.blocks.len());
    for (at, block) in function.blocks.iter().enumerate() {
        let End::Branch(condition, ..) = &block.end else {
            tests.push(None);
            continue;
        };
        let fused = fuse(block, *condition, &uses, &numbers);
        if let Some((place, test)) = fused {
            emitted[at][place] = false;
            uses[condition.index()] = 0;
            block.insts[place]
                .ins
                .iter()
                .for_each(|value| uses[value.index()] = uses[value.index()].saturating_sub(1));
            test.for_each_use(|value| uses[value.index()] = uses[value.index()].saturating_add(1));
        }
        tests.push(Some(fused.map_or(Test::Bool(*condition), |(_, test)| test)));
    }
    drop_unused(function, &mut emitted, &mut uses);
    Selected { emitted, tests }
}

fn count_uses(function: &Function) -> Vec<usize> {
    let mut uses = vec![0usize; function.types.len()];
    for block in &function.blocks {
        for value in block.insts.iter().flat_map(|inst| &inst.ins) {
            uses[value.index()] = uses[value.index()].saturating_add(1);
        }
        block
            .end
            .for_each_use(|value| uses[value.index()] = uses[value.index()].saturating_add(1));
    }
    uses
}

/// Constants that fit into a branch.
fn small_numbers(function: &Function) -> Vec<Option<u16>> {
    let mut numbers = vec![None; function.types.len()];
    for inst in function.blocks.iter().flat_map(|block| &block.insts) {
        if let (Opcode::ConstU64, [out]) = (inst.op, inst.outs.as_slice()) {
            numbers[out.index()] = u16::try_from(inst.imm).ok();
        }
    }
    numbers
}

fn fuse(block: &Block, condition: Val, uses: &[usize], numbers: &[Option<u16>]) -> Option<(usize, Test)> {
    if uses[condition.index()] != 1 {
        return None;
    }
    let place = block
        .insts
        .iter()
        .rposition(|inst| inst.outs.contains(&condition))?;
    let [a, b] = *block.insts[place].ins.as_slice() else {
        return None;
    };
    let test = match (block.insts[place].op, numbers[a.index()], numbers[b.index()]) {
        (Opcode::Eq64, _, Some(n)) => Test::Imm(Opcode::JumpEqImm, a, n),
        (Opcode::Eq64, Some(n), _) => Test::Imm(Opcode::JumpEqImm, b, n),
        (Opcode::Ne64, _, Some(n)) => Test::Imm(Opcode::JumpNeImm, a, n),
        (Opcode::Ne64, Some(n), _) => Test::Imm(Opcode::JumpNeImm, b, n),
        (Opcode::LtU64, _, Some(n)) => Test::Imm(Opcode::JumpLtImm, a, n),
        (Opcode::LeU64, Some(n), _) => Test::Imm(Opcode::JumpGeImm, b, n),
        (Opcode::Eq64, ..) => Test::Two(Opcode::JumpEq, a, b),
        (Opcode::Ne64, ..) => Test::Two(Opcode::JumpNe, a, b),
        (Opcode::LtU64, ..) => Test::Two(Opcode::JumpLt, a, b),
        (Opcode::LeU64, ..) => Test::Two(Opcode::JumpLe, a, b),
        _ => return None,
    };
    Some((place, test))
}

/// Constants that were only needed for what became part of a branch.
fn drop_unused(function: &Function, emitted: &mut [Vec<bool>], uses: &mut [usize]) {
    for (block, emitted) in function.blocks.iter().zip(emitted) {
        for (inst, emitted) in block.insts.iter().zip(emitted).rev() {
            let unused = inst.outs.iter().all(|out| uses[out.index()] == 0);
            if *emitted && unused && inst.op == Opcode::ConstU64 {
                *emitted = false;
            }
        }
    }
}
