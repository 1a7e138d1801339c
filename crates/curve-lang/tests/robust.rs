//! Nothing that anybody writes makes the compiler panic, and its time stays in proportion.

mod common;

use common::{Random, documented, examples};
use curve_lang::{
    Options, check, compile,
    diagnostic::{MAX_DIAGNOSTICS, Style, render},
    format,
    ide::{definition, hover},
    testing::{TestOptions, run_reference_tests},
};
use proptest::prelude::*;

/// Everything that the compiler can do with a source.
fn exercise(source: &str) {
    let checked = check(source);
    assert!(checked.diagnostics.len() <= MAX_DIAGNOSTICS);
    let text = render(&checked.diagnostics, "x.curve", source, Style::Plain);
    assert_eq!(text.is_empty(), checked.diagnostics.is_empty());
    for diagnostic in &checked.diagnostics {
        if let Some(fix) = &diagnostic.fix {
            assert!(fix.apply(source).is_some(), "{}: {fix:?}", diagnostic.code);
        }
    }
    match compile(source, &Options::default()) {
        Ok(artifact) => {
            artifact.program.clone().verify().unwrap();
            artifact.interface.to_json();
        }
        Err(errors) => assert!(errors.has_errors()),
    }
    if let Ok(formatted) = format(source) {
        assert!(
            format(&formatted).as_ref() == Ok(&formatted),
            "formatted otherwise the second time"
        );
    }
    for offset in [0, source.len() / 2, source.len()] {
        let offset = u32::try_from(offset).unwrap();
        hover(&checked, offset);
        definition(&checked, offset);
    }
}

fn programs() -> Vec<String> {
    examples()
        .into_iter()
        .map(|(_, source)| source)
        .chain(documented())
        .collect()
}

/// Words of the language and other things that sources are made of.
const WORDS: [&str; 72] = [
    "program",
    "unit",
    "const",
    "struct",
    "enum",
    "state",
    "event",
    "error",
    "fn",
    "init",
    "entry",
    "view",
    "invariant",
    "test",
    "payable",
    "map",
    "let",
    "mut",
    "move",
    "require",
    "else",
    "fail",
    "emit",
    "for",
    "in",
    "break",
    "return",
    "if",
    "match",
    "true",
    "false",
    "call",
    "deploy",
    "fund",
    "all",
    "from",
    "to",
    "down",
    "up",
    "Asset",
    "Count",
    "Vault",
    "Bytes",
    "Wide",
    "x",
    "Y",
    "caller",
    "payment",
    "0",
    "7",
    "1.5",
    "\"s\"",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ";",
    ":",
    ".",
    "..",
    "=",
    "==",
    "<",
    ">",
    "+",
    "-",
    "/",
    "=>",
    "// c\n",
];

/// The source with a few pieces removed, doubled, exchanged, or replaced by other words.
fn mutated(source: &str, seed: u64) -> String {
    let mut random = Random(seed);
    let mut pieces: Vec<&str> = source
        .split_inclusive(|c: char| !c.is_ascii_alphanumeric())
        .collect();
    for _ in 0..1 + random.below(6) {
        let (at, other) = (random.below(pieces.len()), random.below(pieces.len()));
        match random.below(5) {
            0 => drop(pieces.remove(at)),
            1 => pieces.insert(at, pieces[other]),
            2 => pieces.swap(at, other),
            3 => pieces.insert(at, WORDS[random.below(WORDS.len())]),
            _ => pieces[at] = WORDS[random.below(WORDS.len())],
        }
        if pieces.is_empty() {
            break;
        }
    }
    pieces.concat()
}

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
    let sources = [
        many(&|i| format!("const C{i}: Count = {i};\n")),
        many(&|i| format!("fn f{i}() -> Count {{ f{}() }}\n", i + 1)),
        many(&|i| format!("struct S{i} {{ a: S{} }}\n", i + 1)),
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
