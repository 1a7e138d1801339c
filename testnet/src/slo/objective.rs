//! What is promised, and whether it was kept.

use serde::{Deserialize, Serialize};

/// Which side of a target is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Good at the target and below it.
    AtMost,
    /// Good at the target and above it.
    AtLeast,
}

/// Whether an objective was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not, or it could not be measured.
    Missed,
}

/// One objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Its name: does not change.
    pub name: String,
    /// What it says, for people.
    pub title: String,
    /// How the measured value is meant to lie to the target.
    pub bound: Bound,
    /// The target.
    pub target: f64,
    /// What was measured; absent if nothing could be.
    pub measured: Option<f64>,
    /// The unit of both.
    pub unit: String,
    /// The verdict.
    pub verdict: Verdict,
}

/// An objective before it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub title: &'static str,
    /// Which side is good.
    pub bound: Bound,
    /// The target, unless another one is asked for.
    pub target: f64,
    /// Its unit.
    pub unit: &'static str,
}

const fn at_most(name: &'static str, title: &'static str, target: f64, unit: &'static str) -> Promise {
    Promise {
        name,
        title,
        bound: Bound::AtMost,
        target,
        unit,
    }
}

const fn at_least(name: &'static str, title: &'static str, target: f64, unit: &'static str) -> Promise {
    Promise {
        bound: Bound::AtLeast,
        ..at_most(name, title, target, unit)
    }
}

/// All of them.
pub const PROMISES: &[Promise] = &[
    at_most(
        "block_interval_p50_ms",
        "Block interval, median, by the headers' timestamps",
        250.0,
        "ms",
    ),
    at_most(
        "block_interval_p95_ms",
        "Block interval, 95th percentile, by the headers' timestamps",
        500.0,
        "ms",
    ),
    // What is observed is off by up to one poll at either end.
    at_most(
        "observed_interval_p50_ms",
        "Block interval, median, as observed by polling every 20 ms",
        270.0,
        "ms",
    ),
    at_most(
        "observed_interval_p95_ms",
        "Block interval, 95th percentile, as observed",
        500.0,
        "ms",
    ),
    at_least(
        "throughput_percent",
        "Decided transactions a second, of those offered",
        98.0,
        "%",
    ),
    at_most(
        "undecided_transactions",
        "Transactions that were offered and not decided and settled",
        0.0,
        "",
    ),
    at_most(
        "reorg_depth_blocks",
        "Blocks in a row that a validator executed and others were decided instead of",
        2.0,
        "blocks",
    ),
    at_most(
        "replaced_blocks",
        "Blocks that were announced as decided and that a validator says otherwise of",
        0.0,
        "blocks",
    ),
    at_most(
        "root_mismatches",
        "State roots, in headers and on Solana, that differ from re-execution",
        0.0,
        "",
    ),
    at_least(
        "roots_compared_percent",
        "State roots on Solana that were compared with re-execution",
        100.0,
        "%",
    ),
    at_most(
        "final_p95_ms",
        "From when a transaction was due until it was final, 95th percentile",
        1_500.0,
        "ms",
    ),
    at_most(
        "batch_latency_p50_ms",
        "From when a transaction was due until its root was on Solana, median",
        2_000.0,
        "ms",
    ),
    at_most("batch_latency_p95_ms", "The same, 95th percentile", 3_000.0, "ms"),
    at_most("batch_latency_p99_ms", "The same, 99th percentile", 5_000.0, "ms"),
    at_most(
        "verification_units_p50",
        "Verification of a certificate on Solana, median",
        60_000.0,
        "CU",
    ),
    at_most("verification_units_max", "The same, most", 100_000.0, "CU"),
    at_most(
        "validator_cpu_percent",
        "Processor time of the busiest validator",
        50.0,
        "% of one",
    ),
    at_most(
        "validator_memory_mib",
        "Most memory of a validator",
        1_024.0,
        "MiB",
    ),
    at_most("validator_disk_mib", "Most disk of a validator", 4_096.0, "MiB"),
];

impl Promise {
    /// Judges what was measured. What could not be measured was not kept.
    pub fn judge(&self, target: f64, measured: Option<f64>) -> Objective {
        let kept = measured.is_some_and(|measured| match self.bound {
            Bound::AtMost => measured <= target,
            Bound::AtLeast => measured >= target,
        });
        Objective {
            name: self.name.to_owned(),
            title: self.title.to_owned(),
            bound: self.bound,
            target,
            measured,
            unit: self.unit.to_owned(),
            verdict: if kept { Verdict::Met } else { Verdict::Missed },
        }
    }
}

/// A target that is asked for instead of the usual one: `name=value`.
///
/// # Errors
/// No objective has the name, or the value is no number.
pub fn parse_target(text: &str) -> Result<(&'static str, f64), String> {
    let (name, value) = text.split_once('=').ok_or("expected name=value")?;
    let promise = PROMISES.iter().find(|promise| promise.name == name);
    let names = || {
        PROMISES
            .iter()
            .map(|promise| promise.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let promise = promise.ok_or_else(|| format!("no objective {name:?}; expected one of {}", names()))?;
    let value: f64 = value.parse().map_err(|error| format!("{value:?}: {error}"))?;
    if !value.is_finite() {
        return Err(format!("{value}: expected a number"));
    }
    Ok((promise.name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_met_at_the_bound_and_never_unmeasured() {
        let verdict = |promise: Promise, measured| promise.judge(promise.target, measured).verdict;
        let most = at_most("a", "", 250.0, "ms");
        let least = at_least("b", "", 98.0, "%");
        for (promise, measured, expected) in [
            (most, Some(250.0), Verdict::Met),
            (most, Some(250.1), Verdict::Missed),
            (most, None, Verdict::Missed),
            (least, Some(98.0), Verdict::Met),
            (least, Some(97.9), Verdict::Missed),
            (least, None, Verdict::Missed),
            (most, Some(f64::NAN), Verdict::Missed),
        ] {
            assert_eq!(verdict(promise, measured), expected, "{promise:?} {measured:?}");
        }
    }

    #[test]
    fn names_are_unique_and_targets_parse() {
        let names: std::collections::BTreeSet<_> = PROMISES.iter().map(|promise| promise.name).collect();
        assert_eq!(names.len(), PROMISES.len());
        assert_eq!(parse_target("root_mismatches=-1"), Ok(("root_mismatches", -1.0)));
        for wrong in [
            "root_mismatches",
            "nothing=1",
            "root_mismatches=x",
            "root_mismatches=inf",
        ] {
            assert!(parse_target(wrong).is_err(), "{wrong}");
        }
    }
}
