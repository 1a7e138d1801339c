//! The independent model: what every account and program must own, by the language's reference interpreter.
//!
//! It reads the transactions of decided blocks and nothing else. Fees, transfers and mints are done here by their written rules;
//! programs are run from their *source* by `curve_lang::reference`, which shares nothing with compiler, bytecode and machine. So
//! what it finds can be held against what the validators agreed on.

use std::collections::BTreeMap;
use std::sync::Arc;

use assetvm::{Action, Address, Genesis, Outcome, Receipt, State, Transaction, program_address};
use curve_lang::Artifact;
use curve_lang::hir::FnId;
use curve_lang::reference::Chain;
use curve_lang::syntax::ast::FunctionKind;
use curve_lang::value::Value;
use curvevm::{Type, decode_values};
use rollup_abi::Header;

/// Differences that are described; all are counted.
const MAX_DESCRIBED: usize = 10;
/// Most steps of one call: more than any call of a run takes.
const MAX_STEPS: u64 = 1_000_000;

/// A program as the model knows it.
#[derive(Debug)]
struct Deployed {
    artifact: Arc<Artifact>,
    chain: Chain,
}

/// What the chain must look like.
#[derive(Debug)]
pub struct Model {
    genesis: Genesis,
    balances: BTreeMap<[u8; 32], u64>,
    fees: u64,
    supply: u64,
    /// Code that the model has the source of.
    sources: BTreeMap<Vec<u8>, Arc<Artifact>>,
    programs: BTreeMap<Address, Deployed>,
    calls: Calls,
    differences: u64,
    described: Vec<String>,
}

/// Calls of programs, deployments not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// That took effect.
    pub applied: u64,
    /// That failed.
    pub refused: u64,
}

impl Model {
    /// At genesis, with the sources of these programs.
    pub fn new(genesis: &Genesis, sources: &[&Arc<Artifact>]) -> Self {
        let accounts = genesis.accounts.iter();
        let balances: BTreeMap<_, _> = accounts
            .map(|(address, balance)| (*address.as_bytes(), balance.base_units()))
            .collect();
        let sources = sources.iter();
        Self {
            genesis: genesis.clone(),
            supply: balances.values().sum(),
            balances,
            fees: 0,
            sources: sources
                .map(|artifact| (artifact.program.encode(), Arc::clone(artifact)))
                .collect(),
            programs: BTreeMap::new(),
            calls: Calls::default(),
            differences: 0,
            described: Vec::new(),
        }
    }

    /// Carries out a decided block's transactions, and compares what became of them with the receipts.
    pub fn apply(&mut self, header: &Header, transactions: &[Transaction], receipts: &[Receipt]) {
        if transactions.len() != receipts.len() {
            self.differs(format!("height {}: {} receipts", header.height, receipts.len()));
        }
        for (transaction, receipt) in transactions.iter().zip(receipts) {
            let body = &transaction.body;
            let fee = body.fee.base_units();
            if self.take(&body.sender, fee).is_err() {
                self.differs(format!("{} cannot pay the fee of {}", body.sender, receipt.id));
            }
            self.fees += fee;
            let expected = self.act(header, transaction);
            if matches!(body.action, Action::Call { .. }) {
                let counted = match expected {
                    Ok(()) => &mut self.calls.applied,
                    Err(_) => &mut self.calls.refused,
                };
                *counted += 1;
            }
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
        }
    }

    fn act(&mut self, header: &Header, transaction: &Transaction) -> Result<(), String> {
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
                let artifact = self.sources.get(code).ok_or("code of unknown source")?;
                let address = program_address(&body.sender, body.nonce);
                let deployed = Deployed {
                    artifact: Arc::clone(artifact),
                    chain: Chain::new(*address.as_bytes(), 0, 0),
                };
                let init = deployed.artifact.hir.init();
                self.programs.insert(address, deployed);
                let run = match init {
                    Some(init) => self.run(header, address, init, args, &body.sender, payment.base_units()),
                    None => Ok(()),
                };
                if run.is_err() {
                    self.programs.remove(&address);
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
                let function = find(&found.artifact, FunctionKind::Entry, entry).ok_or("no such entry")?;
                self.run(
                    header,
                    *program,
                    function,
                    args,
                    &body.sender,
                    payment.base_units(),
                )
            }
            Action::Upgrade { .. } | Action::Close { .. } | Action::Roster(_) => {
                Err("nobody upgrades, closes or changes the roster here".into())
            }
        }
    }

    /// Runs a function from its source.
    fn run(
        &mut self,
        header: &Header,
        program: Address,
        function: FnId,
        args: &[u8],
        caller: &Address,
        payment: u64,
    ) -> Result<(), String> {
        let deployed = self.programs.get_mut(&program).ok_or("no such program")?;
        let Deployed { artifact, chain } = deployed;
        let name = &artifact.hir.functions[function.index()].named.name;
        let args = arguments(artifact, name, args)?;
        chain.now = header.timestamp_ms;
        chain.height = header.height;
        // There is one ledger: whoever runs has it.
        chain.balances = std::mem::take(&mut self.balances);
        let result = chain.transact(
            &artifact.hir,
            function,
            args,
            *caller.as_bytes(),
            payment,
            MAX_STEPS,
        );
        self.balances = std::mem::take(&mut chain.balances);
        result.map(|_| ()).map_err(|failure| failure.to_string())
    }

    /// What a view answers, by the source.
    pub fn view(&self, program: &Address, view: &str, args: Vec<Value>) -> Option<Value> {
        let deployed = self.programs.get(program)?;
        let function = find(&deployed.artifact, FunctionKind::View, view)?;
        let mut chain = deployed.chain.clone();
        let answer = chain.transact(&deployed.artifact.hir, function, args, [0; 32], 0, MAX_STEPS);
        answer.ok().map(|outcome| outcome.value)
    }

    /// What an account or a program must own, in base units.
    pub fn balance(&self, address: &Address) -> u64 {
        self.balances.get(address.as_bytes()).copied().unwrap_or(0)
    }

    fn take(&mut self, from: &Address, amount: u64) -> Result<(), String> {
        let balance = self.balances.entry(*from.as_bytes()).or_default();
        *balance = balance.checked_sub(amount).ok_or("insufficient balance")?;
        Ok(())
    }

    fn give(&mut self, to: &Address, amount: u64) {
        *self.balances.entry(*to.as_bytes()).or_default() += amount;
    }

    fn differs(&mut self, what: String) {
        self.differences += 1;
        if self.described.len() < MAX_DESCRIBED {
            self.described.push(what);
        }
    }

    /// Compares everything that anybody owns, programs included, with a state of the chain; how many balances are equal.
    pub fn reconcile(&mut self, state: &State) -> u64 {
        let chain: BTreeMap<[u8; 32], u64> = state
            .accounts()
            .map(|(address, account)| (*address.as_bytes(), account.balance.base_units()))
            .collect();
        let owners: std::collections::BTreeSet<_> =
            chain.keys().chain(self.balances.keys()).copied().collect();
        let mut equal = 0;
        for owner in owners {
            let got = chain.get(&owner).copied().unwrap_or(0);
            let expected = self.balances.get(&owner).copied().unwrap_or(0);
            if got == expected {
                equal += 1;
            } else {
                let owner = Address::new(owner);
                self.differs(format!("{owner} owns {got} base units, expected {expected}"));
            }
        }
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
        equal
    }

    /// Calls of programs so far.
    pub fn calls(&self) -> Calls {
        self.calls
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

fn find(artifact: &Artifact, kind: FunctionKind, name: &str) -> Option<FnId> {
    artifact
        .hir
        .find(|function| function.kind == kind && function.named.name == name)
}

/// The arguments as the language has them. What traders pass is numbers and addresses.
fn arguments(artifact: &Artifact, function: &str, args: &[u8]) -> Result<Vec<Value>, String> {
    let program = &artifact.program;
    let index = program.function(function).ok_or("no such function")?;
    let params = &program.functions[usize::from(index)].params;
    let types: Vec<Type> = params.iter().map(|field| field.ty).collect();
    let values = decode_values(&types, args).map_err(|error| error.to_string())?;
    let translated = values.into_iter().map(|value| match value {
        curvevm::Value::U64(n) => Ok(Value::Number(n)),
        curvevm::Value::Address(address) => Ok(Value::Address(*address.as_bytes())),
        curvevm::Value::Bool(b) => Ok(Value::Bool(b)),
        other => Err(format!("an argument of type {}", other.ty())),
    });
    translated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{Proven, judge};
    use crate::plan::{FEE, SUPPLY_CAP, Signed};
    use crate::programs::{self, Kit, Places, Signers, TRADERS};
    use assetvm::{Amount, GasRules, SigningKey, Unvalidated, execute_block};

    const BLOCK_TIME: u64 = 250;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    /// A whole run without a network: every transaction of the plan, in blocks.
    fn run(kit: &Kit) -> (Model, State) {
        let (authority, deployer) = (key(1), key(2));
        let traders: Vec<_> = (0..TRADERS).map(|i| key(10 + i as u8)).collect();
        let genesis = Genesis {
            program_id: Address::new([1; 32]),
            mint_authority: authority.address(),
            supply_cap: SUPPLY_CAP,
            minimum_fee: FEE,
            gas: GasRules::default(),
            accounts: Vec::new(),
            committee: [0; 32],
            timestamp_ms: 0,
            roster: assetvm::GenesisRoster::default(),
        };
        let signers = Signers {
            chain_id: genesis.chain_id(),
            gas: genesis.gas,
            deployer: &deployer,
            traders: &traders,
        };
        let budget = Action::Mint {
            to: deployer.address(),
            amount: programs::BUDGET,
        };
        let mint = Signed::new(&authority, signers.chain_id, 0, Amount::ZERO, budget);
        let first: Vec<_> = [mint].into_iter().chain(signers.deployments(kit)).collect();
        let trades = signers.trades();
        let rounds = (0..trades[0].len()).map(|at| trades.iter().map(|of| of[at].clone()).collect());
        let mut state = genesis.state().unwrap();
        let mut model = Model::new(&genesis, &kit.all());
        for (height, block) in (1..).zip(std::iter::once(first).chain(rounds)) {
            let header = Header {
                height,
                timestamp_ms: height * BLOCK_TIME,
                ..Header::default()
            };
            let verified: Vec<_> = block
                .iter()
                .map(|signed| Unvalidated::decode(&signed.bytes).unwrap().verify().unwrap())
                .collect();
            let outcome = execute_block(&state, (&header).into(), &verified).unwrap();
            let transactions: Vec<_> = verified.iter().map(|one| one.transaction().clone()).collect();
            model.apply(&header, &transactions, &outcome.receipts);
            state = outcome.state;
        }
        (model, state)
    }

    /// What proofs against this state say of owners and entries, of those that are not there, too.
    fn proven(state: &State, owners: &[Address], holdings: &[programs::Holding]) -> Proven {
        let balance = |owner| state.get(owner).map_or(Amount::ZERO, |account| account.balance);
        Proven {
            balances: owners.iter().map(|owner| (*owner, balance(owner))).collect(),
            entries: holdings
                .iter()
                .map(|holding| (holding.id, state.entry(&holding.id).map(<[u8]>::to_vec)))
                .collect(),
        }
    }

    #[test]
    fn the_chain_does_what_the_model_says_and_differences_are_found() {
        let kit = Kit::compile().unwrap();
        let (mut model, state) = run(&kit);
        let places = Places::of(&key(2).address());
        let owners = places.all();
        let holdings = programs::holdings(&kit, &places, &[key(10).address(), key(11).address()]);
        let mut proven = proven(&state, &owners, &holdings);
        let good = judge(&mut model, &state, &owners, &holdings, &proven);
        assert_eq!(good.failures, Vec::<String>::new());
        assert_eq!((good.deployed, good.calls), (3, programs::calls()));
        assert_eq!((good.balances_proven, good.entries_proven), (6, 3));
        assert!(
            good.refused >= programs::calls() / 5,
            "nobody sells what he does not own"
        );
        assert!(
            good.refused < programs::calls() / 2,
            "the other calls take effect"
        );

        *proven.balances.get_mut(&places.receiver).unwrap() = Amount::ZERO;
        proven.entries.insert(holdings[1].id, Some(vec![1; 8]));
        proven.entries.remove(&holdings[2].id);
        model.give(&places.curve, 1);
        let bad = judge(&mut model, &state, &owners, &holdings, &proven);
        assert_eq!((bad.balances_proven, bad.entries_proven), (4, 1));
        assert_eq!(bad.failures.len(), 5, "{:#?}", bad.failures);
    }
}
