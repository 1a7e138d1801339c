//! Sources that are damaged, and everything that the compiler can do with them.

use curve_lang::{
    Options, check, compile,
    diagnostic::{MAX_DIAGNOSTICS, Style, render},
    format,
    ide::{definition, hover},
};

use super::{Random, documented, examples};

/// Everything that the compiler can do with a source.
pub fn exercise(source: &str) {
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

pub fn programs() -> Vec<String> {
    examples()
        .into_iter()
        .map(|(_, source)| source)
        .chain(documented())
        .collect()
}

/// Words of the language and other things that sources are made of.
pub const WORDS: [&str; 80] = [
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
    "interface",
    "into",
    "paying",
    "expect",
    "has",
    "remove",
    "^",
    "|",
];

/// The source with a few pieces removed, doubled, exchanged, or replaced by other words.
pub fn mutated(source: &str, seed: u64) -> String {
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
