//! Times, and how they are shown.

use std::fmt::Write;

use eyre::Result;
use nix::time::{ClockId, clock_gettime};
use serde_json::json;

/// One turn of a loop.
pub const TURN: &str = "ns/turn";
/// One call from outside.
pub const CALL: &str = "ns/call";

/// What a program takes on our machine and on another one.
pub struct Figure {
    pub name: &'static str,
    pub ours: f64,
    pub peer: f64,
    pub peer_name: &'static str,
    pub unit: &'static str,
}

impl Figure {
    /// How many times as fast ours is.
    fn ratio(&self) -> f64 {
        self.peer / self.ours
    }
}

/// Nanoseconds of the processor that something takes.
pub fn time(mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let before = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    run()?;
    let after = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    let took = after - before;
    Ok(took.tv_sec() as f64 * 1e9 + took.tv_nsec() as f64)
}

/// The median of at least one time.
pub fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// For people.
pub fn table(figures: &[Figure]) -> String {
    let mut text =
        String::from("| program | unit | curvevm | peer | | times as fast |\n|---|---|---|---|---|---|\n");
    for figure in figures {
        let Figure {
            name,
            ours,
            peer,
            peer_name,
            unit,
        } = figure;
        let ratio = figure.ratio();
        writeln!(
            text,
            "| {name} | {unit} | {ours:.2} | {peer:.2} | {peer_name} | {ratio:.2} |"
        )
        .expect("memory");
    }
    text
}

/// For tools: rows of `{name, ours, peer, peer_name, unit, ratio}`.
pub fn json(figures: &[Figure]) -> Result<String> {
    let rows: Vec<_> = figures
        .iter()
        .map(|figure| {
            json!({
                "name": figure.name,
                "ours": figure.ours,
                "peer": figure.peer,
                "peer_name": figure.peer_name,
                "unit": figure.unit,
                "ratio": figure.ratio(),
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rows)?)
}
