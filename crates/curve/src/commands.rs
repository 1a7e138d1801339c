//! The subcommands, each in a file of its own.

mod build;
mod check;
mod disasm;
mod explain;
mod fmt;
mod gas;
mod new;
mod run;
mod test;
mod trace;

use std::path::Path;

use clap::CommandFactory as _;
use curve_lang::{Artifact, Options, compile, diagnostic::Diagnostics};
use serde::Serialize;

use crate::{
    Error, Verdict,
    cli::{Cli, Command},
    files::{self, Source},
    lsp,
    report::{self, Report},
    shell::Shell,
};

/// Does it.
pub fn run(command: &Command, shell: &mut Shell) -> Result<Verdict, Error> {
    match command {
        Command::Check(args) => check::run(args, shell),
        Command::Build(args) => build::run(args, shell),
        Command::Run(args) => run::run(args, shell),
        Command::Test(args) => test::run(args, shell),
        Command::Fmt(args) => fmt::run(args, shell),
        Command::Disasm(args) => disasm::run(args, shell),
        Command::Trace(args) => trace::run(args, shell),
        Command::Gas(args) => gas::run(args, shell),
        Command::Explain(args) => explain::run(args, shell),
        Command::New(args) => new::run(args, shell),
        Command::Lsp => lsp::serve(),
        Command::Completions { shell: kind } => {
            let mut script = Vec::new();
            clap_complete::generate(*kind, &mut Cli::command(), "curve", &mut script);
            shell.raw(&script).map(|()| Verdict::Good)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(Error::Output)?;
            shell.raw(&page).map(|()| Verdict::Good)
        }
    }
}

/// A source and what it compiles to.
struct Compiled {
    source: Source,
    artifact: Artifact,
}

/// A program that does not compile, for machines.
#[derive(Serialize)]
struct Broken {
    ok: bool,
    file: String,
    diagnostics: Vec<Report>,
}

/// Reads and compiles a program. If it has errors, they are shown, and there is nothing.
fn read_and_compile(path: &Path, shell: &mut Shell) -> Result<Option<Compiled>, Error> {
    compiled(files::read_source(path)?, true, shell)
}

/// Compiles a program. If it has errors, they are shown, and there is nothing.
fn compiled(source: Source, optimise: bool, shell: &mut Shell) -> Result<Option<Compiled>, Error> {
    match compile(&source.text, &options(&source, optimise)) {
        Ok(artifact) => Ok(Some(Compiled { source, artifact })),
        Err(diagnostics) if shell.is_json() => {
            shell.json(&broken(&diagnostics, source))?;
            Ok(None)
        }
        Err(diagnostics) => {
            report::show(&diagnostics, &source, shell);
            Ok(None)
        }
    }
}

fn broken(diagnostics: &Diagnostics, source: Source) -> Broken {
    Broken {
        ok: false,
        diagnostics: report::reports(diagnostics, &source.text),
        file: source.name,
    }
}

/// How to compile a source. Bytecode names its file, but not where on a disk it was.
fn options(source: &Source, optimise: bool) -> Options {
    let name = Path::new(&source.name).file_name().unwrap_or_default();
    Options {
        file: name.to_string_lossy().chars().take(MAX_FILE_NAME).collect(),
        optimise,
    }
}

/// Most characters of a file's name in bytecode: their UTF-8 stays below [`curvevm::limits::MAX_TEXT_BYTES`].
const MAX_FILE_NAME: usize = 48;

/// `1 test`, `2 tests`.
fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}
