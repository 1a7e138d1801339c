//! What a run amounts to: for people, and as JSON for `--summary`.

use std::fmt;
use std::path::PathBuf;

use assetvm::Amount;
use serde::Serialize;

use crate::judge::Row;

/// The figures of a run. The names are those of the JSON file and do not change; keys may be added.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Validators in the committee.
    pub validators: usize,
    /// Decided blocks.
    pub blocks: u64,
    /// Median distance of the headers' timestamps.
    pub block_interval_ms_p50: u64,
    /// 95th percentile of it.
    pub block_interval_ms_p95: u64,
    /// Median distance of the moments at which this process first saw blocks decided (it asks every few milliseconds).
    pub observed_interval_ms_p50: u64,
    /// 95th percentile of it.
    pub observed_interval_ms_p95: u64,
    /// Transactions in those blocks.
    pub transactions: u64,
    /// Transactions a second, from the first payment's block to the last one's.
    pub tps: f64,
    /// Submissions that the program accepted with effect.
    pub posts: u64,
    /// Heights whose state root the program recorded.
    pub roots_on_chain: u64,
    /// Recorded roots that this process compared with its own re-execution.
    pub roots_verified: u64,
    /// Recorded roots, or headers' roots, that differ from this process's own re-execution.
    pub root_mismatches: u64,
    /// Median of the compute units that the program spent on verifying a certificate; absent if nothing was posted.
    pub post_compute_units_p50: Option<u64>,
    /// Rows of the payments file.
    pub payments_expected: u64,
    /// Payments that took effect in exactly one decided block.
    pub payments_made: u64,
    /// Recipients whose whole balance was proven against a root on chain and is what the file says.
    pub balances_proven: u64,
    /// Different recipients in the payments file.
    pub recipients: u64,
    /// Programs deployed on the rollup.
    pub programs_deployed: u64,
    /// How it went for each of the standard programs.
    pub programs: Vec<Row>,
    /// Transactions to programs, deployments and calls, that were to be made.
    pub calls_expected: u64,
    /// Those that were decided and went as they were meant to, on the chain and in the independent model.
    pub calls_made: u64,
    /// Of these, those that failed, as they were meant to.
    pub calls_refused: u64,
    /// Accounts and programs whose balance in the re-executed state is the model's.
    pub owners_reconciled: u64,
    /// Programs, traders, and those whom programs pay.
    pub program_owners: u64,
    /// Of these, those whose balance was proven against a root on chain and is the model's.
    pub program_balances_proven: u64,
    /// Storage entries that were to be proven.
    pub storage_entries: u64,
    /// Storage entries that were proven against a root on chain and hold what the model says.
    pub storage_entries_proven: u64,
    /// How long blocks were made and watched.
    pub duration_seconds: f64,
    /// The run's directory: data and logs.
    pub data_dir: PathBuf,
    /// What was not as it must be; empty for a good run.
    pub failures: Vec<String>,
}

impl Summary {
    /// Whether everything is as it must be.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty()
    }

    /// The rows on programs.
    fn of_programs(&self) -> Vec<(String, String)> {
        let all = format!(
            "{} deployed; {} of {} transactions to them decided as meant, {} of these refused",
            self.programs_deployed, self.calls_made, self.calls_expected, self.calls_refused
        );
        let mut rows = vec![("programs".to_owned(), all)];
        rows.extend(self.programs.iter().map(Row::shown));
        rows.extend([
            (
                "program money".to_owned(),
                format!(
                    "{} of {} balances and {} of {} storage entries proven on chain",
                    self.program_balances_proven,
                    self.program_owners,
                    self.storage_entries_proven,
                    self.storage_entries
                ),
            ),
            (
                "reconciled".to_owned(),
                format!("{} owners with the independent model", self.owners_reconciled),
            ),
        ]);
        rows
    }

    /// The JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with text keys")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self
            .post_compute_units_p50
            .map_or("none".to_owned(), |units| format!("{units}"));
        let rows = [
            ("validators", self.validators.to_string()),
            (
                "blocks",
                format!("{} in {:.1} s", self.blocks, self.duration_seconds),
            ),
            (
                "block interval",
                format!(
                    "p50 {} ms, p95 {} ms (header timestamps); p50 {} ms, p95 {} ms (as seen from here)",
                    self.block_interval_ms_p50,
                    self.block_interval_ms_p95,
                    self.observed_interval_ms_p50,
                    self.observed_interval_ms_p95
                ),
            ),
            (
                "transactions",
                format!("{}, {:.1} a second", self.transactions, self.tps),
            ),
            (
                "posts",
                format!("{}, verification p50 {units} compute units", self.posts),
            ),
            (
                "roots on chain",
                format!(
                    "{}, {} verified by re-execution",
                    self.roots_on_chain, self.roots_verified
                ),
            ),
            ("root mismatches", self.root_mismatches.to_string()),
            (
                "payments",
                format!(
                    "{} of {} made exactly once",
                    self.payments_made, self.payments_expected
                ),
            ),
            (
                "balances",
                format!(
                    "{} of {} recipients proven on chain",
                    self.balances_proven, self.recipients
                ),
            ),
        ];
        let end = ("data and logs", self.data_dir.display().to_string());
        let named = |(name, value): (&str, String)| (name.to_owned(), value);
        let rows = rows.into_iter().map(named).chain(self.of_programs());
        for (name, value) in rows.chain([named(end)]) {
            writeln!(f, "{name:<19} {value}")?;
        }
        match self.failures.as_slice() {
            [] => f.write_str("result              good"),
            failures => {
                f.write_str("result              FAILED")?;
                failures
                    .iter()
                    .try_for_each(|failure| write!(f, "\n  - {failure}"))
            }
        }
    }
}

impl Row {
    fn shown(&self) -> (String, String) {
        let amount = Amount::from_base_units;
        let (proven, expected) = (amount(self.balance_proven), amount(self.balance_expected));
        let value = format!(
            "{} sent, {} succeeded, {} refused as meant; owns {proven} by proof, {expected} by the model",
            self.sent, self.succeeded, self.refused
        );
        (format!("  {}", self.name), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Summary {
        Summary {
            validators: 5,
            blocks: 240,
            block_interval_ms_p50: 250,
            block_interval_ms_p95: 261,
            observed_interval_ms_p50: 251,
            observed_interval_ms_p95: 275,
            transactions: 4009,
            tps: 78.25,
            posts: 150,
            roots_on_chain: 240,
            roots_verified: 240,
            root_mismatches: 0,
            post_compute_units_p50: Some(52_345),
            payments_expected: 4000,
            payments_made: 4000,
            balances_proven: 2100,
            recipients: 2100,
            programs_deployed: 2,
            programs: vec![
                Row {
                    name: "split",
                    sent: 42,
                    succeeded: 41,
                    refused: 1,
                    balance_proven: 0,
                    balance_expected: 0,
                },
                Row {
                    name: "exponential_curve",
                    sent: 438,
                    succeeded: 339,
                    refused: 99,
                    balance_proven: 1_250_000_000,
                    balance_expected: 1_250_000_000,
                },
            ],
            calls_expected: 480,
            calls_made: 480,
            calls_refused: 100,
            owners_reconciled: 2130,
            program_owners: 19,
            program_balances_proven: 19,
            storage_entries: 13,
            storage_entries_proven: 13,
            duration_seconds: 60.0,
            data_dir: "/data/run".into(),
            failures: Vec::new(),
        }
    }

    #[test]
    fn json_shape() {
        insta::assert_snapshot!(sample().to_json());
    }

    #[test]
    fn text() {
        insta::assert_snapshot!(sample());
    }

    #[test]
    fn a_bad_run_says_why() {
        let mut summary = sample();
        summary.root_mismatches = 1;
        summary.failures = vec!["height 7: root differs".into()];
        assert!(!summary.is_good());
        assert!(
            summary
                .to_string()
                .ends_with("FAILED\n  - height 7: root differs")
        );
    }
}
