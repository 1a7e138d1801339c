//! `assetctl`: the command line for whoever operates a rollup on Solana.
//!
//! ```text
//!  flags > environment > assetctl.toml > defaults
//!                    │ settings: which cluster, program, registry, key
//!                    ▼
//!  command ──▶ registry   releases, signed approvals, where they ran
//!          ──▶ settlement  the program and its loader, on any cluster
//!          ──▶ rollout     upgrade and rollback: steps in order, each judged by the chain, written to a journal
//!                    ▼
//!  stdout: the result, as text or JSON · stderr: what happens meanwhile · exit 0 done · 1 not as it should be · 2 cannot
//! ```
//!
//! Rules:
//! - One subcommand, one file in `commands/`. It asks the registry or the chain, acts, and answers once; it prints nothing itself.
//! - Whatever changes the chain can be interrupted and run again: what is done already is seen on the chain and left alone.
//! - Nothing is upgraded that the policy's approvers did not sign for, byte for byte, or that did not run on the cluster before.
//! - A program that is not what the registry holds, or does not do what it did, is never resumed.
//! - Secrets are read from keypair files that only their owner may read, and are never printed; URLs are shown without their path.
//!
//! Invariants, and what guards them:
//! - deploy, upgrade and rollback on the real program, interrupted after every step: `tests/assetctl/rollout.rs`;
//! - a program that does not work is found before posting resumes: `tests/assetctl/rollout.rs`;
//! - what each command says and asks for: snapshots of the real process, `tests/assetctl/help.rs`.
#![forbid(unsafe_code)]

mod answer;
pub mod cli;
mod commands;
mod error;
mod keyfile;
mod rollout;
mod running;
mod settings;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

pub use answer::Answer;
pub use cli::Cli;
pub use error::Error;
pub use rollout::Step;
pub use settings::Settings;

/// Exit code of a finding: what was looked at is not as it should be.
const FINDING: u8 = 1;
/// Exit code of a command line, a file or a cluster that cannot be used.
const CANNOT: u8 = 2;

/// Does what the command line says.
pub async fn main_from(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason to fail otherwise than the error itself does.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(CANNOT));
        }
    };
    match commands::run(&cli).await.and_then(|answer| {
        answer.print(cli.global.json)?;
        Ok(answer.good)
    }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FINDING),
        Err(error) => {
            answer::print_error(&error, cli.global.json);
            ExitCode::from(if error.is_finding() { FINDING } else { CANNOT })
        }
    }
}
