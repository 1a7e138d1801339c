//! A ledger whose program is interpreted from its source.

use super::{Answer, Chain, Event, Failure, Ledger, Outgoing, Transaction, World};
use crate::{
    hir::{EventId, FnId, Program, SlotId},
    value::Value,
};

/// Most steps of one transaction.
const MAX_STEPS: u64 = 10_000_000;

/// A [`Chain`] with its program.
#[derive(Clone, Debug)]
pub struct ReferenceLedger<'a> {
    program: &'a Program,
    /// The state of everything.
    pub chain: Chain,
    events: Vec<Event>,
}

impl<'a> ReferenceLedger<'a> {
    /// With this program on it.
    pub const fn new(program: &'a Program, chain: Chain) -> Self {
        Self {
            program,
            chain,
            events: Vec::new(),
        }
    }
}

impl World for ReferenceLedger<'_> {
    fn read(&self, slot: SlotId, key: Option<&Value>) -> Option<Value> {
        self.chain.read(slot, key)
    }

    fn write(&mut self, slot: SlotId, key: Option<Value>, value: Value) {
        self.chain.write(slot, key, value);
    }

    fn remove(&mut self, slot: SlotId, key: Value) {
        self.chain.remove(slot, key);
    }

    fn call_program(&mut self, call: Outgoing) -> Result<Answer, Failure> {
        self.chain.call_program(call)
    }

    fn balance(&self, address: &[u8; 32]) -> u64 {
        self.chain.balance(address)
    }

    fn transfer(&mut self, to: [u8; 32], amount: u64) -> Result<(), Failure> {
        self.chain.transfer(to, amount)
    }

    fn emit(&mut self, event: EventId, fields: Vec<Value>) {
        self.chain.emit(event, fields);
    }

    fn own(&self) -> [u8; 32] {
        self.chain.own
    }

    fn now(&self) -> u64 {
        self.chain.now
    }

    fn height(&self) -> u64 {
        self.chain.height
    }
}

impl Ledger for ReferenceLedger<'_> {
    fn transact(&mut self, transaction: Transaction) -> Result<Value, Failure> {
        let Transaction {
            function,
            args,
            from,
            payment,
        } = transaction;
        let Some(function) = function else {
            return if payment == 0 {
                Ok(Value::Nothing)
            } else {
                Err(Failure::NotPayable)
            };
        };
        self.events.clear();
        let outcome = self
            .chain
            .transact(self.program, function, args, from, payment, MAX_STEPS)?;
        self.events = outcome.events;
        Ok(outcome.value)
    }

    fn events(&self) -> &[Event] {
        &self.events
    }

    fn fund(&mut self, who: [u8; 32], amount: u64) -> Result<(), Failure> {
        let sum = self
            .chain
            .balance(&who)
            .checked_add(amount)
            .ok_or(Failure::Overflow)?;
        self.chain.balances.insert(who, sum);
        Ok(())
    }

    fn advance(&mut self, milliseconds: u64, blocks: u64) {
        self.chain.now = self.chain.now.saturating_add(milliseconds);
        self.chain.height = self.chain.height.saturating_add(blocks);
    }
}

/// A view is answered by the machine when the machine is tested; here it is interpreted like any function.
impl ReferenceLedger<'_> {
    /// The value of a view.
    pub fn view(&mut self, view: FnId, args: Vec<Value>) -> Result<Value, Failure> {
        let caller = [0; 32];
        self.chain
            .transact(self.program, view, args, caller, 0, MAX_STEPS)
            .map(|outcome| outcome.value)
    }
}
