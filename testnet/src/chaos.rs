//! Chaos: named disturbances of a testnet under load, and how soon it is as before.
//!
//! ```text
//!  load goes on ───────────────────────────────────────────────────────────────────────────▶
//!  healthy ─▶ begin ──── disturbed ────▶ end ──── recovering, at most so long ────▶ healthy ─▶ the next
//!               └── blocks go on being decided, unless nobody has a quorum
//! ```
//!
//! *Healthy* is what a person sees on the dashboard: no alert, for several seconds in a row. Whatever was done, at the end
//! every transaction is decided and settled, and every root on Solana is what executing its block gives here.

mod experiment;

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

pub use experiment::Experiment;

use crate::chain::Watcher;
use crate::error::TestnetError;
use crate::follow::Follower;
use crate::live::Progress;
use crate::load::{Load, LoadReport, Profile, Shape};
use crate::model::Model;
use crate::monitor::{Frame, Monitor};
use crate::network::Testnet;

/// Payments a second meanwhile.
const TPS: u32 = 50;
/// Frames without an alert in a row that make a testnet healthy.
const CALM: u32 = 3;
/// How long a testnet that has just started may take to be healthy.
const START: Duration = Duration::from_secs(60);
/// How long the last root may take to be on Solana and compared.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(45);

/// What came of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Which.
    pub experiment: String,
    /// For how long the testnet was disturbed, seconds.
    pub disturbed_seconds: f64,
    /// Blocks decided meanwhile.
    pub blocks_meanwhile: u64,
    /// The worst that was shown meanwhile.
    pub alerts: Vec<String>,
    /// How long it took until all was as before, seconds; absent if it took too long.
    pub recovered_seconds: Option<f64>,
    /// How long it may take.
    pub limit_seconds: f64,
    /// What was not as it must be.
    pub failures: Vec<String>,
}

/// What came of all of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChaosReport {
    /// Each experiment.
    pub outcomes: Vec<Outcome>,
    /// The load meanwhile.
    pub load: LoadReport,
    /// Roots on Solana that were compared with their re-execution, and those of them that differ.
    pub roots_compared: u64,
    /// Those of them that differ.
    pub root_mismatches: u64,
    /// What was not as it must be, besides.
    pub failures: Vec<String>,
}

/// Does one experiment after the other.
///
/// # Errors
/// The testnet fails for a reason that is none of the experiments'.
pub async fn disturb(
    testnet: &mut Testnet,
    experiments: &[Experiment],
    seed: u64,
    progress: &mut Progress,
) -> Result<ChaosReport, TestnetError> {
    let attached = testnet.attached()?;
    let model = Model::new(&attached.deployment.genesis, &[]);
    let follower = Follower::start(
        attached.nodes.clone(),
        &attached.deployment,
        HashMap::new(),
        model,
    );
    let watcher = Watcher::start(attached.rollup()?, attached.posts()?, follower.view().clone());
    let mut monitor = Monitor::start(&attached)?;
    let longest: Duration = experiments.iter().map(|e| e.length() + e.recovers_within()).sum();
    let shape = Shape {
        profile: Profile::Steady,
        tps: TPS,
        length: longest + START,
        seed,
    };
    progress.step(format_args!("offering {TPS} transactions a second"));
    let running = Load::prepare(attached, shape).await?.start().await?;
    let mut failures = Vec::new();
    if calm(&mut monitor, START).await.is_none() {
        failures.push(format!("not healthy within {START:?} of the start"));
    }
    let mut outcomes = Vec::new();
    for experiment in experiments {
        let outcome = one(testnet, *experiment, &mut monitor, progress).await?;
        progress.step(&outcome);
        outcomes.push(outcome);
    }
    progress.step("waiting until everything that was offered is settled");
    let load = running.stop().finish().await;
    let last = follower.view().ledger().height();
    let compared = tokio::time::timeout(SETTLE_TIMEOUT, watcher.settles(last)).await;
    if compared.is_err() {
        failures.push(format!(
            "the root of height {last} was not compared within {SETTLE_TIMEOUT:?}"
        ));
    }
    if let Some(divergence) = follower.view().fault() {
        failures.push(format!(
            "a decided block differs from its execution here: {divergence}"
        ));
    }
    if !load.is_good() {
        let (offered, settled) = (load.offered, load.settled);
        failures.push(format!(
            "{settled} of {offered} transactions were decided and settled"
        ));
    }
    let audit = watcher.audit();
    failures.extend(audit.described().iter().cloned());
    Ok(ChaosReport {
        outcomes,
        load,
        roots_compared: audit.verified() + audit.mismatches(),
        root_mismatches: audit.mismatches(),
        failures,
    })
}

async fn one(
    testnet: &mut Testnet,
    experiment: Experiment,
    monitor: &mut Monitor,
    progress: &mut Progress,
) -> Result<Outcome, TestnetError> {
    let (name, length, limit) = (
        experiment.name(),
        experiment.length(),
        experiment.recovers_within(),
    );
    progress.step(format_args!("{name}: disturbing for {} s", length.as_secs()));
    let mut failures = Vec::new();
    let height = |monitor: &Monitor| monitor.frame().map_or(0, |frame| frame.height);
    let (before, began) = (height(monitor), Instant::now());
    experiment.begin(testnet).await?;
    let mut alerts = std::collections::BTreeSet::new();
    while let Some(left) = length.checked_sub(began.elapsed()) {
        let seen = tokio::time::timeout(left, monitor.next()).await;
        let frame = seen.ok().flatten();
        alerts.extend(
            frame
                .iter()
                .flat_map(|frame| &frame.alerts)
                .map(|alert| alert.text.clone()),
        );
    }
    let disturbed = began.elapsed();
    let blocks = height(monitor).saturating_sub(before);
    experiment.end(testnet).await?;
    // Half of what a testnet decides that nothing disturbs, and at least one block after the first view has timed out.
    let expected = length.as_secs();
    if experiment.keeps_deciding() && blocks < expected {
        failures.push(format!("{blocks} blocks meanwhile, expected at least {expected}"));
    }
    if !experiment.keeps_deciding() && alerts.is_empty() {
        failures.push("the dashboard showed nothing".to_owned());
    }
    let recovered = calm(monitor, limit).await;
    if recovered.is_none() {
        let alerts = monitor.frame().map(|frame| texts(&frame)).unwrap_or_default();
        failures.push(format!("not as before within {} s: {alerts}", limit.as_secs()));
    }
    testnet.check()?;
    let seconds = |duration: Duration| crate::load::tenth(duration.as_secs_f64());
    Ok(Outcome {
        experiment: name,
        disturbed_seconds: seconds(disturbed),
        blocks_meanwhile: blocks,
        alerts: alerts.into_iter().collect(),
        recovered_seconds: recovered.map(seconds),
        limit_seconds: seconds(limit),
        failures,
    })
}

fn texts(frame: &Frame) -> String {
    let texts: Vec<_> = frame.alerts.iter().map(|alert| alert.text.as_str()).collect();
    texts.join("; ")
}

/// Waits until there has been no alert for some frames in a row; says how long it took until the first of them.
async fn calm(monitor: &mut Monitor, limit: Duration) -> Option<Duration> {
    let started = Instant::now();
    let (mut since, mut frames) = (None, 0);
    let waiting = async {
        loop {
            let frame = monitor.next().await?;
            if frame.alerts.is_empty() && frame.height > 0 {
                frames += 1;
                since.get_or_insert_with(|| started.elapsed());
                if frames >= CALM {
                    return since;
                }
            } else {
                (since, frames) = (None, 0);
            }
        }
    };
    // The last frames of the calm may come after the limit; its first one may not.
    let patience = limit + Duration::from_secs(u64::from(CALM) + 1);
    let calm = tokio::time::timeout(patience, waiting).await.ok().flatten();
    calm.filter(|since| *since <= limit)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            experiment,
            blocks_meanwhile,
            limit_seconds,
            ..
        } = self;
        let verdict = if self.failures.is_empty() { "ok" } else { "FAILED" };
        let recovered = self
            .recovered_seconds
            .map_or("not".to_owned(), |s| format!("after {s:.1} s"));
        write!(
            f,
            "{verdict:<7}{experiment:<15}{:>5.1} s disturbed{blocks_meanwhile:>5} blocks meanwhile   recovered {recovered} \
             (limit {limit_seconds:.0} s)",
            self.disturbed_seconds
        )?;
        self.failures
            .iter()
            .try_for_each(|failure| write!(f, "\n       {failure}"))
    }
}

impl ChaosReport {
    /// Whether all is as it must be.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.outcomes.iter().all(|outcome| outcome.failures.is_empty())
    }

    /// The JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data with text keys")
    }
}

impl fmt::Display for ChaosReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in &self.outcomes {
            writeln!(f, "{outcome}")?;
        }
        writeln!(f, "\n{}", self.load)?;
        writeln!(
            f,
            "\nroots on Solana  {} compared with their re-execution, {} differ",
            self.roots_compared, self.root_mismatches
        )?;
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        let failed = self
            .outcomes
            .iter()
            .filter(|outcome| !outcome.failures.is_empty())
            .count();
        let count = self.outcomes.len();
        match (self.is_good(), failed) {
            (true, _) => write!(f, "verdict          recovered from all of {count}"),
            (false, failed) => write!(f, "verdict          FAILED: {failed} of {count} experiments"),
        }
    }
}
