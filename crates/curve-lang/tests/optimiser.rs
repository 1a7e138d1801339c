//! What the optimiser makes of small programs, as assembly.

mod common;

use std::sync::Arc;

use curve_lang::{
    Options, compile,
    machine::MachineLedger,
    reference::{Ledger, Transaction, account},
    testing::own_address,
    value::Value,
};

/// The instructions of one function, without its head and foot.
fn code(source: &str, function: &str) -> String {
    let artifact = compile(source, &Options::default()).unwrap();
    let text = artifact.program.disassemble();
    let head = format!(" {function}(");
    let from = text.lines().position(|line| line.contains(&head)).unwrap();
    let lines = text.lines().skip(from + 1).take_while(|line| *line != "}");
    lines
        .filter(|line| !line.trim_start().starts_with("regs") && !line.trim_start().starts_with("at "))
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

/// Shows a program and its function's code.
fn check(name: &str, source: &str, function: &str) {
    let shown = format!("{source}\n\n{}", code(&format!("program p;\n{source}"), function));
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "optimiser", omit_expression => true }, {
        insta::assert_snapshot!(name, shown);
    });
}

#[test]
fn state_is_read_once_and_stored_once() {
    check(
        "state_is_read_once_and_stored_once",
        "state { n: Count } entry go(a: Count) -> Count { state.n += a; state.n += 1; state.n * state.n }",
        "go",
    );
}

#[test]
fn loops_keep_their_variables_in_place() {
    check(
        "loops_keep_their_variables_in_place",
        "view sum(a: Count) -> Count { let mut total = 0; for i in 0..1_000 { total += a % 7 + i; } total }",
        "sum",
    );
}

#[test]
fn constants_are_computed_and_dead_code_goes() {
    check(
        "constants_are_computed_and_dead_code_goes",
        "const FEE: Count = 3; view v(a: Count) -> Count { let _b = a == 1; if FEE > 2 { a * 1 + FEE * 2 } else { a } }",
        "v",
    );
}

#[test]
fn small_functions_become_part_of_their_callers() {
    check(
        "small_functions_become_part_of_their_callers",
        "fn half(a: Asset) -> Asset { a /down 2 } view v(a: Asset) -> Asset { half(a) + half(a) }",
        "v",
    );
}

#[test]
fn branches_compare_by_themselves() {
    check(
        "branches_compare_by_themselves",
        "error No; view v(a: Count, b: Count) -> Count { if a < b && a != 5 { a } else { fail No } }",
        "v",
    );
}

#[test]
fn traps_stay_where_they_were() {
    check(
        "traps_stay_where_they_were",
        "view v(a: Count) -> Count { let _b = a - 1; 0 * (1 /down a) }",
        "v",
    );
}

/// Gas of the same calls, plain and optimised.
#[test]
fn optimised_programs_use_less_gas() {
    let (_, source) = common::examples()
        .into_iter()
        .find(|(name, _)| name == "bonding_curve.curve")
        .unwrap();
    let gas = |optimise| {
        let artifact = compile(
            &source,
            &Options {
                optimise,
                ..Options::default()
            },
        )
        .unwrap();
        let code = Arc::new(artifact.program.verify().unwrap());
        let mut ledger = MachineLedger::new(&artifact.hir, code, own_address(), 0, 0);
        let alice = account(b"alice");
        ledger.fund(alice, 1_000_000_000_000).unwrap();
        let function = artifact.hir.find(|function| function.named.name == "buy");
        for _ in 0..10 {
            let args = vec![Value::Number(1_000)];
            let payment = 100_000_000_000;
            ledger
                .transact(Transaction {
                    function,
                    args,
                    from: alice,
                    payment,
                })
                .unwrap();
        }
        ledger.gas / 10
    };
    let (plain, optimised) = (gas(false), gas(true));
    println!("bonding_curve.buy: {plain} gas plain, {optimised} optimised");
    assert!(optimised < plain, "{optimised} gas optimised, {plain} plain");
}
