//! The standard programs keep their laws: those that stand beside them, for many values, and the ones that every program
//! keeps, on random walks: no money is made or lost, vaults hold no more than there is, and CurveVM agrees with the
//! reference at every step.
//!
//! `CURVE_LAWS` sets the cases of each law, `CURVE_WALKS` the walks of each program, `CURVE_SEED` where randomness begins.
//! In release: `CURVE_LAWS=200000 cargo test --release -p curve-lang --test laws -- --nocapture`.

#![expect(clippy::disallowed_methods, reason = "a test may be told how long to search")]

mod common;

use std::sync::Arc;

use common::{
    Random, examples,
    world::{arbitrary, number, people},
};
use curve_lang::{
    Artifact, Options, compile,
    hir::{FnId, Program, SlotId},
    machine::MachineLedger,
    reference::{Chain, Failure, Ledger, World},
    syntax::ast::FunctionKind,
    testing::{TestOptions, own_address, run_machine_tests},
    value::Value,
};

/// Calls of one walk.
const STEPS: usize = 40;
/// Tries to deploy with arguments that the program accepts.
const TRIES: usize = 200;
/// What each account owns at the beginning.
const OWNED: u64 = 1_000_000_000_000_000;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn compiled(name: &str, source: &str) -> Artifact {
    let options = Options {
        file: name.to_owned(),
        ..Options::default()
    };
    compile(source, &options).unwrap_or_else(|errors| panic!("{name}: {errors}"))
}

#[test]
fn standard_programs_keep_their_laws() {
    let cases = u32::try_from(setting("CURVE_LAWS", 64)).unwrap();
    let options = TestOptions {
        cases,
        seed: setting("CURVE_SEED", 7),
        steps: u64::MAX,
    };
    let mut total = 0;
    for (name, source) in examples() {
        let artifact = compiled(&name, &source);
        let code = Arc::new(artifact.program.verify().unwrap());
        let mut laws = 0;
        for report in run_machine_tests(&artifact.hir, &code, options) {
            if let Some(failure) = &report.failure {
                let place = &source[failure.span.range()];
                panic!("{name}: {}: {failure:?}\n{place}", report.name);
            }
            if let Some(law) = report.name.strip_prefix("law: ") {
                println!("{:>12} cases  {name}: {law}", report.cases);
                assert_eq!(report.cases, u64::from(cases), "{name}: {law}");
                laws += 1;
                total += report.cases;
            }
        }
        assert!(laws > 0, "{name} has no law");
    }
    println!("{total:>12} cases of all laws");
}

/// A program on both of its ledgers.
struct Walk<'a> {
    name: &'a str,
    program: &'a Program,
    reference: Chain,
    machine: MachineLedger<'a>,
    random: Random,
    trace: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(name: &'a str, artifact: &'a Artifact, seed: u64) -> Self {
        let code = Arc::new(artifact.program.clone().verify().unwrap());
        let mut reference = Chain::new(own_address(), 1_000_000, 100);
        let mut machine = MachineLedger::new(&artifact.hir, code, own_address(), 1_000_000, 100);
        for who in people() {
            reference.balances.insert(who, OWNED);
            machine.fund(who, OWNED).unwrap();
        }
        Self {
            name,
            program: &artifact.hir,
            reference,
            machine,
            random: Random(seed),
            trace: Vec::new(),
        }
    }

    /// A random call of a function; whether it succeeded.
    fn call(&mut self, id: FnId) -> bool {
        let function = &self.program.functions[id.index()];
        let params = function.locals.iter().take(usize::from(function.params));
        let args: Vec<Value> = params
            .map(|local| arbitrary(&mut self.random, &local.ty, self.program))
            .collect();
        let caller = people()[self.random.below(4)];
        let payment = if function.payable {
            number(&mut self.random) % OWNED
        } else {
            0
        };
        self.trace
            .push(format!("{} {args:?} paying {payment}", function.named.name));
        let wanted = self
            .reference
            .transact(self.program, id, args.clone(), caller, payment, 10_000_000);
        let got = self.machine.call(id, &args, caller, payment);
        assert_eq!(got, wanted, "{}: {:#?}", self.name, self.trace);
        self.check();
        wanted.is_ok()
    }

    /// What holds for every program.
    fn check(&self) {
        let own = self.reference.balance(&own_address());
        let others: u64 = people().iter().map(|who| self.reference.balance(who)).sum();
        assert_eq!(own + others, 4 * OWNED, "{}: {:#?}", self.name, self.trace);
        let mut held = 0;
        for ((slot, key), value) in &self.reference.state {
            let stored = self.machine.read(*slot, key.as_ref());
            assert_eq!(stored.as_ref(), Some(value), "{}: {:#?}", self.name, self.trace);
            if let (true, Value::Number(amount)) = (self.is_vault(*slot), value) {
                held += amount;
            }
        }
        assert!(held <= own, "{}: {held} of {own}: {:#?}", self.name, self.trace);
        for who in people() {
            assert_eq!(self.machine.balance(&who), self.reference.balance(&who));
        }
    }

    fn is_vault(&self, slot: SlotId) -> bool {
        self.program.slots[slot.index()].vault
    }

    fn advance(&mut self) {
        let time = number(&mut self.random) % 5_000_000_000;
        self.machine.advance(time, time / 250);
        self.reference.now += time;
        self.reference.height += time / 250;
        self.trace.push(format!("{time} ms pass"));
    }
}

/// Calls that succeeded, and all of them.
fn walk(name: &str, artifact: &Artifact, seed: u64) -> (u64, u64) {
    let mut walk = Walk::new(name, artifact, seed);
    if let Some(init) = walk.program.init() {
        let deployed = (0..TRIES).any(|_| walk.call(init));
        assert!(deployed, "{name} accepts no arguments");
        walk.trace.clear();
    }
    let functions = (0u16..).map(FnId).zip(&artifact.hir.functions);
    let called = functions.filter(|(_, f)| matches!(f.kind, FunctionKind::Entry | FunctionKind::View));
    let called: Vec<FnId> = called.map(|(id, _)| id).collect();
    let mut succeeded = 0;
    for _ in 0..STEPS {
        if walk.random.below(6) == 0 {
            walk.advance();
        }
        let id = called[walk.random.below(called.len())];
        succeeded += u64::from(walk.call(id));
    }
    (succeeded, STEPS as u64)
}

#[test]
fn no_money_is_made_or_lost_on_random_walks() {
    let (walks, first) = (setting("CURVE_WALKS", 12), setting("CURVE_SEED", 7));
    let mut total = 0;
    for (name, source) in examples() {
        let artifact = compiled(&name, &source);
        let (mut succeeded, mut calls) = (0, 0);
        for seed in first..first + walks {
            let (good, all) = walk(&name, &artifact, seed);
            succeeded += good;
            calls += all;
        }
        println!("{calls:>12} calls  {name}: {succeeded} succeeded");
        assert!(succeeded > walks, "{name}: too few calls succeed: {succeeded}");
        total += calls;
    }
    println!("{total:>12} calls on all walks");
}

/// A check that cannot fail would be none: this program gives away what it does not hold in a vault.
#[test]
fn laws_can_be_broken() {
    let source = "program leak;
state { pot: Vault, claims: map Address => Asset }
error No;
entry put() payable {
    state.claims[caller] += payment + 1 nASSET;
    move payment to state.pot;
}
entry take() {
    let all = state.claims[caller];
    require all > 0 else No;
    state.claims[caller] = 0;
    move all from state.pot to caller;
}
test \"law: everybody gets back what he gave\" {
    let alice = account(\"alice\");
    fund alice with 1_000 ASSET;
    for all amount in 0 nASSET..1_000 ASSET {
        call put() from alice paying amount;
        call take() from alice;
        assert balance(alice) == 1_000 ASSET;
    }
}
";
    let artifact = compiled("leak", source);
    let code = Arc::new(artifact.program.verify().unwrap());
    let reports = run_machine_tests(&artifact.hir, &code, TestOptions::default());
    let failure = reports[0].failure.as_ref().unwrap();
    assert!(failure.message.contains("Insufficient"), "{failure:?}");
    let mut machine = MachineLedger::new(&artifact.hir, code, own_address(), 0, 0);
    let take = artifact.hir.find(|f| f.named.name == "take").unwrap();
    assert!(matches!(
        machine.call(take, &[], people()[0], 0),
        Err(Failure::Error(_))
    ));
}
