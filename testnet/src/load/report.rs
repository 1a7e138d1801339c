//! What came of a load: for people, and as JSON.

use std::fmt;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::Profile;

/// A distribution of latencies, milliseconds to a tenth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// How many.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// To a tenth.
pub(crate) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Latency {
    /// Of microseconds.
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        // An hour in microseconds is far below 2⁵², where this is exact.
        let ms = |micros: u64| tenth(micros as f64 / 1_000.0);
        Self {
            count: histogram.len(),
            p50_ms: ms(histogram.value_at_quantile(0.5)),
            p95_ms: ms(histogram.value_at_quantile(0.95)),
            p99_ms: ms(histogram.value_at_quantile(0.99)),
            max_ms: ms(histogram.max()),
        }
    }
}

/// The figures of a load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadReport {
    /// The pattern.
    pub profile: Profile,
    /// What everything random followed from.
    pub seed: u64,
    /// Transactions a second that were to be offered.
    pub tps: u32,
    /// How long they were offered, seconds.
    pub seconds: f64,
    /// Transactions that had to be decided.
    pub offered: u64,
    /// Transactions that were.
    pub decided: u64,
    /// Decided ones whose root was seen on Solana.
    pub settled: u64,
    /// Decided ones whose action failed.
    pub failed: u64,
    /// Decided transactions a second, from the first one's block to the last one's.
    pub decided_tps: f64,
    /// Transactions that were handed to a second validator, because the first did not take them or let them wait.
    pub resent: u64,
    /// Transactions that had to be refused.
    pub hostile: u64,
    /// Those of them that a validator took.
    pub hostile_taken: u64,
    /// From when a transaction was due until its block was made, by the leader's clock.
    pub included: Latency,
    /// Until its block was seen decided.
    pub decision: Latency,
    /// Until its root was seen on Solana.
    pub settlement: Latency,
}

impl LoadReport {
    /// Whether all that had to be decided was, and all that had to be refused was.
    pub fn is_good(&self) -> bool {
        self.settled == self.offered && self.failed == 0 && self.hostile_taken == 0
    }

    /// The JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with text keys")
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = serde_json::to_value(self.profile).unwrap_or_default();
        let profile = profile.as_str().unwrap_or_default();
        writeln!(
            f,
            "load             {profile}, {} a second for {:.0} s, seed {}",
            self.tps, self.seconds, self.seed
        )?;
        writeln!(
            f,
            "offered          {}, {} decided, {} settled, {} failed, {} sent again",
            self.offered, self.decided, self.settled, self.failed, self.resent
        )?;
        writeln!(f, "throughput       {:.1} a second", self.decided_tps)?;
        if self.hostile > 0 {
            writeln!(
                f,
                "hostile          {}, {} of them taken",
                self.hostile, self.hostile_taken
            )?;
        }
        writeln!(
            f,
            "\nlatency, ms           p50       p95       p99       max   (from when it was due)"
        )?;
        let rows = [
            ("in a block", self.included),
            ("final", self.decision),
            ("settled", self.settlement),
        ];
        for (name, l) in rows {
            writeln!(
                f,
                "{name:<14}{:>10.1}{:>10.1}{:>10.1}{:>10.1}",
                l.p50_ms, l.p95_ms, l.p99_ms, l.max_ms
            )?;
        }
        let verdict = if self.is_good() {
            "all decided and settled"
        } else {
            "NOT all decided and settled"
        };
        write!(f, "\nverdict          {verdict}")
    }
}
