//! `sequencer status`.

use std::{
    io::{IsTerminal as _, Write as _},
    time::Duration,
};

use super::{
    Failure,
    live::{Place, duration_text, print_rows},
    print_json,
};
use crate::admin::{AdminApiClient as _, NodeView};

/// How often it is asked again.
const EVERY: Duration = Duration::from_secs(1);
/// Goes to the upper left corner and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[J";

const EXAMPLES: &str = "\
Examples:
  sequencer status --config sequencer.toml
  sequencer status --data-dir /var/lib/asset-l2/data --watch
  sequencer status --json | jq .height

Exit codes: 0 the validator answered and is ready, 1 it did not answer, 4 it answered and is not ready.";

/// Not ready.
const NOT_READY: u8 = 4;

/// Shows where the running validator stands, and what keeps it from taking part if something does.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Status {
    #[command(flatten)]
    place: Place,
    /// Go on showing it, once a second; with --json an object a line
    #[arg(long)]
    watch: bool,
}

impl Status {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let watch = self.watch;
        self.place.ask(|client| async move {
            let mut ticks = tokio::time::interval(EVERY);
            loop {
                ticks.tick().await;
                let view = client.status().await?;
                if watch && !json && std::io::stdout().is_terminal() {
                    print!("{CLEAR}");
                }
                show(&view, json);
                // What cannot be shown any more need not be asked for.
                if std::io::stdout().flush().is_err() {
                    return Ok(());
                }
                if !watch {
                    return ready(&view);
                }
            }
        })
    }
}

fn ready(view: &NodeView) -> Result<(), Failure> {
    let failing: Vec<&str> = view
        .readiness
        .checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| check.name.as_str())
        .collect();
    match failing.is_empty() {
        true => Ok(()),
        false => Err(Failure {
            code: NOT_READY,
            told: true,
            ..Failure::new(
                format!("not ready: {}", failing.join(", ")),
                "docs/operators/troubleshooting.md says what each of them can mean",
            )
        }),
    }
}

fn show(view: &NodeView, json: bool) {
    if json {
        print_json(view);
        return;
    }
    let status = &view.status;
    let uptime = duration_text(status.uptime_seconds);
    let settlement = &status.settlement;
    let mut rows = vec![
        ("node", status.node.clone()),
        (
            "process",
            format!("version {}, pid {}, up {uptime}", view.version, view.pid),
        ),
        (
            "decided",
            format!("height {} in view {}", status.height, status.decided_view),
        ),
        ("root", status.state_root.to_string()),
        (
            "consensus",
            format!(
                "view {}, epoch {}{}",
                status.view,
                status.epoch,
                if view.leading { ", leading" } else { "" }
            ),
        ),
        (
            "committee",
            format!(
                "{} of {} others connected",
                status.peers,
                status.committee.saturating_sub(1)
            ),
        ),
        (
            "mempool",
            format!(
                "{} transactions, {} bytes, {} senders",
                status.mempool.transactions, status.mempool.bytes, status.mempool.senders
            ),
        ),
        (
            "on Solana",
            format!(
                "height {} in slot {}, {} behind",
                settlement.height,
                settlement.slot,
                status.height.saturating_sub(settlement.height)
            ),
        ),
        ("poster", settlement.poster.clone()),
    ];
    if let Some(reason) = &status.halted {
        rows.push(("halted", reason.clone()));
    }
    for check in &view.readiness.checks {
        let mark = if check.ok { "ok" } else { "NOT OK" };
        rows.push((&check.name, format!("{mark}: {}", check.detail)));
    }
    print_rows(&rows);
}
