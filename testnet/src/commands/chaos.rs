//! `testnet chaos`.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};

use super::{Failure, Host, NetworkArgs, USAGE, writable, write};
use crate::chaos::{Experiment, disturb};
use crate::live::Progress;
use crate::network::Testnet;

/// Options of chaos.
#[derive(Clone, Debug, Args)]
pub struct ChaosArgs {
    /// Experiments, one after the other, or `all`
    #[arg(value_name = "EXPERIMENT", default_value = "all", value_parser = parse)]
    pub experiments: Vec<Choice>,
    /// Everything random follows from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write what came of it as JSON to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Directory for data and logs, which must be empty or missing; without it, data/testnet/<time>
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

/// One experiment, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All.
    All,
    /// This one.
    One(Experiment),
}

fn parse(text: &str) -> Result<Choice, String> {
    if text == "all" {
        return Ok(Choice::All);
    }
    let names = || {
        let names = Experiment::value_variants().iter().map(|one| one.name());
        names.collect::<Vec<_>>().join(", ")
    };
    let one = Experiment::from_str(text, false);
    one.map(Choice::One)
        .map_err(|_| format!("expected all, or one of {}", names()))
}

/// Disturbs a testnet of its own and prints how it recovered. Says whether it did.
///
/// # Errors
/// The testnet does not start, or fails for a reason that is none of the experiments'.
pub async fn run(args: ChaosArgs) -> Result<bool, Failure> {
    if let Some(path) = &args.json {
        writable(path)?;
    }
    let experiments: Vec<Experiment> = args
        .experiments
        .iter()
        .flat_map(|choice| match choice {
            Choice::All => Experiment::value_variants().to_vec(),
            Choice::One(one) => vec![*one],
        })
        .collect();
    if experiments.is_empty() {
        return Err(Failure::new(USAGE, "no experiment", "name one, or all"));
    }
    let mut progress = Progress::new(args.quiet);
    let network = NetworkArgs::own(args.data_dir.clone(), args.quiet);
    let host = Host::open(&network, true, &mut progress).await?;
    let mut told = Progress::new(args.quiet);
    let work = async |testnet: Option<&mut Testnet>| {
        let testnet = testnet.expect("a testnet that was started here");
        disturb(testnet, &experiments, args.seed, &mut told).await
    };
    let report = host.finish(work, &mut progress).await?;
    println!("{report}");
    if let Some(path) = &args.json {
        write(path, &(report.to_json() + "\n"))?;
    }
    Ok(report.is_good())
}
