//! The verdict on the programs: what the chain says, held against the model.

use std::collections::BTreeMap;

use assetvm::{Address, Amount, EntryId, State};
use serde::Serialize;

use crate::model::Model;
use crate::programs::Production;

/// What was proven against a root on chain.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// Balances of accounts and programs.
    pub balances: BTreeMap<Address, Amount>,
    /// Storage entries; `None` if it was proven that nothing is stored.
    pub entries: BTreeMap<EntryId, Option<Vec<u8>>>,
}

/// How it went for one of the standard programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The program's name.
    pub name: &'static str,
    /// Transactions to it that were to be sent: deployments and calls.
    pub sent: u64,
    /// Of these, those that took effect as they were meant to.
    pub succeeded: u64,
    /// And those that failed as they were meant to.
    pub refused: u64,
    /// What it owns by proofs against a root on chain, wherever it is deployed; in base units.
    pub balance_proven: u64,
    /// What it must own by the independent model.
    pub balance_expected: u64,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Each standard program.
    pub rows: Vec<Row>,
    /// Programs that were deployed.
    pub deployed: u64,
    /// Accounts and programs that own what the model says.
    pub reconciled: u64,
    /// Owners around the programs, themselves included.
    pub owners: u64,
    /// Of these, those whose balance was proven and is the model's.
    pub balances_proven: u64,
    /// Storage entries that there are or were.
    pub entries: u64,
    /// Of these, those that were proven to be, or not to be, as the model says.
    pub entries_proven: u64,
    /// What is not as it must be.
    pub failures: Vec<String>,
}

impl Verdict {
    /// Transactions to programs: to be sent, decided as they were meant to be, and of these refused.
    pub fn calls(&self) -> (u64, u64, u64) {
        let sum = |of: fn(&Row) -> u64| self.rows.iter().map(of).sum();
        let refused = sum(|row| row.refused);
        (sum(|row| row.sent), sum(|row| row.succeeded) + refused, refused)
    }
}

/// Compares. `state` is what was executed here, whose root is on chain.
pub fn judge(model: &mut Model, state: &State, productions: &[Production], proven: &Proven) -> Verdict {
    let (reconciled, _) = model.reconcile(state);
    let mut verdict = Verdict {
        deployed: model.deployed(),
        reconciled,
        ..Verdict::default()
    };
    let (differences, described) = model.differences();
    if differences > 0 {
        let what = described.join("; ");
        let failure = format!("{differences} difference(s) from the independent model: {what}");
        verdict.failures.push(failure);
    }
    verdict.calls_of(model, productions, proven);
    for owner in productions.iter().flat_map(Production::owners) {
        verdict.balance(model, proven, &owner);
    }
    let expected = model.entries();
    for id in model.stored() {
        verdict.entry(proven, id, expected.get(id));
    }
    verdict
}

impl Verdict {
    fn calls_of(&mut self, model: &Model, productions: &[Production], proven: &Proven) {
        for (production, tally) in productions.iter().zip(model.tallies()) {
            let places = production.places.iter();
            let row = Row {
                name: production.name,
                sent: production.intents.len() as u64,
                succeeded: tally.succeeded,
                refused: tally.refused,
                balance_proven: places
                    .clone()
                    .filter_map(|place| proven.balances.get(place))
                    .map(|balance| balance.base_units())
                    .sum(),
                balance_expected: places.map(|place| model.balance(place)).sum(),
            };
            let decided = row.succeeded + row.refused;
            if decided != row.sent {
                self.failures.push(format!(
                    "{decided} transactions to {} went as they were meant to, expected {}",
                    row.name, row.sent
                ));
            }
            self.rows.push(row);
        }
    }

    fn balance(&mut self, model: &Model, proven: &Proven, owner: &Address) {
        self.owners += 1;
        let expected = Amount::from_base_units(model.balance(owner));
        match proven.balances.get(owner) {
            Some(balance) if *balance == expected => self.balances_proven += 1,
            Some(balance) => self
                .failures
                .push(format!("{owner} has {balance}, expected {expected}")),
            None => self
                .failures
                .push(format!("{owner} not proven, expected {expected}")),
        }
    }

    fn entry(&mut self, proven: &Proven, id: &EntryId, expected: Option<&Vec<u8>>) {
        self.entries += 1;
        let program = id.program;
        let shown = |value: Option<&Vec<u8>>| value.map_or("nothing".to_owned(), hex::encode);
        let expected_shown = shown(expected);
        match proven.entries.get(id).map(Option::as_ref) {
            Some(value) if value == expected => self.entries_proven += 1,
            Some(value) => self.failures.push(format!(
                "an entry of {program} is {}, expected {expected_shown}",
                shown(value)
            )),
            None => self.failures.push(format!(
                "an entry of {program} is not proven, expected {expected_shown}"
            )),
        }
    }
}
