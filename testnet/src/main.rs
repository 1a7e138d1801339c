//! The `testnet` binary; with [`testnet::network::VALIDATOR_ARG`] first, a validator of it.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser as _;
use testnet::cli::{Cli, Command, RunArgs};
use testnet::live::Progress;
use testnet::network::VALIDATOR_ARG;
use testnet::payments::Payments;
use testnet::plan::Funding;
use testnet::run::{RunConfig, run};
use testnet::run_dir::RunDir;
use testnet::summary::Summary;
use testnet::{lifeline, sample};

/// What testnet.log holds unless `ASSET_L2_LOG` says otherwise: the local chain's own chatter is left out.
const LOG_FILTER: &str = "warn,testnet=info,localnet=info,settlement=info";
/// Exit code for a command line or a payments file that cannot be used.
const USAGE: u8 = 2;
/// Exit code for everything else that is not as it must be.
const FAILED: u8 = 1;

/// A failure as people and programs read it.
#[derive(Debug, serde::Serialize)]
struct Failure {
    error: String,
    hint: String,
    #[serde(skip)]
    code: u8,
}

impl Failure {
    fn new(code: u8, error: impl std::fmt::Display, hint: &str) -> Self {
        Self {
            error: error.to_string(),
            hint: hint.to_owned(),
            code,
        }
    }
}

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
    if let Some(Command::Sample { rows }) = cli.command {
        print!("{}", sample::generate(rows));
        return ExitCode::SUCCESS;
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
    start_log(dir.path())?;
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(FAILED, error, "the system is out of threads or files"))?;
    let summary = runtime
        .block_on(run(config, &mut progress))
        .inspect_err(|error| {
            if let Some(log) = error.log() {
                progress.warn(log);
            }
        })
        .map_err(|error| Failure::new(FAILED, &error, error.hint()))?;
    if let Some(path) = &args.summary {
        std::fs::write(path, summary.to_json() + "\n").map_err(|error| {
            Failure::new(
                FAILED,
                format_args!("{}: {error}", path.display()),
                "choose another --summary file",
            )
        })?;
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

/// Refuses early what would fail only after the run.
fn writable(path: &Path) -> Result<(), Failure> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if parent.is_dir() && !path.is_dir() {
        return Ok(());
    }
    let error = format!("the summary cannot be written to {}", path.display());
    Err(Failure::new(
        USAGE,
        error,
        "name a file in a directory that exists",
    ))
}

fn start_log(dir: &Path) -> Result<(), Failure> {
    let path: PathBuf = dir.join("testnet.log");
    let file = File::create_new(&path).map_err(|error| {
        Failure::new(
            FAILED,
            format_args!("{}: {error}", path.display()),
            "check the directory's permissions",
        )
    })?;
    let filter = std::env::var(telemetry::logs::FILTER_ENV).unwrap_or_else(|_| LOG_FILTER.to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(&filter).map_err(|error| {
        Failure::new(
            USAGE,
            format_args!("log filter {filter:?}: {error}"),
            "directives such as info,testnet=debug",
        )
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .finish();
    tracing::subscriber::set_global_default(subscriber)
        .expect("nothing else in this process sets up logging");
    Ok(())
}
