//! `curve`: the command line of the Curve language, for whoever writes programs.
//!
//! ```text
//!  arguments ──cli──▶ command ──▶ curve_lang, curvevm ──▶ shell ──▶ stdout: the result · stderr: the rest
//!                        │                                             exit 0 good · 1 findings · 2 usage or IO
//!              call: an entry on an in-memory ledger, arguments read by the compiler itself
//!              state: the ledger as a file, so that several calls make a story
//!              lsp: the same checks, asked by an editor
//! ```
//!
//! Rules:
//! - One subcommand, one file in `commands/`. It reads files, asks the compiler or the machine, and shows the answer; it knows
//!   nothing of the language that they do not tell it.
//! - What an author did wrong is a finding, drawn on the source; what the person at the terminal did wrong is an [`Error`],
//!   which says what to do next.
//! - Nothing that is read is unbounded: each kind of file has its limit in [`files`].
//! - Output is the same on every machine and in every run: no times, no absolute paths. `--json` always parses.
//!
//! Invariants, and what guards them:
//! - What each command prints: snapshots of the real process, `tests/commands.rs`.
//! - Every trap has a code, and its examples end as they say: `src/explain/traps.rs`.
//! - What `curve new` writes passes `check`, `fmt --check` and `test`: `tests/commands.rs`.
//! - An editor's session over stdio: `tests/lsp.rs`.
//! - Every block of `docs/curve.md` and `docs/curve-tutorial.md` compiles or prints what it shows: `tests/docs.rs`.
#![forbid(unsafe_code)]

mod call;
pub mod cli;
mod commands;
mod error;
pub mod explain;
mod fault;
pub mod files;
mod lsp;
mod report;
mod shell;
mod state;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;
use serde_json::json;

pub use self::error::Error;
use self::{cli::Cli, shell::Shell};

/// How a command went that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to complain about.
    Good,
    /// The program is not as it should be.
    Findings,
}

impl Verdict {
    /// Good, if this holds.
    const fn good_if(condition: bool) -> Self {
        if condition { Self::Good } else { Self::Findings }
    }
}

/// Exit code for findings.
const FINDINGS: u8 = 1;
/// Exit code for a command line or a file that cannot be used.
const USAGE: u8 = 2;

/// Does what the command line says.
pub fn main_from(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason to fail otherwise than the error itself does.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let mut shell = Shell::new(cli.color, cli.command.json());
    let result = commands::run(&cli.command, &mut shell);
    match result.and_then(|verdict| shell.flush().map(|()| verdict)) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Findings) => ExitCode::from(FINDINGS),
        // Whoever read our output has seen enough.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            if shell.is_json() {
                // Whoever reads it also sees the exit code.
                let _ = shell.json(&json!({ "ok": false, "error": error.to_string(), "hint": error.hint() }));
            }
            shell.error(&error);
            ExitCode::from(USAGE)
        }
    }
}
