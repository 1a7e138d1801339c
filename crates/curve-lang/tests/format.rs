//! The formatter.

mod common;

use curve_lang::{diagnostic::Sink, format, syntax::lexer::lex};
use proptest::prelude::*;

/// The text of all tokens and comments.
fn words(source: &str) -> Vec<String> {
    let lexed = lex(source, &mut Sink::default());
    let spans = lexed
        .tokens
        .iter()
        .map(|token| token.span)
        .chain(lexed.comments.iter().map(|comment| comment.span));
    let mut spans: Vec<_> = spans.collect();
    spans.sort();
    spans.iter().map(|span| source[span.range()].to_owned()).collect()
}

fn check(source: &str, expected: &str) {
    assert_eq!(format(source).unwrap(), expected);
    assert_eq!(format(expected).unwrap(), expected);
}

#[test]
fn spaces_and_lines_are_set() {
    check(
        "program   p ;\nconst A:Asset/Share^2=2  nASSET / Share ^ 2;unit Share;",
        "program p;\n\nconst A: Asset/Share^2 = 2 nASSET/Share^2;\nunit Share;\n",
    );
    check(
        "program p; view v(a:Count,b:Bytes< 3 >)->Count{let x=a/down 2;if a<b.len{1}else{x}}",
        "program p;\n\nview v(a: Count, b: Bytes<3>) -> Count {\n    let x = a /down 2;\n    if a < b.len { 1 } else { x }\n}\n",
    );
    check(
        "program p;\nentry e() {}\nentry f() payable { move payment to caller; }",
        "program p;\n\nentry e() {}\n\nentry f() payable {\n    move payment to caller;\n}\n",
    );
    check(
        "program p;\nview v() -> Count {\n  mul_div_down(\n 1,\n  2,\n3)\n  + 4\n}",
        "program p;\n\nview v() -> Count {\n    mul_div_down(\n        1,\n        2,\n        3)\n        + 4\n}\n",
    );
}

#[test]
fn comments_stay_where_they_are() {
    check(
        "//! docs\nprogram p;\n// before\n\n\n\n/// doc\nentry e() { // here\n// own\nfail X; // after\n\n\n// last\n}\n// end",
        "//! docs\n\nprogram p;\n\n// before\n\n/// doc\nentry e() { // here\n    // own\n    fail X; // after\n\n    // last\n}\n\n// end\n",
    );
}

#[test]
fn examples_are_formatted() {
    for (name, source) in common::examples() {
        assert_eq!(format(&source).unwrap(), source, "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_not_formatted() {
    assert!(format("program p; entry (").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// The examples with their space thrown about: nothing is lost, and formatting twice is formatting once.
    #[test]
    fn formatting_is_idempotent_and_keeps_every_token(which in 0usize..5, seed in any::<u64>()) {
        let source = common::respaced(&common::examples()[which].1, seed);
        let once = format(&source).unwrap();
        prop_assert_eq!(&format(&once).unwrap(), &once);
        prop_assert_eq!(words(&once), words(&source));
    }
}
