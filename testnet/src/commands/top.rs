//! `testnet top`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::host::{LATEST, attach};
use super::{FAILED, Failure, USAGE};
use crate::live::Progress;
use crate::monitor::Monitor;
use crate::top::draw;

/// How long the terminal is listened to between two looks at the testnet.
const LISTEN: Duration = Duration::from_millis(200);

/// Options of the terminal's dashboard.
#[derive(Clone, Debug, Args)]
pub struct TopArgs {
    /// The testnet's directory; `latest` is the newest one that runs
    #[arg(value_name = "DIR", default_value = LATEST)]
    pub dir: PathBuf,
}

/// Shows a running testnet in the terminal until `q`, Escape or Ctrl-C.
///
/// # Errors
/// None runs, or there is no terminal.
pub async fn run(args: TopArgs) -> Result<bool, Failure> {
    let attached = attach(&args.dir).map_err(|error| Failure::new(USAGE, &error, error.hint()))?;
    let monitor =
        Monitor::start(&attached).map_err(|error| Failure::of(&error, &mut Progress::new(false)))?;
    let shown = tokio::task::spawn_blocking(move || show(&monitor)).await;
    let shown = shown.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    shown.map_err(|error| {
        Failure::new(
            FAILED,
            error,
            "run it in a terminal; testnet dashboard serves a page",
        )
    })?;
    Ok(true)
}

fn show(monitor: &Monitor) -> std::io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let ended = (|| -> std::io::Result<()> {
        loop {
            let newest = monitor.frame();
            terminal.draw(|frame| draw(frame, newest.as_deref()))?;
            if event::poll(LISTEN)? && is_end(&event::read()?) {
                return Ok(());
            }
        }
    })();
    ratatui::restore();
    ended
}

fn is_end(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind == KeyEventKind::Press && (interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc))
}
