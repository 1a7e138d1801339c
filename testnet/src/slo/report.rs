//! What a run of the scenario amounts to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::objective::{Bound, Objective, Verdict};
use crate::load::LoadReport;
use crate::resources::Sample;

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Validators in the committee.
    pub validators: u64,
    /// The time from block to block that they aim at, milliseconds.
    pub block_interval_ms: u64,
    /// Processors of the machine that all of it ran on.
    pub processors: u64,
    /// Version of the software.
    pub software: String,
    /// Whether it was built with optimisation for release.
    pub release: bool,
    /// When it began, milliseconds since 1970.
    pub began_ms: u64,
}

/// One second of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Which one, from the first arrival.
    pub at: u64,
    /// Blocks made in it.
    pub blocks: u64,
    /// Transactions in them.
    pub transactions: u64,
    /// The longest interval that ended in it, by the headers' timestamps, milliseconds.
    pub longest_interval_ms: u64,
    /// Decided blocks at its end whose root was not seen on Solana.
    pub unsettled_blocks: u64,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What was done.
    pub scenario: Scenario,
    /// Whether every objective was met.
    pub met: bool,
    /// The objectives.
    pub objectives: Vec<Objective>,
    /// The traffic, and what came of it.
    pub load: LoadReport,
    /// The run by seconds.
    pub seconds: Vec<Second>,
    /// What each validator used.
    pub resources: Vec<Vec<Sample>>,
    /// What went wrong besides.
    pub troubles: Vec<String>,
}

/// A value as people read it.
pub(super) fn number(value: Option<f64>, unit: &str) -> String {
    match value {
        None => "not measured".into(),
        Some(value) => {
            let text = format!("{value:.1}");
            let text = text.strip_suffix(".0").unwrap_or(&text);
            format!("{text} {unit}").trim_end().to_owned()
        }
    }
}

impl Objective {
    /// The target as people read it.
    pub(super) fn target_text(&self) -> String {
        let sign = match self.bound {
            Bound::AtMost => "≤",
            Bound::AtLeast => "≥",
        };
        format!("{sign} {}", number(Some(self.target), &self.unit))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.objectives.iter().map(|o| o.name.len()).max().unwrap_or(0);
        writeln!(
            f,
            "        {:<width$}  {:>14}  {:>16}",
            "objective", "target", "measured"
        )?;
        for objective in &self.objectives {
            let verdict = match objective.verdict {
                Verdict::Met => "ok",
                Verdict::Missed => "MISSED",
            };
            writeln!(
                f,
                "{verdict:<6}  {:<width$}  {:>14}  {:>16}",
                objective.name,
                objective.target_text(),
                number(objective.measured, &objective.unit)
            )?;
        }
        for trouble in &self.troubles {
            writeln!(f, "MISSED  {trouble}")?;
        }
        let missed = self
            .objectives
            .iter()
            .filter(|o| o.verdict == Verdict::Missed)
            .count();
        writeln!(f, "\n{}", self.load)?;
        match missed {
            0 if self.met => write!(f, "\nverdict          every objective met"),
            missed => write!(
                f,
                "\nverdict          {missed} of {} objectives MISSED",
                self.objectives.len()
            ),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::objective::PROMISES;
    use super::*;
    use crate::load::{Latency, Profile};

    /// A short one, with a missed objective.
    pub fn report() -> Report {
        let latency = Latency {
            count: 1_000,
            p50_ms: 310.1,
            p95_ms: 520.7,
            p99_ms: 601.3,
            max_ms: 644.9,
        };
        Report {
            scenario: Scenario {
                validators: 5,
                block_interval_ms: 250,
                processors: 2,
                software: "0.1.0".into(),
                release: false,
                began_ms: 1_790_000_000_000,
            },
            met: false,
            objectives: vec![
                PROMISES[0].judge(250.0, Some(250.0)),
                PROMISES[1].judge(1.0, Some(260.1)),
                PROMISES[2].judge(270.0, None),
            ],
            load: LoadReport {
                profile: Profile::Steady,
                seed: 1,
                tps: 500,
                seconds: 2.0,
                offered: 1_000,
                decided: 1_000,
                settled: 1_000,
                failed: 0,
                decided_tps: 499.9,
                resent: 0,
                hostile: 0,
                hostile_taken: 0,
                included: latency,
                decision: latency,
                settlement: latency,
            },
            seconds: vec![
                Second {
                    at: 0,
                    blocks: 4,
                    transactions: 501,
                    longest_interval_ms: 251,
                    unsettled_blocks: 3,
                },
                Second {
                    at: 1,
                    blocks: 4,
                    transactions: 499,
                    longest_interval_ms: 260,
                    unsettled_blocks: 2,
                },
            ],
            resources: vec![vec![Sample {
                at: 0.1,
                cpu_seconds: 1.234,
                resident_mib: 56.789,
                disk_mib: 4.0,
                reorg_depth: 0,
                timeouts: 0,
            }]],
            troubles: Vec::new(),
        }
    }

    #[test]
    fn text_names_what_was_missed() {
        let text = report().to_string();
        for line in [
            "ok    block_interval_p50_ms            ≤ 250 ms            250 ms",
            "MISSED block_interval_p95_ms",
            "not measured",
            "verdict          2 of 3 objectives MISSED",
        ] {
            let words: Vec<&str> = line.split_whitespace().collect();
            let found = text.lines().any(|shown| {
                let shown: Vec<&str> = shown.split_whitespace().collect();
                shown.windows(words.len()).any(|window| window == words)
            });
            assert!(found, "{line}\n{text}");
        }
    }
}
