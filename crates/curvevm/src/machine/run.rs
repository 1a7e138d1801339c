//! The interpreter's loop.
//!
//! [`Core::run`] keeps the frames, [`straight`] runs one of them until control leaves it, [`super::meaning`] says what the
//! instructions do. What reaches beyond the registers is in [`World::execute`].

use super::{
    meaning::{CHAIN, Env, Stop},
    window::{STACK_WORDS, Window},
    world::World,
};
use crate::{Trap, Verified, verify::Op};

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
            let stop = straight(program, window, &mut self.pc, &mut self.gas, world, trace);
            let op = &program.plain.steps[self.pc.wrapping_sub(1)].op;
            match stop {
                Stop::Ret if self.returns.len() == bottom => return Exit::Returned(op.a),
                Stop::Ret => self.ret(op),
                Stop::Leave => return Exit::Leaves(*op),
                Stop::Trap(trap) => return Exit::Trapped(trap),
                Stop::Call => {
                    if let Err(trap) = self.call(program, op) {
                        return Exit::Trapped(trap);
                    }
                }
                Stop::Pause(_) => {}
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
    mut w: Window,
    pc: &mut usize,
    gas: &mut u64,
    world: &mut World,
    trace: &mut T,
) -> Stop {
    let code = if T::ON { &program.plain } else { &program.code };
    let (length, hops) = match code.hops {
        _ if T::ON => (1, 0),
        0 => (CHAIN, 0),
        hops => (code.steps.len(), hops),
    };
    let (mut at, mut last) = (*pc, 0);
    let mut env = Env::new(program, &code.steps, world, *gas);
    loop {
        if T::ON {
            trace.step(at, env.gas, &w, env.world);
        }
        at = env.chain(at, length, hops, w.again(), last);
        match env.stop {
            Stop::Pause(result) => last = result,
            stop => {
                (*pc, *gas) = (at, env.gas);
                return stop;
            }
        }
    }
}
