//! The interpreter's loop.
//!
//! [`Core::run`] keeps the frames; [`straight`] runs instructions of one frame until control leaves it; [`step`] is the meaning
//! of each instruction that stays in the registers. Everything else is in [`World::execute`].

use super::{
    math::{self, Round},
    window::Window,
    world::World,
};
use crate::{
    Opcode, Trap, Verified,
    limits::MAX_WORDS,
    verify::{Blocks, Op},
};

/// Program counter, gas, stack and frames of the running program.
#[derive(Debug, Default)]
pub struct Core {
    /// The next instruction.
    pub pc: usize,
    /// Gas left.
    pub gas: u64,
    /// Registers of all frames.
    pub stack: Vec<u64>,
    /// Where the running frame begins.
    pub base: usize,
    /// Where it ends.
    pub top: usize,
    /// Frames to return to.
    pub returns: Vec<Return>,
}

/// A frame to return to.
#[derive(Clone, Copy, Debug)]
pub struct Return {
    pc: usize,
    base: usize,
    top: usize,
    /// Where the results go in that frame.
    results: u16,
}

/// Why the loop ended.
#[derive(Clone, Copy, Debug)]
pub enum Exit {
    /// The function that was entered returned; its results begin at this word.
    Returned(u16),
    /// It calls another program.
    Leaves(Op),
    /// It trapped.
    Trapped(Trap),
}

/// What comes after an instruction.
enum Flow {
    Next,
    Call(Op),
    Ret(Op),
    Leave(Op),
    Trap(Trap),
}

/// Sees every instruction before it runs: program counter, gas left, the frame, the world.
pub trait Trace {
    /// Whether it looks at all.
    const ON: bool;
    fn step(&mut self, pc: usize, gas: u64, window: &Window, world: &World);
}

/// Looks at nothing.
pub struct Untraced;

impl Trace for Untraced {
    const ON: bool = false;
    fn step(&mut self, _: usize, _: u64, _: &Window, _: &World) {}
}

impl Core {
    /// Runs until the function that was entered with `bottom` frames below it returns, leaves or traps.
    pub fn run<T: Trace>(
        &mut self,
        program: &Verified,
        world: &mut World,
        bottom: usize,
        trace: &mut T,
    ) -> Exit {
        loop {
            let mut window = Window::new(&mut self.stack, self.base);
            let flow = straight(program, &mut window, &mut self.pc, &mut self.gas, world, trace);
            match flow {
                Flow::Call(op) => {
                    if let Err(trap) = self.call(program, &op) {
                        return Exit::Trapped(trap);
                    }
                }
                Flow::Ret(op) if self.returns.len() == bottom => return Exit::Returned(op.a),
                Flow::Ret(op) => self.ret(&op),
                Flow::Leave(op) => return Exit::Leaves(op),
                Flow::Trap(trap) => return Exit::Trapped(trap),
                Flow::Next => {}
            }
        }
    }

    fn call(&mut self, program: &Verified, op: &Op) -> Result<(), Trap> {
        let callee = &program.frames[op.imm as usize];
        let (from, to) = (self.base.wrapping_add(op.a.into()), self.top);
        let params = usize::from(callee.params);
        self.gas = self.gas.checked_sub(callee.gas.into()).ok_or(Trap::OutOfGas)?;
        self.stack.copy_within(from..from.wrapping_add(params), to);
        let end = to.wrapping_add(callee.words.into());
        self.stack[to.wrapping_add(params)..end].fill(0);
        self.returns.push(Return {
            pc: self.pc,
            base: self.base,
            top: self.top,
            results: op.b,
        });
        self.pc = callee.start as usize;
        (self.base, self.top) = (to, end);
        Ok(())
    }

    fn ret(&mut self, op: &Op) {
        let Some(back) = self.returns.pop() else {
            return;
        };
        let from = self.base.wrapping_add(op.a.into());
        let to = back.base.wrapping_add(back.results.into());
        self.stack.copy_within(from..from.wrapping_add(op.b.into()), to);
        (self.pc, self.base, self.top) = (back.pc, back.base, back.top);
    }
}

/// Runs instructions of one frame until one of them leaves it.
fn straight<T: Trace>(
    program: &Verified,
    w: &mut Window,
    pc_of: &mut usize,
    gas_of: &mut u64,
    world: &mut World,
    trace: &mut T,
) -> Flow {
    let code = program.code.as_slice();
    let (mut pc, mut gas) = (*pc_of, *gas_of);
    let flow = loop {
        let op = &code[pc];
        if T::ON {
            trace.step(pc, gas, w, world);
        }
        pc = pc.wrapping_add(1);
        match step(op, w, &mut pc, &mut gas, world, program) {
            Flow::Next => {}
            flow => break flow,
        }
    };
    (*pc_of, *gas_of) = (pc, gas);
    flow
}

#[inline(always)]
fn put(w: &mut Window, d: u16, value: Option<u64>) -> Flow {
    match value {
        Some(value) => set(w, d, value),
        None => Flow::Trap(Trap::Overflow),
    }
}

#[inline(always)]
fn put_128(w: &mut Window, d: u16, value: Option<u128>) -> Flow {
    match value {
        Some(value) => set_128(w, d, value),
        None => Flow::Trap(Trap::Overflow),
    }
}

#[inline(always)]
fn put_i64(w: &mut Window, d: u16, value: Option<i64>) -> Flow {
    put(w, d, value.map(i64::cast_unsigned))
}

#[inline(always)]
fn set(w: &mut Window, d: u16, value: u64) -> Flow {
    w.set(d, value);
    Flow::Next
}

#[inline(always)]
fn set_128(w: &mut Window, d: u16, value: u128) -> Flow {
    w.set_128(d, value);
    Flow::Next
}

#[inline(always)]
fn set_256(w: &mut Window, d: u16, value: [u64; 4]) -> Flow {
    w.set_256(d, value);
    Flow::Next
}

/// A division of what `divisor` is not zero for.
#[inline(always)]
fn divided<N: PartialEq + Default>(divisor: N, then: impl FnOnce() -> Flow) -> Flow {
    if divisor == N::default() {
        return Flow::Trap(Trap::DivisionByZero);
    }
    then()
}

/// Continues at the jump's target, or behind the jump, and pays for the block there.
#[inline(always)]
fn jump(condition: bool, op: &Op, pc: &mut usize, gas: &mut u64) -> Flow {
    let blocks = Blocks::unpack(op.imm);
    if condition {
        pay(blocks.taken, op.c.into(), pc, gas)
    } else {
        let next = *pc;
        pay(blocks.next, next, pc, gas)
    }
}

#[inline(always)]
fn pay(cost: u32, target: usize, pc: &mut usize, gas: &mut u64) -> Flow {
    match gas.checked_sub(cost.into()) {
        Some(rest) => {
            (*gas, *pc) = (rest, target);
            Flow::Next
        }
        None => Flow::Trap(Trap::OutOfGas),
    }
}

#[inline(never)]
fn execute(op: &Op, w: &mut Window, world: &mut World, program: &Verified) -> Flow {
    match world.execute(op, w, program) {
        Ok(()) => Flow::Next,
        Err(trap) => Flow::Trap(trap),
    }
}

#[inline(always)]
#[rustfmt::skip]
fn step(op: &Op, w: &mut Window, pc: &mut usize, gas: &mut u64, world: &mut World, program: &Verified) -> Flow {
    match op.code {
        Opcode::ConstU64 | Opcode::ConstI64 | Opcode::ConstBool => set(w, op.a, op.imm),
        Opcode::Const128 => {
            let [low, high, ..] = program.wide[op.imm as usize];
            set_128(w, op.a, u128::from(low) | (u128::from(high) << 64))
        }
        Opcode::Const256 => set_256(w, op.a, program.wide[op.imm as usize]),
        Opcode::Mov64 | Opcode::MovBytes | Opcode::BoolToU64 => set(w, op.a, w.get(op.b)),
        Opcode::Mov128 | Opcode::FixBits | Opcode::FixFromBits => set_128(w, op.a, w.get_128(op.b)),
        Opcode::Mov256 | Opcode::AddressToHash | Opcode::HashToAddress => set_256(w, op.a, w.get_256(op.b)),
        Opcode::Select64 | Opcode::SelectBytes => set(w, op.a, w.get(if w.bool(op.b) { op.c } else { op.imm as u16 })),
        Opcode::Select128 => set_128(w, op.a, w.get_128(if w.bool(op.b) { op.c } else { op.imm as u16 })),
        Opcode::Select256 => set_256(w, op.a, w.get_256(if w.bool(op.b) { op.c } else { op.imm as u16 })),

        Opcode::AddU64 => put(w, op.a, w.get(op.b).checked_add(w.get(op.c))),
        Opcode::SubU64 => put(w, op.a, w.get(op.b).checked_sub(w.get(op.c))),
        Opcode::MulU64 => put(w, op.a, w.get(op.b).checked_mul(w.get(op.c))),
        Opcode::DivU64 => divided(w.get(op.c), || put(w, op.a, w.get(op.b).checked_div(w.get(op.c)))),
        Opcode::DivUpU64 => divided(w.get(op.c), || set(w, op.a, w.get(op.b).div_ceil(w.get(op.c)))),
        Opcode::RemU64 => divided(w.get(op.c), || put(w, op.a, w.get(op.b).checked_rem(w.get(op.c)))),
        Opcode::AddImm => put(w, op.a, w.get(op.b).checked_add(op.imm)),
        Opcode::SubImm => put(w, op.a, w.get(op.b).checked_sub(op.imm)),
        Opcode::MulImm => put(w, op.a, w.get(op.b).checked_mul(op.imm)),
        Opcode::MulDivDownU64 => {
            let c = w.get(op.imm as u16);
            divided(c, || put(w, op.a, math::mul_div_64(w.get(op.b), w.get(op.c), c, Round::Down)))
        }
        Opcode::MulDivUpU64 => {
            let c = w.get(op.imm as u16);
            divided(c, || put(w, op.a, math::mul_div_64(w.get(op.b), w.get(op.c), c, Round::Up)))
        }
        Opcode::PowU64 => put(w, op.a, math::pow(w.get(op.b), w.get(op.c))),
        Opcode::MinU64 => set(w, op.a, w.get(op.b).min(w.get(op.c))),
        Opcode::MaxU64 => set(w, op.a, w.get(op.b).max(w.get(op.c))),
        Opcode::AndU64 | Opcode::AndBool => set(w, op.a, w.get(op.b) & w.get(op.c)),
        Opcode::OrU64 | Opcode::OrBool => set(w, op.a, w.get(op.b) | w.get(op.c)),
        Opcode::XorU64 | Opcode::XorBool => set(w, op.a, w.get(op.b) ^ w.get(op.c)),
        Opcode::NotU64 => set(w, op.a, !w.get(op.b)),
        Opcode::NotBool => set(w, op.a, w.get(op.b) ^ 1),
        Opcode::ShlU64 => put(w, op.a, math::shl(w.get(op.b).into(), w.get(op.c), 64).map(|n| n as u64)),
        Opcode::ShrU64 => set(w, op.a, math::shr(w.get(op.b).into(), w.get(op.c)) as u64),
        Opcode::AddWrap => set(w, op.a, w.get(op.b).wrapping_add(w.get(op.c))),
        Opcode::MulWrap => set(w, op.a, w.get(op.b).wrapping_mul(w.get(op.c))),
        Opcode::LtU64 => set(w, op.a, (w.get(op.b) < w.get(op.c)).into()),
        Opcode::LeU64 => set(w, op.a, (w.get(op.b) <= w.get(op.c)).into()),
        Opcode::Eq64 => set(w, op.a, (w.get(op.b) == w.get(op.c)).into()),
        Opcode::Ne64 => set(w, op.a, (w.get(op.b) != w.get(op.c)).into()),

        Opcode::AddI64 => put_i64(w, op.a, w.i64(op.b).checked_add(w.i64(op.c))),
        Opcode::SubI64 => put_i64(w, op.a, w.i64(op.b).checked_sub(w.i64(op.c))),
        Opcode::MulI64 => put_i64(w, op.a, w.i64(op.b).checked_mul(w.i64(op.c))),
        Opcode::DivI64 => divided(w.get(op.c), || put_i64(w, op.a, w.i64(op.b).checked_div(w.i64(op.c)))),
        Opcode::RemI64 => divided(w.get(op.c), || put_i64(w, op.a, w.i64(op.b).checked_rem(w.i64(op.c)))),
        Opcode::NegI64 => put_i64(w, op.a, w.i64(op.b).checked_neg()),
        Opcode::LtI64 => set(w, op.a, (w.i64(op.b) < w.i64(op.c)).into()),
        Opcode::LeI64 => set(w, op.a, (w.i64(op.b) <= w.i64(op.c)).into()),

        Opcode::AddU128 | Opcode::AddFix => put_128(w, op.a, w.get_128(op.b).checked_add(w.get_128(op.c))),
        Opcode::SubU128 | Opcode::SubFix => put_128(w, op.a, w.get_128(op.b).checked_sub(w.get_128(op.c))),
        Opcode::MulU128 => put_128(w, op.a, w.get_128(op.b).checked_mul(w.get_128(op.c))),
        Opcode::MulWide => set_128(w, op.a, u128::from(w.get(op.b)).wrapping_mul(w.get(op.c).into())),
        Opcode::DivU128 => divided(w.get_128(op.c), || put_128(w, op.a, math::div(w.get_128(op.b), w.get_128(op.c), Round::Down))),
        Opcode::DivUpU128 => divided(w.get_128(op.c), || put_128(w, op.a, math::div(w.get_128(op.b), w.get_128(op.c), Round::Up))),
        Opcode::RemU128 => divided(w.get_128(op.c), || put_128(w, op.a, w.get_128(op.b).checked_rem(w.get_128(op.c)))),
        Opcode::MulDivDownU128 => {
            let c = w.get_128(op.imm as u16);
            divided(c, || put_128(w, op.a, math::mul_div(w.get_128(op.b), w.get_128(op.c), c, Round::Down)))
        }
        Opcode::MulDivUpU128 => {
            let c = w.get_128(op.imm as u16);
            divided(c, || put_128(w, op.a, math::mul_div(w.get_128(op.b), w.get_128(op.c), c, Round::Up)))
        }
        Opcode::SqrtDownU128 => set_128(w, op.a, math::sqrt(w.get_128(op.b), Round::Down)),
        Opcode::SqrtUpU128 => set_128(w, op.a, math::sqrt(w.get_128(op.b), Round::Up)),
        Opcode::MinU128 | Opcode::MinFix => set_128(w, op.a, w.get_128(op.b).min(w.get_128(op.c))),
        Opcode::MaxU128 | Opcode::MaxFix => set_128(w, op.a, w.get_128(op.b).max(w.get_128(op.c))),
        Opcode::ShlU128 => put_128(w, op.a, math::shl(w.get_128(op.b), w.get(op.c), 128)),
        Opcode::ShrU128 => set_128(w, op.a, math::shr(w.get_128(op.b), w.get(op.c))),
        Opcode::LtU128 | Opcode::LtFix => set(w, op.a, (w.get_128(op.b) < w.get_128(op.c)).into()),
        Opcode::LeU128 | Opcode::LeFix => set(w, op.a, (w.get_128(op.b) <= w.get_128(op.c)).into()),
        Opcode::Eq128 => set(w, op.a, (w.get_128(op.b) == w.get_128(op.c)).into()),
        Opcode::Ne128 => set(w, op.a, (w.get_128(op.b) != w.get_128(op.c)).into()),

        Opcode::MulDownFix => put_128(w, op.a, math::mul_fix(w.get_128(op.b), w.get_128(op.c), Round::Down)),
        Opcode::MulUpFix => put_128(w, op.a, math::mul_fix(w.get_128(op.b), w.get_128(op.c), Round::Up)),
        Opcode::DivDownFix => divided(w.get_128(op.c), || put_128(w, op.a, math::div_fix(w.get_128(op.b), w.get_128(op.c), Round::Down))),
        Opcode::DivUpFix => divided(w.get_128(op.c), || put_128(w, op.a, math::div_fix(w.get_128(op.b), w.get_128(op.c), Round::Up))),
        Opcode::PowDownFix => put_128(w, op.a, math::pow_fix(w.get_128(op.b), w.get(op.c), Round::Down)),
        Opcode::PowUpFix => put_128(w, op.a, math::pow_fix(w.get_128(op.b), w.get(op.c), Round::Up)),
        Opcode::SqrtDownFix => set_128(w, op.a, math::sqrt_fix(w.get_128(op.b), Round::Down)),
        Opcode::SqrtUpFix => set_128(w, op.a, math::sqrt_fix(w.get_128(op.b), Round::Up)),
        Opcode::ScaleDown => put(w, op.a, math::scale(w.get(op.b), w.get_128(op.c), Round::Down)),
        Opcode::ScaleUp => put(w, op.a, math::scale(w.get(op.b), w.get_128(op.c), Round::Up)),
        Opcode::UnscaleDown => divided(w.get_128(op.c), || put(w, op.a, math::unscale(w.get(op.b), w.get_128(op.c), Round::Down))),
        Opcode::UnscaleUp => divided(w.get_128(op.c), || put(w, op.a, math::unscale(w.get(op.b), w.get_128(op.c), Round::Up))),
        Opcode::RatioDown => divided(w.get(op.c), || put_128(w, op.a, math::div(u128::from(w.get(op.b)) << 64, w.get(op.c).into(), Round::Down))),
        Opcode::RatioUp => divided(w.get(op.c), || put_128(w, op.a, math::div(u128::from(w.get(op.b)) << 64, w.get(op.c).into(), Round::Up))),

        Opcode::Widen => set_128(w, op.a, w.get(op.b).into()),
        Opcode::Narrow => put(w, op.a, u64::try_from(w.get_128(op.b)).ok()),
        Opcode::U64ToI64 => put_i64(w, op.a, i64::try_from(w.get(op.b)).ok()),
        Opcode::I64ToU64 => put(w, op.a, u64::try_from(w.i64(op.b)).ok()),
        Opcode::U64ToFix => set_128(w, op.a, u128::from(w.get(op.b)) << 64),
        Opcode::FloorFix => set(w, op.a, (w.get_128(op.b) >> 64) as u64),
        Opcode::CeilFix => put(w, op.a, math::scale(1, w.get_128(op.b), Round::Up)),

        Opcode::Eq256 => set(w, op.a, (w.get_256(op.b) == w.get_256(op.c)).into()),
        Opcode::Ne256 => set(w, op.a, (w.get_256(op.b) != w.get_256(op.c)).into()),
        Opcode::Lt256 => set(w, op.a, (w.get_256(op.b) < w.get_256(op.c)).into()),

        Opcode::Jump => jump(true, op, pc, gas),
        Opcode::JumpIf => jump(w.bool(op.a), op, pc, gas),
        Opcode::JumpUnless => jump(!w.bool(op.a), op, pc, gas),
        Opcode::JumpEq => jump(w.get(op.a) == w.get(op.b), op, pc, gas),
        Opcode::JumpNe => jump(w.get(op.a) != w.get(op.b), op, pc, gas),
        Opcode::JumpLt => jump(w.get(op.a) < w.get(op.b), op, pc, gas),
        Opcode::JumpLe => jump(w.get(op.a) <= w.get(op.b), op, pc, gas),
        Opcode::JumpEqImm => jump(w.get(op.a) == op.b.into(), op, pc, gas),
        Opcode::JumpNeImm => jump(w.get(op.a) != op.b.into(), op, pc, gas),
        Opcode::JumpLtImm => jump(w.get(op.a) < op.b.into(), op, pc, gas),
        Opcode::JumpGeImm => jump(w.get(op.a) >= op.b.into(), op, pc, gas),
        Opcode::Call => Flow::Call(*op),
        Opcode::Ret => Flow::Ret(*op),
        Opcode::Require if w.bool(op.a) => Flow::Next,
        Opcode::Require | Opcode::Revert => Flow::Trap(Trap::Revert(op.imm as u16)),
        Opcode::Unreachable => Flow::Trap(Trap::Unreachable),
        Opcode::CallProgram | Opcode::ViewProgram => Flow::Leave(*op),

        Opcode::ConstBytes | Opcode::LenBytes | Opcode::EqBytes | Opcode::NeBytes | Opcode::AtBytes | Opcode::Concat
        | Opcode::Slice | Opcode::Pack | Opcode::Sha256 | Opcode::Sha256Pair | Opcode::Load | Opcode::Store
        | Opcode::MapGet | Opcode::MapSet | Opcode::MapHas | Opcode::MapRemove | Opcode::SelfAddress
        | Opcode::Caller | Opcode::Payment | Opcode::Height | Opcode::Time | Opcode::Balance | Opcode::Transfer
        | Opcode::Emit => execute(op, w, world, program),
    }
}

const _: () = assert!(MAX_WORDS <= u16::MAX as usize);
