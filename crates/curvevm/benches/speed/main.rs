//! How fast the interpreter is: whole loops beside the same in native Rust, and each instruction beside its gas.
//!
//! `cargo bench -p curvevm` prints both tables. Times are of the processor, the best of several runs: what else the machine
//! does only adds.

#![allow(clippy::arithmetic_side_effects, reason = "numbers here are small")]

mod instructions;
mod loops;

use std::{hint::black_box, sync::Arc};

use curvevm::{Address, Call, Entrance, Gas, Machine, MemoryHost, Program, Value, Verified, encode_values};
use nix::time::{ClockId, clock_gettime};

/// Runs of which the best counts.
const RUNS: usize = 7;

fn main() {
    println!("{}", loops::table());
    println!("{}", instructions::table());
}

/// Nanoseconds of the fastest run.
fn best(mut run: impl FnMut()) -> f64 {
    let once = |run: &mut dyn FnMut()| {
        let start = now();
        run();
        now() - start
    };
    (0..RUNS).map(|_| once(&mut run)).fold(f64::INFINITY, f64::min)
}

/// Nanoseconds that this process had a processor.
fn now() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("every process has this clock");
    time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
}

/// A world with one program, and a machine.
struct Bench {
    host: MemoryHost,
    machine: Machine,
}

const PROGRAM: Address = Address::new([1; 32]);
const CALLER: Address = Address::new([2; 32]);

impl Bench {
    fn new(text: &str) -> Self {
        let program = Program::assemble(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let verified = program.verify().unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut host = MemoryHost::default();
        host.programs.insert(PROGRAM, Arc::<Verified>::new(verified));
        host.balances.insert(PROGRAM, u64::MAX / 2);
        Self {
            host,
            machine: Machine::new(),
        }
    }

    /// Calls the entry `run`; returns its first result and the gas.
    fn call(&mut self, args: &[Value]) -> (Option<Value>, u64) {
        let call = Call {
            program: PROGRAM,
            entrance: Entrance::Entry("run"),
            caller: CALLER,
            payment: 0,
            args: &encode_values(args),
            gas: Gas(u64::MAX),
        };
        let outcome = self
            .machine
            .call(&self.host, black_box(&call))
            .expect("the call is well formed");
        let instr = |fault: &curvevm::Fault| {
            let code = self.host.programs[&PROGRAM].program();
            code.functions[usize::from(fault.function)].code[usize::from(fault.pc)]
        };
        let results = outcome
            .result
            .unwrap_or_else(|fault| panic!("{fault}: {:?}", instr(&fault)))
            .results;
        (results.into_iter().next(), outcome.gas_used.0)
    }
}
