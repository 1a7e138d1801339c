//! Diagnostics: what each one looks like, that each code can be reached, and that suggested fixes fix.

mod common;

use std::{fs, path::Path};

use curve_lang::{
    Checked, check,
    diagnostic::{Code, Diagnostic, Style, render},
    testing::{TestOptions, run_reference_tests},
};

/// Named sources from `diagnostics/cases.txt`, and the wrong examples of all codes.
fn cases() -> Vec<(String, String)> {
    let written = include_str!("diagnostics/cases.txt")
        .split("=== ")
        .skip(1)
        .map(|case| {
            let (name, source) = case.split_once('\n').unwrap();
            (name.to_owned(), format!("program example;\n{source}"))
        });
    let examples = Code::ALL.iter().filter_map(|code| {
        let wrong = code.examples().0?;
        Some((
            format!("{code} {}", code.title()),
            format!("program example;\n{wrong}\n"),
        ))
    });
    written.chain(examples).collect()
}

fn codes(checked: &Checked) -> Vec<Code> {
    checked
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect()
}

fn codes_of(source: &str) -> Vec<Code> {
    codes(&check(source))
}

fn snapshot(name: &str, text: &str) {
    let file = name.replace([' ', '`'], "_").replace([',', ':', '\''], "");
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "diagnostics/snapshots", omit_expression => true }, {
        insta::assert_snapshot!(file, text);
    });
}

/// The snapshots of this file and of `wrong.rs`.
fn snapshots() -> Vec<String> {
    let folders = ["tests/diagnostics/snapshots", "tests/wrong"];
    let files = folders.iter().flat_map(|folder| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
    });
    files
        .filter(|path| path.extension().is_some_and(|end| end == "snap"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_code_is_in_a_snapshot() {
    let all = snapshots();
    assert!(all.len() >= 300, "{} snapshots", all.len());
    for code in Code::ALL {
        let shown = format!("[{code}]: ");
        assert!(
            all.iter().any(|text| text.contains(&shown)),
            "{code} is in no snapshot"
        );
    }
    let count = |what: &str| all.iter().filter(|text| text.contains(what)).count();
    println!(
        "{} snapshots, {} with notes, {} with fixes",
        all.len(),
        count("= note: "),
        count("help: ")
    );
}

#[test]
fn diagnostics_look_like_this() {
    let cases = cases();
    assert!(cases.len() >= 200, "{} cases", cases.len());
    for (name, source) in cases {
        let checked = check(&source);
        assert!(!checked.diagnostics.is_empty(), "nothing is said about {name}");
        let shown = render(&checked.diagnostics, "example.curve", &source, Style::Plain);
        snapshot(&name, &format!("{source}\n{shown}"));
    }
}

#[test]
fn examples_show_their_codes() {
    for code in Code::ALL {
        let (wrong, right) = code.examples();
        if let Some(wrong) = wrong {
            let found = codes_of(&format!("program example;\n{wrong}\n"));
            assert!(found.contains(code), "{code}: {found:?}");
        }
        if let Some(right) = right {
            let checked = check(&format!("program example;\n{right}\n"));
            assert!(
                !checked.diagnostics.has_errors(),
                "{code}: {}",
                checked.diagnostics
            );
            assert!(!codes(&checked).contains(code), "{code} is in its right example");
        }
    }
}

#[test]
fn codes_without_examples_are_reached() {
    let deep = format!(
        "program p;\nview v() -> Count {{ {}1{} }}",
        "(".repeat(200),
        ")".repeat(200)
    );
    let wide: String = (0..300).map(|i| format!("f{i}: Count,")).collect();
    let cases = [
        (Code::SourceTooLong, " ".repeat(300_000)),
        (Code::TooDeep, deep),
        (Code::NoProgram, "entry go() {}".to_owned()),
        (
            Code::StrayItem,
            "program p;\nentry go() {\nentry other() {}\n".to_owned(),
        ),
        (Code::TooLarge, format!("program p;\nstate {{ {wide} }}")),
    ];
    for (code, source) in &cases {
        let checked = check(source);
        assert!(codes(&checked).contains(code), "{code}: {:?}", codes(&checked));
        snapshot(
            &format!("{code} by itself"),
            &render(&checked.diagnostics, "example.curve", source, Style::Plain),
        );
    }
    let failing = check("program p;\ntest \"t\" { for all x in 3..9 { assert x < 5; } }");
    let reports = run_reference_tests(&failing.program, TestOptions::default());
    let diagnostic = reports[0].failure.as_ref().unwrap().diagnostic();
    assert_eq!(diagnostic.code, Code::TestFails);
    assert_eq!(diagnostic.notes, ["with x = 5"]);
    let without: Vec<_> = Code::ALL
        .iter()
        .filter(|code| code.examples().0.is_none())
        .collect();
    assert_eq!(without.len(), cases.len() + 1, "{without:?}");
}

#[test]
fn fixes_fix() {
    let mut fixed = 0;
    for (name, source) in cases() {
        for diagnostic in &check(&source).diagnostics {
            let Diagnostic {
                code, fix: Some(fix), ..
            } = diagnostic
            else {
                continue;
            };
            let better = fix.apply(&source).unwrap();
            let count = |source: &str| codes_of(source).iter().filter(|found| *found == code).count();
            assert!(
                count(&better) < count(&source),
                "{name}: {code} is still in\n{better}"
            );
            fixed += 1;
        }
    }
    assert!(fixed >= 30, "only {fixed} fixes");
}

#[test]
fn codes_are_told_apart_and_found() {
    let mut texts: Vec<&str> = Code::ALL.iter().map(|code| code.text()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Code::ALL.len());
    for code in Code::ALL {
        assert_eq!(Code::parse(&code.text().to_lowercase()), Some(*code));
        assert!(code.explanation().contains(code.title()));
    }
    assert_eq!(Code::parse("E9999"), None);
}
