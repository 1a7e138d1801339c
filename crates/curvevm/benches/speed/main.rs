//! How fast the interpreter is: whole loops beside the same in native Rust, and each instruction beside its gas.
//!
//! `cargo bench -p curvevm` prints both tables. Times are of the processor, the best of several runs: what else the machine
//! does only adds.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::arithmetic_side_effects,
    reason = "a bench reads the clock, and its numbers are small"
)]

mod instructions;
mod loops;

use std::{
    hint::black_box,
    sync::{Arc, LazyLock},
    time::Instant,
};

use curvevm::{Address, Call, Entrance, Gas, Machine, MemoryHost, Program, Value, Verified, encode_values};

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

/// Nanoseconds that this process had a processor, where the system tells; else the time.
fn now() -> f64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let scheduled = std::fs::read_to_string("/proc/self/schedstat").ok();
    let busy = scheduled.and_then(|text| text.split(' ').next()?.parse().ok());
    busy.unwrap_or_else(|| START.elapsed().as_secs_f64() * 1e9)
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
        let results = outcome.result.expect("the bench does not trap").results;
        (results.into_iter().next(), outcome.gas_used.0)
    }
}
