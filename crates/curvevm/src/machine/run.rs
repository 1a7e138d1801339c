//! The interpreter's loop.
//!
//! [`Core::run`] keeps the frames; [`straight`] runs instructions of one frame until control leaves it; [`step`] is the meaning
//! of each instruction that stays in the registers. Everything else is in [`World::execute`].

use super::{
    math::{self, Round},
    memory::length_of,
    window::{STACK_WORDS, Window},
    world::World,
};
use crate::{
    Trap, Verified,
    isa::Code,
    verify::{Blocks, Op},
};

/// Program counter, gas, stack and frames of the running program.
#[derive(Debug)]
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

/// Why a frame's instructions stop.
enum Stop {
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

impl Default for Core {
    fn default() -> Self {
        Self {
            pc: 0,
            gas: 0,
            // The system hands out zeroed pages when they are touched: a program pays for the depth that it reaches.
            stack: vec![0; STACK_WORDS],
            base: 0,
            top: 0,
            returns: Vec::new(),
        }
    }
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
            let window = Window::new(&mut self.stack, self.base);
            match straight(program, window, &mut self.pc, &mut self.gas, world, trace) {
                Stop::Call(op) => {
                    if let Err(trap) = self.call(program, &op) {
                        return Exit::Trapped(trap);
                    }
                }
                Stop::Ret(op) if self.returns.len() == bottom => return Exit::Returned(op.a),
                Stop::Ret(op) => self.ret(&op),
                Stop::Leave(op) => return Exit::Leaves(op),
                Stop::Trap(trap) => return Exit::Trapped(trap),
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

#[inline(never)]
fn execute(op: &Op, mut w: Window, world: &mut World, program: &Verified) -> Result<(), Trap> {
    world.execute(op, &mut w, program)
}

/// The value, if there is one.
macro_rules! fits {
    ($value:expr) => {
        match $value {
            Some(value) => value,
            None => break Stop::Trap(Trap::Overflow),
        }
    };
}

/// The divisor, if it is not zero.
macro_rules! nonzero {
    ($divisor:expr) => {
        match $divisor {
            0 => break Stop::Trap(Trap::DivisionByZero),
            divisor => divisor,
        }
    };
}

macro_rules! done {
    ($result:expr) => {
        if let Err(trap) = $result {
            break Stop::Trap(trap);
        }
    };
}

/// Writes a result, and keeps it for the next instruction.
macro_rules! keep {
    ($w:ident, $op:ident, $last:ident, $value:expr) => {{
        $last = $value;
        $w.set($op.a, $last);
    }};
}

/// Pays for the block at an instruction and goes there.
macro_rules! enter {
    ($pc:ident, $gas:ident, $target:expr, $cost:expr) => {
        match $gas.checked_sub($cost.into()) {
            Some(rest) => ($gas, $pc) = (rest, $target),
            None => break Stop::Trap(Trap::OutOfGas),
        }
    };
}

/// Goes to the jump's target on a condition, else on behind the jump.
macro_rules! goto {
    ($op:ident, $pc:ident, $gas:ident, $condition:expr) => {
        if $condition {
            enter!($pc, $gas, $op.c.into(), Blocks::unpack($op.imm).taken)
        } else {
            enter!($pc, $gas, $pc, Blocks::unpack($op.imm).next)
        }
    };
}

/// Makes the loop from the meanings of the instructions. They stand in the loop itself, not in a function that says what
/// comes next: each goes on to the next instruction by a jump of its own, which the processor predicts by itself.
macro_rules! interpreter {
    ($op:ident, $w:ident, $pc:ident, $gas:ident, $last:ident, $world:ident, $program:ident: $($meanings:tt)*) => {
        /// Runs instructions of one frame until one of them leaves it.
        fn straight<T: Trace>(
            $program: &Verified,
            mut $w: Window,
            pc: &mut usize,
            gas: &mut u64,
            $world: &mut World,
            trace: &mut T,
        ) -> Stop {
            let code = if T::ON { &$program.plain } else { &$program.code }.as_slice();
            let (mut $pc, mut $gas, mut $last) = (*pc, *gas, 0);
            let stop = loop {
                let $op = &code[$pc];
                if T::ON {
                    trace.step($pc, $gas, &$w, $world);
                }
                $pc = $pc.wrapping_add(1);
                match $op.code {
                    $($meanings)*
                }
            };
            (*pc, *gas) = ($pc, $gas);
            stop
        }
    };
}

interpreter! { op, w, pc, gas, last, world, program:
    Code::ConstU64 | Code::ConstI64 | Code::ConstBool => w.set(op.a, op.imm),
    Code::Const128 => {
        let [low, high, ..] = program.wide[op.imm as usize];
        w.set_128(op.a, u128::from(low) | (u128::from(high) << 64))
    }
    Code::Const256 => w.set_256(op.a, program.wide[op.imm as usize]),
    Code::Mov64 | Code::MovBytes | Code::BoolToU64 => w.set(op.a, w.get(op.b)),
    Code::Mov128 | Code::FixBits | Code::FixFromBits => w.set_128(op.a, w.get_128(op.b)),
    Code::Mov256 | Code::AddressToHash | Code::HashToAddress => w.set_256(op.a, w.get_256(op.b)),
    Code::Select64 | Code::SelectBytes => w.set(op.a, w.get(if w.bool(op.b) { op.c } else { op.imm as u16 })),
    Code::Select128 => w.set_128(op.a, w.get_128(if w.bool(op.b) { op.c } else { op.imm as u16 })),
    Code::Select256 => w.set_256(op.a, w.get_256(if w.bool(op.b) { op.c } else { op.imm as u16 })),

    Code::AddU64 => keep!(w, op, last, fits!(w.get(op.b).checked_add(w.get(op.c)))),
    Code::AddU64Last => keep!(w, op, last, fits!(last.checked_add(w.get(op.c)))),
    Code::SubU64 => keep!(w, op, last, fits!(w.get(op.b).checked_sub(w.get(op.c)))),
    Code::SubU64Last => keep!(w, op, last, fits!(last.checked_sub(w.get(op.c)))),
    Code::MulU64 => keep!(w, op, last, fits!(w.get(op.b).checked_mul(w.get(op.c)))),
    Code::MulU64Last => keep!(w, op, last, fits!(last.checked_mul(w.get(op.c)))),
    Code::DivU64 => { let c = nonzero!(w.get(op.c)); w.set(op.a, fits!(w.get(op.b).checked_div(c))) }
    Code::DivUpU64 => { let c = nonzero!(w.get(op.c)); w.set(op.a, w.get(op.b).div_ceil(c)) }
    Code::RemU64 => { let c = nonzero!(w.get(op.c)); w.set(op.a, fits!(w.get(op.b).checked_rem(c))) }
    Code::AddImm => keep!(w, op, last, fits!(w.get(op.b).checked_add(op.imm))),
    Code::AddImmLast => keep!(w, op, last, fits!(last.checked_add(op.imm))),
    Code::SubImm => keep!(w, op, last, fits!(w.get(op.b).checked_sub(op.imm))),
    Code::SubImmLast => keep!(w, op, last, fits!(last.checked_sub(op.imm))),
    Code::MulImm => keep!(w, op, last, fits!(w.get(op.b).checked_mul(op.imm))),
    Code::MulImmLast => keep!(w, op, last, fits!(last.checked_mul(op.imm))),
    Code::MulDivDownU64 => {
        let c = nonzero!(w.get(op.imm as u16));
        keep!(w, op, last, fits!(math::mul_div_64(w.get(op.b), w.get(op.c), c, Round::Down)));
    }
    Code::MulDivUpU64 => {
        let c = nonzero!(w.get(op.imm as u16));
        keep!(w, op, last, fits!(math::mul_div_64(w.get(op.b), w.get(op.c), c, Round::Up)));
    }
    Code::PowU64 => w.set(op.a, fits!(math::pow(w.get(op.b), w.get(op.c)))),
    Code::MinU64 => w.set(op.a, w.get(op.b).min(w.get(op.c))),
    Code::MaxU64 => w.set(op.a, w.get(op.b).max(w.get(op.c))),
    Code::AndU64 => keep!(w, op, last, w.get(op.b) & w.get(op.c)),
    Code::AndU64Last => keep!(w, op, last, last & w.get(op.c)),
    Code::OrU64 => keep!(w, op, last, w.get(op.b) | w.get(op.c)),
    Code::OrU64Last => keep!(w, op, last, last | w.get(op.c)),
    Code::XorU64 => keep!(w, op, last, w.get(op.b) ^ w.get(op.c)),
    Code::XorU64Last => keep!(w, op, last, last ^ w.get(op.c)),
    Code::NotU64 => w.set(op.a, !w.get(op.b)),
    Code::AndBool => w.set(op.a, w.get(op.b) & w.get(op.c)),
    Code::OrBool => w.set(op.a, w.get(op.b) | w.get(op.c)),
    Code::XorBool => w.set(op.a, w.get(op.b) ^ w.get(op.c)),
    Code::NotBool => w.set(op.a, w.get(op.b) ^ 1),
    Code::ShlU64 => w.set(op.a, fits!(math::shl(w.get(op.b).into(), w.get(op.c), 64).map(|n| n as u64))),
    Code::ShrU64 => w.set(op.a, math::shr(w.get(op.b).into(), w.get(op.c)) as u64),
    Code::AddWrap => keep!(w, op, last, w.get(op.b).wrapping_add(w.get(op.c))),
    Code::AddWrapLast => keep!(w, op, last, last.wrapping_add(w.get(op.c))),
    Code::MulWrap => keep!(w, op, last, w.get(op.b).wrapping_mul(w.get(op.c))),
    Code::MulWrapLast => keep!(w, op, last, last.wrapping_mul(w.get(op.c))),
    Code::LtU64 => w.set(op.a, (w.get(op.b) < w.get(op.c)).into()),
    Code::LeU64 => w.set(op.a, (w.get(op.b) <= w.get(op.c)).into()),
    Code::Eq64 => w.set(op.a, (w.get(op.b) == w.get(op.c)).into()),
    Code::Ne64 => w.set(op.a, (w.get(op.b) != w.get(op.c)).into()),

    Code::AddI64 => w.set_i64(op.a, fits!(w.i64(op.b).checked_add(w.i64(op.c)))),
    Code::SubI64 => w.set_i64(op.a, fits!(w.i64(op.b).checked_sub(w.i64(op.c)))),
    Code::MulI64 => w.set_i64(op.a, fits!(w.i64(op.b).checked_mul(w.i64(op.c)))),
    Code::DivI64 => { let c = nonzero!(w.i64(op.c)); w.set_i64(op.a, fits!(w.i64(op.b).checked_div(c))) }
    Code::RemI64 => { let c = nonzero!(w.i64(op.c)); w.set_i64(op.a, fits!(w.i64(op.b).checked_rem(c))) }
    Code::NegI64 => w.set_i64(op.a, fits!(w.i64(op.b).checked_neg())),
    Code::LtI64 => w.set(op.a, (w.i64(op.b) < w.i64(op.c)).into()),
    Code::LeI64 => w.set(op.a, (w.i64(op.b) <= w.i64(op.c)).into()),

    Code::AddU128 | Code::AddFix => w.set_128(op.a, fits!(w.get_128(op.b).checked_add(w.get_128(op.c)))),
    Code::SubU128 | Code::SubFix => w.set_128(op.a, fits!(w.get_128(op.b).checked_sub(w.get_128(op.c)))),
    Code::MulU128 => w.set_128(op.a, fits!(w.get_128(op.b).checked_mul(w.get_128(op.c)))),
    Code::MulWide => w.set_128(op.a, u128::from(w.get(op.b)).wrapping_mul(w.get(op.c).into())),
    Code::DivU128 => { let c = nonzero!(w.get_128(op.c)); w.set_128(op.a, fits!(math::div(w.get_128(op.b), c, Round::Down))) }
    Code::DivUpU128 => { let c = nonzero!(w.get_128(op.c)); w.set_128(op.a, fits!(math::div(w.get_128(op.b), c, Round::Up))) }
    Code::RemU128 => { let c = nonzero!(w.get_128(op.c)); w.set_128(op.a, fits!(w.get_128(op.b).checked_rem(c))) }
    Code::MulDivDownU128 => {
        let c = nonzero!(w.get_128(op.imm as u16));
        w.set_128(op.a, fits!(math::mul_div(w.get_128(op.b), w.get_128(op.c), c, Round::Down)));
    }
    Code::MulDivUpU128 => {
        let c = nonzero!(w.get_128(op.imm as u16));
        w.set_128(op.a, fits!(math::mul_div(w.get_128(op.b), w.get_128(op.c), c, Round::Up)));
    }
    Code::SqrtDownU128 => w.set_128(op.a, math::sqrt(w.get_128(op.b), Round::Down)),
    Code::SqrtUpU128 => w.set_128(op.a, math::sqrt(w.get_128(op.b), Round::Up)),
    Code::MinU128 | Code::MinFix => w.set_128(op.a, w.get_128(op.b).min(w.get_128(op.c))),
    Code::MaxU128 | Code::MaxFix => w.set_128(op.a, w.get_128(op.b).max(w.get_128(op.c))),
    Code::ShlU128 => w.set_128(op.a, fits!(math::shl(w.get_128(op.b), w.get(op.c), 128))),
    Code::ShrU128 => w.set_128(op.a, math::shr(w.get_128(op.b), w.get(op.c))),
    Code::LtU128 | Code::LtFix => w.set(op.a, (w.get_128(op.b) < w.get_128(op.c)).into()),
    Code::LeU128 | Code::LeFix => w.set(op.a, (w.get_128(op.b) <= w.get_128(op.c)).into()),
    Code::Eq128 => w.set(op.a, (w.get_128(op.b) == w.get_128(op.c)).into()),
    Code::Ne128 => w.set(op.a, (w.get_128(op.b) != w.get_128(op.c)).into()),

    Code::MulDownFix => w.set_128(op.a, fits!(math::mul_fix(w.get_128(op.b), w.get_128(op.c), Round::Down))),
    Code::MulUpFix => w.set_128(op.a, fits!(math::mul_fix(w.get_128(op.b), w.get_128(op.c), Round::Up))),
    Code::DivDownFix => { let c = nonzero!(w.get_128(op.c)); w.set_128(op.a, fits!(math::div_fix(w.get_128(op.b), c, Round::Down))) }
    Code::DivUpFix => { let c = nonzero!(w.get_128(op.c)); w.set_128(op.a, fits!(math::div_fix(w.get_128(op.b), c, Round::Up))) }
    Code::PowDownFix => w.set_128(op.a, fits!(math::pow_fix(w.get_128(op.b), w.get(op.c), Round::Down))),
    Code::PowUpFix => w.set_128(op.a, fits!(math::pow_fix(w.get_128(op.b), w.get(op.c), Round::Up))),
    Code::SqrtDownFix => w.set_128(op.a, math::sqrt_fix(w.get_128(op.b), Round::Down)),
    Code::SqrtUpFix => w.set_128(op.a, math::sqrt_fix(w.get_128(op.b), Round::Up)),
    Code::ScaleDown => keep!(w, op, last, fits!(math::scale(w.get(op.b), w.get_128(op.c), Round::Down))),
    Code::ScaleUp => keep!(w, op, last, fits!(math::scale(w.get(op.b), w.get_128(op.c), Round::Up))),
    Code::UnscaleDown => { let c = nonzero!(w.get_128(op.c)); w.set(op.a, fits!(math::unscale(w.get(op.b), c, Round::Down))) }
    Code::UnscaleUp => { let c = nonzero!(w.get_128(op.c)); w.set(op.a, fits!(math::unscale(w.get(op.b), c, Round::Up))) }
    Code::RatioDown => { let c = nonzero!(w.get(op.c)); w.set_128(op.a, fits!(math::div(u128::from(w.get(op.b)) << 64, c.into(), Round::Down))) }
    Code::RatioUp => { let c = nonzero!(w.get(op.c)); w.set_128(op.a, fits!(math::div(u128::from(w.get(op.b)) << 64, c.into(), Round::Up))) }

    Code::Widen => w.set_128(op.a, w.get(op.b).into()),
    Code::Narrow => w.set(op.a, fits!(u64::try_from(w.get_128(op.b)).ok())),
    Code::U64ToI64 => w.set_i64(op.a, fits!(i64::try_from(w.get(op.b)).ok())),
    Code::I64ToU64 => w.set(op.a, fits!(u64::try_from(w.i64(op.b)).ok())),
    Code::U64ToFix => w.set_128(op.a, u128::from(w.get(op.b)) << 64),
    Code::FloorFix => w.set(op.a, (w.get_128(op.b) >> 64) as u64),
    Code::CeilFix => w.set(op.a, fits!(math::scale(1, w.get_128(op.b), Round::Up))),

    Code::Eq256 => w.set(op.a, w.same_256(op.b, op.c).into()),
    Code::Ne256 => w.set(op.a, (!w.same_256(op.b, op.c)).into()),
    Code::LenBytes => w.set(op.a, length_of(w.get(op.b))),
    Code::Lt256 => w.set(op.a, (w.get_256(op.b) < w.get_256(op.c)).into()),

    Code::Jump => enter!(pc, gas, op.c.into(), Blocks::unpack(op.imm).taken),
    Code::JumpIf => goto!(op, pc, gas, w.bool(op.a)),
    Code::JumpUnless => goto!(op, pc, gas, !w.bool(op.a)),
    Code::JumpEq => goto!(op, pc, gas, w.get(op.a) == w.get(op.b)),
    Code::JumpNe => goto!(op, pc, gas, w.get(op.a) != w.get(op.b)),
    Code::JumpLt => goto!(op, pc, gas, w.get(op.a) < w.get(op.b)),
    Code::AddImmJumpLt => {
        let count = fits!(w.get(op.a).checked_add(op.step.into()));
        w.set(op.a, count);
        pc = pc.wrapping_add(1);
        goto!(op, pc, gas, count < w.get(op.b))
    }
    Code::JumpLe => goto!(op, pc, gas, w.get(op.a) <= w.get(op.b)),
    Code::JumpEqImm => goto!(op, pc, gas, w.get(op.a) == op.b.into()),
    Code::JumpNeImm => goto!(op, pc, gas, w.get(op.a) != op.b.into()),
    Code::JumpLtImm => goto!(op, pc, gas, w.get(op.a) < op.b.into()),
    Code::JumpGeImm => goto!(op, pc, gas, w.get(op.a) >= op.b.into()),
    Code::Call => break Stop::Call(*op),
    Code::Ret => break Stop::Ret(*op),
    Code::Require if w.bool(op.a) => {},
    Code::Require | Code::Revert => break Stop::Trap(Trap::Revert(op.imm as u16)),
    Code::Unreachable => break Stop::Trap(Trap::Unreachable),
    Code::CallProgram | Code::ViewProgram => break Stop::Leave(*op),

    Code::ConstBytes | Code::EqBytes | Code::NeBytes | Code::AtBytes | Code::Concat
    | Code::Slice | Code::Pack | Code::Sha256 | Code::Sha256Pair | Code::Load | Code::Store
    | Code::MapGet | Code::MapSet | Code::MapHas | Code::MapRemove | Code::SelfAddress
    | Code::Caller | Code::Payment | Code::Height | Code::Time | Code::Balance | Code::Transfer
    | Code::Emit => done!(execute(op, w.again(), world, program)),
}
