//! The program between source and bytecode: functions of basic blocks in SSA form, whose instructions are the machine's, on
//! values instead of registers.
//!
//! Blocks have parameters instead of φ functions: a jump says what they are. Structs and enums are gone: their scalars are
//! values of their own.

mod build;
mod control;
pub mod dominators;
mod foreign;
pub mod layout;
mod lower;
mod money;
mod ops;
mod show;
mod verify;

pub use self::{build::lower, verify::check};

use curvevm::{Opcode, Type};

use crate::span::Span;

/// A value, by its place among the values of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Val(pub u32);

impl Val {
    /// For indexing.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A block, by its place among the blocks of its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u32);

impl BlockId {
    /// For indexing.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A program: everything of the machine's, with functions of values.
#[derive(Clone, Debug)]
pub struct Module {
    /// Everything but the functions.
    pub shell: curvevm::Program,
    /// The functions, callees first.
    pub functions: Vec<Function>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Name, kind, parameters and results, as the machine has them.
    pub shell: curvevm::Function,
    /// The first block's parameters are the function's.
    pub blocks: Vec<Block>,
    /// The type of each value.
    pub types: Vec<Type>,
    /// Where it is in the source.
    pub span: Span,
}

/// A block: instructions one after the other, then a way on.
#[derive(Clone, Debug)]
pub struct Block {
    /// Set by whoever jumps here.
    pub params: Vec<Val>,
    /// In order.
    pub insts: Vec<Inst>,
    /// What happens then.
    pub end: End,
    /// Where the end is in the source.
    pub end_span: Span,
}

/// An instruction of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inst {
    /// Which.
    pub op: Opcode,
    /// What it reads, in the order of the table.
    pub ins: Vec<Val>,
    /// What it makes, in the order of the table.
    pub outs: Vec<Val>,
    /// Its operand that is no register: a number, or an index.
    pub imm: u64,
    /// How many of the values that it reads are a map's keys.
    pub keys: usize,
    /// Where it is in the source.
    pub span: Span,
}

/// A way to a block, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where to.
    pub to: BlockId,
    /// With what.
    pub args: Vec<Val>,
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Goes on there.
    Jump(Edge),
    /// Goes to the first if the value is true, else to the second.
    Branch(Val, Edge, Edge),
    /// Returns.
    Ret(Vec<Val>),
    /// Reverts with an error.
    Revert(u16),
    /// Control never comes here.
    Unreachable,
}

impl End {
    /// The ways on.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> {
        let (first, second) = match self {
            Self::Jump(edge) => (Some(edge), None),
            Self::Branch(_, yes, no) => (Some(yes), Some(no)),
            Self::Ret(_) | Self::Revert(_) | Self::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The ways on.
    pub fn edges_mut(&mut self) -> impl Iterator<Item = &mut Edge> {
        let (first, second) = match self {
            Self::Jump(edge) => (Some(edge), None),
            Self::Branch(_, yes, no) => (Some(yes), Some(no)),
            Self::Ret(_) | Self::Revert(_) | Self::Unreachable => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// What it reads.
    pub fn for_each_use(&self, mut each: impl FnMut(Val)) {
        match self {
            Self::Jump(edge) => edge.args.iter().copied().for_each(each),
            Self::Branch(condition, yes, no) => {
                each(*condition);
                yes.args.iter().chain(&no.args).copied().for_each(each);
            }
            Self::Ret(values) => values.iter().copied().for_each(each),
            Self::Revert(_) | Self::Unreachable => {}
        }
    }

    /// What it reads, to be replaced.
    pub fn for_each_use_mut(&mut self, mut each: impl FnMut(&mut Val)) {
        match self {
            Self::Jump(edge) => edge.args.iter_mut().for_each(each),
            Self::Branch(condition, yes, no) => {
                each(condition);
                yes.args.iter_mut().chain(&mut no.args).for_each(each);
            }
            Self::Ret(values) => values.iter_mut().for_each(each),
            Self::Revert(_) | Self::Unreachable => {}
        }
    }
}

impl Inst {
    /// Whether it can be left out if nobody reads what it makes: it cannot trap and changes nothing.
    pub fn is_removable(&self) -> bool {
        let reads = matches!(self.op, Opcode::Load | Opcode::MapGet | Opcode::MapHas);
        let traps = !self.op.spec().traps.is_empty() && !reads;
        !traps
            && !self.op.writes()
            && !self.op.ends_block()
            && !matches!(self.op, Opcode::Call | Opcode::Require)
    }

    /// Whether it makes the same of the same, whenever it runs in a call.
    pub fn is_pure(&self) -> bool {
        use Opcode as O;
        let world = matches!(
            self.op,
            O::Load
                | O::MapGet
                | O::MapHas
                | O::Balance
                | O::Call
                | O::Require
                | O::ViewProgram
                | O::Unreachable
        );
        !world && !self.op.writes() && !self.op.ends_block()
    }
}

impl Function {
    /// A new value.
    pub fn value(&mut self, ty: Type) -> Val {
        let id = Val(u32::try_from(self.types.len()).unwrap_or(u32::MAX));
        self.types.push(ty);
        id
    }

    /// Its type.
    pub fn ty(&self, value: Val) -> Type {
        self.types[value.index()]
    }

    /// The blocks that can be reached, each after those that always come before it.
    pub fn order(&self) -> Vec<BlockId> {
        let mut seen = vec![false; self.blocks.len()];
        let mut order = Vec::new();
        let mut stack = vec![(BlockId(0), 0usize)];
        seen[0] = true;
        while let Some((block, next)) = stack.last_mut() {
            let edges: Vec<BlockId> = self.blocks[block.index()]
                .end
                .edges()
                .map(|edge| edge.to)
                .collect();
            // The second way first, so that the first one comes directly after the block.
            let edge = edges
                .len()
                .checked_sub(next.saturating_add(1))
                .and_then(|at| edges.get(at))
                .copied();
            *next = next.saturating_add(1);
            match edge {
                Some(to) if !seen[to.index()] => {
                    seen[to.index()] = true;
                    stack.push((to, 0));
                }
                Some(_) => {}
                None => {
                    order.push(*block);
                    stack.pop();
                }
            }
        }
        order.reverse();
        order
    }
}
