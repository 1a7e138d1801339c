//! Copy propagation: a block's parameter that is always the same value is that value.

use super::Replacements;
use crate::ir::{Function, Val};

/// One replacement makes another one possible, but seldom many.
const MAX_ROUNDS: usize = 8;

pub fn run(function: &mut Function) -> bool {
    let mut replaced = Replacements::new(function);
    for _ in 0..MAX_ROUNDS {
        let incoming = incoming(function, &replaced);
        let mut changed = false;
        for (block, args) in incoming.iter().enumerate().skip(1) {
            for (place, param) in function.blocks[block].params.iter().enumerate() {
                if replaced.find(*param) != *param {
                    continue;
                }
                let args = args.iter().map(|args| replaced.find(args[place]));
                let mut others = args.filter(|arg| arg != param);
                let Some(first) = others.next() else {
                    continue;
                };
                if others.all(|arg| arg == first) {
                    replaced.set(*param, first);
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    let found = !replaced.is_empty();
    if found {
        drop_params(function, &replaced);
        replaced.apply(function);
    }
    found
}

/// What each block is reached with.
fn incoming(function: &Function, replaced: &Replacements) -> Vec<Vec<Vec<Val>>> {
    let mut incoming = vec![Vec::new(); function.blocks.len()];
    for id in function.order() {
        for edge in function.blocks[id.index()].end.edges() {
            incoming[edge.to.index()].push(edge.args.iter().map(|arg| replaced.find(*arg)).collect());
        }
    }
    incoming
}

fn drop_params(function: &mut Function, replaced: &Replacements) {
    let kept: Vec<Vec<bool>> = function
        .blocks
        .iter()
        .map(|block| {
            block
                .params
                .iter()
                .map(|param| replaced.find(*param) == *param)
                .collect()
        })
        .collect();
    keep_params(function, &kept);
}

/// Keeps only these parameters of each block, and what is given for them.
pub fn keep_params(function: &mut Function, kept: &[Vec<bool>]) {
    for (block, kept) in function.blocks.iter_mut().zip(kept) {
        let mut keep = kept.iter().copied();
        block.params.retain(|_| keep.next().unwrap_or(true));
    }
    for block in &mut function.blocks {
        for edge in block.end.edges_mut() {
            let mut keep = kept[edge.to.index()].iter().copied();
            edge.args.retain(|_| keep.next().unwrap_or(true));
        }
    }
}
