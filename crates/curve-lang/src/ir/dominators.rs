//! Which blocks always come before which.

use super::{BlockId, Function};

/// The dominator tree of a function's reachable blocks.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// Reachable blocks, each after its dominators.
    pub order: Vec<BlockId>,
    /// Each block's place in the order.
    pub place: Vec<Option<usize>>,
    /// For each block of the order, the place of the nearest one that dominates it; the first one is its own.
    above: Vec<usize>,
}

impl Dominators {
    /// By Cooper, Harvey and Kennedy's method.
    pub fn new(function: &Function) -> Self {
        let order = function.order();
        let mut place = vec![None; function.blocks.len()];
        for (at, block) in order.iter().enumerate() {
            place[block.index()] = Some(at);
        }
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); order.len()];
        for (at, block) in order.iter().enumerate() {
            for edge in function.blocks[block.index()].end.edges() {
                if let Some(to) = place[edge.to.index()] {
                    before[to].push(at);
                }
            }
        }
        let mut above: Vec<Option<usize>> = vec![None; order.len()];
        above[0] = Some(0);
        let mut changed = true;
        while changed {
            changed = false;
            for at in 1..order.len() {
                let known = before[at].iter().copied().filter(|from| above[*from].is_some());
                let new = known.reduce(|a, b| meet(&above, a, b));
                changed |= new != above[at];
                above[at] = new;
            }
        }
        let above = above.into_iter().map(|above| above.unwrap_or(0)).collect();
        Self { order, place, above }
    }

    /// Whether `a` always comes before `b`, or is `b`.
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let (Some(a), Some(mut b)) = (self.place[a.index()], self.place[b.index()]) else {
            return false;
        };
        while b > a {
            b = self.above[b];
        }
        a == b
    }

    /// The blocks directly below each block of the order.
    pub fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.order.len()];
        for at in 1..self.order.len() {
            children[self.above[at]].push(at);
        }
        children
    }
}

fn meet(above: &[Option<usize>], mut a: usize, mut b: usize) -> usize {
    while a != b {
        if a > b {
            a = above[a].unwrap_or(0);
        } else {
            b = above[b].unwrap_or(0);
        }
    }
    a
}
