//! A ledger with one program on it.

use std::collections::BTreeMap;

use super::{
    Failure, World,
    eval::{Eval, Flow},
};
use crate::{
    hir::{EventId, FnId, Program, SlotId},
    syntax::ast::FunctionKind,
    types::Type,
    value::Value,
};

/// Something that a program announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which event.
    pub event: EventId,
    /// Its fields in order.
    pub fields: Vec<Value>,
}

/// What a successful call gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was returned.
    pub value: Value,
    /// What was announced.
    pub events: Vec<Event>,
}

/// The ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The program's address.
    pub own: [u8; 32],
    /// What everybody owns.
    pub balances: BTreeMap<[u8; 32], u64>,
    /// What the program stored.
    pub state: BTreeMap<(SlotId, Option<Value>), Value>,
    /// The block's time in milliseconds.
    pub now: u64,
    /// The block's height.
    pub height: u64,
    events: Vec<Event>,
}

impl Chain {
    /// An empty ledger.
    pub const fn new(own: [u8; 32], now: u64, height: u64) -> Self {
        Self {
            own,
            balances: BTreeMap::new(),
            state: BTreeMap::new(),
            now,
            height,
            events: Vec::new(),
        }
    }

    /// A transaction: all of it happens, or nothing.
    pub fn transact(
        &mut self,
        program: &Program,
        function: FnId,
        args: Vec<Value>,
        caller: [u8; 32],
        payment: u64,
        steps: u64,
    ) -> Result<Outcome, Failure> {
        let before = self.clone();
        let result = self.run(program, function, args, caller, payment, steps);
        if result.is_err() {
            *self = before;
        }
        result
    }

    fn run(
        &mut self,
        program: &Program,
        id: FnId,
        args: Vec<Value>,
        caller: [u8; 32],
        payment: u64,
        steps: u64,
    ) -> Result<Outcome, Failure> {
        let function = &program.functions[id.index()];
        if payment > 0 && !function.payable {
            return Err(Failure::NotPayable);
        }
        self.pay(caller, self.own, payment)?;
        self.events.clear();
        let mut eval = Eval::new(program, self, 0, steps);
        eval.caller = caller;
        eval.payment = payment;
        let value = eval.call(id, args).map_err(failure)?;
        if function.payable && eval.payment > 0 {
            return Err(Failure::Error(Program::UNSPENT));
        }
        if function.kind != FunctionKind::View {
            self.check_invariants(program, steps)?;
        }
        Ok(Outcome {
            value: whole(program, &function.result, value),
            events: std::mem::take(&mut self.events),
        })
    }

    fn check_invariants(&mut self, program: &Program, steps: u64) -> Result<(), Failure> {
        for (at, invariant) in program.invariants.iter().enumerate() {
            let mut eval = Eval::new(program, self, invariant.locals.len(), steps);
            if !eval.truth(&invariant.condition).map_err(failure)? {
                return Err(Failure::Invariant(at));
            }
        }
        Ok(())
    }

    fn pay(&mut self, from: [u8; 32], to: [u8; 32], amount: u64) -> Result<(), Failure> {
        let held = self.balance(&from);
        let rest = held.checked_sub(amount).ok_or(Failure::Balance)?;
        self.balances.insert(from, rest);
        let sum = self.balance(&to).checked_add(amount).ok_or(Failure::Overflow)?;
        self.balances.insert(to, sum);
        self.balances.retain(|_, amount| *amount > 0);
        Ok(())
    }
}

/// Functions without a result return nothing.
fn whole(_: &Program, ty: &Type, value: Value) -> Value {
    if *ty == Type::Nothing {
        Value::Nothing
    } else {
        value
    }
}

fn failure(flow: Flow) -> Failure {
    match flow {
        Flow::Fail(failure) => failure,
        // The checker lets nothing of this through.
        Flow::Break | Flow::Return(_) | Flow::Impossible => Failure::Steps,
    }
}

impl World for Chain {
    fn read(&self, slot: SlotId, key: Option<&Value>) -> Option<Value> {
        self.state.get(&(slot, key.cloned())).cloned()
    }

    fn write(&mut self, slot: SlotId, key: Option<Value>, value: Value) {
        self.state.insert((slot, key), value);
    }

    fn balance(&self, address: &[u8; 32]) -> u64 {
        self.balances.get(address).copied().unwrap_or(0)
    }

    fn transfer(&mut self, to: [u8; 32], amount: u64) -> Result<(), Failure> {
        self.pay(self.own, to, amount)
    }

    fn emit(&mut self, event: EventId, fields: Vec<Value>) {
        self.events.push(Event { event, fields });
    }

    fn own(&self) -> [u8; 32] {
        self.own
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn height(&self) -> u64 {
        self.height
    }
}
