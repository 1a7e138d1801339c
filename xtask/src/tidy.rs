//! `tidy`: the rules of this repository that neither the compiler nor clippy checks.
//!
//! | module | rule |
//! |---|---|
//! | [`layers`] | a crate uses only crates of its own or earlier layers; pure crates have no IO in their dependency tree |
//! | [`source`] | sizes of files and functions, module docs, no unfinished code, no ignored tests |
//! | [`manifest`] | licences, no retried tests, crates from the one public registry only |
//! | [`words`] | no paths of somebody's machine |

mod layers;
mod manifest;
mod source;
mod words;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use eyre::WrapErr;

/// Arguments of `tidy`.
#[derive(clap::Args)]
pub struct Args {
    /// The repository to check instead of this one.
    #[arg(long)]
    root: Option<PathBuf>,
}

/// A broken rule, or a warning.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    severity: Severity,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Error,
    Warning,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            severity: Severity::Error,
            message: message.into(),
        }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(path, line, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}: {severity}: {}", self.path, self.line, self.message)
    }
}

/// Runs the chore.
pub fn run(args: &Args) -> eyre::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root");
    let root = args.root.as_deref().unwrap_or(here);
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .wrap_err("cargo metadata")?;
    let mut findings = layers::check(&metadata);
    let files = files(root)?;
    for path in &files {
        let Ok(text) = fs::read_to_string(root.join(path)) else {
            continue;
        };
        findings.extend(check_file(path, &text));
    }
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    println!(
        "{} files, {errors} errors, {} warnings",
        files.len(),
        findings.len() - errors
    );
    if errors > 0 {
        // The findings are the message; a backtrace would only bury them.
        std::process::exit(1);
    }
    Ok(())
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = words::check(path, text);
    if path.ends_with(".rs") {
        findings.extend(source::check(path, text));
    }
    findings.extend(manifest::check(path, text));
    findings
}

/// All files of the repository, with `/` between the parts of their paths, in order.
fn files(root: &Path) -> eyre::Result<Vec<String>> {
    const SKIPPED: [&str; 3] = [".git", "target", "data"];
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).wrap_err_with(|| folder.display().to_string())? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let relative = path.strip_prefix(root).expect("found below the root");
            let relative: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            let relative = relative.join("/");
            if kind.is_dir() && !SKIPPED.contains(&relative.as_str()) {
                folders.push(path);
            } else if kind.is_file() && !relative.ends_with(".log") {
                found.push(relative);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_say_where() {
        let error = Finding::error("crates/a/src/lib.rs", 7, "too long");
        assert_eq!(error.to_string(), "crates/a/src/lib.rs:7: error: too long");
        let warning = Finding::warning("a", 1, "long");
        assert_eq!(warning.to_string(), "a:1: warning: long");
    }

    #[test]
    fn walks_everything_but_what_is_generated() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "src/a.rs",
            "target/b.rs",
            ".git/c",
            ".ci/run",
            "crates/x/target/d.rs",
            "run.log",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(
            files(root.path()).unwrap(),
            [".ci/run", "crates/x/target/d.rs", "src/a.rs"]
        );
    }

    #[test]
    fn each_file_gets_the_checks_for_its_kind() {
        assert_eq!(check_file("crates/a/src/lib.rs", "fn f() {}\n").len(), 1);
        assert_eq!(
            check_file("crates/a/Cargo.toml", "[package]\nname = \"a\"\n").len(),
            1
        );
        assert_eq!(check_file("README.md", "fn f() {}\n"), []);
    }
}
