//! `testnet.log`: what the orchestrator did.

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use crate::commands::{FAILED, Failure, USAGE};

/// What testnet.log holds unless `ASSET_L2_LOG` says otherwise: the local chain's own chatter is left out.
const LOG_FILTER: &str = "warn,testnet=info,localnet=info,settlement=info";

/// Sends this process's events to `testnet.log` in `dir`.
///
/// # Errors
/// The file cannot be made, or the filter does not parse.
pub fn start(dir: &Path) -> Result<(), Failure> {
    let path = dir.join("testnet.log");
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
