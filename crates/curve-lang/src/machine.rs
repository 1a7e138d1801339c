//! A ledger whose program is the compiled one, run by CurveVM.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use curvevm::{
    Address, Call, CallError, Entrance, Fault, Gas, Machine, MemoryHost, Step, Success, Trap, Verified,
};

use crate::{
    hir::{ErrorId, EventId, FnId, Function, Program, SlotId},
    ir::layout,
    reference::{Event, Failure, Ledger, Outcome, State, Transaction, World},
    syntax::ast::FunctionKind,
    value::Value,
};

/// Most gas of one transaction, unless a ledger says otherwise.
pub const MAX_GAS: Gas = Gas(10_000_000_000);

/// A CurveVM with one program on its ledger.
#[derive(Clone)]
pub struct MachineLedger<'a> {
    program: &'a Program,
    code: Arc<Verified>,
    own: [u8; 32],
    /// The state of everything.
    pub host: MemoryHost,
    /// Gas of all transactions so far.
    pub gas: u64,
    /// Most gas of one transaction.
    pub limit: Gas,
    events: Vec<Event>,
}

/// How a call went that was carried out.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// What it cost.
    pub gas: Gas,
    /// What it returned and announced, or why nothing happened, and where.
    pub result: Result<Outcome, Fault>,
}

thread_local! {
    /// The machine's memory is used again.
    static MACHINE: RefCell<Machine> = RefCell::new(Machine::new());
}

impl<'a> MachineLedger<'a> {
    /// With this program on it, which was compiled to this code.
    pub fn new(program: &'a Program, code: Arc<Verified>, own: [u8; 32], time_ms: u64, height: u64) -> Self {
        let mut host = MemoryHost {
            time_ms,
            height,
            ..MemoryHost::default()
        };
        host.programs.insert(Address::new(own), code.clone());
        Self {
            program,
            code,
            own,
            host,
            gas: 0,
            limit: MAX_GAS,
            events: Vec::new(),
        }
    }

    /// Carries out a transaction or asks a view.
    pub fn call(
        &mut self,
        id: FnId,
        args: &[Value],
        caller: [u8; 32],
        payment: u64,
    ) -> Result<Outcome, Failure> {
        let receipt = self
            .execute(id, args, caller, payment)
            .map_err(|_| Failure::Limit)?;
        receipt.result.map_err(|fault| self.failure_of(&fault))
    }

    /// Carries out a transaction or asks a view, and says what it cost and where it failed.
    pub fn execute(
        &mut self,
        id: FnId,
        args: &[Value],
        caller: [u8; 32],
        payment: u64,
    ) -> Result<Receipt, CallError> {
        self.run(id, args, caller, payment, |machine, host, call| {
            machine.call(host, call)
        })
    }

    /// The same, and shows every instruction before it runs.
    pub fn trace(
        &mut self,
        id: FnId,
        args: &[Value],
        caller: [u8; 32],
        payment: u64,
        each: impl FnMut(&Step),
    ) -> Result<Receipt, CallError> {
        self.run(id, args, caller, payment, |machine, host, call| {
            machine.trace(host, call, each)
        })
    }

    fn run(
        &mut self,
        id: FnId,
        args: &[Value],
        caller: [u8; 32],
        payment: u64,
        carry_out: impl FnOnce(&mut Machine, &MemoryHost, &Call) -> Result<curvevm::Outcome, CallError>,
    ) -> Result<Receipt, CallError> {
        let function = &self.program.functions[id.index()];
        let types = function.locals.iter().map(|local| &local.ty);
        let words: Vec<curvevm::Value> = args
            .iter()
            .zip(types)
            .flat_map(|(arg, ty)| layout::words(arg, ty, self.program))
            .collect();
        let entrance = match function.kind {
            FunctionKind::Init => Entrance::Init,
            FunctionKind::View => Entrance::View(&function.named.name),
            _ => Entrance::Entry(&function.named.name),
        };
        let call = Call {
            program: Address::new(self.own),
            entrance,
            caller: Address::new(caller),
            payment,
            args: &curvevm::encode_values(&words),
            gas: self.limit,
        };
        let outcome = MACHINE.with_borrow_mut(|machine| carry_out(machine, &self.host, &call))?;
        self.gas = self.gas.saturating_add(outcome.gas_used.0);
        Ok(Receipt {
            gas: outcome.gas_used,
            result: outcome.result.and_then(|success| self.settle(id, success)),
        })
    }

    /// Applies what a call changed, and reads what it returned.
    fn settle(&mut self, id: FnId, success: Success) -> Result<Outcome, Fault> {
        let Function { named, result, .. } = &self.program.functions[id.index()];
        // Whoever wrote the state by hand may have written a variant that does not exist.
        let value = layout::value(&mut success.results.into_iter(), result, self.program).ok_or(Fault {
            trap: Trap::CorruptState,
            program: Address::new(self.own),
            function: self.code.program().function(&named.name).unwrap_or(0),
            pc: 0,
        })?;
        self.host.apply(&success.effects);
        let events = success
            .effects
            .events
            .iter()
            .filter(|event| *event.program.as_bytes() == self.own)
            .filter_map(|event| self.event(event));
        Ok(Outcome {
            value,
            events: events.collect(),
        })
    }

    fn event(&self, event: &curvevm::Event) -> Option<Event> {
        let (_, words) = event.decode(self.code.program())?.ok()?;
        let mut words = words.into_iter();
        let fields = self.program.events.get(usize::from(event.event))?.fields.iter();
        let fields = fields.map(|field| layout::value(&mut words, &field.ty, self.program));
        Some(Event {
            event: EventId(event.event),
            fields: fields.collect::<Option<Vec<Value>>>()?,
        })
    }

    /// What a fault is to whoever called. Errors and invariants of a called program are not this one's.
    pub fn failure_of(&self, fault: &Fault) -> Failure {
        match fault.trap {
            Trap::Revert(_) | Trap::InvariantViolated(_) if *fault.program.as_bytes() != self.own => {
                Failure::Called
            }
            trap => self.failure(trap),
        }
    }

    /// What a trap in this program is to whoever called.
    pub fn failure(&self, trap: Trap) -> Failure {
        match trap {
            Trap::Overflow => Failure::Overflow,
            Trap::DivisionByZero => Failure::DivisionByZero,
            Trap::OutOfRange => Failure::OutOfRange,
            Trap::Revert(error) => Failure::Error(ErrorId(error)),
            Trap::InvariantViolated(function) => {
                let first = self.program.functions.len();
                Failure::Invariant(usize::from(function).saturating_sub(first))
            }
            Trap::InsufficientBalance => Failure::Balance,
            Trap::NotPayable => Failure::NotPayable,
            Trap::NoSuchProgram => Failure::NoProgram,
            Trap::NoSuchEntry => Failure::NoEntry,
            Trap::Reentrancy => Failure::Reentrancy,
            Trap::TooDeep => Failure::TooDeep,
            Trap::OutOfGas => Failure::Steps,
            _ => Failure::Limit,
        }
    }
}

/// Arguments of a function, as the machine has them and as the language has them.
pub fn arguments(program: &Program, function: FnId, words: Vec<curvevm::Value>) -> Option<Vec<Value>> {
    let function = &program.functions[function.index()];
    let mut words = words.into_iter();
    let params = function.locals.iter().take(usize::from(function.params));
    let values = params.map(|param| layout::value(&mut words, &param.ty, program));
    values.collect()
}

/// What a program stored, as the machine keeps it: records by their keys.
pub fn records(program: &Program, code: &curvevm::Program, state: &State) -> BTreeMap<[u8; 32], Vec<u8>> {
    let record = |((slot, key), value): (&(SlotId, Option<Value>), &Value)| {
        let words = layout::words(value, &program.slots[slot.index()].value, program);
        let key = record_key(program, code, *slot, key.as_ref());
        (key, curvevm::encode_values(&words))
    };
    state.iter().map(record).collect()
}

/// Where the machine keeps a cell, or a map's value at a key.
fn record_key(program: &Program, code: &curvevm::Program, slot: SlotId, key: Option<&Value>) -> [u8; 32] {
    let words = match (key, &program.slots[slot.index()].key) {
        (Some(key), Some(ty)) => layout::words(key, ty, program),
        _ => Vec::new(),
    };
    code.slots[slot.index()].key(&words)
}

impl World for MachineLedger<'_> {
    fn read(&self, slot: SlotId, key: Option<&Value>) -> Option<Value> {
        let record = &self.code.program().slots[slot.index()];
        let key = record_key(self.program, self.code.program(), slot, key);
        let bytes = self.host.storage.get(&(Address::new(self.own), key))?;
        let words = curvevm::decode_values(&record.value_types(), bytes).ok()?;
        let ty = &self.program.slots[slot.index()].value;
        layout::value(&mut words.into_iter(), ty, self.program)
    }

    /// Only the program writes its state.
    fn write(&mut self, _: SlotId, _: Option<Value>, _: Value) {}

    fn remove(&mut self, _: SlotId, _: Value) {}

    fn balance(&self, address: &[u8; 32]) -> u64 {
        self.host
            .balances
            .get(&Address::new(*address))
            .copied()
            .unwrap_or(0)
    }

    fn transfer(&mut self, _: [u8; 32], _: u64) -> Result<(), Failure> {
        Err(Failure::Balance)
    }

    /// Only the program announces.
    fn emit(&mut self, _: EventId, _: Vec<Value>) {}

    fn own(&self) -> [u8; 32] {
        self.own
    }

    fn now(&self) -> u64 {
        self.host.time_ms
    }

    fn height(&self) -> u64 {
        self.host.height
    }

    fn ask(&mut self, view: FnId, args: &[Value]) -> Option<Result<Value, Failure>> {
        let is_view = self.program.functions[view.index()].kind == FunctionKind::View;
        is_view.then(|| self.call(view, args, [0; 32], 0).map(|outcome| outcome.value))
    }
}

impl Ledger for MachineLedger<'_> {
    fn transact(&mut self, transaction: Transaction) -> Result<Value, Failure> {
        let Transaction {
            function,
            args,
            from,
            payment,
        } = transaction;
        self.events.clear();
        match function {
            Some(function) => {
                let outcome = self.call(function, &args, from, payment)?;
                self.events = outcome.events;
                Ok(outcome.value)
            }
            None if payment == 0 => Ok(Value::Nothing),
            None => Err(Failure::NotPayable),
        }
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn fund(&mut self, who: [u8; 32], amount: u64) -> Result<(), Failure> {
        let sum = self.balance(&who).checked_add(amount).ok_or(Failure::Overflow)?;
        self.host.balances.insert(Address::new(who), sum);
        Ok(())
    }

    fn advance(&mut self, milliseconds: u64, blocks: u64) {
        self.host.time_ms = self.host.time_ms.saturating_add(milliseconds);
        self.host.height = self.host.height.saturating_add(blocks);
    }
}
