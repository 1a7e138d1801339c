//! Progress while a run goes on: one line, in place on a terminal, else a new one every few seconds.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Time between lines where they cannot be rewritten.
const EVERY: Duration = Duration::from_secs(5);

/// How the run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Since the first block.
    pub elapsed: Duration,
    /// Newest height executed here.
    pub height: u64,
    /// Median and 95th percentile of the recent block intervals, milliseconds.
    pub interval_ms: (u64, u64),
    /// Transactions a second, recently.
    pub tps: f64,
    /// Payments made, and in all.
    pub payments: (u64, u64),
    /// Newest height whose root is on chain.
    pub on_chain: u64,
    /// Differing roots.
    pub mismatches: u64,
    /// Validators that run, and in all.
    pub validators: (usize, usize),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.elapsed.as_secs();
        write!(
            f,
            "{:02}:{:02} height {} | interval p50 {} p95 {} ms | {:.1} tps | paid {}/{} | on chain {} (lag {}) | \
             mismatches {} | up {}/{}",
            seconds / 60,
            seconds % 60,
            self.height,
            self.interval_ms.0,
            self.interval_ms.1,
            self.tps,
            self.payments.0,
            self.payments.1,
            self.on_chain,
            self.height.saturating_sub(self.on_chain),
            self.mismatches,
            self.validators.0,
            self.validators.1,
        )
    }
}

/// Writes to stderr what a person who waits wants to see.
#[derive(Debug)]
pub struct Progress {
    quiet: bool,
    terminal: bool,
    colour: bool,
    open_line: bool,
    last: Option<Instant>,
}

impl Progress {
    /// For this process's stderr. Colour only on a terminal, and not under `NO_COLOR`.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            quiet,
            terminal,
            colour: terminal && !refused,
            open_line: false,
            last: None,
        }
    }

    /// A step of the run, on a line of its own.
    pub fn step(&mut self, text: impl fmt::Display) {
        tracing::info!("{text}");
        if self.quiet {
            return;
        }
        self.line("==>", "32", text);
    }

    /// Something is wrong: said also to who asked for quiet.
    pub fn warn(&mut self, text: impl fmt::Display) {
        tracing::warn!("{text}");
        self.line("warning:", "33", text);
    }

    /// How the run stands; says nothing if it has just said so where lines cannot be rewritten.
    pub fn standing(&mut self, standing: &impl fmt::Display) {
        if self.quiet {
            return;
        }
        if self.terminal {
            let mut stderr = std::io::stderr().lock();
            // Nobody to show it to is no reason to fail.
            let _ = write!(stderr, "\r\x1b[2K{standing}").and_then(|()| stderr.flush());
            self.open_line = true;
        } else if self.last.is_none_or(|last| last.elapsed() >= EVERY) {
            self.last = Some(Instant::now());
            let _ = writeln!(std::io::stderr(), "{standing}");
        }
    }

    fn line(&mut self, tag: &str, colour: &str, text: impl fmt::Display) {
        let mut stderr = std::io::stderr().lock();
        let start = if std::mem::take(&mut self.open_line) {
            "\n"
        } else {
            ""
        };
        let _ = if self.colour {
            writeln!(stderr, "{start}\x1b[1;{colour}m{tag}\x1b[0m {text}")
        } else {
            writeln!(stderr, "{start}{tag} {text}")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_reads_well() {
        let standing = Standing {
            elapsed: Duration::from_secs(65),
            height: 260,
            interval_ms: (250, 262),
            tps: 79.96,
            payments: (3_000, 4_000),
            on_chain: 257,
            mismatches: 0,
            validators: (4, 5),
        };
        assert_eq!(
            standing.to_string(),
            "01:05 height 260 | interval p50 250 p95 262 ms | 80.0 tps | paid 3000/4000 | on chain 257 (lag 3) | \
             mismatches 0 | up 4/5"
        );
    }
}
