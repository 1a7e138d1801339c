//! The machine: runs calls of verified programs on a [`Host`], and answers with what they change.
//!
//! ```text
//!  Call ─▶ enter ─▶ run ─┬─ returned ─▶ invariants, one after the other ─▶ leave ─▶ Success { results, effects }
//!             ▲          ├─ leaves ───▶ another program: enter again, one deeper
//!             └──────────┘
//!                        └─ trapped ──▶ Fault: no effects
//! ```
//!
//! Programs that are being called are a list of [`Activation`]s, functions inside a program a list of frames: nothing that a
//! program does deepens the native stack.

mod activation;
mod math;
mod meaning;
mod memory;
mod run;
mod window;
mod world;

use std::{fmt, sync::Arc};

use activation::{Activation, Resume, Stage};
pub(crate) use meaning::Threaded;
use memory::{Memory, Unread};
use run::{Core, Exit, Trace, Untraced};
use window::Window;
pub(crate) use window::words_of;
use world::{Scene, World, address};

use crate::{
    Address, DecodeError, Effects, Fault, Host, Instr, Kind, Selector, Trap, Value, Verified, isa::Code,
    limits::MAX_CALL_DEPTH, verify::Op,
};

/// A quantity of gas: ten are one simple instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "borsh", derive(borsh::BorshSerialize, borsh::BorshDeserialize))]
pub struct Gas(pub u64);

/// A call of a program from outside.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The program.
    pub program: Address,
    /// Its function.
    pub entrance: Entrance<'a>,
    /// Who calls.
    pub caller: Address,
    /// What comes with the call, in base units.
    pub payment: u64,
    /// The encoding of the arguments: [`crate::encode_values`].
    pub args: &'a [u8],
    /// The most gas that the call may use.
    pub gas: Gas,
}

/// The function that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance<'a> {
    /// The constructor. Whoever deploys calls it, once.
    Init,
    /// An entry, by name.
    Entry(&'a str),
    /// A view, by name.
    View(&'a str),
}

impl fmt::Display for Entrance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("init"),
            Self::Entry(name) => write!(f, "entry {name}"),
            Self::View(name) => write!(f, "view {name}"),
        }
    }
}

/// What became of a call that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The gas that it used.
    pub gas_used: Gas,
    /// Results and effects, or why there are none.
    pub result: Result<Success, Fault>,
}

/// What a successful call returns and changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Success {
    /// The function's results.
    pub results: Vec<Value>,
    /// What it changes. Of a view, nothing.
    pub effects: Effects,
}

/// Why a call cannot be carried out. It costs no gas.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no program at the address.
    #[error("no program at {address}")]
    NoSuchProgram {
        /// The address.
        address: Address,
    },
    /// The program has no such constructor, entry or view.
    #[error("no {entrance}")]
    NoSuchFunction {
        /// What was called.
        entrance: String,
    },
    /// The arguments are not of the function's types.
    #[error("arguments: {0}")]
    Arguments(#[from] DecodeError),
}

/// The machine. It keeps its memory between calls; nothing else carries over.
#[derive(Debug, Default)]
pub struct Machine {
    core: Core,
    memory: Memory,
    chain: Vec<Activation>,
    results: Vec<u64>,
}

/// An instruction that is about to run.
pub struct Step<'a> {
    /// The program.
    pub program: Address,
    /// How many programs are in the chain of calls.
    pub depth: usize,
    /// The function, by index.
    pub function: u16,
    /// The instruction, by index in the function.
    pub pc: u16,
    /// The instruction.
    pub instr: &'a Instr,
    /// Gas left: what the whole block costs is paid.
    pub gas: Gas,
    code: &'a Verified,
    window: &'a Window<'a>,
    memory: &'a Memory,
}

impl Step<'_> {
    /// The value of a register of the running function.
    pub fn register(&self, register: usize) -> Option<Value> {
        let function = &self.code.program().functions[usize::from(self.function)];
        let ty = function.register_types().nth(register)?;
        let word = self.code.word(self.function, register)?;
        Some(self.memory.value(ty, self.window.at(word)))
    }
}

/// Tells a function of every step.
struct Tracer<'f, F> {
    each: &'f mut F,
    code: Arc<Verified>,
    depth: usize,
}

impl<F: FnMut(&Step)> Trace for Tracer<'_, F> {
    const ON: bool = true;

    fn step(&mut self, pc: usize, gas: u64, window: &Window, world: &World) {
        let (function, pc) = self.code.place(pc);
        (self.each)(&Step {
            program: world.scene.program,
            depth: self.depth,
            function,
            pc,
            instr: self.code.instr(function, pc),
            gas: Gas(gas),
            code: &self.code,
            window,
            memory: world.memory,
        });
    }
}

/// How a loop is run: traced or not.
trait Runner {
    fn run(&mut self, core: &mut Core, world: &mut World, running: &Activation, depth: usize) -> Exit;
}

struct Plain;

impl Runner for Plain {
    fn run(&mut self, core: &mut Core, world: &mut World, running: &Activation, _: usize) -> Exit {
        core.run(&running.code, world, running.bottom, &mut Untraced)
    }
}

struct Traced<F>(F);

impl<F: FnMut(&Step)> Runner for Traced<F> {
    fn run(&mut self, core: &mut Core, world: &mut World, running: &Activation, depth: usize) -> Exit {
        let mut tracer = Tracer {
            each: &mut self.0,
            code: running.code.clone(),
            depth,
        };
        core.run(&running.code, world, running.bottom, &mut tracer)
    }
}

impl Machine {
    /// A machine.
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out a call.
    pub fn call(&mut self, host: &dyn Host, call: &Call) -> Result<Outcome, CallError> {
        self.call_with(host, call, &mut Plain)
    }

    /// Carries out a call and shows every instruction before it runs.
    pub fn trace(
        &mut self,
        host: &dyn Host,
        call: &Call,
        each: impl FnMut(&Step),
    ) -> Result<Outcome, CallError> {
        self.call_with(host, call, &mut Traced(each))
    }

    fn call_with(
        &mut self,
        host: &dyn Host,
        call: &Call,
        runner: &mut dyn Runner,
    ) -> Result<Outcome, CallError> {
        let (code, function) = find(host, call)?;
        self.core.gas = call.gas.0;
        self.core.returns.clear();
        self.memory.clear();
        let mut window = Window::new(&mut self.core.stack, 0);
        let params = &code.params[usize::from(function)];
        match self.memory.decode(params, call.args, window.at_mut(0)) {
            Ok(()) => {}
            Err(Unread::Malformed(error)) => return Err(error.into()),
            Err(Unread::Full(_)) => unreachable!("the memory is larger than sixteen byte strings"),
        }
        let mut execution = Execution {
            core: &mut self.core,
            world: World {
                host,
                memory: &mut self.memory,
                effects: Effects::default(),
                scene: Scene::default(),
            },
            chain: &mut self.chain,
            results: &mut self.results,
        };
        let result = execution.execute(code, function, call, runner);
        execution.chain.clear();
        let left = match &result {
            Err(fault) if fault.trap == Trap::OutOfGas => 0,
            _ => execution.core.gas,
        };
        Ok(Outcome {
            gas_used: Gas(call.gas.0.saturating_sub(left)),
            result,
        })
    }
}

fn find(host: &dyn Host, call: &Call) -> Result<(Arc<Verified>, u16), CallError> {
    let address = call.program;
    let code = host
        .program(&address)
        .ok_or(CallError::NoSuchProgram { address })?;
    let named = |name: &str, right: fn(Kind) -> bool| {
        let index = code.program().function(name)?;
        right(code.program().functions[usize::from(index)].kind).then_some(index)
    };
    let function = match call.entrance {
        Entrance::Init => code.init(),
        Entrance::Entry(name) => named(name, |kind| matches!(kind, Kind::Entry { .. })),
        Entrance::View(name) => named(name, |kind| kind == Kind::View),
    };
    let function = function.ok_or_else(|| CallError::NoSuchFunction {
        entrance: call.entrance.to_string(),
    })?;
    Ok((code, function))
}

/// A call while it is carried out.
struct Execution<'a> {
    core: &'a mut Core,
    world: World<'a>,
    /// The programs in the chain of calls, the running one last.
    chain: &'a mut Vec<Activation>,
    /// Results of the running program's function while its invariants run, which call no other program.
    results: &'a mut Vec<u64>,
}

impl Execution<'_> {
    fn execute(
        &mut self,
        code: Arc<Verified>,
        function: u16,
        call: &Call,
        runner: &mut dyn Runner,
    ) -> Result<Success, Fault> {
        let scene = Scene {
            program: call.program,
            caller: call.caller,
            payment: call.payment,
        };
        let first = Activation::new(code, function, scene, 0, 0);
        // Until the function begins, a fault is one of its first instruction.
        self.core.pc = first.first(function).wrapping_add(1);
        let admitted = self.admit(&first);
        self.chain.push(first);
        admitted
            .and_then(|()| self.enter())
            .map_err(|trap| self.fault(trap))?;
        let results = self.drive(runner)?;
        Ok(Success {
            results,
            effects: std::mem::take(&mut self.world.effects),
        })
    }

    /// Runs until the first program of the chain is done.
    fn drive(&mut self, runner: &mut dyn Runner) -> Result<Vec<Value>, Fault> {
        loop {
            let depth = self.chain.len();
            let running = self.chain.last().expect("the chain ends with the first program");
            let done = match runner.run(self.core, &mut self.world, running, depth) {
                Exit::Returned(at) => self.returned(at),
                Exit::Leaves(op) => self.leave(&op).map(|()| None),
                Exit::Trapped(trap) => Err(trap),
            };
            match done {
                Ok(None) => {}
                Ok(Some(results)) => return Ok(results),
                Err(trap) => return Err(self.fault(trap)),
            }
        }
    }

    fn fault(&self, trap: Trap) -> Fault {
        let running = self.chain.last().expect("a trap happens in a program");
        let (function, pc) = running.code.place(self.core.pc.saturating_sub(1));
        Fault {
            trap,
            program: running.scene.program,
            function,
            pc,
        }
    }

    /// Moves the payment of a call that is about to begin.
    fn admit(&mut self, next: &Activation) -> Result<(), Trap> {
        let function = &next.code.program().functions[usize::from(next.function)];
        let Scene {
            program,
            caller,
            payment,
        } = next.scene;
        if payment > 0 && !function.kind.is_payable() {
            return Err(Trap::NotPayable);
        }
        self.world.pay(caller, program, payment)
    }

    /// Begins the function of the last activation. Its arguments are in place.
    fn enter(&mut self) -> Result<(), Trap> {
        let running = self.chain.last().expect("just pushed");
        self.world.scene = running.scene;
        self.begin(running.function)
    }

    /// Pays for a function of the running program and clears its registers behind the parameters.
    fn begin(&mut self, function: u16) -> Result<(), Trap> {
        let running = self.chain.last().expect("just pushed");
        let frame = running.code.frames[usize::from(function)];
        let cost = running.code.enter_gas(function).saturating_add(frame.gas.into());
        let core = &mut *self.core;
        // A fault here is one of the function's first instruction.
        core.pc = running.first(function).wrapping_add(1);
        core.gas = core.gas.checked_sub(cost).ok_or(Trap::OutOfGas)?;
        core.pc = running.first(function);
        let end = running.base.saturating_add(frame.words.into());
        core.stack[running.base.saturating_add(frame.params.into())..end].fill(0);
        (core.base, core.top) = (running.base, end);
        Ok(())
    }

    /// What comes after the function that was entered: invariants, the calling program, or the end.
    fn returned(&mut self, at: u16) -> Result<Option<Vec<Value>>, Trap> {
        let running = self.chain.last_mut().expect("a program returned");
        let window = Window::new(&mut self.core.stack, self.core.base);
        let next = match running.stage {
            Stage::Body => {
                let words = running.code.frames[usize::from(running.function)].results;
                self.results.clear();
                self.results.extend(&window.at(at)[..words.into()]);
                0
            }
            Stage::Invariant(n) if window.bool(at) => n.wrapping_add(1),
            Stage::Invariant(n) => return Err(Trap::InvariantViolated(running.code.invariants[n])),
        };
        if let Some(invariant) = running.invariant(next) {
            running.stage = Stage::Invariant(next);
            // What an invariant finds true does not depend on who called.
            self.world.scene.caller = Address::default();
            self.world.scene.payment = 0;
            self.begin(invariant)?;
            return Ok(None);
        }
        let done = self.chain.pop().expect("a program returned");
        match self.chain.last() {
            None => Ok(Some(done.values(self.world.memory, self.results))),
            Some(caller) => {
                self.world.scene = caller.scene;
                let resume = done.resume;
                (self.core.pc, self.core.base, self.core.top) = (resume.pc, resume.base, resume.top);
                let mut window = Window::new(&mut self.core.stack, self.core.base);
                window.at_mut(resume.results)[..self.results.len()].copy_from_slice(self.results);
                Ok(None)
            }
        }
    }

    /// Calls another program.
    fn leave(&mut self, op: &Op) -> Result<(), Trap> {
        let running = self.chain.last().expect("a program calls");
        let (payment_at, args_at, results_at, interface) = operands(op);
        let window = Window::new(&mut self.core.stack, self.core.base);
        let payment = payment_at.map_or(0, |word| window.get(word));
        let program = address(&window, op.a);
        if self.chain.iter().any(|active| active.scene.program == program) {
            return Err(Trap::Reentrancy);
        }
        if self.chain.len() >= MAX_CALL_DEPTH {
            return Err(Trap::TooDeep);
        }
        let code = self.world.host.program(&program).ok_or(Trap::NoSuchProgram)?;
        let selector: Selector = running.code.interfaces[interface];
        let function = code.export(selector).ok_or(Trap::NoSuchEntry)?;
        let caller = running.scene.program;
        let scene = Scene {
            program,
            caller,
            payment,
        };
        let base = self.core.top;
        let from = self.core.base.saturating_add(args_at.into());
        let params = usize::from(code.frames[usize::from(function)].params);
        let mut next = Activation::new(code, function, scene, base, self.core.returns.len());
        next.resume = Resume {
            pc: self.core.pc,
            base: self.core.base,
            top: self.core.top,
            results: results_at,
        };
        self.core
            .stack
            .copy_within(from..from.saturating_add(params), base);
        self.admit(&next)?;
        self.chain.push(next);
        self.enter()
    }
}

/// Payment, arguments, results and interface of an instruction that calls a program.
fn operands(op: &Op) -> (Option<u16>, u16, u16, usize) {
    match op.code {
        Code::CallProgram => (Some(op.b), op.c, op.imm as u16, (op.imm >> 16) as usize),
        _ => (None, op.b, op.c, op.imm as usize),
    }
}
