//! A world with programs and accounts.

#![allow(dead_code, reason = "each test uses what it needs")]

pub mod generate;
pub mod trial;

use std::sync::Arc;

use curvevm::{
    Address, Call, CallError, Entrance, Fault, Gas, Machine, MemoryHost, Outcome, Program, Success, Trap,
    Value, Verified, encode_values,
};

/// Gas that is enough for everything but endless loops.
pub const PLENTY: Gas = Gas(1_000_000_000);
/// The account that calls.
pub const ALICE: Address = Address::new([0xa1; 32]);

/// A program of `tests/programs`, verified.
pub fn program(name: &str) -> Arc<Verified> {
    let path = format!("{}/tests/programs/{name}.casm", env!("CARGO_MANIFEST_DIR"));
    assembled(&std::fs::read_to_string(path).unwrap())
}

/// A program from its text, verified.
pub fn assembled(text: &str) -> Arc<Verified> {
    let program = Program::assemble(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Arc::new(program.verify().unwrap_or_else(|error| panic!("{error}\n{text}")))
}

/// A call of an entry by [`ALICE`], without payment.
pub struct Entry {
    pub program: Address,
    pub name: String,
    pub args: Vec<u8>,
    pub payment: u64,
    pub gas: Gas,
}

pub fn entry(program: Address, name: &str, args: &[Value]) -> Entry {
    Entry {
        program,
        name: name.to_owned(),
        args: encode_values(args),
        payment: 0,
        gas: PLENTY,
    }
}

/// The state and a machine.
pub struct World {
    pub host: MemoryHost,
    pub machine: Machine,
}

impl World {
    pub fn new() -> Self {
        let host = MemoryHost {
            height: 7,
            time_ms: 1_700_000_000_000,
            balances: [(ALICE, 1_000_000)].into(),
            ..MemoryHost::default()
        };
        Self {
            host,
            machine: Machine::new(),
        }
    }

    /// Puts a program at the next address.
    pub fn deploy(&mut self, program: Arc<Verified>) -> Address {
        let mut bytes = [0xc0; 32];
        bytes[31] = u8::try_from(self.host.programs.len()).unwrap();
        let address = Address::new(bytes);
        self.host.programs.insert(address, program);
        address
    }

    /// Deploys a text.
    pub fn deploy_text(&mut self, text: &str) -> Address {
        self.deploy(assembled(text))
    }

    pub fn outcome(&mut self, call: &Entry) -> Result<Outcome, CallError> {
        let call = Call {
            program: call.program,
            entrance: Entrance::Entry(&call.name),
            caller: ALICE,
            payment: call.payment,
            args: &call.args,
            gas: call.gas,
        };
        self.machine.call(&self.host, &call)
    }

    /// Calls an entry and keeps what it changes.
    pub fn call(&mut self, call: &Entry) -> Result<Success, Fault> {
        let success = self.outcome(call).unwrap().result?;
        self.host.apply(&success.effects);
        Ok(success)
    }

    /// The trap of a call that has to trap.
    pub fn trap(&mut self, call: &Entry) -> Trap {
        self.outcome(call).unwrap().result.unwrap_err().trap
    }

    /// Asks a view.
    pub fn view(&mut self, program: Address, name: &str, args: &[Value]) -> Result<Vec<Value>, Fault> {
        let call = Call {
            program,
            entrance: Entrance::View(name),
            caller: ALICE,
            payment: 0,
            args: &encode_values(args),
            gas: PLENTY,
        };
        let success = self.machine.call(&self.host, &call).unwrap().result?;
        assert_eq!(success.effects, curvevm::Effects::default());
        Ok(success.results)
    }
}
