//! How a call went, for people and for machines.

use std::collections::{BTreeMap, BTreeSet};

use curve_lang::{
    hir::{Function, Program},
    reference::{Event, Outcome},
    show_value,
    types::Type,
    value::Value,
};
use curvevm::{Address, Gas};
use serde::Serialize;

use crate::{
    Error,
    fault::Failure,
    shell::{Ink, Shell},
    state::State,
};

/// How a call went.
#[derive(Debug)]
pub struct Answer<'a> {
    pub program: &'a Program,
    pub function: &'a Function,
    pub args: Vec<Value>,
    pub gas: Gas,
    pub result: Result<Outcome, Failure>,
    /// Balances before the call.
    pub before: BTreeMap<Address, u64>,
    /// The ledger after it.
    pub state: State,
}

/// For machines. Values are written as in Curve.
#[derive(Debug, Serialize)]
pub struct Json {
    ok: bool,
    function: String,
    args: Vec<String>,
    result: Option<String>,
    events: Vec<JsonEvent>,
    balances: Vec<Balance>,
    gas: u64,
    failure: Option<Failure>,
}

#[derive(Debug, Serialize)]
struct JsonEvent {
    name: String,
    fields: BTreeMap<String, String>,
}

/// A balance that changed.
#[derive(Debug, Serialize)]
struct Balance {
    account: Option<String>,
    address: String,
    before: String,
    after: String,
    #[serde(skip)]
    change: String,
}

impl Answer<'_> {
    /// For machines.
    pub fn json(&self) -> Json {
        let outcome = self.result.as_ref().ok();
        let value = outcome.filter(|_| self.function.result != Type::Nothing);
        let events = outcome.map_or(&[][..], |outcome| &outcome.events);
        Json {
            ok: outcome.is_some(),
            function: self.function.named.name.clone(),
            args: self.shown_args(),
            result: value.map(|outcome| show_value(&outcome.value, &self.function.result, self.program)),
            events: events.iter().map(|event| self.json_event(event)).collect(),
            balances: self.balances(),
            gas: self.gas.0,
            failure: self.result.as_ref().err().cloned(),
        }
    }

    /// For people, without the failure, if there is one.
    pub fn print(&self, shell: &mut Shell) -> Result<(), Error> {
        let Self {
            function, program, ..
        } = self;
        if let Ok(outcome) = &self.result {
            if function.result != Type::Nothing {
                let value = show_value(&outcome.value, &function.result, program);
                self.row("result", &value, shell)?;
            }
            for event in &outcome.events {
                self.row("event", &self.event(event), shell)?;
            }
        }
        for Balance {
            account,
            address,
            after,
            change,
            ..
        } in self.balances()
        {
            let who = account.unwrap_or(address);
            self.row("balance", &format!("{who} {change} = {after}"), shell)?;
        }
        self.row("gas", &self.gas.0.to_string(), shell)
    }

    fn row(&self, head: &str, text: &str, shell: &mut Shell) -> Result<(), Error> {
        let head = shell.ink(Ink::Head, &format!("{head:<8}"));
        shell.line(format!("{head} {}", self.with_names(text)))
    }

    /// The call as one would write it in Curve.
    pub fn call(&self) -> String {
        self.with_names(&format!(
            "{}({})",
            self.function.named.name,
            self.shown_args().join(", ")
        ))
    }

    fn shown_args(&self) -> Vec<String> {
        let params = self.args.iter().zip(&self.function.locals);
        params
            .map(|(value, local)| show_value(value, &local.ty, self.program))
            .collect()
    }

    fn event(&self, event: &Event) -> String {
        let fields: Vec<String> = self
            .fields(event)
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        format!(
            "{} {{ {} }}",
            self.program.events[event.event.index()].named.name,
            fields.join(", ")
        )
    }

    fn json_event(&self, event: &Event) -> JsonEvent {
        JsonEvent {
            name: self.program.events[event.event.index()].named.name.clone(),
            fields: self.fields(event).collect(),
        }
    }

    fn fields<'e>(&'e self, event: &'e Event) -> impl Iterator<Item = (String, String)> + 'e {
        let fields = &self.program.events[event.event.index()].fields;
        let shown = fields.iter().zip(&event.fields);
        shown.map(|(field, value)| {
            (
                field.named.name.clone(),
                show_value(value, &field.ty, self.program),
            )
        })
    }

    /// The balances that changed.
    fn balances(&self) -> Vec<Balance> {
        let all: BTreeSet<&Address> = self.before.keys().chain(self.state.balances.keys()).collect();
        let of = |balances: &BTreeMap<Address, u64>, who: &Address| balances.get(who).copied().unwrap_or(0);
        let show = |amount| show_value(&Value::Number(amount), &Type::asset(), self.program);
        let balance = |who: &Address| {
            let (before, after) = (of(&self.before, who), of(&self.state.balances, who));
            let sign = if after > before { '+' } else { '-' };
            Balance {
                account: self.state.names.get(who).cloned(),
                address: who.to_string(),
                before: show(before),
                after: show(after),
                change: format!("{sign}{}", show(after.abs_diff(before))),
            }
        };
        let mut changed: Vec<Balance> = all.into_iter().map(balance).collect();
        changed.retain(|balance| balance.before != balance.after);
        changed.sort_by(|a, b| (&a.account, &a.address).cmp(&(&b.account, &b.address)));
        changed
    }

    /// With names for the addresses that have one.
    pub fn with_names(&self, text: &str) -> String {
        let names = self.state.names.iter();
        names.fold(text.to_owned(), |text, (address, name)| {
            text.replace(&address.to_string(), name)
        })
    }
}
