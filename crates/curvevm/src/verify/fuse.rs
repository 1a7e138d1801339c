//! Faster forms of some sequences, for the interpreter alone: same results, same gas, same traps at the same place.
//!
//! - An instruction that takes the result of the one before it takes it from a register of the processor (`…Last`) and does
//!   not wait for memory. Nothing may jump in between.
//! - `add.imm r, r, n` and `jump.lt r, b, t`, the end of a counting loop, run as one. The jump stays where it is, for
//!   whoever jumps to it.

use std::collections::BTreeSet;

use super::Op;
use crate::isa::Code;

/// The code of a function in its faster form; `targets` are the instructions that are jumped to.
pub fn fuse(code: &[Op], targets: &BTreeSet<usize>) -> Vec<Op> {
    let mut fused: Vec<Op> = Vec::with_capacity(code.len());
    for (pc, op) in code.iter().enumerate() {
        let reached = targets.contains(&pc);
        let before = pc.checked_sub(1).and_then(|before| code.get(before));
        let after = pc.checked_add(1).and_then(|after| code.get(after));
        let counted = after.and_then(|jump| counting(op, jump));
        let last = before.filter(|_| !reached).and_then(|before| taking(before, op));
        fused.push(counted.or(last).unwrap_or(*op));
    }
    fused
}

fn counting(add: &Op, jump: &Op) -> Option<Op> {
    let step = u8::try_from(add.imm).ok()?;
    let counts = add.code == Code::AddImm && add.a == add.b;
    let ends = jump.code == Code::JumpLt && jump.a == add.a;
    (counts && ends).then_some(Op {
        code: Code::AddImmJumpLt,
        step,
        ..*jump
    })
}

/// The form of `op` that takes the result of `before`, if that is its first operand, or its second and they may change places.
fn taking(before: &Op, op: &Op) -> Option<Op> {
    if !keeps(before.code) {
        return None;
    }
    let (code, commutes) = match op.code {
        Code::AddU64 => (Code::AddU64Last, true),
        Code::SubU64 => (Code::SubU64Last, false),
        Code::MulU64 => (Code::MulU64Last, true),
        Code::AndU64 => (Code::AndU64Last, true),
        Code::OrU64 => (Code::OrU64Last, true),
        Code::XorU64 => (Code::XorU64Last, true),
        Code::AddWrap => (Code::AddWrapLast, true),
        Code::MulWrap => (Code::MulWrapLast, true),
        Code::AddImm => (Code::AddImmLast, false),
        Code::SubImm => (Code::SubImmLast, false),
        Code::MulImm => (Code::MulImmLast, false),
        _ => return None,
    };
    if op.b == before.a {
        return Some(Op { code, ..*op });
    }
    (commutes && op.c == before.a).then_some(Op {
        code,
        b: op.c,
        c: op.b,
        ..*op
    })
}

/// Whether the interpreter keeps the instruction's result for the next one.
fn keeps(code: Code) -> bool {
    matches!(
        code,
        Code::AddU64
            | Code::SubU64
            | Code::MulU64
            | Code::AndU64
            | Code::OrU64
            | Code::XorU64
            | Code::AddWrap
            | Code::MulWrap
            | Code::AddImm
            | Code::SubImm
            | Code::MulImm
            | Code::MulDivDownU64
            | Code::MulDivUpU64
            | Code::ScaleDown
            | Code::ScaleUp
    )
}
