//! `sequencer log-filter`.

use super::{Failure, live::Place, print_json};
use crate::admin::AdminApiClient as _;

const EXAMPLES: &str = "\
Examples:
  sequencer log-filter --config sequencer.toml
  sequencer log-filter --config sequencer.toml info,hotshot_engine=debug

A change lasts until the process ends; the setting log_filter is what it starts with.";

/// Shows the running validator's log filter, or puts another one in its place.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct LogFilter {
    #[command(flatten)]
    place: Place,
    /// The new filter
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

impl LogFilter {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let filter = self.filter;
        let view = self
            .place
            .ask(|client| async move { Ok(client.log_filter(filter).await?) })?;
        match (json, view.filter) {
            (true, filter) => print_json(&crate::admin::LogFilterView { filter }),
            (false, Some(filter)) => println!("{filter}"),
            (false, None) => println!("this validator logs nothing"),
        }
        Ok(())
    }
}
