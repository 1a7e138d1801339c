//! `curve test`

use std::{path::Path, sync::Arc};

use curve_lang::{
    Artifact, compile,
    diagnostic::{Diagnostics, Style, render},
    span::LineIndex,
    testing::{TestFailure, TestOptions, TestReport, run_machine_tests, run_reference_tests},
};
use serde::Serialize;

use super::{Broken, Compiled, broken, count, options};
use crate::{
    Error, Verdict,
    cli::TestArgs,
    files::{self, Source},
    report::{self, Report},
    shell::{Ink, Shell},
};

/// Most statements and expressions of one test, for each case: more is a test without an end.
const STEPS_PER_CASE: u64 = 1_000_000;

#[derive(Default, Serialize)]
struct Answer {
    ok: bool,
    passed: usize,
    failed: usize,
    seed: u64,
    tests: Vec<Test>,
    /// Programs that do not compile.
    broken: Vec<Broken>,
}

/// How one test went.
#[derive(Serialize)]
struct Test {
    file: String,
    name: String,
    ok: bool,
    /// Cases of `for all` that ran.
    cases: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// The command that does it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat: Option<String>,
    #[serde(skip)]
    drawn: String,
}

#[derive(Serialize)]
struct Failure {
    /// Where, on the machine or by the reference interpreter.
    by: &'static str,
    report: Report,
    /// The smallest values of `for all` that fail.
    case: Vec<(String, String)>,
}

pub fn run(args: &TestArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let mut answer = Answer {
        ok: true,
        seed: args.seed,
        ..Answer::default()
    };
    for path in files::named_or_here(&args.files.files)? {
        let source = files::read_source(&path)?;
        let artifact = match compile(&source.text, &options(&source, true)) {
            Ok(artifact) => artifact,
            Err(diagnostics) => {
                if !shell.is_json() {
                    report::show(&diagnostics, &source, shell);
                }
                answer.ok = false;
                answer.broken.push(broken(&diagnostics, source));
                continue;
            }
        };
        let tests = tests(Compiled { source, artifact }, &path, args, shell.style());
        let selected = !tests.is_empty() || args.filter.is_none();
        if selected && !shell.is_json() {
            print(&path, &tests, shell)?;
        }
        answer.tests.extend(tests);
    }
    if let (Some(filter), true, true) = (&args.filter, answer.tests.is_empty(), answer.ok) {
        return Err(Error::NoTest {
            filter: filter.clone(),
        });
    }
    answer.passed = answer.tests.iter().filter(|test| test.ok).count();
    answer.failed = answer.tests.len().saturating_sub(answer.passed);
    answer.ok &= answer.failed == 0;
    if shell.is_json() {
        shell.json(&answer)?;
    } else {
        summary(&answer, shell)?;
    }
    Ok(Verdict::good_if(answer.ok))
}

/// Runs the tests of a program twice: on the machine, and by the reference interpreter.
fn tests(Compiled { source, artifact }: Compiled, path: &Path, args: &TestArgs, style: Style) -> Vec<Test> {
    let Artifact { program, mut hir, .. } = artifact;
    if let Some(filter) = &args.filter {
        hir.tests.retain(|test| test.named.name.contains(filter));
    }
    let options = TestOptions {
        cases: args.cases,
        seed: args.seed,
        steps: STEPS_PER_CASE.saturating_mul(args.cases.max(100).into()),
    };
    let code = Arc::new(
        program
            .verify()
            .expect("the compiler emits what the verifier accepts"),
    );
    let machine = run_machine_tests(&hir, &code, options);
    let reference = run_reference_tests(&hir, options);
    let pairs = machine.into_iter().zip(reference);
    pairs
        .map(|(machine, reference)| judge(machine, reference, &source, path, args, style))
        .collect()
}

fn judge(
    machine: TestReport,
    reference: TestReport,
    source: &Source,
    path: &Path,
    args: &TestArgs,
    style: Style,
) -> Test {
    let agree = machine.failure == reference.failure;
    let failure = match (machine.failure, reference.failure) {
        (Some(failure), _) if agree => Some(("both", failure)),
        (Some(failure), _) => Some(("machine", failure)),
        (None, Some(failure)) => Some(("reference", failure)),
        (None, None) => None,
    };
    let mut test = Test {
        file: source.name.clone(),
        name: machine.name,
        ok: failure.is_none(),
        cases: machine.cases,
        repeat: None,
        drawn: String::new(),
        failure: None,
    };
    if let Some((by, failure)) = failure {
        test.repeat = Some(repeat(&test.name, path, args));
        test.drawn = drawn(by, &failure, source, style);
        test.failure = Some(Failure {
            by,
            report: report::report(&failure.diagnostic(), &LineIndex::new(&source.text)),
            case: failure.case,
        });
    }
    test
}

/// The failure on its source.
fn drawn(by: &str, failure: &TestFailure, source: &Source, style: Style) -> String {
    let diagnostic = failure.diagnostic();
    let diagnostic = match by {
        "both" => diagnostic,
        by => diagnostic.note(format!(
            "only so by the {by}: machine and reference interpreter disagree, which is a mistake of the compiler"
        )),
    };
    let all = Diagnostics::default().with(diagnostic);
    render(&all, &source.name, &source.text, style)
}

/// The command that runs this test again, with the same cases.
fn repeat(name: &str, path: &Path, args: &TestArgs) -> String {
    let file = quoted(&path.display().to_string());
    let (cases, seed) = (args.cases, args.seed);
    format!(
        "curve test {file} --filter {} --cases {cases} --seed {seed}",
        quoted(name)
    )
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn print(path: &Path, tests: &[Test], shell: &mut Shell) -> Result<(), Error> {
    shell.line(shell.ink(Ink::Head, &path.display().to_string()))?;
    if tests.is_empty() {
        shell.line(shell.ink(
            Ink::Faint,
            "  no tests: they stand in the same file, as in docs/curve.md",
        ))?;
    }
    for test in tests {
        let (ink, word) = if test.ok {
            (Ink::Good, "ok  ")
        } else {
            (Ink::Bad, "FAIL")
        };
        let cases = match test.cases {
            0 => String::new(),
            cases => shell.ink(Ink::Faint, &format!(" ({cases} cases)")),
        };
        shell.line(format!("  {} {}{cases}", shell.ink(ink, word), test.name))?;
        if let Some(repeat) = &test.repeat {
            shell.line(format!("\n{}\nto repeat: {repeat}\n", test.drawn))?;
        }
    }
    Ok(())
}

fn summary(answer: &Answer, shell: &mut Shell) -> Result<(), Error> {
    let passed = format!("{} passed", count(answer.passed, "test"));
    let (ink, text) = match answer.failed {
        0 if answer.ok => (Ink::Good, passed),
        0 => (Ink::Bad, format!("{passed}, and a program does not compile")),
        failed => (Ink::Bad, format!("{passed}, {failed} failed")),
    };
    shell.line(shell.ink(ink, &text))
}
