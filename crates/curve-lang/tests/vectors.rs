//! Conformance vectors: programs, calls, and what each call comes to.
//!
//! The files in `vectors/` are made by the reference interpreter (`CURVE_VECTORS=write` writes them anew), and CurveVM is
//! checked against what they say, without the reference. Values, keys and arguments are in their canonical bytes, in hexadecimal.
//! A cell that is not named has zeros, and a map has nothing but what is named.

#![expect(clippy::disallowed_methods, reason = "a test may be told to write its files")]

mod common;

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use common::{
    Random, examples, generate,
    world::{arbitrary, number, people},
};
use curve_lang::{
    Artifact, Options, compile,
    hir::{FnId, Function, Program, SlotId},
    reference::{Chain, Failure, Outcome, account, arith::encode},
    syntax::ast::FunctionKind,
    testing::own_address,
    types::Type,
    value::Value,
};
use curvevm::{
    Address, Call, Entrance, Gas, Machine, MemoryHost, Trap, Verified, decode_values, encode_values,
};
use serde::{Deserialize, Serialize};

/// Calls of each file.
const CALLS: usize = 24;
/// Random programs.
const RANDOM: u64 = 12;
/// What each account owns at the beginning.
const OWNED: u64 = 1_000_000_000_000;
const START_MS: u64 = 1_000_000;
const START_HEIGHT: u64 = 100;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vectors {
    /// The program's source: a file of the repository, or the text itself.
    source: String,
    address: String,
    /// Sources of the programs that it calls, by address.
    neighbours: BTreeMap<String, String>,
    time_ms: u64,
    height: u64,
    balances: BTreeMap<String, u64>,
    calls: Vec<Vector>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vector {
    /// How much time passes before.
    advance_ms: u64,
    /// `init`, `entry name` or `view name`.
    call: String,
    args: String,
    caller: String,
    payment: u64,
    /// What it returns, or how it fails.
    result: Result<String, String>,
    /// Names and fields.
    events: Vec<(String, String)>,
    /// Slot, key and value of everything that is stored afterwards.
    state: Vec<(String, String, String)>,
    balances: BTreeMap<String, u64>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = (0..text.len()).step_by(2);
    digits
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn base58(address: [u8; 32]) -> String {
    Address::new(address).to_string()
}

/// The canonical bytes of values.
fn bytes_of<'v>(values: impl IntoIterator<Item = (&'v Value, &'v Type)>, program: &Program) -> String {
    let mut bytes = Vec::new();
    for (value, ty) in values {
        match (value, ty) {
            (Value::Tuple(parts), Type::Tuple(types)) => {
                for (part, ty) in parts.iter().zip(types) {
                    encode(part, ty, program, &mut bytes);
                }
            }
            _ => encode(value, ty, program, &mut bytes),
        }
    }
    hex(&bytes)
}

fn call_name(function: &Function) -> String {
    match function.kind {
        FunctionKind::Init => "init".to_owned(),
        kind => format!("{} {}", kind.word(), function.named.name),
    }
}

/// Makes vectors by the reference.
struct Maker<'a> {
    program: &'a Program,
    chain: Chain,
    random: Random,
}

impl Maker<'_> {
    fn vector(&mut self, id: FnId) -> Vector {
        let function = &self.program.functions[id.index()];
        let advance_ms = if self.random.below(4) == 0 {
            number(&mut self.random) % 10_000_000_000
        } else {
            0
        };
        self.chain.now += advance_ms;
        let types = function.locals.iter().map(|local| &local.ty);
        let types: Vec<&Type> = types.take(usize::from(function.params)).collect();
        let args: Vec<Value> = types
            .iter()
            .map(|ty| arbitrary(&mut self.random, ty, self.program))
            .collect();
        let caller = people()[self.random.below(4)];
        let pays = function.payable || self.random.below(16) == 0;
        let payment = if pays { number(&mut self.random) % OWNED } else { 0 };
        let shown = bytes_of(args.iter().zip(types), self.program);
        let outcome = self
            .chain
            .transact(self.program, id, args, caller, payment, 10_000_000);
        let (result, events) = match outcome {
            Ok(Outcome { value, events }) => (Ok((value, &function.result)), events),
            Err(failure) => (Err(self.failure(failure)), Vec::new()),
        };
        Vector {
            advance_ms,
            call: call_name(function),
            args: shown,
            caller: base58(caller),
            payment,
            result: result.map(|(value, ty)| bytes_of([(&value, ty)], self.program)),
            events: events.iter().map(|event| self.event(event)).collect(),
            state: self.state(),
            balances: self.balances(),
        }
    }

    fn failure(&self, failure: Failure) -> String {
        match failure {
            Failure::Error(id) => format!("error {}", self.program.errors[id.index()].name),
            Failure::Invariant(at) => format!("invariant {}", self.program.invariants[at].named.name),
            other => other.to_string(),
        }
    }

    fn event(&self, event: &curve_lang::reference::Event) -> (String, String) {
        let kind = &self.program.events[event.event.index()];
        let types = kind.fields.iter().map(|field| &field.ty);
        (
            kind.named.name.clone(),
            bytes_of(event.fields.iter().zip(types), self.program),
        )
    }

    fn state(&self) -> Vec<(String, String, String)> {
        let entries = self.chain.state.iter();
        let entry = |((slot, key), value): (&(SlotId, Option<Value>), &Value)| {
            let slot = &self.program.slots[slot.index()];
            let key = key.iter().zip(&slot.key);
            (
                slot.named.name.clone(),
                bytes_of(key, self.program),
                bytes_of([(value, &slot.value)], self.program),
            )
        };
        entries.map(entry).collect()
    }

    fn balances(&self) -> BTreeMap<String, u64> {
        let owned = self.chain.balances.iter().filter(|(_, amount)| **amount > 0);
        owned.map(|(who, amount)| (base58(*who), *amount)).collect()
    }
}

fn artifact(source: &str, optimise: bool) -> Artifact {
    let options = Options {
        optimise,
        ..Options::default()
    };
    compile(source, &options).unwrap_or_else(|errors| panic!("{errors}\n{source}"))
}

fn make(path: Option<&str>, source: &str, neighbour: Option<&str>, seed: u64) -> Vectors {
    let artifact = artifact(source, false);
    let mut chain = Chain::new(own_address(), START_MS, START_HEIGHT);
    let mut neighbours = BTreeMap::new();
    if let Some(other) = neighbour {
        chain.add(account(b"other"), Arc::new(artifact_of(other)));
        neighbours.insert(base58(account(b"other")), other.to_owned());
    }
    for who in people() {
        chain.balances.insert(who, OWNED);
    }
    let mut maker = Maker {
        program: &artifact.hir,
        chain,
        random: Random(seed),
    };
    let balances = maker.balances();
    let mut calls = Vec::new();
    if let Some(init) = artifact.hir.init() {
        for _ in 0..200 {
            let vector = maker.vector(init);
            let deployed = vector.result.is_ok();
            calls.push(vector);
            if deployed {
                break;
            }
            // Deployments that fail are worth a few examples.
            if calls.len() > 3 {
                let dropped: Vector = calls.remove(0);
                calls[0].advance_ms += dropped.advance_ms;
            }
        }
    }
    let functions = (0u16..).map(FnId).zip(&artifact.hir.functions);
    let called = functions.filter(|(_, f)| matches!(f.kind, FunctionKind::Entry | FunctionKind::View));
    let called: Vec<FnId> = called.map(|(id, _)| id).collect();
    for _ in 0..CALLS {
        let id = called[maker.random.below(called.len())];
        calls.push(maker.vector(id));
    }
    Vectors {
        source: path.unwrap_or(source).to_owned(),
        address: base58(own_address()),
        neighbours,
        time_ms: START_MS,
        height: START_HEIGHT,
        balances,
        calls,
    }
}

fn artifact_of(source: &str) -> Program {
    artifact(source, false).hir
}

/// All vectors by the names of their files.
fn all() -> Vec<(String, Vectors)> {
    let mut all = Vec::new();
    for (name, source) in examples() {
        let stem = name.strip_suffix(".curve").unwrap().to_owned();
        let path = format!("curve/examples/{name}");
        all.push((stem, make(Some(&path), &source, None, 11)));
    }
    for seed in 0..RANDOM {
        let address = base58(account(b"other"));
        let source = generate::program(seed, &address).source;
        let vectors = make(None, &source, Some(generate::OTHER), seed);
        all.push((format!("random_{seed:02}"), vectors));
    }
    all
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(format!("{name}.json"))
}

fn read(name: &str) -> Vectors {
    let text = fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn vectors_are_what_the_reference_says() {
    let write = std::env::var("CURVE_VECTORS").is_ok_and(|what| what == "write");
    for (name, vectors) in all() {
        if write {
            let text = serde_json::to_string_pretty(&vectors).unwrap();
            fs::write(file(&name), text + "\n").unwrap();
        }
        assert!(
            read(&name) == vectors,
            "{name}.json is not what the reference says; CURVE_VECTORS=write makes it anew"
        );
    }
}

/// CurveVM with a program and what the file says of the world.
struct Checked {
    code: Arc<Verified>,
    own: Address,
    host: MemoryHost,
    machine: Machine,
}

impl Checked {
    fn new(vectors: &Vectors, optimise: bool) -> Self {
        let verified = |source: &str| Arc::new(artifact(source, optimise).program.verify().unwrap());
        let address = |text: &str| text.parse::<Address>().unwrap();
        let source = if vectors.source.ends_with(".curve") {
            let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
            fs::read_to_string(root.join(&vectors.source)).unwrap()
        } else {
            vectors.source.clone()
        };
        let (code, own) = (verified(&source), address(&vectors.address));
        let mut host = MemoryHost {
            time_ms: vectors.time_ms,
            height: vectors.height,
            ..MemoryHost::default()
        };
        host.programs.insert(own, code.clone());
        for (at, source) in &vectors.neighbours {
            host.programs.insert(address(at), verified(source));
        }
        for (who, amount) in &vectors.balances {
            host.balances.insert(address(who), *amount);
        }
        Self {
            code,
            own,
            host,
            machine: Machine::new(),
        }
    }

    fn check(&mut self, vector: &Vector) {
        self.host.time_ms += vector.advance_ms;
        let args = unhex(&vector.args);
        let entrance = match vector.call.split_once(' ') {
            Some(("view", name)) => Entrance::View(name),
            Some((_, name)) => Entrance::Entry(name),
            None => Entrance::Init,
        };
        let call = Call {
            program: self.own,
            entrance,
            caller: vector.caller.parse().unwrap(),
            payment: vector.payment,
            args: &args,
            gas: Gas(10_000_000_000),
        };
        let outcome = self.machine.call(&self.host, &call).unwrap();
        let (result, events) = match outcome.result {
            Ok(success) => {
                self.host.apply(&success.effects);
                (
                    Ok(hex(&encode_values(&success.results))),
                    self.events(&success.effects.events),
                )
            }
            Err(fault) => (Err(self.failure(fault)), Vec::new()),
        };
        assert_eq!((&result, &events), (&vector.result, &vector.events), "{vector:?}");
        self.check_state(vector);
        let owned = self.host.balances.iter();
        let owned: BTreeMap<String, u64> = owned.map(|(who, amount)| (who.to_string(), *amount)).collect();
        assert_eq!(owned, vector.balances, "{vector:?}");
    }

    fn failure(&self, fault: curvevm::Fault) -> String {
        let program = self.code.program();
        let own = fault.program == self.own;
        match fault.trap {
            Trap::Revert(_) | Trap::InvariantViolated(_) if !own => Failure::Called.to_string(),
            Trap::Revert(at) => format!("error {}", program.errors[usize::from(at)].name),
            Trap::InvariantViolated(at) => format!("invariant {}", program.functions[usize::from(at)].name),
            other => other.to_string(),
        }
    }

    fn events(&self, events: &[curvevm::Event]) -> Vec<(String, String)> {
        let own = events.iter().filter(|event| event.program == self.own);
        let kinds = &self.code.program().events;
        own.map(|event| (kinds[usize::from(event.event)].name.clone(), hex(&event.data)))
            .collect()
    }

    fn check_state(&self, vector: &Vector) {
        let mut stored: BTreeMap<_, _> = self
            .host
            .storage
            .iter()
            .filter(|((program, _), _)| *program == self.own)
            .map(|((_, key), value)| (*key, value.clone()))
            .collect();
        for (name, key, value) in &vector.state {
            let slots = &self.code.program().slots;
            let slot = slots.iter().find(|slot| slot.name == *name).unwrap();
            let keys = decode_values(&slot.keys, &unhex(key)).unwrap();
            let zeros: Vec<_> = slot.values.iter().map(|field| field.ty.zero()).collect();
            let got = match stored.remove(&slot.key(&keys)) {
                None if keys.is_empty() => encode_values(&zeros),
                got => got.unwrap_or_else(|| panic!("{name} at {key} is missing: {vector:?}")),
            };
            assert_eq!(hex(&got), *value, "{name} at {key}: {vector:?}");
        }
        assert!(stored.is_empty(), "{stored:?}: {vector:?}");
    }
}

#[test]
fn the_machine_conforms() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = files
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 20, "{names:?}");
    let mut checked = (0, 0);
    for name in names {
        let vectors = read(&name);
        for optimise in [false, true] {
            let mut machine = Checked::new(&vectors, optimise);
            for vector in &vectors.calls {
                machine.check(vector);
                checked.0 += 1;
                checked.1 += usize::from(vector.result.is_ok());
            }
        }
    }
    println!("{} calls, {} of them succeed", checked.0, checked.1);
    assert!(checked.1 * 3 > checked.0, "{checked:?}");
}
