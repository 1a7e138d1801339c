//! Blocks: those never reached go, those that always follow one another become one.

use crate::ir::{Block, BlockId, Edge, End, Function};

pub fn run(function: &mut Function) -> bool {
    let mut changed = skip_empty(function);
    changed |= drop_unreachable(function);
    changed | merge(function)
}

/// Empties blocks that are never reached.
pub fn drop_unreachable(function: &mut Function) -> bool {
    let mut reached = vec![false; function.blocks.len()];
    for id in function.order() {
        reached[id.index()] = true;
    }
    let mut changed = false;
    for (block, _) in function
        .blocks
        .iter_mut()
        .zip(&reached)
        .filter(|(_, reached)| !**reached)
    {
        changed |= !block.insts.is_empty() || block.end != End::Unreachable;
        block.insts.clear();
        block.params.clear();
        block.end = End::Unreachable;
    }
    changed
}

/// A way to a block that only goes on goes on directly.
fn skip_empty(function: &mut Function) -> bool {
    let onward: Vec<Option<BlockId>> = function.blocks.iter().map(onward).collect();
    let mut changed = false;
    for block in &mut function.blocks {
        for edge in block.end.edges_mut() {
            changed |= skip(edge, &onward);
        }
    }
    changed
}

fn onward(block: &Block) -> Option<BlockId> {
    match &block.end {
        End::Jump(Edge { to, args })
            if block.insts.is_empty() && block.params.is_empty() && args.is_empty() =>
        {
            Some(*to)
        }
        _ => None,
    }
}

fn skip(edge: &mut Edge, onward: &[Option<BlockId>]) -> bool {
    let first = edge.to;
    // As many steps as there are blocks: empty blocks may go round in a circle.
    for _ in 0..onward.len() {
        match onward[edge.to.index()] {
            Some(next) if next != edge.to && edge.args.is_empty() => edge.to = next,
            _ => break,
        }
    }
    edge.to != first
}

/// A block that only one block jumps to, and always, becomes its end.
fn merge(function: &mut Function) -> bool {
    let mut preds = vec![0usize; function.blocks.len()];
    preds[0] = 1;
    for block in &function.blocks {
        for edge in block.end.edges() {
            preds[edge.to.index()] = preds[edge.to.index()].saturating_add(1);
        }
    }
    let mut replaced = super::Replacements::new(function);
    let mut changed = false;
    for at in 0..function.blocks.len() {
        while let End::Jump(Edge { to, .. }) = &function.blocks[at].end {
            let to = to.index();
            if preds[to] != 1 || to == at || to == 0 {
                break;
            }
            let next = std::mem::replace(
                &mut function.blocks[to],
                Block {
                    params: Vec::new(),
                    insts: Vec::new(),
                    end: End::Unreachable,
                    end_span: function.span,
                },
            );
            preds[to] = 0;
            let block = &mut function.blocks[at];
            if let End::Jump(Edge { args, .. }) = &block.end {
                for (param, arg) in next.params.iter().zip(args) {
                    replaced.set(*param, *arg);
                }
            }
            block.insts.extend(next.insts);
            (block.end, block.end_span) = (next.end, next.end_span);
            changed = true;
        }
    }
    replaced.apply(function);
    changed
}
