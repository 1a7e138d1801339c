//! The command line: one file a command.
//!
//! stdout is the result, stderr the rest. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped after a root divergence,
//! 4 `status` found the validator not ready.

mod config;
mod db;
mod exit;
mod init;
mod keygen;
mod live;
mod log_filter;
mod peers;
mod poster;
mod run;
mod shell;
mod signer;
mod status;
mod verify;

use std::{ffi::OsString, fmt, process::ExitCode};

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde::Serialize;

use crate::{config::ConfigError, genesis::GenesisFileError, keystore::KeystoreError, node::NodeError};

/// A validator of Asset L2
#[derive(Debug, Parser)]
#[command(name = "sequencer", bin_name = "sequencer", version, about, propagate_version = true, after_help = EXAMPLES)]
struct Cli {
    /// Print results, and errors, as JSON on stdout
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sequencer keygen --out keys
  sequencer init --dir . --solana-rpc-url http://127.0.0.1:8899 \\
    --solana-ws-url ws://127.0.0.1:8900 --program-id <ADDRESS>
  sequencer run --config sequencer.toml
  sequencer status --config sequencer.toml --watch";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a validator's keys and print their public parts
    Keygen(keygen::Keygen),
    /// Print the public parts of existing keys
    #[command(subcommand)]
    Keys(keygen::KeysCommand),
    /// Hold a key in a process of its own, which signs nothing that contradicts what it has signed
    #[command(subcommand)]
    Signer(signer::SignerCommand),
    /// Make a data directory and a commented configuration file
    Init(init::Init),
    /// Run the validator until SIGTERM or Ctrl-C
    Run(Box<run::Run>),
    /// Show where the running validator stands
    Status(status::Status),
    /// Show the committee's members and the connections to them
    Peers(peers::Peers),
    /// Show the running validator's poster, or tell it what to do
    Poster(poster::Poster),
    /// Show or change the running validator's log filter
    LogFilter(log_filter::LogFilter),
    /// End the running validator in order
    Exit(exit::Exit),
    /// Look into the data directory of a validator that is not running
    Db(db::Db),
    /// Execute all stored blocks again and compare every root, also with Solana's
    Verify(verify::Verify),
    /// Show the configuration, and where each value comes from
    Config(config::Show),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Print the manual page
    Man(shell::Man),
}

/// A failure as people and programs read it.
#[derive(Debug, Serialize)]
struct Failure {
    error: String,
    hint: String,
    #[serde(skip)]
    code: u8,
    /// The result is on stdout already, and tells of it.
    #[serde(skip)]
    told: bool,
}

impl Failure {
    fn new(error: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self {
            error: error.to_string(),
            hint: hint.into(),
            code: 1,
            told: false,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = match &error {
            ConfigError::Read { .. } => "make one with: sequencer init --dir DIR …",
            ConfigError::TooLarge { .. } => "check that this is the file you mean",
            ConfigError::Syntax { .. } => "sequencer init writes a file with every setting explained",
            ConfigError::Missing { .. } => "sequencer run --help lists every setting",
            ConfigError::Value { .. } => "correct it in the file, the environment or the flags",
        };
        Self::new(error, hint)
    }
}

impl From<KeystoreError> for Failure {
    fn from(error: KeystoreError) -> Self {
        let hint = match &error {
            KeystoreError::Exists { .. } => "choose another directory, or move the old keys away".to_owned(),
            KeystoreError::Io { .. } => "make keys with: sequencer keygen --out DIR".to_owned(),
            KeystoreError::Mode { path, .. } => format!("chmod 600 {}", path.display()),
            KeystoreError::Passphrase { .. } => {
                "say --passphrase-file FILE, set ASSET_L2_PASSPHRASE, or run it on a terminal".to_owned()
            }
            KeystoreError::Vault { .. } => {
                "check the passphrase; else restore the file from its backup".to_owned()
            }
            KeystoreError::Content { .. } => "restore the file from its backup".to_owned(),
        };
        Self::new(error, hint)
    }
}

impl From<GenesisFileError> for Failure {
    fn from(error: GenesisFileError) -> Self {
        Self::new(
            error,
            "every validator of a chain needs the same genesis file: get it from the others",
        )
    }
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        let (hint, code) = (error.hint(), error.exit_code());
        Self {
            error: error.to_string(),
            hint,
            code,
            told: false,
        }
    }
}

/// Runs the command line `args` (the program's name first) and returns its exit code.
pub fn main_from<I, T>(args: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let matches = Cli::command().try_get_matches_from(args);
    let parsed = matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            // A closed terminal is no reason to fail otherwise than the error itself does.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let json = cli.json;
    let done = match cli.command {
        Command::Keygen(command) => command.execute(json),
        Command::Keys(command) => command.execute(json),
        Command::Signer(command) => command.execute(),
        Command::Init(command) => command.execute(json),
        Command::Run(command) => command.execute(json),
        Command::Status(command) => command.execute(json),
        Command::Peers(command) => command.execute(json),
        Command::Poster(command) => command.execute(json),
        Command::LogFilter(command) => command.execute(json),
        Command::Exit(command) => command.execute(json),
        Command::Db(command) => command.execute(json),
        Command::Verify(command) => command.execute(json),
        Command::Config(command) => command.execute(innermost(&matches), json),
        Command::Completions(command) => {
            command.execute();
            Ok(())
        }
        Command::Man(command) => command.execute(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if json && !failure.told {
                print_json(&failure);
            }
            eprintln!("error: {}\nhint: {}", failure.error, failure.hint);
            ExitCode::from(failure.code)
        }
    }
}

/// The matches of the command that was given.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches
        .subcommand()
        .map_or(matches, |(_, matches)| innermost(matches))
}

fn print_json(value: &impl Serialize) {
    println!(
        "{}",
        serde_json::to_string(value).expect("results are plain data")
    );
}
