//! The independent model: what every account and program must own and store, by the language's reference interpreter.
//!
//! It reads the transactions of decided blocks and nothing else. Fees, transfers and mints are done here by their written rules;
//! programs are run from their *source* by `curve_lang::reference`, which shares nothing with optimiser, bytecode and machine. So
//! what it finds can be held against what the validators agreed on, and against what the plays intend.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use assetvm::{
    Action, Address, EntryId, Failure, Genesis, Outcome, Receipt, State, Transaction, TxId, program_address,
};
use curve_lang::hir::{self, FnId};
use curve_lang::machine;
use curve_lang::reference::{self, Chain};
use curve_lang::syntax::ast::FunctionKind;
use curvevm::{Type, decode_values};
use rollup_abi::Header;

use crate::programs::{Fate, Production};

/// Differences that are described; all are counted.
const MAX_DESCRIBED: usize = 10;
/// Most steps of one call: more than any call of a run takes.
const MAX_STEPS: u64 = 1_000_000;
/// Who has the ledger while no program runs.
const NOBODY: [u8; 32] = [0; 32];

/// A program that the model has the source of.
#[derive(Debug)]
struct Source {
    code: curvevm::Program,
    hir: Arc<hir::Program>,
}

/// What the chain must look like.
#[derive(Debug)]
pub struct Model {
    genesis: Genesis,
    /// What everybody owns, and what programs store.
    chain: Chain,
    fees: u64,
    supply: u64,
    /// By their code.
    sources: BTreeMap<Vec<u8>, Arc<Source>>,
    programs: BTreeMap<Address, Arc<Source>>,
    /// All that was ever stored.
    stored: BTreeSet<EntryId>,
    /// What transactions are meant to come to, and whose they are.
    intents: HashMap<TxId, (usize, Fate)>,
    tallies: Vec<Tally>,
    differences: u64,
    described: Vec<String>,
}

/// Transactions to one program that went as they were meant to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That took effect.
    pub succeeded: u64,
    /// That failed.
    pub refused: u64,
}

impl Model {
    /// At genesis, with the sources of these programs and what is meant to happen to them.
    pub fn new(genesis: &Genesis, productions: &[Production]) -> Self {
        let mut chain = Chain::new(NOBODY, 0, 0);
        let accounts = genesis.accounts.iter();
        chain.balances = accounts
            .map(|(address, balance)| (*address.as_bytes(), balance.base_units()))
            .collect();
        let source = |production: &Production| {
            let artifact = &production.artifact;
            let source = Source {
                code: artifact.program.clone(),
                hir: Arc::new(artifact.hir.clone()),
            };
            (artifact.program.encode(), Arc::new(source))
        };
        let intents = productions.iter().enumerate().flat_map(|(at, production)| {
            let intents = production.intents.iter();
            intents.map(move |(id, fate)| (*id, (at, *fate)))
        });
        Self {
            genesis: genesis.clone(),
            supply: chain.balances.values().sum(),
            chain,
            fees: 0,
            sources: productions.iter().map(source).collect(),
            programs: BTreeMap::new(),
            stored: BTreeSet::new(),
            intents: intents.collect(),
            tallies: vec![Tally::default(); productions.len()],
            differences: 0,
            described: Vec::new(),
        }
    }

    /// Carries out a decided block's transactions, and compares what became of them with the receipts.
    pub fn apply(&mut self, header: &Header, transactions: &[Transaction], receipts: &[Receipt]) {
        if transactions.len() != receipts.len() {
            self.differs(format!("height {}: {} receipts", header.height, receipts.len()));
        }
        (self.chain.now, self.chain.height) = (header.timestamp_ms, header.height);
        for (transaction, receipt) in transactions.iter().zip(receipts) {
            let body = &transaction.body;
            let fee = body.fee.base_units();
            if self.take(&body.sender, fee).is_err() {
                self.differs(format!("{} cannot pay the fee of {}", body.sender, receipt.id));
            }
            self.fees += fee;
            let expected = self.act(transaction);
            match (&expected, &receipt.outcome) {
                (Ok(()), Outcome::Applied(_)) | (Err(_), Outcome::Failed(_)) => {}
                (Ok(()), Outcome::Failed(failure)) => {
                    self.differs(format!("transaction {} failed: {failure}", receipt.id));
                }
                (Err(reason), Outcome::Applied(_)) => {
                    self.differs(format!(
                        "transaction {} took effect, expected: {reason}",
                        receipt.id
                    ));
                }
            }
            self.count(receipt, expected);
        }
    }

    /// Compares what the model and the chain say of a transaction with what is meant to become of it.
    fn count(&mut self, receipt: &Receipt, modelled: Result<(), String>) {
        let Some((production, fate)) = self.intents.remove(&receipt.id) else {
            return;
        };
        let intended = match fate {
            Fate::Succeeds => Ok(()),
            Fate::Fails(reason) => Err(reason.to_owned()),
        };
        let happened = match &receipt.outcome {
            Outcome::Applied(_) => Ok(()),
            Outcome::Failed(failure) => Err(reason(failure)),
        };
        if happened != intended || modelled != intended {
            return self.differs(format!(
                "transaction {} was meant to come to {intended:?}: {happened:?} on the chain, {modelled:?} by the model",
                receipt.id
            ));
        }
        let tally = &mut self.tallies[production];
        match fate {
            Fate::Succeeds => tally.succeeded += 1,
            Fate::Fails(_) => tally.refused += 1,
        }
    }

    fn act(&mut self, transaction: &Transaction) -> Result<(), String> {
        let body = &transaction.body;
        match &body.action {
            Action::Mint { to, amount } => {
                let units = amount.base_units();
                if body.sender != self.genesis.mint_authority || units == 0 || self.programs.contains_key(to)
                {
                    return Err("a mint that is not allowed".into());
                }
                self.supply += units;
                self.give(to, units);
                Ok(())
            }
            Action::Transfer { to, amount, .. } => {
                let units = amount.base_units();
                if units == 0 || self.programs.contains_key(to) {
                    return Err("a transfer of nothing, or to a program".into());
                }
                self.take(&body.sender, units)?;
                self.give(to, units);
                Ok(())
            }
            Action::Burn { amount } => {
                self.take(&body.sender, amount.base_units())?;
                self.supply -= amount.base_units();
                Ok(())
            }
            Action::Deploy {
                code, args, payment, ..
            } => {
                let source = self.sources.get(code).ok_or("code of unknown source")?.clone();
                let address = program_address(&body.sender, body.nonce);
                let before = self.chain.clone();
                // What lies there already goes to who deploys.
                let found = self.balance(&address);
                self.take(&address, found)?;
                self.give(&body.sender, found);
                self.chain.add(*address.as_bytes(), source.hir.clone());
                let init = source.hir.init();
                self.programs.insert(address, source);
                let run = match init {
                    Some(init) => self.run(address, init, args, &body.sender, payment.base_units()),
                    None => Ok(()),
                };
                if run.is_err() {
                    self.programs.remove(&address);
                    self.chain = before;
                }
                run
            }
            Action::Call {
                program,
                entry,
                args,
                payment,
                ..
            } => {
                let found = self.programs.get(program).ok_or("no such program")?;
                let entry = found
                    .hir
                    .find(|function| function.kind == FunctionKind::Entry && function.named.name == *entry);
                let entry = entry.ok_or("no such entry")?;
                self.run(*program, entry, args, &body.sender, payment.base_units())
            }
            Action::Upgrade { .. } | Action::Close { .. } | Action::Roster(_) => {
                Err("nobody upgrades, closes or changes the roster here".into())
            }
        }
    }

    /// Runs a function from its source.
    fn run(
        &mut self,
        program: Address,
        function: FnId,
        args: &[u8],
        caller: &Address,
        payment: u64,
    ) -> Result<(), String> {
        let source = self.programs.get(&program).ok_or("no such program")?.clone();
        let args = source.arguments(function, args)?;
        let (at, caller) = (*program.as_bytes(), *caller.as_bytes());
        let result = self
            .chain
            .transact_at(at, function, args, caller, payment, MAX_STEPS);
        result.map_err(|failure| match failure {
            reference::Failure::Error(error) => source.hir.errors[error.index()].name.clone(),
            other => other.to_string(),
        })?;
        self.stored.extend(self.entries_of(&program).into_keys());
        Ok(())
    }

    /// What a program must store.
    fn entries_of(&self, program: &Address) -> BTreeMap<EntryId, Vec<u8>> {
        let source = self.programs.get(program);
        let Some((source, state)) = source.zip(self.chain.state_of(program.as_bytes())) else {
            return BTreeMap::new();
        };
        let records = machine::records(&source.hir, &source.code, state).into_iter();
        let program = *program;
        records
            .map(|(key, value)| (EntryId { program, key }, value))
            .collect()
    }

    /// All that programs must store.
    pub fn entries(&self) -> BTreeMap<EntryId, Vec<u8>> {
        let programs = self.programs.keys();
        programs.flat_map(|program| self.entries_of(program)).collect()
    }

    /// Everything that was ever stored, whether or not it still is.
    pub fn stored(&self) -> &BTreeSet<EntryId> {
        &self.stored
    }

    /// What an account or a program must own, in base units.
    pub fn balance(&self, address: &Address) -> u64 {
        self.chain.balances.get(address.as_bytes()).copied().unwrap_or(0)
    }

    fn take(&mut self, from: &Address, amount: u64) -> Result<(), String> {
        let balance = self.chain.balances.entry(*from.as_bytes()).or_default();
        *balance = balance.checked_sub(amount).ok_or("insufficient balance")?;
        Ok(())
    }

    fn give(&mut self, to: &Address, amount: u64) {
        *self.chain.balances.entry(*to.as_bytes()).or_default() += amount;
    }

    fn differs(&mut self, what: String) {
        self.differences += 1;
        if self.described.len() < MAX_DESCRIBED {
            self.described.push(what);
        }
    }

    /// Compares everything that anybody owns and all that programs store with a state of the chain; how many balances and
    /// entries are equal.
    pub fn reconcile(&mut self, state: &State) -> (u64, u64) {
        let balances = state
            .accounts()
            .map(|(address, account)| (address, account.balance.base_units()))
            .filter(|(_, balance)| *balance > 0);
        let expected = self.chain.balances.iter();
        let expected = expected.map(|(address, balance)| (Address::new(*address), *balance));
        let expected = expected.filter(|(_, balance)| *balance > 0).collect();
        let owned = self.compare(balances.collect(), expected, |address, got, expected| {
            format!("{address} owns {got:?} base units, expected {expected:?}")
        });
        let entries = state.entries().map(|(id, value)| (id, value.to_vec()));
        let kept = self.compare(entries.collect(), self.entries(), |id, got, expected| {
            let (got, expected) = (got.map(hex::encode), expected.map(hex::encode));
            format!("{} stores {got:?}, expected {expected:?}", id.program)
        });
        let totals = state.metadata();
        let got = (
            totals.total_supply.base_units(),
            totals.fees_collected.base_units(),
        );
        let expected = (self.supply, self.fees);
        if got != expected {
            self.differs(format!(
                "supply and fees are {got:?} base units, expected {expected:?}"
            ));
        }
        (owned, kept)
    }

    /// How many values are equal, of all that are in either.
    fn compare<K: Ord + Copy, V: PartialEq>(
        &mut self,
        got: BTreeMap<K, V>,
        expected: BTreeMap<K, V>,
        describe: impl Fn(K, Option<&V>, Option<&V>) -> String,
    ) -> u64 {
        let all: BTreeSet<K> = got.keys().chain(expected.keys()).copied().collect();
        let mut equal = 0;
        for key in all {
            let (got, expected) = (got.get(&key), expected.get(&key));
            if got == expected {
                equal += 1;
            } else {
                self.differs(describe(key, got, expected));
            }
        }
        equal
    }

    /// What has become of the transactions to each of the productions.
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// Programs that were deployed.
    pub fn deployed(&self) -> u64 {
        self.programs.len() as u64
    }

    /// What differs from the chain: how much, and the first of it in words.
    pub fn differences(&self) -> (u64, &[String]) {
        (self.differences, &self.described)
    }
}

/// A failure by the name of the program's error, or in words.
fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Trapped(trapped) => match &trapped.error {
            Some(error) => error.name.clone(),
            None => trapped.trap.to_string(),
        },
        other => other.to_string(),
    }
}

impl Source {
    /// The arguments as the language has them.
    fn arguments(&self, function: FnId, args: &[u8]) -> Result<Vec<curve_lang::value::Value>, String> {
        let name = &self.hir.functions[function.index()].named.name;
        let index = self.code.function(name).ok_or("no such function")?;
        let params = &self.code.functions[usize::from(index)].params;
        let types: Vec<Type> = params.iter().map(|field| field.ty).collect();
        let words = decode_values(&types, args).map_err(|error| error.to_string())?;
        let values = machine::arguments(&self.hir, function, words);
        values.ok_or_else(|| "arguments that are no values".into())
    }
}

#[cfg(test)]
mod tests;
