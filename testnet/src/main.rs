//! The `testnet` binary; with [`testnet::network::VALIDATOR_ARG`] first, a validator of it.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use testnet::cli::{Cli, Command, RunArgs};
use testnet::commands::{self, FAILED, Failure, USAGE, writable};
use testnet::live::Progress;
use testnet::network::VALIDATOR_ARG;
use testnet::payments::Payments;
use testnet::plan::Funding;
use testnet::run::{RunConfig, run};
use testnet::run_dir::RunDir;
use testnet::summary::Summary;
use testnet::{lifeline, log, sample};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    if args.get(1).is_some_and(|first| first == VALIDATOR_ARG) {
        return validator(args);
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal is no reason to fail otherwise than the error itself does.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    if let Some(command) = cli.command {
        return subcommand(command);
    }
    let json = cli.run.json;
    match testnet(cli.run) {
        Ok(summary) => {
            println!(
                "{}",
                if json {
                    summary.to_json()
                } else {
                    summary.to_string()
                }
            );
            if summary.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(FAILED)
            }
        }
        Err(failure) => {
            if json {
                println!("{}", serde_json::to_string(&failure).expect("plain text fields"));
            }
            eprintln!("error: {}\nhint: {}", failure.error, failure.hint);
            ExitCode::from(failure.code)
        }
    }
}

/// Exit code 0 if all is as it must be.
fn subcommand(command: Command) -> ExitCode {
    let done = runtime().and_then(|runtime| match command {
        Command::Sample { rows } => {
            print!("{}", sample::generate(rows));
            Ok(true)
        }
        Command::Load(args) => runtime.block_on(commands::load::run(args)),
        Command::Slo(args) => runtime.block_on(commands::slo::run(args)),
        Command::Chaos(args) => runtime.block_on(commands::chaos::run(args)),
        Command::Dashboard(args) => runtime.block_on(commands::dashboard::run(args)),
        Command::Trace(args) => runtime.block_on(commands::trace::run(args)),
        Command::Top(args) => runtime.block_on(commands::top::run(args)),
    });
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(failure) => {
            eprintln!("error: {}\nhint: {}", failure.error, failure.hint);
            ExitCode::from(failure.code)
        }
    }
}

fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(FAILED, error, "the system is out of threads or files"))
}

/// This process is a validator: `sequencer`'s command line, and the lifeline to the testnet.
fn validator(args: Vec<OsString>) -> ExitCode {
    if let Err(error) = lifeline::hold() {
        eprintln!("error: no thread for the lifeline: {error}\nhint: the system is out of threads");
        return ExitCode::from(FAILED);
    }
    sequencer::cli::main_from(std::iter::once(OsString::from("sequencer")).chain(args.into_iter().skip(2)))
}

fn testnet(args: RunArgs) -> Result<Summary, Failure> {
    let (payments, funding) = read_payments(args.payments.as_deref())?;
    if let Some(path) = &args.summary {
        writable(path)?;
    }
    let exe = std::env::current_exe()
        .map_err(|error| Failure::new(FAILED, error, "the binary must be where it was started from"))?;
    let dir = RunDir::create(args.data_dir.as_deref()).map_err(|error| {
        Failure::new(
            USAGE,
            error,
            "choose another --data-dir, or leave it out for a new one",
        )
    })?;
    log::start(dir.path())?;
    let mut progress = Progress::new(args.quiet);
    progress.step(format_args!("data and logs: {}", dir.path().display()));
    let config = RunConfig {
        exe,
        dir,
        payments,
        funding,
        duration: args.duration(),
        tps: args.tps,
        validators: usize::from(args.validators),
        block_interval: std::time::Duration::from_millis(args.block_interval_ms),
    };
    let summary = runtime()?
        .block_on(run(config, &mut progress))
        .inspect_err(|error| {
            if let Some(log) = error.log() {
                progress.warn(log);
            }
        })
        .map_err(|error| Failure::new(FAILED, &error, error.hint()))?;
    if let Some(path) = &args.summary {
        commands::write(path, &(summary.to_json() + "\n"))?;
    }
    Ok(summary)
}

fn read_payments(path: Option<&Path>) -> Result<(Payments, Funding), Failure> {
    let payments = match path {
        Some(path) => Payments::read(path),
        None => Payments::parse(sample::SHIPPED.as_bytes()),
    };
    let payments = payments.map_err(|error| {
        let hint = "correct the file: a header `recipient,amount`, then lines like `<base58 address>,12.5`; \
                    nothing was started and nothing paid";
        Failure::new(USAGE, error, hint)
    })?;
    let funding = Funding::of(&payments)
        .map_err(|error| Failure::new(USAGE, error, "pay less; nothing was started and nothing paid"))?;
    Ok((payments, funding))
}
