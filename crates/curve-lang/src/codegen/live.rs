//! From where to where each value is needed.

use super::select::Selected;
use crate::ir::{BlockId, Function, Val};

/// A place in the order of emitted code. An instruction reads at an even one, and writes at the next.
pub type Position = u32;

/// The order of blocks and the lives of values.
pub struct Lives {
    /// Blocks as they are emitted.
    pub order: Vec<BlockId>,
    /// For each value, from where to where; `None` if it is never made.
    pub lives: Vec<Option<(Position, Position)>>,
}

/// Blocks that lie within a loop, by their places in the order.
#[derive(Clone, Copy)]
struct Loop {
    first: usize,
    last: usize,
}

pub fn run(function: &Function, selected: &Selected) -> Lives {
    let order = function.order();
    let mut place = vec![0usize; function.blocks.len()];
    for (at, id) in order.iter().enumerate() {
        place[id.index()] = at;
    }
    let (starts, ends) = positions(function, &order);
    let loops = loops(function, &order, &place);
    let around = around(&loops, order.len());
    let mut finder = Finder {
        loops: &loops,
        around: &around,
        ends: &ends,
        homes: vec![0; function.types.len()],
        lives: vec![None; function.types.len()],
    };
    for (at, id) in order.iter().enumerate() {
        let block = &function.blocks[id.index()];
        block
            .params
            .iter()
            .for_each(|param| finder.define(*param, at, starts[at]));
        let mut position = starts[at];
        for (inst, emitted) in block.insts.iter().zip(&selected.emitted[id.index()]) {
            position = position.saturating_add(2);
            if *emitted {
                inst.ins
                    .iter()
                    .for_each(|value| finder.use_at(*value, at, position));
                inst.outs
                    .iter()
                    .for_each(|value| finder.define(*value, at, position.saturating_add(1)));
            }
        }
        if let Some(test) = selected.tests[id.index()] {
            test.for_each_use(|value| finder.use_at(value, at, ends[at]));
            block
                .end
                .edges()
                .flat_map(|edge| &edge.args)
                .for_each(|value| finder.use_at(*value, at, ends[at]));
        } else {
            block.end.for_each_use(|value| finder.use_at(value, at, ends[at]));
        }
    }
    let lives = finder.lives;
    Lives { order, lives }
}

/// Where each block of the order begins and ends.
fn positions(function: &Function, order: &[BlockId]) -> (Vec<Position>, Vec<Position>) {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let mut next: Position = 0;
    for id in order {
        starts.push(next);
        let insts = u32::try_from(function.blocks[id.index()].insts.len()).unwrap_or(u32::MAX);
        next = next.saturating_add(insts.saturating_mul(2)).saturating_add(2);
        ends.push(next);
        next = next.saturating_add(2);
    }
    (starts, ends)
}

/// Ways back make loops: the blocks from where they lead to where they begin.
fn loops(function: &Function, order: &[BlockId], place: &[usize]) -> Vec<Loop> {
    let mut last: Vec<Option<usize>> = vec![None; order.len()];
    for (at, id) in order.iter().enumerate() {
        for edge in function.blocks[id.index()].end.edges() {
            let to = place[edge.to.index()];
            if to <= at {
                last[to] = last[to].max(Some(at));
            }
        }
    }
    let found = last.into_iter().enumerate();
    found
        .filter_map(|(first, last)| last.map(|last| Loop { first, last }))
        .collect()
}

/// The loops around each block.
fn around(loops: &[Loop], blocks: usize) -> Vec<Vec<usize>> {
    let mut around = vec![Vec::new(); blocks];
    for (at, inner) in loops.iter().enumerate() {
        for inside in &mut around[inner.first..=inner.last] {
            inside.push(at);
        }
    }
    around
}

struct Finder<'a> {
    loops: &'a [Loop],
    around: &'a [Vec<usize>],
    ends: &'a [Position],
    homes: Vec<usize>,
    lives: Vec<Option<(Position, Position)>>,
}

impl Finder<'_> {
    fn define(&mut self, value: Val, block: usize, position: Position) {
        self.homes[value.index()] = block;
        self.lives[value.index()] = Some((position, position));
    }

    /// A value that was made before a loop and is read in it is needed until the loop ends.
    fn use_at(&mut self, value: Val, block: usize, position: Position) {
        let home = self.homes[value.index()];
        let outer = self.around[block]
            .iter()
            .map(|at| self.loops[*at])
            .filter(|inner| inner.first > home);
        let until = outer
            .map(|inner| self.ends[inner.last])
            .max()
            .unwrap_or(0)
            .max(position);
        if let Some((_, end)) = &mut self.lives[value.index()] {
            *end = (*end).max(until);
        }
    }
}
