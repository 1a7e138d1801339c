//! From everything that a run has seen to its summary.

use std::path::Path;
use std::time::Duration;

use crate::audit::Audit;
use crate::chain::Recorded;
use crate::judge::{Proven, Verdict};
use crate::ledger::Ledger;
use crate::payments::Payments;
use crate::posts::{Post, Posts};
use crate::reconcile::reconcile;
use crate::stats::Spread;
use crate::summary::Summary;

/// The run itself.
#[derive(Debug)]
pub struct Run<'a> {
    /// Validators in the committee.
    pub validators: usize,
    /// What was to be paid.
    pub payments: &'a Payments,
    /// Its directory.
    pub dir: &'a Path,
    /// How long it was watched.
    pub duration: Duration,
    /// Whether a decided block differed from its execution here.
    pub diverged: bool,
}

/// What has been seen of it.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The chain, executed here.
    pub ledger: &'a Ledger,
    /// Its roots on chain, compared.
    pub audit: &'a Audit,
    /// The posts.
    pub posts: &'a Posts,
    /// The program's account at the end.
    pub recorded: Option<&'a Recorded>,
    /// What was proven against its root.
    pub proven: &'a Proven,
    /// The verdict on the rollup's programs.
    pub programs: Verdict,
}

/// Sums up, judges, and lists all that is not as it must be. `failures` is what has gone wrong already.
pub fn summarize(run: &Run<'_>, seen: &Seen<'_>, mut failures: Vec<String>) -> Summary {
    let Seen {
        ledger,
        audit,
        posts,
        recorded,
        programs,
        ..
    } = seen;
    let expected = run.payments.per_recipient();
    let lines = run.payments.rows().iter().map(|payment| payment.line);
    let fates: Vec<_> = lines.zip(ledger.fates().iter().copied()).collect();
    let verdict = reconcile(&fates, &expected, &seen.proven.balances);
    failures.extend(audit.described().iter().cloned());
    if audit.missed() > 0 {
        failures.push(format!("{} roots on chain could not be compared", audit.missed()));
    }
    let (last, accepted) = recorded.map_or((0, 0), |r| (r.state.last.height, r.state.accepted));
    if last == 0 {
        failures.push("no root is on chain".into());
    }
    let effective: Vec<_> = posts.up_to(last).collect();
    failures.extend(repeated(&effective, accepted));
    failures.extend(verdict.failures);
    failures.extend(programs.failures.iter().cloned());
    let (calls_expected, calls_made, calls_refused) = programs.calls();
    let (blocks, transactions) = ledger.totals();
    let (interval, observed) = ledger.intervals();
    let units: Vec<u64> = effective
        .iter()
        .filter_map(|post| post.verification_units)
        .collect();
    Summary {
        validators: run.validators,
        blocks,
        block_interval_ms_p50: interval.p50,
        block_interval_ms_p95: interval.p95,
        observed_interval_ms_p50: observed.p50,
        observed_interval_ms_p95: observed.p95,
        transactions,
        tps: ledger.payment_rate(),
        posts: accepted,
        roots_on_chain: audit.on_chain(),
        roots_verified: audit.verified(),
        root_mismatches: audit.mismatches() + u64::from(run.diverged),
        post_compute_units_p50: Some(Spread::of(units).p50).filter(|units| *units > 0),
        payments_expected: fates.len() as u64,
        payments_made: verdict.made,
        balances_proven: verdict.proven,
        recipients: expected.len() as u64,
        programs_deployed: programs.deployed,
        programs: programs.rows.clone(),
        calls_expected,
        calls_made,
        calls_refused,
        owners_reconciled: programs.reconciled,
        program_owners: programs.owners,
        program_balances_proven: programs.balances_proven,
        storage_entries: programs.entries,
        storage_entries_proven: programs.entries_proven,
        duration_seconds: (run.duration.as_secs_f64() * 10.0).round() / 10.0,
        data_dir: run.dir.to_owned(),
        failures,
    }
}

/// Every post with effect moves the rollup forward, and the program counts each: anything else is a post twice with effect.
fn repeated(effective: &[&Post], accepted: u64) -> Vec<String> {
    let mut failures = Vec::new();
    if let Some(pair) = effective.windows(2).find(|pair| pair[1].height <= pair[0].height) {
        failures.push(format!(
            "a post to height {} followed one to {}",
            pair[1].height, pair[0].height
        ));
    }
    if effective.len() as u64 != accepted {
        failures.push(format!(
            "{} posts had an effect, the program counted {accepted}",
            effective.len()
        ));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_move_forward_and_are_all_counted() {
        let post = |height| Post {
            signature: String::new(),
            slot: 1,
            height,
            roots: 1,
            verification_units: None,
        };
        let (a, b, c) = (post(2), post(5), post(5));
        assert!(repeated(&[], 0).is_empty());
        assert!(repeated(&[&a, &b], 2).is_empty());
        assert_eq!(
            repeated(&[&a, &b, &c], 3),
            ["a post to height 5 followed one to 5"]
        );
        assert_eq!(
            repeated(&[&a], 2),
            ["1 posts had an effect, the program counted 2"]
        );
    }
}
