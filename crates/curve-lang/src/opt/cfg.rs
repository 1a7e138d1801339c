//! Blocks: those never reached go, those that always follow one another become one.

use crate::ir::{Block, BlockId, Edge, End, Function};

pub fn run(function: &mut Function) -> bool {
    let mut changed = skip_empty(function);
    changed |= branch_early(function);
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

/// A block that only branches is not jumped to: whoever would, branches itself, and often knows which way.
fn branch_early(function: &mut Function) -> bool {
    let uses = uses_elsewhere(function);
    let mut changed = false;
    for at in 0..function.blocks.len() {
        let End::Jump(edge) = &function.blocks[at].end else {
            continue;
        };
        let (to, args) = (edge.to.index(), edge.args.clone());
        let target = &function.blocks[to];
        let private = target.params.iter().all(|param| !uses[param.index()]);
        let only_branches = target.insts.is_empty() && matches!(target.end, End::Branch(..));
        if to == at || !only_branches || !private || target.params.is_empty() {
            continue;
        }
        let params = target.params.clone();
        let (mut end, span) = (target.end.clone(), target.end_span);
        end.for_each_use_mut(|value| {
            if let Some(place) = params.iter().position(|param| param == value) {
                *value = args[place];
            }
        });
        let block = &mut function.blocks[at];
        (block.end, block.end_span) = (end, span);
        changed = true;
    }
    changed
}

/// For each value, whether anything but the end of its own block reads it; of block parameters.
fn uses_elsewhere(function: &Function) -> Vec<bool> {
    let mut home: Vec<Option<usize>> = vec![None; function.types.len()];
    for (at, block) in function.blocks.iter().enumerate() {
        block
            .params
            .iter()
            .for_each(|param| home[param.index()] = Some(at));
    }
    let mut uses = vec![false; function.types.len()];
    for (at, block) in function.blocks.iter().enumerate() {
        block
            .insts
            .iter()
            .flat_map(|inst| &inst.ins)
            .for_each(|value| uses[value.index()] = true);
        block
            .end
            .for_each_use(|value| uses[value.index()] |= home[value.index()] != Some(at));
    }
    uses
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
