//! `testnet load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Failure, Host, NetworkArgs, writable, write};
use crate::error::TestnetError;
use crate::live::Progress;
use crate::load::{Load, LoadReport, Profile, Shape};
use crate::network::Testnet;

/// How often progress is shown.
const TICK: Duration = Duration::from_millis(250);

/// Options of a load.
#[derive(Clone, Debug, Args)]
pub struct LoadArgs {
    /// The testnet.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// The pattern of traffic
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
    /// Transactions a second, on average
    #[arg(long, value_name = "TPS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub tps: u32,
    /// Seconds for which they are offered
    #[arg(long, value_name = "SECS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub duration: u64,
    /// Everything random follows from it
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write the figures as JSON to this file, too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Offers the load and prints what came of it. Says whether all of it was decided and settled.
///
/// # Errors
/// The testnet does not start, or fails under it.
pub async fn run(args: LoadArgs) -> Result<bool, Failure> {
    if let Some(path) = &args.json {
        writable(path)?;
    }
    let mut progress = Progress::new(args.network.quiet);
    let host = Host::open(&args.network, false, &mut progress).await?;
    let shape = Shape {
        profile: args.profile,
        tps: args.tps,
        length: Duration::from_secs(args.duration),
        seed: args.seed,
    };
    let mut told = Progress::new(args.network.quiet);
    let attached = host.attached.clone();
    let work = async |_: Option<&mut Testnet>| {
        told.step(format_args!(
            "signing and funding {} transactions a second for {} s",
            shape.tps, args.duration
        ));
        let load = Load::prepare(attached, shape).await?;
        told.step("offering them");
        watch(load, &mut told).await
    };
    let report = host.finish(work, &mut progress).await?;
    println!("{report}");
    if let Some(path) = &args.json {
        write(path, &(report.to_json() + "\n"))?;
    }
    Ok(report.is_good())
}

async fn watch(load: Load, progress: &mut Progress) -> Result<LoadReport, TestnetError> {
    let running = load.start().await?;
    let mut ticks = tokio::time::interval(TICK);
    let standing = running.standing();
    let finished = running.finish();
    tokio::pin!(finished);
    loop {
        tokio::select! {
            report = &mut finished => return Ok(report),
            _ = ticks.tick() => progress.standing(&standing),
        }
    }
}
