//! `sequencer poster`.

use super::{
    Failure,
    live::{Place, duration_text, print_rows},
    print_json,
};
use crate::admin::{AdminApiClient as _, PosterOrder, PosterView};

const EXAMPLES: &str = "\
Examples:
  sequencer poster status --config sequencer.toml
  sequencer poster pause --config sequencer.toml      before the poster's key is changed, say
  sequencer poster resume --config sequencer.toml
  sequencer poster flush --config sequencer.toml      when the poster of rank 0 is away

A pause lasts until resume, or until the process ends.";

/// Shows the running validator's poster, or tells it what to do.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Poster {
    /// What to tell it
    #[arg(value_name = "ORDER")]
    order: PosterOrder,
    #[command(flatten)]
    place: Place,
}

impl Poster {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let order = self.order;
        let view = self
            .place
            .ask(|client| async move { Ok(client.poster(order).await?) })?;
        match json {
            true => print_json(&view),
            false => show(&view),
        }
        Ok(())
    }
}

fn show(view: &PosterView) {
    let phase = match view.paused {
        true => format!("{}; paused by its operator", view.phase),
        false => view.phase.clone(),
    };
    let age = view.oldest_unsettled_ms;
    let funds = match (view.balance, view.runway_seconds) {
        (None, _) => "not read yet".to_owned(),
        (Some(lamports), None) => format!("{lamports} lamports"),
        (Some(lamports), Some(runway)) => format!("{lamports} lamports, for {}", duration_text(runway)),
    };
    let mut rows = vec![
        ("poster", phase),
        (
            "on Solana",
            format!("height {} of {}", view.chain_height, view.tip),
        ),
        (
            "behind",
            format!("{} blocks, the oldest {age} ms old", view.lag_blocks),
        ),
        (
            "posts",
            format!(
                "{} sent, {} accepted, {} under way, {} failures",
                view.posts_sent, view.posts_accepted, view.in_flight, view.failures
            ),
        ),
        ("balance", funds),
    ];
    if view.flush_to > view.chain_height {
        rows.push(("flush", format!("up to height {}", view.flush_to)));
    }
    print_rows(&rows);
}
