//! `sequencer exit`.

use super::{Failure, live::Place, print_json};
use crate::admin::AdminApiClient as _;

/// How long an orderly end may take: five stages of two seconds each, and what comes after them.
const ENDED_WITHIN: std::time::Duration = std::time::Duration::from_secs(20);

const EXAMPLES: &str = "\
Examples:
  sequencer exit --config sequencer.toml
  sequencer exit --config sequencer.toml --when-not-leader";

/// Ends the running validator in order, as SIGTERM does, and waits until it is gone.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Exit {
    #[command(flatten)]
    place: Place,
    /// Wait, at most 30 seconds, for a view in which this validator does not lead, nor in the next one
    #[arg(long)]
    when_not_leader: bool,
}

impl Exit {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let when_not_leader = self.when_not_leader;
        let view = self.place.ask(|client| async move {
            let view = client.exit(when_not_leader).await?;
            let gone = tokio::time::timeout(ENDED_WITHIN, client.on_disconnect()).await;
            gone.map_err(|_| {
                Failure::new(
                    format!(
                        "process {} has not ended after {} seconds",
                        view.pid,
                        ENDED_WITHIN.as_secs()
                    ),
                    "its log says what it waits for; kill -9 loses nothing that is decided",
                )
            })?;
            Ok(view)
        })?;
        match json {
            true => print_json(&view),
            false => println!("process {} has ended, in view {}", view.pid, view.view),
        }
        Ok(())
    }
}
