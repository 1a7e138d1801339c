//! What each instruction does: a function for each, which ends by running the next one.
//!
//! Nothing is left to do behind that, so an optimising compiler makes a jump of it: the processor predicts for each instruction
//! what comes after it, and keeps in its registers what they pass on. Nothing rests on the compiler: a chain of instructions that
//! run each other is bounded ([`CHAIN`]), and [`super::run`] begins the next one.

use super::{
    math::{self, Round},
    memory::length_of,
    window::Window,
    world::World,
};
use crate::{
    Trap, Verified,
    isa::Code,
    verify::{Blocks, Op},
};

/// Most instructions that run each other, but for those of one more block. A compiler that does not optimise makes calls of
/// them, of a kilobyte or two of the stack each.
pub const CHAIN: usize = 128;

/// An instruction, and how the one behind it is run.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub op: Op,
    next: Meaning,
}

/// Code in the form that runs.
#[derive(Debug)]
pub struct Threaded {
    pub steps: Vec<Step>,
    /// Jumps that a chain of them may contain.
    pub hops: usize,
}

impl Threaded {
    /// The form of code whose longest block has so many instructions.
    pub fn new(ops: &[Op], longest: usize) -> Self {
        let after = ops.iter().skip(1).chain(ops.last());
        let steps = ops.iter().zip(after).map(|(op, after)| Step {
            op: *op,
            next: meaning(after.code),
        });
        Self {
            steps: steps.collect(),
            hops: CHAIN.checked_div(longest).unwrap_or(0),
        }
    }
}

/// What instructions reach beyond the registers.
pub struct Env<'a, 'w> {
    pub program: &'a Verified,
    pub world: &'a mut World<'w>,
    /// The code of all functions.
    pub code: &'a [Step],
    /// The gas left, when a chain has stopped.
    pub gas: u64,
    /// Why it stopped.
    pub stop: Stop,
    /// Jumps that are left to it.
    hops: usize,
    /// The place where the given code ends: that of all code, if there are jumps.
    end: usize,
}

/// Why a chain of instructions stops.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It is long enough; the last result.
    Pause(u64),
    /// A call of a function.
    Call,
    /// A return from one.
    Ret,
    /// A call of another program.
    Leave,
    /// A trap.
    Trap(Trap),
}

/// What comes after an instruction that the next one does not follow.
enum Turn {
    /// The end of a block, of which so many more instructions ran. On to the jump's target, or on behind it.
    Jump {
        over: usize,
        taken: bool,
    },
    Stop(Stop),
}

impl From<Trap> for Turn {
    fn from(trap: Trap) -> Self {
        Self::Stop(Stop::Trap(trap))
    }
}

/// Runs an instruction and those behind it, with the last result and the gas left, until one stops; returns the place behind
/// that one. All that it takes and returns fits the processor's registers.
type Meaning = fn(&[Step], Window, u64, u64, &mut Env) -> usize;

impl<'a, 'w> Env<'a, 'w> {
    pub fn new(program: &'a Verified, code: &'a [Step], world: &'a mut World<'w>, gas: u64) -> Self {
        let (stop, hops, end) = (Stop::Leave, 0, 0);
        Self {
            program,
            world,
            code,
            gas,
            stop,
            hops,
            end,
        }
    }

    /// Runs a chain with so many jumps or, without any, of so many instructions; `last` is the result of the one before.
    /// Returns the place behind the last one.
    #[inline(always)]
    pub fn chain(&mut self, at: usize, length: usize, hops: usize, w: Window, last: u64) -> usize {
        assert!(
            at < self.code.len(),
            "verified code ends with an instruction that goes elsewhere"
        );
        self.hops = hops;
        self.end = self.code.len().min(at.saturating_add(length));
        run(&self.code[at..self.end], w, last, self.gas, self)
    }

    /// Stops.
    #[inline(always)]
    fn stop(&mut self, stop: Stop, gas: u64, at: usize) -> usize {
        self.stop = stop;
        self.gas = gas;
        at
    }

    /// The place behind the instructions that ran.
    #[inline(always)]
    fn place(&self, end: &End) -> usize {
        self.end.wrapping_sub(end.rest.len()).wrapping_add(end.over)
    }
}

/// Runs instructions one after the other.
#[inline(always)]
fn run(code: &[Step], w: Window, last: u64, gas: u64, env: &mut Env) -> usize {
    match code {
        [first, ..] => MEANINGS[first.op.code as usize](code, w, last, gas, env),
        [] => env.stop(Stop::Pause(last), gas, env.end),
    }
}

/// A block that ends.
struct End<'a> {
    /// The jump that ends it.
    op: &'a Op,
    /// What is behind the instruction that ran.
    rest: &'a [Step],
    /// How much of that ran with it.
    over: usize,
    taken: bool,
}

/// Pays for the block that comes next and goes there.
#[inline(always)]
fn jump(end: End, w: Window, last: u64, gas: u64, env: &mut Env) -> usize {
    let blocks = Blocks::unpack(end.op.imm);
    let cost = if end.taken { blocks.taken } else { blocks.next };
    let Some(gas) = gas.checked_sub(cost.into()) else {
        return env.stop(Stop::Trap(Trap::OutOfGas), gas, env.place(&end));
    };
    let to = usize::from(end.op.c);
    let code = if end.taken {
        env.code.get(to..)
    } else {
        end.rest.get(end.over..)
    };
    match (env.hops.checked_sub(1), code) {
        (Some(hops), Some(code)) => {
            env.hops = hops;
            run(code, w, last, gas, env)
        }
        _ => env.stop(
            Stop::Pause(last),
            gas,
            if end.taken { to } else { env.place(&end) },
        ),
    }
}

/// The value, if there is one.
#[inline(always)]
fn fits<T>(value: Option<T>) -> Result<T, Trap> {
    value.ok_or(Trap::Overflow)
}

/// The divisor, if it is not zero.
#[inline(always)]
fn nonzero<T: Default + PartialEq>(divisor: T) -> Result<T, Trap> {
    if divisor == T::default() {
        Err(Trap::DivisionByZero)
    } else {
        Ok(divisor)
    }
}

/// On to the jump's target on a condition, else on behind it.
#[inline(always)]
fn goto(taken: bool) -> Result<(), Turn> {
    Err(Turn::Jump { over: 0, taken })
}

macro_rules! meanings {
    (|$op:ident, $w:ident, $last:ident, $env:ident| $($($code:path)|+ => $does:expr,)*) => {
        const fn meaning(code: Code) -> Meaning {
            match code {
                $($($code)|+ => {
                    #[allow(unused_mut, unused_variables, reason = "each takes what it needs")]
                    fn does(code: &[Step], mut $w: Window, mut $last: u64, gas: u64, $env: &mut Env) -> usize {
                        let [Step { op: $op, next }, rest @ ..] = code else {
                            return $env.stop(Stop::Pause($last), gas, $env.end);
                        };
                        let mut does = || -> Result<(), Turn> {
                            $does;
                            Ok(())
                        };
                        let end = |over, taken| End { op: $op, rest, over, taken };
                        match does() {
                            Ok(()) => next(rest, $w, $last, gas, $env),
                            Err(Turn::Jump { over, taken: true }) => jump(end(over, true), $w, $last, gas, $env),
                            Err(Turn::Jump { over, taken: false }) => jump(end(over, false), $w, $last, gas, $env),
                            Err(Turn::Stop(stop)) => $env.stop(stop, gas, $env.place(&end(0, false))),
                        }
                    }
                    does
                })*
            }
        }
    };
}

/// The meaning of each instruction, by its code.
const MEANINGS: [Meaning; 256] = {
    let mut meanings = [meaning(Code::Unreachable); 256];
    let mut n = 0;
    while n < Code::ALL.len() {
        meanings[Code::ALL[n] as usize] = meaning(Code::ALL[n]);
        n += 1;
    }
    meanings
};

meanings! { |op, w, last, env|
    Code::ConstU64 | Code::ConstI64 | Code::ConstBool => w.set(op.a, op.imm),
    Code::Const128 => {
        let [low, high, ..] = env.program.wide[op.imm as usize];
        w.set_128(op.a, u128::from(low) | (u128::from(high) << 64))
    },
    Code::Const256 => w.set_256(op.a, env.program.wide[op.imm as usize]),
    Code::Mov64 | Code::MovBytes | Code::BoolToU64 => w.set(op.a, w.get(op.b)),
    Code::Mov128 | Code::FixBits | Code::FixFromBits => w.set_128(op.a, w.get_128(op.b)),
    Code::Mov256 | Code::AddressToHash | Code::HashToAddress => w.set_256(op.a, w.get_256(op.b)),
    Code::Select64 | Code::SelectBytes => w.set(op.a, w.get(if w.bool(op.b) { op.c } else { op.imm as u16 })),
    Code::Select128 => w.set_128(op.a, w.get_128(if w.bool(op.b) { op.c } else { op.imm as u16 })),
    Code::Select256 => w.set_256(op.a, w.get_256(if w.bool(op.b) { op.c } else { op.imm as u16 })),

    Code::AddU64 => last = w.put(op.a, fits(w.get(op.b).checked_add(w.get(op.c)))?),
    Code::AddU64Last => last = w.put(op.a, fits(last.checked_add(w.get(op.c)))?),
    Code::SubU64 => last = w.put(op.a, fits(w.get(op.b).checked_sub(w.get(op.c)))?),
    Code::SubU64Last => last = w.put(op.a, fits(last.checked_sub(w.get(op.c)))?),
    Code::MulU64 => last = w.put(op.a, fits(w.get(op.b).checked_mul(w.get(op.c)))?),
    Code::MulU64Last => last = w.put(op.a, fits(last.checked_mul(w.get(op.c)))?),
    Code::DivU64 => { let c = nonzero(w.get(op.c))?; w.set(op.a, fits(w.get(op.b).checked_div(c))?) },
    Code::DivUpU64 => { let c = nonzero(w.get(op.c))?; w.set(op.a, w.get(op.b).div_ceil(c)) },
    Code::RemU64 => { let c = nonzero(w.get(op.c))?; w.set(op.a, fits(w.get(op.b).checked_rem(c))?) },
    Code::AddImm => last = w.put(op.a, fits(w.get(op.b).checked_add(op.imm))?),
    Code::AddImmLast => last = w.put(op.a, fits(last.checked_add(op.imm))?),
    Code::SubImm => last = w.put(op.a, fits(w.get(op.b).checked_sub(op.imm))?),
    Code::SubImmLast => last = w.put(op.a, fits(last.checked_sub(op.imm))?),
    Code::MulImm => last = w.put(op.a, fits(w.get(op.b).checked_mul(op.imm))?),
    Code::MulImmLast => last = w.put(op.a, fits(last.checked_mul(op.imm))?),
    Code::MulDivDownU64 => {
        let c = nonzero(w.get(op.imm as u16))?;
        last = w.put(op.a, fits(math::mul_div_64(w.get(op.b), w.get(op.c), c, Round::Down))?);
    },
    Code::MulDivUpU64 => {
        let c = nonzero(w.get(op.imm as u16))?;
        last = w.put(op.a, fits(math::mul_div_64(w.get(op.b), w.get(op.c), c, Round::Up))?);
    },
    Code::PowU64 => w.set(op.a, fits(math::pow(w.get(op.b), w.get(op.c)))?),
    Code::MinU64 => w.set(op.a, w.get(op.b).min(w.get(op.c))),
    Code::MaxU64 => w.set(op.a, w.get(op.b).max(w.get(op.c))),
    Code::AndU64 => last = w.put(op.a, w.get(op.b) & w.get(op.c)),
    Code::AndU64Last => last = w.put(op.a, last & w.get(op.c)),
    Code::OrU64 => last = w.put(op.a, w.get(op.b) | w.get(op.c)),
    Code::OrU64Last => last = w.put(op.a, last | w.get(op.c)),
    Code::XorU64 => last = w.put(op.a, w.get(op.b) ^ w.get(op.c)),
    Code::XorU64Last => last = w.put(op.a, last ^ w.get(op.c)),
    Code::NotU64 => w.set(op.a, !w.get(op.b)),
    Code::AndBool => w.set(op.a, w.get(op.b) & w.get(op.c)),
    Code::OrBool => w.set(op.a, w.get(op.b) | w.get(op.c)),
    Code::XorBool => w.set(op.a, w.get(op.b) ^ w.get(op.c)),
    Code::NotBool => w.set(op.a, w.get(op.b) ^ 1),
    Code::ShlU64 => w.set(op.a, fits(math::shl(w.get(op.b).into(), w.get(op.c), 64).map(|n| n as u64))?),
    Code::ShrU64 => w.set(op.a, math::shr(w.get(op.b).into(), w.get(op.c)) as u64),
    Code::AddWrap => last = w.put(op.a, w.get(op.b).wrapping_add(w.get(op.c))),
    Code::AddWrapLast => last = w.put(op.a, last.wrapping_add(w.get(op.c))),
    Code::MulWrap => last = w.put(op.a, w.get(op.b).wrapping_mul(w.get(op.c))),
    Code::MulWrapLast => last = w.put(op.a, last.wrapping_mul(w.get(op.c))),
    Code::LtU64 => w.set(op.a, (w.get(op.b) < w.get(op.c)).into()),
    Code::LeU64 => w.set(op.a, (w.get(op.b) <= w.get(op.c)).into()),
    Code::Eq64 => w.set(op.a, (w.get(op.b) == w.get(op.c)).into()),
    Code::Ne64 => w.set(op.a, (w.get(op.b) != w.get(op.c)).into()),

    Code::AddI64 => w.set_i64(op.a, fits(w.i64(op.b).checked_add(w.i64(op.c)))?),
    Code::SubI64 => w.set_i64(op.a, fits(w.i64(op.b).checked_sub(w.i64(op.c)))?),
    Code::MulI64 => w.set_i64(op.a, fits(w.i64(op.b).checked_mul(w.i64(op.c)))?),
    Code::DivI64 => { let c = nonzero(w.i64(op.c))?; w.set_i64(op.a, fits(w.i64(op.b).checked_div(c))?) },
    Code::RemI64 => { let c = nonzero(w.i64(op.c))?; w.set_i64(op.a, fits(w.i64(op.b).checked_rem(c))?) },
    Code::NegI64 => w.set_i64(op.a, fits(w.i64(op.b).checked_neg())?),
    Code::LtI64 => w.set(op.a, (w.i64(op.b) < w.i64(op.c)).into()),
    Code::LeI64 => w.set(op.a, (w.i64(op.b) <= w.i64(op.c)).into()),

    Code::AddU128 | Code::AddFix => w.set_128(op.a, fits(w.get_128(op.b).checked_add(w.get_128(op.c)))?),
    Code::SubU128 | Code::SubFix => w.set_128(op.a, fits(w.get_128(op.b).checked_sub(w.get_128(op.c)))?),
    Code::MulU128 => w.set_128(op.a, fits(w.get_128(op.b).checked_mul(w.get_128(op.c)))?),
    Code::MulWide => w.set_128(op.a, u128::from(w.get(op.b)).wrapping_mul(w.get(op.c).into())),
    Code::DivU128 => { let c = nonzero(w.get_128(op.c))?; w.set_128(op.a, fits(math::div(w.get_128(op.b), c, Round::Down))?) },
    Code::DivUpU128 => { let c = nonzero(w.get_128(op.c))?; w.set_128(op.a, fits(math::div(w.get_128(op.b), c, Round::Up))?) },
    Code::RemU128 => { let c = nonzero(w.get_128(op.c))?; w.set_128(op.a, fits(w.get_128(op.b).checked_rem(c))?) },
    Code::MulDivDownU128 => {
        let c = nonzero(w.get_128(op.imm as u16))?;
        w.set_128(op.a, fits(math::mul_div(w.get_128(op.b), w.get_128(op.c), c, Round::Down))?);
    },
    Code::MulDivUpU128 => {
        let c = nonzero(w.get_128(op.imm as u16))?;
        w.set_128(op.a, fits(math::mul_div(w.get_128(op.b), w.get_128(op.c), c, Round::Up))?);
    },
    Code::SqrtDownU128 => w.set_128(op.a, math::sqrt(w.get_128(op.b), Round::Down)),
    Code::SqrtUpU128 => w.set_128(op.a, math::sqrt(w.get_128(op.b), Round::Up)),
    Code::MinU128 | Code::MinFix => w.set_128(op.a, w.get_128(op.b).min(w.get_128(op.c))),
    Code::MaxU128 | Code::MaxFix => w.set_128(op.a, w.get_128(op.b).max(w.get_128(op.c))),
    Code::ShlU128 => w.set_128(op.a, fits(math::shl(w.get_128(op.b), w.get(op.c), 128))?),
    Code::ShrU128 => w.set_128(op.a, math::shr(w.get_128(op.b), w.get(op.c))),
    Code::LtU128 | Code::LtFix => w.set(op.a, (w.get_128(op.b) < w.get_128(op.c)).into()),
    Code::LeU128 | Code::LeFix => w.set(op.a, (w.get_128(op.b) <= w.get_128(op.c)).into()),
    Code::Eq128 => w.set(op.a, (w.get_128(op.b) == w.get_128(op.c)).into()),
    Code::Ne128 => w.set(op.a, (w.get_128(op.b) != w.get_128(op.c)).into()),

    Code::MulDownFix => w.set_128(op.a, fits(math::mul_fix(w.get_128(op.b), w.get_128(op.c), Round::Down))?),
    Code::MulUpFix => w.set_128(op.a, fits(math::mul_fix(w.get_128(op.b), w.get_128(op.c), Round::Up))?),
    Code::DivDownFix => { let c = nonzero(w.get_128(op.c))?; w.set_128(op.a, fits(math::div_fix(w.get_128(op.b), c, Round::Down))?) },
    Code::DivUpFix => { let c = nonzero(w.get_128(op.c))?; w.set_128(op.a, fits(math::div_fix(w.get_128(op.b), c, Round::Up))?) },
    Code::PowDownFix => w.set_128(op.a, fits(math::pow_fix(w.get_128(op.b), w.get(op.c), Round::Down))?),
    Code::PowUpFix => w.set_128(op.a, fits(math::pow_fix(w.get_128(op.b), w.get(op.c), Round::Up))?),
    Code::SqrtDownFix => w.set_128(op.a, math::sqrt_fix(w.get_128(op.b), Round::Down)),
    Code::SqrtUpFix => w.set_128(op.a, math::sqrt_fix(w.get_128(op.b), Round::Up)),
    Code::ScaleDown => last = w.put(op.a, fits(math::scale(w.get(op.b), w.get_128(op.c), Round::Down))?),
    Code::ScaleUp => last = w.put(op.a, fits(math::scale(w.get(op.b), w.get_128(op.c), Round::Up))?),
    Code::UnscaleDown => { let c = nonzero(w.get_128(op.c))?; w.set(op.a, fits(math::unscale(w.get(op.b), c, Round::Down))?) },
    Code::UnscaleUp => { let c = nonzero(w.get_128(op.c))?; w.set(op.a, fits(math::unscale(w.get(op.b), c, Round::Up))?) },
    Code::RatioDown => { let c = nonzero(w.get(op.c))?; w.set_128(op.a, fits(math::div(u128::from(w.get(op.b)) << 64, c.into(), Round::Down))?) },
    Code::RatioUp => { let c = nonzero(w.get(op.c))?; w.set_128(op.a, fits(math::div(u128::from(w.get(op.b)) << 64, c.into(), Round::Up))?) },

    Code::Widen => w.set_128(op.a, w.get(op.b).into()),
    Code::Narrow => w.set(op.a, fits(u64::try_from(w.get_128(op.b)).ok())?),
    Code::U64ToI64 => w.set_i64(op.a, fits(i64::try_from(w.get(op.b)).ok())?),
    Code::I64ToU64 => w.set(op.a, fits(u64::try_from(w.i64(op.b)).ok())?),
    Code::U64ToFix => w.set_128(op.a, u128::from(w.get(op.b)) << 64),
    Code::FloorFix => w.set(op.a, (w.get_128(op.b) >> 64) as u64),
    Code::CeilFix => w.set(op.a, fits(math::scale(1, w.get_128(op.b), Round::Up))?),

    Code::Eq256 => w.set(op.a, w.same_256(op.b, op.c).into()),
    Code::Ne256 => w.set(op.a, (!w.same_256(op.b, op.c)).into()),
    Code::LenBytes => w.set(op.a, length_of(w.get(op.b))),
    Code::Lt256 => w.set(op.a, (w.get_256(op.b) < w.get_256(op.c)).into()),

    Code::Jump => goto(true)?,
    Code::JumpIf => goto(w.bool(op.a))?,
    Code::JumpUnless => goto(!w.bool(op.a))?,
    Code::JumpEq => goto(w.get(op.a) == w.get(op.b))?,
    Code::JumpNe => goto(w.get(op.a) != w.get(op.b))?,
    Code::JumpLt => goto(w.get(op.a) < w.get(op.b))?,
    Code::AddImmJumpLt => {
        let count = w.put(op.a, fits(w.get(op.a).checked_add(op.step.into()))?);
        Err(Turn::Jump { over: 1, taken: count < w.get(op.b) })?
    },
    Code::JumpLe => goto(w.get(op.a) <= w.get(op.b))?,
    Code::JumpEqImm => goto(w.get(op.a) == op.b.into())?,
    Code::JumpNeImm => goto(w.get(op.a) != op.b.into())?,
    Code::JumpLtImm => goto(w.get(op.a) < op.b.into())?,
    Code::JumpGeImm => goto(w.get(op.a) >= op.b.into())?,
    Code::Call => Err(Turn::Stop(Stop::Call))?,
    Code::Ret => Err(Turn::Stop(Stop::Ret))?,
    Code::Require => if !w.bool(op.a) { Err(Trap::Revert(op.imm as u16))? },
    Code::Revert => Err(Trap::Revert(op.imm as u16))?,
    Code::Unreachable => Err(Trap::Unreachable)?,
    Code::CallProgram | Code::ViewProgram => Err(Turn::Stop(Stop::Leave))?,

    Code::ConstBytes | Code::EqBytes | Code::NeBytes | Code::AtBytes | Code::Concat
    | Code::Slice | Code::Pack | Code::Sha256 | Code::Sha256Pair | Code::Load | Code::Store
    | Code::MapGet | Code::MapSet | Code::MapHas | Code::MapRemove | Code::SelfAddress
    | Code::Caller | Code::Payment | Code::Height | Code::Time | Code::Balance | Code::Transfer
    | Code::Emit => env.world.execute(op, &mut w, env.program)?,
}
