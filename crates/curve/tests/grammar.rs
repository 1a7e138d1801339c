//! The editors' grammar knows the words of the language.

mod common;

use std::collections::BTreeSet;

use curve_lang::syntax::token::TokenKind;
use serde_json::Value;

/// The words of all patterns that are lists of words, and of the ones among them that are the language's own.
fn words(grammar: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let patterns = grammar["repository"]["words"]["patterns"].as_array().unwrap();
    let list = |pattern: &Value| {
        let text = pattern["match"].as_str().unwrap().to_owned();
        let inside = text
            .strip_prefix(r"\b(")
            .and_then(|rest| rest.strip_suffix(r")\b"))
            .unwrap();
        inside.split('|').map(str::to_owned).collect::<Vec<_>>()
    };
    let reserved = |pattern: &&Value| {
        let name = pattern["name"].as_str().unwrap();
        !name.starts_with("keyword.other") && !name.starts_with("variable")
    };
    let all = patterns.iter().flat_map(list).collect();
    (all, patterns.iter().filter(reserved).flat_map(list).collect())
}

#[test]
fn the_grammar_has_every_reserved_word() {
    let path = common::root().join("curve/editors/curve.tmLanguage.json");
    let grammar: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (all, reserved) = words(&grammar);
    let keywords: BTreeSet<String> = TokenKind::KEYWORDS.iter().map(|&word| word.to_owned()).collect();
    assert_eq!(reserved, keywords);
    for word in ["caller", "payment", "paying", "fails"] {
        assert!(all.contains(word), "{word}");
    }
}
