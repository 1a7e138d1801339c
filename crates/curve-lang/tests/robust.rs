//! Nothing that anybody writes makes the compiler panic, and its time stays in proportion.
//!
//! `cargo run --release -p curve-lang --example fuzz_sources -- CASES SEED` runs the same for as long as one likes.

mod common;

use common::spoil::{WORDS, exercise, mutated, programs};
use curve_lang::{
    check,
    testing::{TestOptions, run_reference_tests},
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        exercise(&text);
    }

    #[test]
    fn any_words_are_survived(words in prop::collection::vec(0..WORDS.len(), 0..120)) {
        let words: Vec<&str> = words.into_iter().map(|at| WORDS[at]).collect();
        exercise(&format!("program p; {}", words.join(" ")));
    }

    #[test]
    fn damaged_programs_are_survived(which in 0usize..9, seed in any::<u64>()) {
        let all = programs();
        exercise(&mutated(&all[which % all.len()], seed));
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |open: &str, close: &str, depth: usize| {
        format!(
            "program p;\nview v() -> Count {{ {}1{} }}",
            open.repeat(depth),
            close.repeat(depth)
        )
    };
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("1 + ", ""),
        ("", " + 1"),
        ("!", ""),
        ("if true {", "} else {1}"),
        ("state.m.has(", ")"),
        ("state.m[", "]"),
        ("Other(self).f(", ")"),
        ("", ".f()"),
        ("f() paying ", " from x"),
    ] {
        exercise(&nested(open, close, 60_000 / open.len().max(close.len())));
    }
    let chain = "else if true { 1 } ".repeat(10_000);
    exercise(&format!(
        "program p;\nview v() -> Count {{ if true {{ 1 }} {chain} else {{ 1 }} }}"
    ));
    exercise(&format!(
        "program p; state {{ m: {} Count }}",
        "map Count => ".repeat(15_000)
    ));
}

/// The deepest calls of the deepest expressions that are allowed, by the interpreter that recurses.
#[test]
fn the_deepest_programs_run() {
    let mut source = "program p;\n".to_owned();
    for at in 0..6 {
        let inner = if at == 5 {
            "1".to_owned()
        } else {
            format!("f{}()", at + 1)
        };
        let (open, close) = ("(1 + ".repeat(28), ")".repeat(28));
        source.push_str(&format!("fn f{at}() -> Count {{ {open}{inner}{close} }}\n"));
    }
    source.push_str("view v() -> Count { f0() }\ntest \"deep\" { assert v() == 169; }\n");
    let checked = check(&source);
    assert!(checked.diagnostics.is_empty(), "{}", checked.diagnostics);
    let reports = run_reference_tests(&checked.program, TestOptions::default());
    assert_eq!(reports[0].failure, None);
}

/// Programs of about the largest size, of everything that could take more than linear time.
#[test]
fn large_programs_are_bounded() {
    let many = |one: &dyn Fn(usize) -> String| (0..2_500).map(one).collect::<String>();
    // Each of sixteen of the next one, fifteen times; the last one is empty, or too large.
    let bush = |last: &str| {
        let fields = |at: usize| (0..16).map(|f| format!("f{f}: S{at},")).collect::<String>();
        let structs = (0..15).map(|at| format!("struct S{at} {{ {} }}\n", fields(at + 1)));
        let structs: String = structs.collect();
        format!("{structs}struct S15 {{ {last} }}\nfn f(a: S0) -> Hash {{ sha256(a) }}")
    };
    let sources = [
        many(&|i| format!("const C{i}: Count = {i};\n")),
        many(&|i| format!("fn f{i}() -> Count {{ f{}() }}\n", i + 1)),
        many(&|i| format!("struct S{i} {{ a: S{} }}\n", i + 1)),
        bush(""),
        bush(&(0..17).map(|f| format!("f{f}: Count,")).collect::<String>()),
        format!(
            "{} entry e() {{ {} }}",
            many(&|i| format!("const A{i}: Count = 1;")),
            "z0;".repeat(60_000)
        ),
        many(&|i| format!("error E{i};\n")),
        many(&|i| format!("entry e{i}() {{ x{i}(); }}\n")),
        format!("entry e() {{ {} }}", many(&|i| format!("let v{i} = {i};\n"))),
        format!(
            "state {{ n: Count }} entry e() {{ {} }}",
            many(&|i| format!("state.n += {i};\n"))
        ),
        format!(
            "state {{ n: Count }} entry e() {{ {} }}",
            many(&|_| "if state.n < 3 { state.n += 1; }\n".to_owned())
        ),
        format!("enum E {{ {} }}", many(&|i| format!("V{i},"))),
        format!("struct S {{ {} }}", many(&|i| format!("f{i}: Count,"))),
        format!(
            "entry e() {{ {} }}",
            many(&|_| "for i in 0..9 { for j in 0..9 {} }\n".to_owned())
        ),
        format!(
            "state {{ n: Count }} fn f() {{ {} }} entry e() {{ {} }}",
            "state.n += 1; ".repeat(12),
            "f(); ".repeat(40_000)
        ),
        format!(
            "view v(a: Count) -> Count {{ {} match a {{ {} _ => 0 }} }}",
            (0..900).map(|i| format!("let v{i} = a;\n")).collect::<String>(),
            (0..12_000).map(|i| format!("{i} => 1,")).collect::<String>()
        ),
        "{".repeat(250_000),
        "a ".repeat(120_000),
        "/".repeat(250_000),
        "\"".repeat(250_000),
        "x".repeat(300_000),
    ];
    for source in sources {
        exercise(&format!("program p;\n{source}"));
    }
}
