//! `testnet dashboard`.

use std::path::PathBuf;

use clap::Args;

use super::host::{LATEST, attach};
use super::{FAILED, Failure, USAGE};
use crate::dashboard::Dashboard;
use crate::live::Progress;
use crate::monitor::Monitor;
use crate::run::Interrupts;

/// Options of a dashboard.
#[derive(Clone, Debug, Args)]
pub struct DashboardArgs {
    /// The testnet's directory; `latest` is the newest one that runs
    #[arg(value_name = "DIR", default_value = LATEST)]
    pub dir: PathBuf,
    /// Loopback port; without it, a free one
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub port: u16,
}

/// Serves the dashboard of a running testnet until Ctrl-C.
///
/// # Errors
/// None runs, or the port is taken.
pub async fn run(args: DashboardArgs) -> Result<bool, Failure> {
    let mut progress = Progress::new(false);
    let attached = attach(&args.dir).map_err(|error| Failure::new(USAGE, &error, error.hint()))?;
    let mut interrupts = Interrupts::listen().map_err(|error| Failure::of(&error, &mut progress))?;
    let monitor = Monitor::start(&attached).map_err(|error| Failure::of(&error, &mut progress))?;
    let dashboard = Dashboard::serve(monitor, args.port).await;
    let dashboard = dashboard.map_err(|error| Failure::new(FAILED, error, "choose another --port"))?;
    println!("{}", dashboard.url());
    interrupts.next().await;
    Ok(true)
}
