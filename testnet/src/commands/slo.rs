//! `testnet slo` and `testnet slo verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::{FAILED, Failure, Host, NetworkArgs, USAGE, writable, write};
use crate::live::Progress;
use crate::load::{Profile, Shape};
use crate::network::Testnet;
use crate::setup::make_key;
use crate::slo::{self, Sealed, parse_target};

/// Options of a run of the scenario.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct SloArgs {
    /// Check a report instead
    #[command(subcommand)]
    pub command: Option<SloCommand>,
    /// Seconds for which transactions are offered
    #[arg(long, value_name = "SECS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=3_600))]
    pub duration: u64,
    /// Transactions a second
    #[arg(long, value_name = "TPS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub tps: u32,
    /// Everything random follows from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Another target than the usual one; may be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_target)]
    pub target: Vec<(&'static str, f64)>,
    /// Write the signed report to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as a page to this file
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Validators in the committee
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(4..=i64::from(crate::cli::MAX_VALIDATORS)))]
    pub validators: u16,
    /// Time from block to block, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 250, value_parser = clap::value_parser!(u64).range(50..=10_000))]
    pub block_interval_ms: u64,
    /// Directory for data and logs, which must be empty or missing; without it, data/testnet/<time>
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

/// What else is done with reports.
#[derive(Clone, Debug, Subcommand)]
pub enum SloCommand {
    /// Check the signature of a report, and say what it says
    Verify {
        /// The signed report
        file: PathBuf,
        /// The key that must have signed it, base58; without it, any key
        #[arg(long)]
        key: Option<String>,
    },
}

/// Runs the scenario and prints the verdict, or checks a report. Says whether every objective was met.
///
/// # Errors
/// The testnet does not start or fails, or the report is not what was signed.
pub async fn run(args: SloArgs) -> Result<bool, Failure> {
    if let Some(SloCommand::Verify { file, key }) = &args.command {
        return verify(file, key.as_deref());
    }
    for path in args.json.iter().chain(&args.html) {
        writable(path)?;
    }
    let mut progress = Progress::new(args.quiet);
    let network = NetworkArgs {
        validators: args.validators,
        block_interval_ms: args.block_interval_ms,
        ..NetworkArgs::own(args.data_dir.clone(), args.quiet)
    };
    let host = Host::open(&network, false, &mut progress).await?;
    let attached = host.attached.clone();
    let shape = Shape {
        profile: Profile::Steady,
        tps: args.tps,
        length: Duration::from_secs(args.duration),
        seed: args.seed,
    };
    let targets: BTreeMap<_, _> = args.target.iter().copied().collect();
    let interval = Duration::from_millis(args.block_interval_ms);
    let mut told = Progress::new(args.quiet);
    let work = async |_: Option<&mut Testnet>| {
        let report = slo::measure(&attached, shape, interval, &targets, &mut told).await?;
        let key = make_key(&attached.dir, "slo-report")?;
        Ok((report, key))
    };
    let (report, key) = host.finish(work, &mut progress).await?;
    let key = ed25519_dalek::SigningKey::from_keypair_bytes(&key.to_keypair_bytes());
    let sealed = Sealed::new(report, &key.expect("a key pair of our own making"));
    println!("{}", sealed.report);
    if let Some(path) = &args.json {
        write(path, &(sealed.to_json() + "\n"))?;
    }
    if let Some(path) = &args.html {
        write(path, &slo::page(&sealed))?;
    }
    Ok(sealed.report.met)
}

fn verify(file: &Path, key: Option<&str>) -> Result<bool, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(
            USAGE,
            format_args!("{}: {error}", file.display()),
            "name a report",
        )
    })?;
    let untrue = |error: &dyn std::fmt::Display| {
        Failure::new(
            FAILED,
            format_args!("{}: {error}", file.display()),
            "ask for the file that the run has written",
        )
    };
    let sealed = Sealed::verify(&text).map_err(|error| untrue(&error))?;
    if let Some(expected) = key.filter(|key| *key != sealed.key) {
        return Err(untrue(&format_args!(
            "signed by {}, expected {expected}",
            sealed.key
        )));
    }
    println!("{}\nsignature        valid, by key {}", sealed.report, sealed.key);
    Ok(sealed.report.met)
}
