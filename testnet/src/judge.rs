//! The verdict on the programs: what the chain says, held against the model.

use std::collections::BTreeMap;

use assetvm::{Address, Amount, EntryId, State};
use curve_lang::value::Value;

use crate::model::Model;
use crate::programs::{self, Holding};

/// What was proven against a root on chain.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// Balances of accounts and programs.
    pub balances: BTreeMap<Address, Amount>,
    /// Storage entries; `None` if it was proven that nothing is stored.
    pub entries: BTreeMap<EntryId, Option<Vec<u8>>>,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Programs that were deployed.
    pub deployed: u64,
    /// Calls that were decided and went as the model says.
    pub calls: u64,
    /// Of these, calls that failed.
    pub refused: u64,
    /// Accounts and programs that own what the model says.
    pub reconciled: u64,
    /// Owners around the programs whose balance was proven and is the model's.
    pub balances_proven: u64,
    /// Storage entries that were proven and hold what the model says.
    pub entries_proven: u64,
    /// What is not as it must be.
    pub failures: Vec<String>,
}

/// Compares. `owners` and `holdings` are what has to be proven; `state` is what was executed here, whose root is on chain.
pub fn judge(
    model: &mut Model,
    state: &State,
    owners: &[Address],
    holdings: &[Holding],
    proven: &Proven,
) -> Verdict {
    let reconciled = model.reconcile(state);
    let calls = model.calls();
    let mut verdict = Verdict {
        deployed: model.deployed(),
        calls: calls.applied + calls.refused,
        refused: calls.refused,
        reconciled,
        ..Verdict::default()
    };
    let (differences, described) = model.differences();
    if differences > 0 {
        let what = described.join("; ");
        let failure = format!("{differences} difference(s) from the independent model: {what}");
        verdict.failures.push(failure);
    }
    for owner in owners {
        let expected = Amount::from_base_units(model.balance(owner));
        match proven.balances.get(owner) {
            Some(balance) if *balance == expected => verdict.balances_proven += 1,
            Some(balance) => verdict
                .failures
                .push(format!("{owner} has {balance}, expected {expected}")),
            None => verdict
                .failures
                .push(format!("{owner} not proven, expected {expected}")),
        }
    }
    for holding in holdings {
        match check(model, holding, proven) {
            Ok(()) => verdict.entries_proven += 1,
            Err(failure) => verdict.failures.push(failure),
        }
    }
    let expected = programs::calls();
    if verdict.calls != expected {
        let failure = format!("{} calls of programs decided, expected {expected}", verdict.calls);
        verdict.failures.push(failure);
    }
    verdict
}

fn check(model: &Model, holding: &Holding, proven: &Proven) -> Result<(), String> {
    let Holding { id, view, of } = holding;
    let args = of.iter().map(|owner| Value::Address(*owner.as_bytes())).collect();
    let Some(Value::Number(expected)) = model.view(&id.program, view, args) else {
        return Err(format!("the model of {} does not answer {view}", id.program));
    };
    let stored = proven
        .entries
        .get(id)
        .ok_or_else(|| format!("the entry of {view} of {} is not proven", id.program))?;
    // What was never stored reads as zero.
    let stored = stored.as_deref().unwrap_or(&[0; 8]);
    if stored == expected.to_le_bytes() {
        Ok(())
    } else {
        let got = hex::encode(stored);
        Err(format!(
            "{view} of {} is stored as {got}, expected the number {expected}",
            id.program
        ))
    }
}
