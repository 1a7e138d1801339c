//! What nobody reads is not computed.

use super::params::keep_params;
use crate::ir::{End, Function, Inst, Val};

pub fn run(function: &mut Function) -> bool {
    let live = live_values(function);
    let mut changed = false;
    for block in &mut function.blocks {
        let before = block.insts.len();
        block.insts.retain(|inst| is_needed(inst, &live));
        changed |= block.insts.len() != before;
    }
    let kept: Vec<Vec<bool>> = function
        .blocks
        .iter()
        .enumerate()
        .map(|(at, block)| {
            block
                .params
                .iter()
                .map(|param| at == 0 || live[param.index()])
                .collect()
        })
        .collect();
    changed |= kept.iter().flatten().any(|kept| !kept);
    keep_params(function, &kept);
    changed
}

fn is_needed(inst: &Inst, live: &[bool]) -> bool {
    !inst.is_removable() || inst.outs.iter().any(|out| live[out.index()])
}

/// The values that something with an effect depends on.
fn live_values(function: &Function) -> Vec<bool> {
    let mut made_of: Vec<Vec<Val>> = vec![Vec::new(); function.types.len()];
    let mut work: Vec<Val> = Vec::new();
    for block in &function.blocks {
        for inst in &block.insts {
            if !inst.is_removable() {
                work.extend(&inst.ins);
            }
            for out in &inst.outs {
                made_of[out.index()].clone_from(&inst.ins);
            }
        }
        match &block.end {
            End::Branch(condition, ..) => work.push(*condition),
            End::Ret(values) => work.extend(values),
            _ => {}
        }
        for edge in block.end.edges() {
            for (param, arg) in function.blocks[edge.to.index()].params.iter().zip(&edge.args) {
                made_of[param.index()].push(*arg);
            }
        }
    }
    let mut live = vec![false; function.types.len()];
    while let Some(value) = work.pop() {
        if !std::mem::replace(&mut live[value.index()], true) {
            work.extend(&made_of[value.index()]);
        }
    }
    live
}
