//! State: what was read or stored before is not read again, and what is stored over is not stored.

use std::collections::{BTreeMap, BTreeSet};

use curvevm::{Kind, Opcode};

use super::Replacements;
use crate::ir::{Function, Inst, Module, Val};

/// A cell, or a map at a key.
type Place = (u64, Vec<Val>);
/// No more than so much is remembered at a time, which keeps the pass linear.
const MAX_KNOWN: usize = 64;

/// What is known of a place.
#[derive(Clone, Debug)]
struct Content {
    values: Vec<Val>,
    /// Whether it was stored, and not only read: a map that has nothing at a key has zeros there.
    stored: bool,
}

/// What is known of the state.
type Stored = BTreeMap<Place, Content>;

/// Which functions change the state, themselves or through others.
pub fn writing_functions(module: &Module) -> Vec<bool> {
    let mut writes: Vec<bool> = Vec::with_capacity(module.functions.len());
    for function in &module.functions {
        let insts = || function.blocks.iter().flat_map(|block| &block.insts);
        let calls = insts().filter(|inst| inst.op == Opcode::Call);
        let through = calls.into_iter().any(|call| callee_writes(call, &writes));
        let pure = matches!(function.shell.kind, Kind::View | Kind::Invariant);
        writes.push(!pure && (through || insts().any(|inst| inst.op.writes())));
    }
    writes
}

fn callee_writes(call: &Inst, writes: &[bool]) -> bool {
    usize::try_from(call.imm)
        .ok()
        .and_then(|at| writes.get(at))
        .copied()
        .unwrap_or(true)
}

pub fn run(function: &mut Function, writes: &[bool]) -> bool {
    let forwarded = forward(function, writes);
    let overwritten = drop_overwritten(function);
    forwarded || overwritten
}

/// Uses what is known instead of reading it. Knowledge goes from a block to those that only it goes to.
fn forward(function: &mut Function, writes: &[bool]) -> bool {
    let mut preds = vec![0usize; function.blocks.len()];
    let order = function.order();
    for id in &order {
        for edge in function.blocks[id.index()].end.edges() {
            preds[edge.to.index()] = preds[edge.to.index()].saturating_add(1);
        }
    }
    let mut replaced = Replacements::new(function);
    let mut known: BTreeMap<usize, Stored> = BTreeMap::new();
    let mut changed = false;
    for id in order {
        let mut stored = known.remove(&id.index()).unwrap_or_default();
        let mut insts = std::mem::take(&mut function.blocks[id.index()].insts);
        let before = insts.len();
        insts.retain_mut(|inst| {
            inst.ins
                .iter_mut()
                .for_each(|value| *value = replaced.find(*value));
            keep(inst, &mut stored, &mut replaced, writes)
        });
        changed |= insts.len() != before;
        let block = &mut function.blocks[id.index()];
        block.insts = insts;
        for edge in block.end.edges() {
            if preds[edge.to.index()] == 1 {
                known.insert(edge.to.index(), stored.clone());
            }
        }
    }
    replaced.apply(function);
    changed
}

/// Whether the instruction is still needed.
fn keep(inst: &Inst, stored: &mut Stored, replaced: &mut Replacements, writes: &[bool]) -> bool {
    if stored.len() >= MAX_KNOWN {
        stored.clear();
    }
    match inst.op {
        Opcode::Load | Opcode::MapGet => {
            let place = (inst.imm, inst.ins.clone());
            match stored.get(&place) {
                Some(known) => {
                    for (out, value) in inst.outs.iter().zip(&known.values) {
                        replaced.set(*out, *value);
                    }
                    return false;
                }
                None => stored.insert(
                    place,
                    Content {
                        values: inst.outs.clone(),
                        stored: inst.op == Opcode::Load,
                    },
                ),
            };
        }
        Opcode::Store | Opcode::MapSet => {
            let (key, values) = split(inst);
            let place = (inst.imm, key.to_vec());
            if stored
                .get(&place)
                .is_some_and(|before| before.stored && before.values == values)
            {
                return false;
            }
            // Another key may be the same one.
            stored.retain(|(slot, _), _| *slot != inst.imm);
            let values = values.to_vec();
            stored.insert(place, Content { values, stored: true });
        }
        Opcode::MapRemove => {
            stored.retain(|(slot, _), _| *slot != inst.imm);
        }
        Opcode::Call if callee_writes(inst, writes) => stored.clear(),
        _ => {}
    }
    true
}

/// The keys and the values that are stored.
fn split(inst: &Inst) -> (&[Val], &[Val]) {
    inst.ins.split_at(inst.keys)
}

/// Drops what is stored over in the same block, before anybody reads it.
fn drop_overwritten(function: &mut Function) -> bool {
    let mut changed = false;
    for at in 0..function.blocks.len() {
        let mut insts = std::mem::take(&mut function.blocks[at].insts);
        let mut later: BTreeSet<Place> = BTreeSet::new();
        let before = insts.len();
        insts.reverse();
        insts.retain(|inst| match inst.op {
            Opcode::Store | Opcode::MapSet | Opcode::MapRemove => {
                later.insert((inst.imm, split(inst).0.to_vec()))
            }
            Opcode::Load | Opcode::MapGet | Opcode::MapHas => {
                later.retain(|(slot, _)| *slot != inst.imm);
                true
            }
            Opcode::Call => {
                later.clear();
                true
            }
            _ => true,
        });
        insts.reverse();
        changed |= insts.len() != before;
        function.blocks[at].insts = insts;
    }
    changed
}
