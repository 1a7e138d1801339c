//! `asset`: the command line for users and developers of Asset L2.
//!
//! ```text
//!  arguments ──cli──▶ command ──▶ context: which chain, whose key ──▶ client ──JSON-RPC──▶ validators, Solana
//!                        │                                               │ checked
//!                        └────────────▶ shell ◀──────────────────────────┘
//!                                         stdout: the result · stderr: the rest
//! ```
//!
//! Rules:
//! - One command, one file in `commands/`. It says what it wants of the [`client`], and shows what it got; it checks no proof and
//!   encodes no transaction itself.
//! - What is shown of accounts has been proven: by a certificate of the committee, or by a root that Solana has recorded. Where it
//!   cannot be, the command says so.
//! - Arguments of programs are read by the types of the program's interface, [`words`].
//! - Exit codes: 0 done, 1 the chain says no (a transaction failed, a proof does not hold), 2 it could not be asked.
//! - Amounts have their unit; `--json` always parses; `NO_COLOR` is honoured; an error has a hint.
//!
//! What each help text says is a snapshot in `tests/help.rs`; every command runs against real validators in the testnet's
//! `tests/asset.rs`.
#![forbid(unsafe_code)]

pub mod cli;
mod commands;
mod context;
mod error;
mod shell;
pub mod words;

use std::{ffi::OsString, io::Write as _, process::ExitCode};

use clap::Parser as _;
use serde_json::json;

use self::cli::Cli;
pub use self::{error::Error, shell::Shell};

/// How a command went that could ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Good,
    /// The chain says no.
    Refused,
}

/// Exit code for a no of the chain.
const REFUSED: u8 = 1;
/// Exit code for what could not be asked.
const FAILED: u8 = 2;

/// Does what the command line says, on this process's stdout and stderr.
pub fn main_from(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            // Whoever does not see it sees the exit code.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            return ExitCode::from(FAILED);
        }
    };
    ExitCode::from(runtime.block_on(run(args, &mut Shell::terminal())))
}

/// Does what the command line says; the exit code.
pub async fn run(args: impl IntoIterator<Item = OsString>, shell: &mut Shell) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error, shell),
    };
    shell.set(cli.color, cli.json);
    let done = commands::run(&cli, shell).await;
    match done.and_then(|verdict| shell.flush().map(|()| verdict)) {
        Ok(Verdict::Good) => 0,
        Ok(Verdict::Refused) => REFUSED,
        // Whoever read our output has seen enough.
        Err(error) if error.is_broken_pipe() => 0,
        Err(error) => {
            if shell.is_json() {
                let said = json!({ "error": error.to_string(), "hint": error.hint(), "code": error.code() });
                // Whoever reads it also sees the exit code.
                let _ = shell.json(&said);
            }
            shell.error(&error);
            FAILED
        }
    }
}

/// Help is a result, a wrong command line is not.
fn refuse(error: &clap::Error, shell: &mut Shell) -> u8 {
    let text = error.render();
    if error.use_stderr() {
        shell.notice(text);
        return FAILED;
    }
    // A closed terminal is no reason to fail.
    let _ = shell
        .raw(text.to_string().as_bytes())
        .and_then(|()| shell.flush());
    0
}
