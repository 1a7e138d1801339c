//! `sequencer peers`.

use super::{Failure, live::Place, print_json};
use crate::admin::AdminApiClient as _;

const EXAMPLES: &str = "\
Examples:
  sequencer peers --config sequencer.toml
  sequencer peers --json | jq -r '.[] | select(.connected | not) | .address'";

/// Shows the committee's members and whether the running validator is connected to each.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Peers {
    #[command(flatten)]
    place: Place,
}

impl Peers {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let peers = self
            .place
            .ask(|client| async move { Ok(client.peers().await?) })?;
        if json {
            print_json(&peers);
            return Ok(());
        }
        println!("{:44}  {:>10}  {:9}  ADDRESS", "NODE", "STAKE", "LINK");
        for peer in peers {
            let link = match (peer.this, peer.connected) {
                (true, _) => "this",
                (false, true) => "connected",
                (false, false) => "none",
            };
            println!("{:44}  {:>10}  {link:9}  {}", peer.node, peer.stake, peer.address);
        }
        Ok(())
    }
}
