//! Constants are computed, identities used, and operations replaced by cheaper ones.

use curvevm::Opcode as O;

use super::Replacements;
use crate::ir::{Edge, End, Function, Inst, Val};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Number(u64),
    Bool(bool),
    /// The negation of another value.
    Not(Val),
    /// Another value plus a number.
    Plus(Val, u64),
}

/// What becomes of an instruction.
enum Folded {
    /// Nothing.
    Same,
    /// Another one.
    Inst(O, Vec<Val>, u64),
    /// A value that there is already.
    Value(Val),
    /// It is not needed.
    Gone,
}

pub fn run(function: &mut Function) -> bool {
    let mut known: Vec<Option<Known>> = vec![None; function.types.len()];
    let mut replaced = Replacements::new(function);
    let mut changed = false;
    for id in function.order() {
        let mut insts = std::mem::take(&mut function.blocks[id.index()].insts);
        insts.retain_mut(|inst| {
            inst.ins
                .iter_mut()
                .for_each(|value| *value = replaced.find(*value));
            match fold(inst, &known) {
                Folded::Same => {}
                Folded::Inst(op, ins, imm) => {
                    (inst.op, inst.ins, inst.imm) = (op, ins, imm);
                    changed = true;
                }
                Folded::Value(value) => {
                    replaced.set(inst.outs[0], value);
                    changed = true;
                    return false;
                }
                Folded::Gone => {
                    changed = true;
                    return false;
                }
            }
            if let [out] = inst.outs.as_slice() {
                known[out.index()] = learn(inst);
            }
            true
        });
        let block = &mut function.blocks[id.index()];
        block.insts = insts;
        block.end.for_each_use_mut(|value| *value = replaced.find(*value));
        changed |= fold_end(&mut block.end, &known);
    }
    replaced.apply(function);
    changed
}

fn learn(inst: &Inst) -> Option<Known> {
    match (inst.op, inst.ins.as_slice()) {
        (O::ConstU64, _) => Some(Known::Number(inst.imm)),
        (O::ConstBool, _) => Some(Known::Bool(inst.imm == 1)),
        (O::NotBool, [a]) => Some(Known::Not(*a)),
        (O::AddImm, [a]) => Some(Known::Plus(*a, inst.imm)),
        _ => None,
    }
}

fn fold_end(end: &mut End, known: &[Option<Known>]) -> bool {
    let End::Branch(condition, yes, no) = end else {
        return false;
    };
    let take = |edge: &mut Edge| {
        std::mem::replace(
            edge,
            Edge {
                to: crate::ir::BlockId(0),
                args: Vec::new(),
            },
        )
    };
    match known[condition.index()] {
        Some(Known::Bool(value)) => {
            let edge = if value { take(yes) } else { take(no) };
            *end = End::Jump(edge);
            true
        }
        Some(Known::Not(inner)) => {
            *condition = inner;
            std::mem::swap(yes, no);
            true
        }
        _ if yes == no => {
            let edge = take(yes);
            *end = End::Jump(edge);
            true
        }
        _ => false,
    }
}

fn fold(inst: &Inst, known: &[Option<Known>]) -> Folded {
    let number = |value: &Val| match known[value.index()] {
        Some(Known::Number(n)) => Some(n),
        _ => None,
    };
    let truth = |value: &Val| match known[value.index()] {
        Some(Known::Bool(b)) => Some(b),
        _ => None,
    };
    match inst.ins.as_slice() {
        [a] => fold_one(inst, *a, known, truth(a)),
        [a, b] => match (number(a), number(b)) {
            (Some(x), Some(y)) => constant(inst.op, x, y),
            (x, y) => fold_two(inst.op, *a, *b, x, y),
        },
        [a, b, c] => fold_three(inst.op, [*a, *b, *c], [number(a), number(b), number(c)]),
        _ => Folded::Same,
    }
}

fn bool_inst(value: bool) -> Folded {
    Folded::Inst(O::ConstBool, Vec::new(), u64::from(value))
}

fn number_inst(value: Option<u64>) -> Folded {
    value.map_or(Folded::Same, |n| Folded::Inst(O::ConstU64, Vec::new(), n))
}

fn fold_one(inst: &Inst, a: Val, known: &[Option<Known>], truth: Option<bool>) -> Folded {
    let number = match known[a.index()] {
        Some(Known::Number(n)) => Some(n),
        _ => None,
    };
    match (inst.op, known[a.index()]) {
        (O::NotBool, Some(Known::Not(inner))) => Folded::Value(inner),
        (O::NotBool, _) => truth.map_or(Folded::Same, |value| bool_inst(!value)),
        (O::Require, _) if truth == Some(true) => Folded::Gone,
        (O::AddImm, Some(Known::Plus(base, first))) => match first.checked_add(inst.imm) {
            Some(sum) => Folded::Inst(O::AddImm, vec![base], sum),
            None => Folded::Same,
        },
        (O::AddImm | O::SubImm, _) if inst.imm == 0 => Folded::Value(a),
        (O::MulImm, _) if inst.imm == 1 => Folded::Value(a),
        (O::MulImm, _) if inst.imm == 0 => Folded::Inst(O::ConstU64, Vec::new(), 0),
        (O::AddImm, _) => number_inst(number.and_then(|n| n.checked_add(inst.imm))),
        (O::SubImm, _) => number_inst(number.and_then(|n| n.checked_sub(inst.imm))),
        (O::MulImm, _) => number_inst(number.and_then(|n| n.checked_mul(inst.imm))),
        _ => Folded::Same,
    }
}

/// Of two known numbers. What would trap stays.
fn constant(op: O, x: u64, y: u64) -> Folded {
    match op {
        O::AddU64 => number_inst(x.checked_add(y)),
        O::SubU64 => number_inst(x.checked_sub(y)),
        O::MulU64 => number_inst(x.checked_mul(y)),
        O::DivU64 => number_inst(x.checked_div(y)),
        O::DivUpU64 => number_inst((y != 0).then(|| x.div_ceil(y))),
        O::RemU64 => number_inst(x.checked_rem(y)),
        O::MinU64 => number_inst(Some(x.min(y))),
        O::MaxU64 => number_inst(Some(x.max(y))),
        O::LtU64 => bool_inst(x < y),
        O::LeU64 => bool_inst(x <= y),
        O::Eq64 => bool_inst(x == y),
        O::Ne64 => bool_inst(x != y),
        _ => Folded::Same,
    }
}

fn fold_two(op: O, a: Val, b: Val, x: Option<u64>, y: Option<u64>) -> Folded {
    let same = a == b;
    match (op, x, y) {
        (O::AddU64, _, Some(n)) => Folded::Inst(O::AddImm, vec![a], n),
        (O::AddU64, Some(n), _) => Folded::Inst(O::AddImm, vec![b], n),
        (O::SubU64, _, Some(n)) => Folded::Inst(O::SubImm, vec![a], n),
        (O::MulU64, _, Some(n)) => Folded::Inst(O::MulImm, vec![a], n),
        (O::MulU64, Some(n), _) => Folded::Inst(O::MulImm, vec![b], n),
        (O::SubU64, ..) if same => Folded::Inst(O::ConstU64, Vec::new(), 0),
        (O::DivU64 | O::DivUpU64, _, Some(1)) => Folded::Value(a),
        (O::RemU64, _, Some(1)) | (O::MinU64, _, Some(0)) | (O::MinU64, Some(0), _) => {
            Folded::Inst(O::ConstU64, Vec::new(), 0)
        }
        (O::MaxU64, _, Some(0)) => Folded::Value(a),
        (O::MaxU64, Some(0), _) => Folded::Value(b),
        (O::MinU64 | O::MaxU64 | O::MinU128 | O::MaxU128 | O::MinFix | O::MaxFix, ..) if same => {
            Folded::Value(a)
        }
        (O::AndBool | O::OrBool, ..) if same => Folded::Value(a),
        (O::LeU64, Some(0), _) => bool_inst(true),
        (O::LtU64, _, Some(0)) => bool_inst(false),
        (O::LtU64 | O::LtU128 | O::LtFix | O::Ne64 | O::Ne128 | O::Ne256 | O::NeBytes, ..) if same => {
            bool_inst(false)
        }
        (O::LeU64 | O::LeU128 | O::LeFix | O::Eq64 | O::Eq128 | O::Eq256 | O::EqBytes, ..) if same => {
            bool_inst(true)
        }
        _ => Folded::Same,
    }
}

fn fold_three(op: O, [a, b, c]: [Val; 3], [x, y, z]: [Option<u64>; 3]) -> Folded {
    let down = match op {
        O::MulDivDownU64 => true,
        O::MulDivUpU64 => false,
        _ => return Folded::Same,
    };
    let divide = if down { O::DivU64 } else { O::DivUpU64 };
    match (x, y, z) {
        (Some(x), Some(y), Some(z)) if z != 0 => {
            // Products of two u64 fit a u128.
            let product = u128::from(x).wrapping_mul(u128::from(y));
            let divisor = u128::from(z);
            let quotient = if down {
                product.checked_div(divisor)
            } else {
                Some(product.div_ceil(divisor))
            };
            number_inst(quotient.and_then(|quotient| u64::try_from(quotient).ok()))
        }
        (_, _, Some(1)) => Folded::Inst(O::MulU64, vec![a, b], 0),
        (Some(1), _, _) => Folded::Inst(divide, vec![b, c], 0),
        (_, Some(1), _) => Folded::Inst(divide, vec![a, c], 0),
        (_, Some(y), Some(z)) if y == z && z != 0 => Folded::Value(a),
        (Some(x), _, Some(z)) if x == z && z != 0 => Folded::Value(b),
        _ => Folded::Same,
    }
}
