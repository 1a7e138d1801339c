//! The example programs and those of the language reference: they compile without a warning, and their tests pass.

mod common;

use std::sync::Arc;

use common::{documented, examples};

use curve_lang::{
    Options, check, compile,
    diagnostic::{Style, render},
    testing::{TestOptions, TestReport, run_machine_tests, run_reference_tests},
};

fn expect_all_pass(name: &str, source: &str, reports: Vec<TestReport>) {
    assert!(!reports.is_empty());
    for report in reports {
        if let Some(failure) = report.failure {
            panic!(
                "{name}: {}: {failure:?}\n{}",
                report.name,
                &source[failure.span.range()]
            );
        }
    }
}

/// Examples, and the programs of the language reference.
fn programs() -> Vec<(String, String)> {
    let documented = documented().into_iter().enumerate();
    let documented: Vec<_> = documented
        .map(|(at, source)| (format!("docs/curve.md, program {at}"), source))
        .collect();
    assert!(documented.len() >= 4);
    examples().into_iter().chain(documented).collect()
}

#[test]
fn programs_pass_their_tests_by_the_reference() {
    for (name, source) in programs() {
        let checked = check(&source);
        assert!(
            checked.diagnostics.is_empty(),
            "{}",
            render(&checked.diagnostics, &name, &source, Style::Plain)
        );
        expect_all_pass(
            &name,
            &source,
            run_reference_tests(&checked.program, TestOptions::default()),
        );
    }
}

#[test]
fn programs_pass_their_tests_on_the_machine() {
    for (name, source) in programs() {
        for optimise in [false, true] {
            let options = Options {
                file: name.clone(),
                optimise,
            };
            let artifact = compile(&source, &options).unwrap();
            let code = Arc::new(artifact.program.verify().unwrap());
            expect_all_pass(
                &name,
                &source,
                run_machine_tests(&artifact.hir, &code, TestOptions::default()),
            );
        }
    }
}
