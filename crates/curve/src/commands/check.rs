//! `curve check`

use curve_lang::{compile, diagnostic::Diagnostics};
use serde::Serialize;

use super::{count, options};
use crate::{
    Error, Verdict,
    cli::CheckArgs,
    files::{self, Source},
    report::{self, Report},
    shell::{Ink, Shell},
};

#[derive(Serialize)]
struct Answer {
    ok: bool,
    files: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    file: String,
    ok: bool,
    diagnostics: Vec<Report>,
}

pub fn run(args: &CheckArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let mut answer = Answer {
        ok: true,
        files: Vec::new(),
    };
    for path in files::named_or_here(&args.files.files)? {
        let source = files::read_source(&path)?;
        let (diagnostics, tests) = findings(&source);
        let ok = !diagnostics.has_errors() && (diagnostics.is_empty() || !args.deny_warnings);
        answer.ok &= ok;
        if shell.is_json() {
            answer.files.push(Checked {
                ok,
                diagnostics: report::reports(&diagnostics, &source.text),
                file: source.name,
            });
            continue;
        }
        if !diagnostics.is_empty() {
            report::show(&diagnostics, &source, shell);
        }
        say(ok, &diagnostics, tests, &source, shell)?;
    }
    if shell.is_json() {
        shell.json(&answer)?;
    }
    Ok(Verdict::good_if(answer.ok))
}

/// Everything that is wrong, also what only the code generator notices; and how many tests there are, if nothing is.
fn findings(source: &Source) -> (Diagnostics, usize) {
    match compile(&source.text, &options(source, true)) {
        Ok(artifact) => (artifact.warnings, artifact.hir.tests.len()),
        Err(diagnostics) => (diagnostics, 0),
    }
}

fn say(
    ok: bool,
    diagnostics: &Diagnostics,
    tests: usize,
    source: &Source,
    shell: &mut Shell,
) -> Result<(), Error> {
    let what = match (diagnostics.len(), diagnostics.has_errors()) {
        (0, _) => format!("no errors; {} to run with `curve test`", count(tests, "test")),
        (n, true) => count(n, "error"),
        (n, false) => count(n, "warning"),
    };
    let (ink, word) = if ok { (Ink::Good, "ok") } else { (Ink::Bad, "bad") };
    let word = shell.ink(ink, word);
    shell.line(format!("{word}  {}: {what}", source.name))
}
