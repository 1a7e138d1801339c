//! `sequencer run`.

use std::path::PathBuf;

use super::{Failure, print_json};
use crate::{
    config::{Config, Settings, file_text},
    node,
};

/// Threads that run tasks. Several validators often share a machine, and execution has its own threads.
const WORKERS: usize = 2;
/// Most threads for blocking work: execution, storage, signature checks.
const MAX_BLOCKING: usize = 16;
/// How long blocking work may go on after the node has stopped.
const LAST_WORK: std::time::Duration = std::time::Duration::from_secs(2);

const EXAMPLES: &str = "\
Examples:
  sequencer run --config sequencer.toml
  sequencer run --config sequencer.toml --check
  ASSET_L2_LOG=info,hotshot_engine=debug sequencer run --config sequencer.toml --block-interval-ms 500

A flag wins over its environment variable, which wins over the file, which wins over the default.";

/// Runs the validator until SIGTERM or Ctrl-C, then stops in order.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "ASSET_L2_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Check the configuration, print the effective one and exit
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    settings: Settings,
}

impl Run {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let config = Config::load(self.config.as_deref(), self.settings)?;
        if self.check {
            match json {
                true => print_json(&config.redacted()),
                false => print!("{}", file_text(&config.redacted())),
            }
            return Ok(());
        }
        telemetry::logs::init(config.log.format.into(), &config.log.filter)
            .map_err(|error| Failure::new(error, "correct log_filter, or ASSET_L2_LOG"))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(MAX_BLOCKING)
            .thread_name("sequencer")
            .enable_all()
            .build()
            .map_err(|error| Failure::new(error, "the system is out of threads or files"))?;
        let ended = runtime.block_on(node::run(config));
        runtime.shutdown_timeout(LAST_WORK);
        Ok(ended?)
    }
}
