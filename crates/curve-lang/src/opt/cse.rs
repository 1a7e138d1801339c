//! What was computed already is not computed again.

use std::collections::BTreeMap;

use curvevm::{Opcode, Type};

use super::Replacements;
use crate::ir::{Function, Inst, Val, dominators::Dominators};

/// An instruction up to the value that it makes.
type Key = (Opcode, Vec<Val>, u64, Type);

pub fn run(function: &mut Function) -> bool {
    let dominators = Dominators::new(function);
    let children = dominators.children();
    let mut replaced = Replacements::new(function);
    let mut known: BTreeMap<Key, Val> = BTreeMap::new();
    let mut stack = vec![Visit::Enter(0)];
    while let Some(visit) = stack.pop() {
        match visit {
            Visit::Enter(at) => {
                let added = block(function, dominators.order[at].index(), &mut known, &mut replaced);
                stack.push(Visit::Leave(added));
                stack.extend(children[at].iter().map(|child| Visit::Enter(*child)));
            }
            Visit::Leave(added) => added.iter().for_each(|key| {
                known.remove(key);
            }),
        }
    }
    let found = !replaced.is_empty();
    replaced.apply(function);
    found
}

enum Visit {
    Enter(usize),
    /// What was known only below a block is forgotten.
    Leave(Vec<Key>),
}

fn block(
    function: &mut Function,
    at: usize,
    known: &mut BTreeMap<Key, Val>,
    replaced: &mut Replacements,
) -> Vec<Key> {
    let mut added = Vec::new();
    let mut insts = std::mem::take(&mut function.blocks[at].insts);
    insts.retain_mut(|inst| {
        inst.ins
            .iter_mut()
            .for_each(|value| *value = replaced.find(*value));
        let ([out], true) = (inst.outs.as_slice(), inst.is_pure()) else {
            return true;
        };
        let key = key(inst, function.ty(*out));
        if let Some(value) = known.get(&key) {
            replaced.set(*out, *value);
            return false;
        }
        known.insert(key.clone(), *out);
        added.push(key);
        true
    });
    function.blocks[at].insts = insts;
    added
}

fn key(inst: &Inst, ty: Type) -> Key {
    let mut ins = inst.ins.clone();
    if commutes(inst.op) {
        ins.sort_unstable();
    }
    (inst.op, ins, inst.imm, ty)
}

/// Whether the order of the two operands does not matter.
const fn commutes(op: Opcode) -> bool {
    use Opcode as O;
    matches!(
        op,
        O::AddU64
            | O::MulU64
            | O::MulWide
            | O::MinU64
            | O::MaxU64
            | O::AddU128
            | O::MulU128
            | O::AddFix
            | O::Eq64
            | O::Ne64
            | O::Eq128
            | O::Ne128
            | O::Eq256
            | O::Ne256
            | O::EqBytes
            | O::NeBytes
    )
}
