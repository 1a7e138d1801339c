//! A ledger whose program is the compiled one, run by CurveVM.

use std::{cell::RefCell, sync::Arc};

use curvevm::{Address, Call, Entrance, Gas, Machine, MemoryHost, Trap, Verified};

use crate::{
    hir::{ErrorId, EventId, FnId, Program, SlotId},
    ir::layout,
    reference::{Event, Failure, Ledger, Outcome, Transaction, World},
    syntax::ast::FunctionKind,
    value::Value,
};

/// Most gas of one transaction.
const MAX_GAS: u64 = 10_000_000_000;

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
            gas: Gas(MAX_GAS),
        };
        let outcome = MACHINE.with_borrow_mut(|machine| machine.call(&self.host, &call));
        let outcome = outcome.map_err(|_| Failure::Limit)?;
        self.gas = self.gas.saturating_add(outcome.gas_used.0);
        let success = outcome.result.map_err(|fault| self.failure(fault.trap))?;
        self.host.apply(&success.effects);
        let value = layout::value(&mut success.results.into_iter(), &function.result, self.program);
        let events = success
            .effects
            .events
            .iter()
            .filter_map(|event| self.event(event))
            .collect();
        Ok(Outcome {
            value: value.ok_or(Failure::Limit)?,
            events,
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

    fn failure(&self, trap: Trap) -> Failure {
        match trap {
            Trap::Overflow => Failure::Overflow,
            Trap::DivisionByZero => Failure::DivisionByZero,
            Trap::Revert(error) => Failure::Error(ErrorId(error)),
            Trap::InvariantViolated(function) => {
                let first = self.program.functions.len();
                Failure::Invariant(usize::from(function).saturating_sub(first))
            }
            Trap::InsufficientBalance => Failure::Balance,
            Trap::NotPayable => Failure::NotPayable,
            Trap::OutOfGas => Failure::Steps,
            _ => Failure::Limit,
        }
    }
}

impl World for MachineLedger<'_> {
    fn read(&self, slot: SlotId, key: Option<&Value>) -> Option<Value> {
        let item = &self.program.slots[slot.index()];
        let record = &self.code.program().slots[slot.index()];
        let key = match (key, &item.key) {
            (Some(key), Some(ty)) => layout::words(key, ty, self.program),
            _ => Vec::new(),
        };
        let bytes = self
            .host
            .storage
            .get(&(Address::new(self.own), record.key(&key)))?;
        let words = curvevm::decode_values(&record.value_types(), bytes).ok()?;
        layout::value(&mut words.into_iter(), &item.value, self.program)
    }

    /// Only the program writes its state.
    fn write(&mut self, _: SlotId, _: Option<Value>, _: Value) {}

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
        match function {
            Some(function) => self
                .call(function, &args, from, payment)
                .map(|outcome| outcome.value),
            None if payment == 0 => Ok(Value::Nothing),
            None => Err(Failure::NotPayable),
        }
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
