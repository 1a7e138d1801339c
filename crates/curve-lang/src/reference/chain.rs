//! A ledger with one program on it, and its neighbours.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Answer, Failure, Outgoing, World,
    eval::{Eval, Flow},
};
use crate::{
    hir::{EventId, FnId, Program, Signature, SlotId},
    ir::layout,
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

/// What a program stored, by cell, or by map and key.
pub type State = BTreeMap<(SlotId, Option<Value>), Value>;

/// Another program, while it does not run.
#[derive(Clone, Debug)]
struct Neighbour {
    program: Arc<Program>,
    state: State,
}

/// A program that another one takes the place of.
struct Left {
    own: [u8; 32],
    state: State,
}

/// Most programs in a chain of calls.
const MAX_PROGRAMS: usize = 8;

/// The ledger.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The program's address.
    pub own: [u8; 32],
    /// What everybody owns.
    pub balances: BTreeMap<[u8; 32], u64>,
    /// What the program stored.
    pub state: State,
    /// Other programs by their addresses.
    neighbours: BTreeMap<[u8; 32], Neighbour>,
    /// The programs that are being called, without the running one.
    callers: Vec<[u8; 32]>,
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
            neighbours: BTreeMap::new(),
            callers: Vec::new(),
            now,
            height,
            events: Vec::new(),
        }
    }

    /// Puts another program on the ledger, that this one may call. Its `init` does not run.
    pub fn add(&mut self, address: [u8; 32], program: Arc<Program>) {
        let state = State::new();
        self.neighbours.insert(address, Neighbour { program, state });
    }

    /// What another program stored, if it is on the ledger.
    pub fn state_of(&self, address: &[u8; 32]) -> Option<&State> {
        self.neighbours.get(address).map(|found| &found.state)
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
        self.events.clear();
        let result = self.run(program, function, args, caller, payment, steps);
        if result.is_err() {
            *self = before;
        }
        let (value, _) = result?;
        let events = std::mem::take(&mut self.events);
        Ok(Outcome { value, events })
    }

    /// What a function returns, and how many steps are left.
    fn run(
        &mut self,
        program: &Program,
        id: FnId,
        args: Vec<Value>,
        caller: [u8; 32],
        payment: u64,
        steps: u64,
    ) -> Result<(Value, u64), Failure> {
        let function = &program.functions[id.index()];
        if payment > 0 && !function.payable {
            return Err(Failure::NotPayable);
        }
        self.pay(caller, self.own, payment)?;
        let mut eval = Eval::new(program, self, 0, steps);
        eval.caller = caller;
        eval.payment = payment;
        let value = eval.call(id, args).map_err(failure)?;
        let steps = eval.steps;
        if function.payable && eval.payment > 0 {
            return Err(Failure::Error(Program::UNSPENT));
        }
        if function.kind != FunctionKind::View {
            self.check_invariants(program, steps)?;
        }
        Ok((whole(&function.result, value), steps))
    }

    /// The same of another program on the ledger: [`Self::add`].
    pub fn transact_at(
        &mut self,
        address: [u8; 32],
        function: FnId,
        args: Vec<Value>,
        caller: [u8; 32],
        payment: u64,
        steps: u64,
    ) -> Result<Outcome, Failure> {
        let (program, left) = self.turn_to(address).ok_or(Failure::NoProgram)?;
        let result = self.transact(&program, function, args, caller, payment, steps);
        self.turn_back(left);
        result
    }

    /// Another program takes this one's place.
    fn turn_to(&mut self, address: [u8; 32]) -> Option<(Arc<Program>, Left)> {
        let found = self.neighbours.get_mut(&address)?;
        let left = Left {
            own: std::mem::replace(&mut self.own, address),
            state: std::mem::replace(&mut self.state, std::mem::take(&mut found.state)),
        };
        Some((found.program.clone(), left))
    }

    /// It gives the place back.
    fn turn_back(&mut self, left: Left) {
        let theirs = std::mem::replace(&mut self.state, left.state);
        if let Some(found) = self.neighbours.get_mut(&self.own) {
            found.state = theirs;
        }
        self.own = left.own;
    }

    /// Another program takes this one's place until it is done.
    fn call_neighbour(&mut self, call: Outgoing) -> Result<Answer, Failure> {
        let Outgoing {
            from,
            to,
            signature,
            args,
            payment,
            steps,
        } = call;
        if to == self.own || self.callers.contains(&to) {
            return Err(Failure::Reentrancy);
        }
        if self.callers.len().saturating_add(1) >= MAX_PROGRAMS {
            return Err(Failure::TooDeep);
        }
        let found = self.neighbours.get(&to).ok_or(Failure::NoProgram)?;
        let id = entrance(&found.program, signature, from).ok_or(Failure::NoEntry)?;
        let (program, left) = self.turn_to(to).ok_or(Failure::NoProgram)?;
        let caller = left.own;
        self.callers.push(caller);
        let answer = translated(args, &program, id, signature, from)
            .and_then(|args| self.run(&program, id, args, caller, payment, steps));
        self.callers.pop();
        self.turn_back(left);
        let (value, steps) = answer.map_err(|failure| match failure {
            Failure::Error(_) | Failure::Invariant(_) => Failure::Called,
            other => other,
        })?;
        let result = &program.functions[id.index()].result;
        let mut words = layout::words(&value, result, &program).into_iter();
        let value = layout::value(&mut words, &signature.result, from).ok_or(Failure::Limit)?;
        Ok(Answer { value, steps })
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

/// The function that is meant: its name, its kind, and what its parameters and its result are made of.
fn entrance(program: &Program, signature: &Signature, from: &Program) -> Option<FnId> {
    let wanted: Vec<_> = signature
        .params
        .iter()
        .flat_map(|param| layout::scalars(&param.ty, from))
        .collect();
    let kind = if signature.view {
        FunctionKind::View
    } else {
        FunctionKind::Entry
    };
    program.find(|function| {
        let params = function.locals.iter().take(usize::from(function.params));
        let params: Vec<_> = params
            .flat_map(|local| layout::scalars(&local.ty, program))
            .collect();
        function.kind == kind
            && function.named.name == signature.named.name
            && params == wanted
            && layout::scalars(&function.result, program) == layout::scalars(&signature.result, from)
    })
}

/// The arguments as the other program's types have them.
fn translated(
    args: Vec<Value>,
    program: &Program,
    id: FnId,
    signature: &Signature,
    from: &Program,
) -> Result<Vec<Value>, Failure> {
    let pairs = args.iter().zip(&signature.params);
    let mut words = pairs.flat_map(|(arg, param)| layout::words(arg, &param.ty, from));
    let function = &program.functions[id.index()];
    let params = function.locals.iter().take(usize::from(function.params));
    let values = params.map(|local| layout::value(&mut words, &local.ty, program));
    values.collect::<Option<_>>().ok_or(Failure::Limit)
}

/// Functions without a result return nothing.
fn whole(ty: &Type, value: Value) -> Value {
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

    fn remove(&mut self, slot: SlotId, key: Value) {
        self.state.remove(&(slot, Some(key)));
    }

    fn call_program(&mut self, call: Outgoing) -> Result<Answer, Failure> {
        self.call_neighbour(call)
    }

    fn balance(&self, address: &[u8; 32]) -> u64 {
        self.balances.get(address).copied().unwrap_or(0)
    }

    fn transfer(&mut self, to: [u8; 32], amount: u64) -> Result<(), Failure> {
        let back = self.callers.last() == Some(&to);
        let program = to == self.own || self.callers.contains(&to) || self.neighbours.contains_key(&to);
        if program && !back {
            return Err(Failure::NotPayable);
        }
        self.pay(self.own, to, amount)
    }

    fn emit(&mut self, event: EventId, fields: Vec<Value>) {
        if self.callers.is_empty() {
            self.events.push(Event { event, fields });
        }
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
