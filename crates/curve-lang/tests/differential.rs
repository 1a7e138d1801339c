//! Random programs mean the same to the reference interpreter, and compiled with and without the optimiser.
//!
//! `CURVE_CASES` sets the number of programs, `CURVE_SEED` the first one, `CURVE_CALLS` how often each is called. In release:
//! `CURVE_CASES=100000 CURVE_CALLS=100 cargo test --release -p curve-lang --test differential -- --nocapture`.
//!
//! Measured so, 110,000 programs from seed 1,000,000 with 100 calls each: 11,000,000 calls, of which 5,348,777 succeed and the others
//! fail in twelve ways, without a difference.

#![expect(clippy::disallowed_methods, reason = "a test may be told how long to search")]

mod common;

use std::{collections::BTreeMap, sync::Arc};

use common::{
    Random,
    generate::{self, Generated, Ty},
};
use curve_lang::{
    Artifact, Options, compile,
    hir::{FnId, Program, SlotId},
    machine::MachineLedger,
    reference::{Chain, Failure, Outcome, World, account},
    testing::own_address,
    value::Value,
};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn people() -> [[u8; 32]; 4] {
    [
        account(b"alice"),
        account(b"bob"),
        own_address(),
        account(b"other"),
    ]
}

fn number(random: &mut Random) -> u64 {
    match random.below(8) {
        0 => 0,
        1 => random.next(),
        2 => u64::MAX,
        _ => 1 + random.next() % 20,
    }
}

fn argument(random: &mut Random, ty: Ty) -> Value {
    match ty {
        Ty::Count | Ty::A | Ty::B | Ty::Asset | Ty::Duration | Ty::Time | Ty::Height => {
            Value::Number(number(random))
        }
        Ty::Bool => Value::Bool(random.below(2) == 0),
        Ty::Address => Value::Address(people()[random.below(4)]),
        Ty::Hash => Value::Hash([u8::try_from(random.below(3)).unwrap(); 32]),
        Ty::Ratio => Value::Ratio(u128::from(number(random)) << random.below(65)),
        Ty::Wide => Value::Wide(u128::from(number(random)) * u128::from(number(random))),
        Ty::Bytes => Value::Bytes(vec![b'x'; random.below(9)]),
        Ty::P => Value::Struct(vec![
            argument(random, Ty::Count),
            argument(random, Ty::A),
            argument(random, Ty::Bool),
            argument(random, Ty::Address),
        ]),
        Ty::E => Value::Variant(0, Vec::new()),
    }
}

/// Every cell, and every value of a map that the reference ever set; zeros where nothing is.
fn state<W: World>(program: &Program, world: &W, keys: &[(SlotId, Option<Value>)]) -> Vec<Value> {
    let read = |(slot, key): &(SlotId, Option<Value>)| {
        let zero = program.zero(&program.slots[slot.index()].value);
        world.read(*slot, key.as_ref()).unwrap_or(zero)
    };
    keys.iter().map(read).collect()
}

fn balances(world: &impl World) -> Vec<u64> {
    people().iter().map(|who| world.balance(who)).collect()
}

#[derive(Default)]
struct Tally {
    succeeded: u64,
    failed: BTreeMap<String, u64>,
}

/// One random program in its three forms.
struct Trio<'a> {
    source: &'a str,
    program: &'a Program,
    reference: Chain,
    machines: Vec<(&'static str, MachineLedger<'a>)>,
}

impl<'a> Trio<'a> {
    fn new(
        source: &'a str,
        plain: &'a Artifact,
        optimised: &'a Artifact,
        other: &Other,
    ) -> Result<Self, String> {
        let (program, start) = (&plain.hir, (1_000_000, 77));
        let mut reference = Chain::new(own_address(), start.0, start.1);
        reference.add(account(b"other"), other.0.clone());
        let mut machines = Vec::new();
        for who in &people()[..2] {
            reference.balances.insert(*who, 1_000_000);
        }
        for (how, artifact) in [("plain", plain), ("optimised", optimised)] {
            let code = artifact
                .program
                .clone()
                .verify()
                .map_err(|error| format!("{error}\n{source}"))?;
            let mut machine = MachineLedger::new(program, Arc::new(code), own_address(), start.0, start.1);
            let address = curvevm::Address::new(account(b"other"));
            machine.host.programs.insert(address, other.1.clone());
            for who in &people()[..2] {
                machine
                    .host
                    .balances
                    .insert(curvevm::Address::new(*who), 1_000_000);
            }
            machines.push((how, machine));
        }
        Ok(Self {
            source,
            program,
            reference,
            machines,
        })
    }

    /// A call, three times; the message says how the answers differ.
    fn call(&mut self, id: FnId, args: &[Value], caller: [u8; 32], payment: u64) -> Result<Answer, String> {
        let wanted = self
            .reference
            .transact(self.program, id, args.to_vec(), caller, payment, 1_000_000);
        if matches!(wanted, Err(Failure::Steps | Failure::Limit)) {
            return Ok(wanted);
        }
        let mut keys: Vec<_> = self.reference.state.keys().cloned().collect();
        let cells = (0u16..)
            .map(SlotId)
            .zip(&self.program.slots)
            .filter(|(_, slot)| slot.key.is_none());
        keys.extend(cells.map(|(id, _)| (id, None)));
        for (how, machine) in &mut self.machines {
            let got = machine.call(id, args, caller, payment);
            let same = got == wanted
                && state(self.program, machine, &keys) == state(self.program, &self.reference, &keys)
                && balances(machine) == balances(&self.reference);
            if !same {
                let source = self.source;
                return Err(format!(
                    "{how}, {args:?} paying {payment}:\n{got:?}\nexpected {wanted:?}\n{source}"
                ));
            }
        }
        Ok(wanted)
    }
}

/// The program that random programs call: its meaning and its code.
type Other = (Arc<Program>, Arc<curvevm::Verified>);

fn other() -> Other {
    let artifact = compile(generate::OTHER, &Options::default()).unwrap();
    (
        Arc::new(artifact.hir),
        Arc::new(artifact.program.verify().unwrap()),
    )
}

type Answer = Result<Outcome, Failure>;

/// Runs one program three ways; the message says how they differ.
fn run(seed: u64, calls: u64, other: &Other, tally: &mut Tally) -> Result<(), String> {
    let address = curvevm::Address::new(account(b"other")).to_string();
    let Generated { source, entries } = generate::program(seed, &address);
    let compiled = |optimise| {
        let artifact = compile(
            &source,
            &Options {
                optimise,
                ..Options::default()
            },
        );
        artifact.map_err(|errors| format!("{errors}\n{source}"))
    };
    let (plain, optimised) = (compiled(false)?, compiled(true)?);
    let mut trio = Trio::new(&source, &plain, &optimised, other)?;
    let mut random = Random(seed ^ 0x5eed);
    for round in 0..calls {
        let (name, params, payable) = &entries[random.below(entries.len())];
        let id = plain.hir.find(|function| function.named.name == *name).unwrap();
        let args: Vec<Value> = params.iter().map(|ty| argument(&mut random, *ty)).collect();
        let caller = people()[random.below(2)];
        let payment = if *payable || random.below(10) == 0 {
            random.next() % 1_000
        } else {
            0
        };
        let answer = trio.call(id, &args, caller, payment);
        match answer.map_err(|difference| format!("seed {seed}, call {round} of {name}, {difference}"))? {
            Err(Failure::Steps | Failure::Limit) => return Ok(()),
            Ok(_) => tally.succeeded += 1,
            Err(failure) => *tally.failed.entry(failure.to_string()).or_default() += 1,
        }
    }
    Ok(())
}

#[test]
fn random_programs_mean_the_same_three_ways() {
    let (first, cases) = (setting("CURVE_SEED", 0), setting("CURVE_CASES", 300));
    let (calls, other) = (setting("CURVE_CALLS", 8), other());
    let mut tally = Tally::default();
    for seed in first..first.saturating_add(cases) {
        if let Err(difference) = run(seed, calls, &other, &mut tally) {
            panic!("{difference}");
        }
    }
    let failed: u64 = tally.failed.values().sum();
    println!(
        "{cases} programs from seed {first}, {} calls without a difference: {} succeeded, {failed} failed: {:?}",
        tally.succeeded + failed,
        tally.succeeded,
        tally.failed
    );
    if cases >= 300 {
        assert!(
            tally.succeeded > cases,
            "too few calls succeed: {}",
            tally.succeeded
        );
        assert!(
            tally.failed.len() >= 8,
            "too few ways to fail: {:?}",
            tally.failed
        );
    }
}
