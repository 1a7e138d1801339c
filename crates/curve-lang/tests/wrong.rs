//! Deliberately wrong programs, one for each way to be wrong: each is refused or trapped, with a message that says why.

mod common;

use std::{fs, path::Path, sync::Arc};

use curve_lang::{
    Artifact, Options, compile,
    diagnostic::{Diagnostics, Style, render},
    machine::MachineLedger,
    reference::account,
    testing::{TestOptions, own_address, run_machine_tests},
    value::Value,
};
use curvevm::{Address, Gas, Instr, Opcode, Program, Trap, Type};

fn source(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../curve/wrong");
    fs::read_to_string(folder.join(format!("{name}.curve"))).unwrap()
}

fn build(name: &str, source: &str) -> Result<Artifact, Diagnostics> {
    let options = Options {
        file: format!("{name}.curve"),
        ..Options::default()
    };
    compile(source, &options)
}

/// What the compiler says to a program that it refuses.
fn refusal(name: &str, source: &str) -> String {
    let errors = build(name, source).expect_err("the program is wrong");
    render(&errors, &format!("{name}.curve"), source, Style::Plain)
}

fn ledger(artifact: &Artifact) -> MachineLedger<'_> {
    let code = Arc::new(artifact.program.clone().verify().unwrap());
    let mut ledger = MachineLedger::new(&artifact.hir, code, own_address(), 0, 0);
    ledger
        .host
        .balances
        .insert(Address::new(account(b"anybody")), 1_000_000);
    ledger
}

/// Calls a function of a program that compiles, and says how that goes.
fn call(ledger: &mut MachineLedger, artifact: &Artifact, name: &str, args: &[Value], payment: u64) -> String {
    let id = artifact.hir.find(|f| f.named.name == name).unwrap();
    let before = (ledger.host.storage.clone(), ledger.host.balances.clone());
    let receipt = ledger.execute(id, args, account(b"anybody"), payment).unwrap();
    match receipt.result {
        Ok(outcome) => format!("returns {:?}", outcome.value),
        Err(fault) => {
            let after = (ledger.host.storage.clone(), ledger.host.balances.clone());
            assert!(after == before, "{name} fails and changes something");
            artifact.source_map.describe(&fault)
        }
    }
}

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "wrong", omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn every_wrong_program_is_tried_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../curve/wrong");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let here = include_str!("wrong.rs");
    for file in files {
        let name = file.strip_suffix(".curve").unwrap();
        assert!(here.contains(&format!("\"{name}\"")), "{file} is not tried");
    }
}

#[test]
fn an_overflow_traps() {
    let artifact = build("overflow", &source("overflow")).unwrap();
    let warnings: Vec<&str> = artifact.warnings.iter().map(|w| w.code.text()).collect();
    assert_eq!(warnings, ["W0903"]);
    let mut ledger = ledger(&artifact);
    assert_eq!(
        call(&mut ledger, &artifact, "go", &[Value::Number(8)], 0),
        "returns Number(6)"
    );
    let large = [Value::Number(u64::MAX / 2)];
    snapshot("overflow", &call(&mut ledger, &artifact, "go", &large, 0));
}

#[test]
fn a_division_without_rounding_is_refused() {
    snapshot("division", &refusal("division", &source("division")));
}

#[test]
fn wrong_rounding_breaks_a_law() {
    let source = source("rounding");
    let artifact = build("rounding", &source).unwrap();
    let code = Arc::new(artifact.program.verify().unwrap());
    let reports = run_machine_tests(&artifact.hir, &code, TestOptions::default());
    let failure = reports[0].failure.as_ref().expect("the law is broken");
    let diagnostics = Diagnostics::default().with(failure.diagnostic());
    snapshot(
        "rounding",
        &render(&diagnostics, "rounding.curve", &source, Style::Plain),
    );
}

#[test]
fn a_missing_check_of_authority_is_caught_by_an_invariant() {
    let artifact = build("authority", &source("authority")).unwrap();
    let mut ledger = ledger(&artifact);
    assert_eq!(
        call(&mut ledger, &artifact, "init", &[], 1_000),
        "returns Nothing"
    );
    snapshot("authority", &call(&mut ledger, &artifact, "go", &[], 0));
}

#[test]
fn unbounded_loops_are_refused() {
    snapshot(
        "unbounded_loop",
        &refusal("unbounded_loop", &source("unbounded_loop")),
    );
    snapshot(
        "endless_rounds",
        &refusal("endless_rounds", &source("endless_rounds")),
    );
}

#[test]
fn confused_units_and_types_are_refused() {
    snapshot("confused", &refusal("confused", &source("confused")));
}

#[test]
fn a_lost_payment_fails() {
    let artifact = build("lost_payment", &source("lost_payment")).unwrap();
    let mut ledger = ledger(&artifact);
    snapshot("lost_payment", &call(&mut ledger, &artifact, "go", &[], 1_000));
}

#[test]
fn what_comes_back_to_no_vault_fails() {
    const SHOP: &str = "program shop;
state { till: Vault, price: Asset }
entry buy() payable {
    move min(state.price, payment) from payment to state.till;
    move payment to caller;
}";
    let (artifact, shop) = (
        build("unclaimed", &source("unclaimed")).unwrap(),
        build("shop", SHOP).unwrap(),
    );
    let mut ledger = ledger(&artifact);
    let there = account(b"shop");
    let code = Arc::new(shop.program.clone().verify().unwrap());
    ledger.host.programs.insert(Address::new(there), code);
    let go = |ledger: &mut MachineLedger, payment| {
        call(ledger, &artifact, "fill", &[], payment);
        call(ledger, &artifact, "go", &[Value::Address(there)], 0)
    };
    snapshot("unclaimed", &go(&mut ledger, 1_000));
    let (price, one) = (&shop.program.slots[1], curvevm::Value::U64(1_000_000_000));
    let price = (Address::new(there), price.key(&[]));
    let stored = curvevm::encode_values(&[one]);
    ledger.host.storage.insert(price, stored);
    assert_eq!(go(&mut ledger, 0), "returns Nothing", "when nothing comes back");
}

#[test]
fn a_gas_bomb_stops_when_its_gas_is_spent() {
    let artifact = build("gas_bomb", &source("gas_bomb")).unwrap();
    let mut ledger = ledger(&artifact);
    let unlimited = call(&mut ledger, &artifact, "go", &[], 0);
    ledger.limit = Gas(10_000_000);
    let limited = call(&mut ledger, &artifact, "go", &[], 0);
    snapshot(
        "gas_bomb",
        &format!(
            "with 10,000,000 gas: {limited}\nwith {} gas: {unlimited}",
            curve_lang::machine::MAX_GAS.0
        ),
    );
}

/// Programs that call the next one; the last calls the program of this place.
fn chain(length: u8, last_calls: u8) -> String {
    let artifact = build("caller_chain", &source("caller_chain")).unwrap();
    let mut ledger = ledger(&artifact);
    let code = ledger.host.programs[&Address::new(own_address())].clone();
    let place = |at: u8| {
        if at == 0 {
            own_address()
        } else {
            account(&[b'p', at])
        }
    };
    let slot = &artifact.program.slots[0];
    for at in 0..length {
        let next = if at + 1 == length { last_calls } else { at + 1 };
        let value = curvevm::encode_values(&[curvevm::Value::Address(Address::new(place(next)))]);
        ledger.host.programs.insert(Address::new(place(at)), code.clone());
        ledger
            .host
            .storage
            .insert((Address::new(place(at)), slot.key(&[])), value);
    }
    call(&mut ledger, &artifact, "go", &[], 0)
}

#[test]
fn deep_calls_trap() {
    let shown = [
        ("seven programs, and then nobody", chain(7, 99)),
        ("twelve programs", chain(12, 99)),
        ("three programs in a circle", chain(3, 0)),
        ("a program that calls itself", chain(1, 0)),
    ];
    let lines: Vec<String> = shown.iter().map(|(what, how)| format!("{what}: {how}")).collect();
    snapshot("caller_chain", &lines.join("\n"));
    let functions: String = (0..80)
        .map(|at| format!("fn f{at}() -> Count {{ f{}() + 1 }}\n", at + 1))
        .collect();
    let deep =
        format!("program deep;\n\n{functions}fn f80() -> Count {{ 1 }}\n\nentry go() -> Count {{ f0() }}\n");
    snapshot("deep_functions", &refusal("deep_functions", &deep));
}

#[test]
fn a_huge_program_is_refused() {
    let long = format!("program huge;\n\n{}", "// Nothing but words.\n".repeat(13_000));
    let body = |at: usize| {
        let sums: String = (0..100)
            .map(|i| format!("state.m[n + {i}] += n * {i};\n"))
            .collect();
        format!("entry e{at}(n: Count) {{\n{sums}}}\n")
    };
    let entries: String = (0..70).map(body).collect();
    let large = format!("program huge;\n\nstate {{ m: map Count => Count }}\n\n{entries}");
    let many: String = (0..600).map(|at| format!("entry e{at}() {{}}\n")).collect();
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let shown = [
        ("long", first_line(refusal("huge", &long))),
        ("large", first_line(refusal("huge", &large))),
        (
            "many",
            first_line(refusal("huge", &format!("program huge;\n{many}"))),
        ),
        ("bytes", decoded(&vec![0x7f; 1 << 20])),
    ];
    let lines: Vec<String> = shown.iter().map(|(what, how)| format!("{what}: {how}")).collect();
    snapshot("huge", &lines.join("\n"));
}

fn decoded(bytes: &[u8]) -> String {
    Program::decode(bytes)
        .expect_err("these bytes are no program")
        .to_string()
}

/// A function of bytecode made by hand, with an address, a number and a ratio in its registers.
fn by_hand(code: Vec<Instr>) -> String {
    let mut program =
        Program::assemble("program forged\nview go(who: address, n: u64, r: fix) -> (u64) {\n  ret r1\n}")
            .unwrap();
    program.functions[0].registers = vec![Type::Bytes(4)];
    program.functions[0].code = code;
    program.functions[0].marks.clear();
    program.verify().expect_err("the bytecode is wrong").to_string()
}

#[test]
fn confused_bytecode_is_refused() {
    let ret = Instr::new(Opcode::Ret, [1]);
    let shown = [
        (
            "an address as a number",
            by_hand(vec![Instr::new(Opcode::AddU64, [1, 0, 1]), ret]),
        ),
        (
            "a ratio as a count",
            by_hand(vec![Instr::new(Opcode::AddU64, [1, 2, 1]), ret]),
        ),
        (
            "an address returned as a number",
            by_hand(vec![Instr::new(Opcode::Ret, [0])]),
        ),
        (
            "a number as bytes",
            by_hand(vec![Instr::new(Opcode::LenBytes, [1, 1]), ret]),
        ),
        (
            "a jump out of the function",
            by_hand(vec![Instr::new(Opcode::Jump, [7]), ret]),
        ),
        (
            "a register that is not there",
            by_hand(vec![Instr::new(Opcode::AddU64, [9, 1, 1]), ret]),
        ),
        (
            "an end that is missing",
            by_hand(vec![Instr::new(Opcode::AddU64, [1, 1, 1])]),
        ),
        (
            "a view that sends money",
            by_hand(vec![Instr::new(Opcode::Transfer, [0, 1]), ret]),
        ),
        (
            "bytes that are too long",
            by_hand(vec![Instr::new(Opcode::Pack, [3, 1, 0]), ret]),
        ),
    ];
    let lines: Vec<String> = shown.iter().map(|(what, how)| format!("{what}: {how}")).collect();
    snapshot("forged", &lines.join("\n"));
}

/// The verifier allows loops without end in bytecode: gas ends them.
#[test]
fn an_endless_loop_runs_out_of_gas() {
    let text = "program endless\nentry go() -> () {\nl0:\n  jump l0\n}";
    let code = Arc::new(Program::assemble(text).unwrap().verify().unwrap());
    let mut host = curvevm::MemoryHost::default();
    host.programs.insert(Address::new([1; 32]), code);
    let call = curvevm::Call {
        program: Address::new([1; 32]),
        entrance: curvevm::Entrance::Entry("go"),
        caller: Address::default(),
        payment: 0,
        args: &[],
        gas: Gas(1_000_000),
    };
    let outcome = curvevm::Machine::new().call(&host, &call).unwrap();
    assert_eq!(outcome.result.unwrap_err().trap, Trap::OutOfGas);
    assert_eq!(outcome.gas_used, Gas(1_000_000));
}
