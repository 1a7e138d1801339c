//! The example programs: they compile without a warning, and their tests pass.

use std::{fs, path::Path, sync::Arc};

use curve_lang::{
    Options, check, compile,
    diagnostic::{Style, render},
    testing::{TestOptions, TestReport, run_machine_tests, run_reference_tests},
};

fn examples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../curve/examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut examples: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "curve"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    examples.sort();
    assert!(examples.len() >= 5, "{} examples", examples.len());
    examples
}

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

#[test]
fn examples_pass_their_tests_by_the_reference() {
    for (name, source) in examples() {
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
fn examples_pass_their_tests_on_the_machine() {
    for (name, source) in examples() {
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
