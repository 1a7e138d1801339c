//! Service levels: one fixed scenario, what was promised of it, and whether it was kept.
//!
//! ```text
//!  a testnet of its own ◀── load: payments at one rate
//!        │    │    └─ scrape every second ──▶ resources, reorg depth
//!        │    └─ follow: every block executed here ──▶ audit: every root on Solana compared ──▶ mismatches
//!        └─ posts, read back from Solana ──▶ compute units
//!                                all of it ──▶ objectives ──▶ report ──▶ signed JSON, a page
//! ```
//!
//! What could not be measured was not kept. A *reorg* is a chain of blocks that a validator executed and told nobody else to
//! be final, and that others were decided instead of; its depth is how many of them there were in a row. A decided block is
//! never replaced: at the end every validator is asked again for blocks that were announced as decided.

mod html;
mod objective;
mod plot;
mod report;
mod seal;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rollup_abi::Header;
use sequencer::rpc::AssetApiClient as _;

pub use html::page;
pub use objective::{Bound, Objective, PROMISES, Promise, Verdict, parse_target};
pub use report::{Report, Scenario, Second};
pub use seal::{SealError, Sealed};

use crate::attach::Attached;
use crate::chain::Watcher;
use crate::error::TestnetError;
use crate::follow::Follower;
use crate::live::Progress;
use crate::load::{Load, LoadReport, Seen, Shape, Standing};
use crate::model::Model;
use crate::posts::Post;
use crate::resources::{Sample, Sampler, cpu_percent, thousandth};
use crate::stats::{Spread, percentile};

/// How long Solana may take to hold the last root, and this process to execute and compare everything.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(45);
/// Announced blocks that every validator is asked for again, at most.
const ASKED_AGAIN: usize = 100;
/// How often progress is shown.
const TICK: Duration = Duration::from_millis(250);

/// Everything that was measured.
struct Measured<'a> {
    load: &'a LoadReport,
    blocks: &'a [Seen],
    samples: &'a [Vec<Sample>],
    posts: &'a [Post],
    replaced: u64,
    mismatches: u64,
    /// Roots on Solana that were compared, and in all.
    compared: (u64, u64),
}

/// Runs the scenario on a testnet that has just started. `targets` are asked for instead of the usual ones.
///
/// # Errors
/// The testnet fails under it.
pub async fn measure(
    attached: &Attached,
    shape: Shape,
    block_interval: Duration,
    targets: &BTreeMap<&'static str, f64>,
    progress: &mut Progress,
) -> Result<Report, TestnetError> {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let deployment = &attached.deployment;
    let model = Model::new(&deployment.genesis, &[]);
    let follower = Follower::start(attached.nodes.clone(), deployment, HashMap::new(), model);
    let watcher = Watcher::start(attached.rollup()?, attached.posts()?, follower.view().clone());
    let Offered {
        load,
        standing,
        samples,
    } = offer(attached, shape, progress).await?;
    progress.step("comparing every root on Solana with its re-execution");
    let blocks = standing.blocks();
    let last = blocks.last().map_or(0, |seen| seen.header.height);
    let mut troubles = compare(&follower, &watcher, last).await;
    let replaced = replaced(attached, &blocks).await;
    let posts: Vec<Post> = watcher.posts().await.up_to(u64::MAX).cloned().collect();
    let audit = watcher.audit().clone();
    troubles.extend(audit.described().iter().cloned());
    let measured = Measured {
        load: &load,
        blocks: &blocks,
        samples: &samples,
        posts: &posts,
        replaced,
        mismatches: audit.mismatches() + u64::from(follower.view().fault().is_some()),
        compared: (audit.verified() + audit.mismatches(), audit.on_chain()),
    };
    let objectives = measured.judge(targets);
    let scenario = Scenario {
        validators: attached.nodes.len() as u64,
        block_interval_ms: u64::try_from(block_interval.as_millis()).unwrap_or(u64::MAX),
        processors: std::thread::available_parallelism().map_or(0, |count| count.get() as u64),
        software: env!("CARGO_PKG_VERSION").to_owned(),
        release: !cfg!(debug_assertions),
        began_ms: u64::try_from(began.as_millis()).unwrap_or(u64::MAX),
    };
    Ok(Report {
        met: troubles.is_empty() && objectives.iter().all(|o| o.verdict == Verdict::Met),
        seconds: seconds(&blocks, &standing.settlements()),
        scenario,
        objectives,
        load,
        resources: samples,
        troubles,
    })
}

/// The load, and what was seen and used meanwhile.
struct Offered {
    load: LoadReport,
    standing: Standing,
    samples: Vec<Vec<Sample>>,
}

async fn offer(attached: &Attached, shape: Shape, progress: &mut Progress) -> Result<Offered, TestnetError> {
    let seconds = shape.length.as_secs();
    progress.step(format_args!(
        "signing and funding {} transactions a second for {seconds} s",
        shape.tps
    ));
    let load = Load::prepare(attached.clone(), shape).await?;
    progress.step("offering them");
    let sampler = Sampler::start(attached.nodes.clone());
    let running = load.start().await?;
    let standing = running.standing();
    let mut ticks = tokio::time::interval(TICK);
    let finished = running.finish();
    tokio::pin!(finished);
    let load = loop {
        tokio::select! {
            load = &mut finished => break load,
            _ = ticks.tick() => progress.standing(&standing),
        }
    };
    let samples = sampler.samples().clone();
    Ok(Offered {
        load,
        standing,
        samples,
    })
}

/// Waits until every root up to `last` has been compared; says what went wrong with that.
async fn compare(follower: &Follower, watcher: &Watcher, last: u64) -> Vec<String> {
    let mut troubles = Vec::new();
    let compared = tokio::time::timeout(SETTLE_TIMEOUT, async {
        let recorded = watcher.settles(last).await;
        if let Some(recorded) = &recorded {
            watcher.reads_posts(&recorded.state).await;
        }
    });
    if compared.await.is_err() {
        troubles.push(format!(
            "the root of height {last} was not compared within {SETTLE_TIMEOUT:?}"
        ));
    }
    if let Some(divergence) = follower.view().fault() {
        troubles.push(format!(
            "a decided block differs from its execution here: {divergence}"
        ));
    }
    troubles
}

/// How many blocks that were announced as decided some validator now says otherwise of.
async fn replaced(attached: &Attached, blocks: &[Seen]) -> u64 {
    let every = blocks.len().div_ceil(ASKED_AGAIN).max(1);
    let mut replaced = 0;
    for seen in blocks.iter().step_by(every) {
        for node in attached.nodes.iter() {
            // Who does not answer says nothing; that it does not answer shows elsewhere.
            let Ok(view) = node.rpc().block(seen.header.height).await else {
                continue;
            };
            let now = Header::decode(&view.header.0).map(|header| header.commitment());
            replaced += u64::from(now.ok() != Some(seen.header.commitment()));
        }
    }
    replaced
}

impl Measured<'_> {
    fn judge(&self, targets: &BTreeMap<&'static str, f64>) -> Vec<Objective> {
        let judged = PROMISES.iter().map(|promise| {
            let target = targets.get(promise.name).copied().unwrap_or(promise.target);
            promise.judge(target, self.value(promise.name).map(thousandth))
        });
        judged.collect()
    }

    /// What was measured of an objective.
    fn value(&self, name: &str) -> Option<f64> {
        let load = self.load;
        let whole = |count: u64| Some(count as f64);
        let latency = |count: u64, value: f64| (count > 0).then_some(value);
        let most = |of: fn(&[Sample]) -> f64| {
            let complete = self.samples.iter().all(|samples| samples.len() > 1);
            let values = self.samples.iter().map(|samples| of(samples));
            complete.then(|| values.fold(0.0, f64::max))
        };
        match name {
            "block_interval_p50_ms" => Some(self.made()?.p50 as f64),
            "block_interval_p95_ms" => Some(self.made()?.p95 as f64),
            "observed_interval_p50_ms" => Some(self.observed()?.p50 as f64),
            "observed_interval_p95_ms" => Some(self.observed()?.p95 as f64),
            "throughput_percent" => Some(100.0 * load.decided_tps / (load.offered as f64 / load.seconds)),
            "undecided_transactions" => whole(load.offered - load.settled),
            "reorg_depth_blocks" => most(|s| s.iter().map(|s| s.reorg_depth).max().unwrap_or(0) as f64),
            "replaced_blocks" => self.made().and(whole(self.replaced)),
            "root_mismatches" => whole(self.mismatches),
            "roots_compared_percent" => {
                let (compared, all) = self.compared;
                (all > 0).then(|| 100.0 * compared as f64 / all as f64)
            }
            "final_p95_ms" => latency(load.decision.count, load.decision.p95_ms),
            "batch_latency_p50_ms" => latency(load.settlement.count, load.settlement.p50_ms),
            "batch_latency_p95_ms" => latency(load.settlement.count, load.settlement.p95_ms),
            "batch_latency_p99_ms" => latency(load.settlement.count, load.settlement.p99_ms),
            "verification_units_p50" => self.units(50),
            "verification_units_max" => self.units(100),
            "validator_cpu_percent" => most(cpu_percent),
            "validator_memory_mib" => most(|s| s.iter().map(|s| s.resident_mib).fold(0.0, f64::max)),
            "validator_disk_mib" => most(|s| s.iter().map(|s| s.disk_mib).fold(0.0, f64::max)),
            _ => None,
        }
    }

    fn made(&self) -> Option<Spread> {
        let times: Vec<u64> = self.blocks.iter().map(|seen| seen.header.timestamp_ms).collect();
        (times.len() > 1).then(|| Spread::of_intervals(&times))
    }

    fn observed(&self) -> Option<Spread> {
        let ms = |seen: &Seen| u64::try_from(seen.observed.as_millis()).unwrap_or(u64::MAX);
        let times: Vec<u64> = self.blocks.iter().map(ms).collect();
        (times.len() > 1).then(|| Spread::of_intervals(&times))
    }

    fn units(&self, percent: u8) -> Option<f64> {
        let units = self.posts.iter().filter_map(|post| post.verification_units);
        let mut units: Vec<u64> = units.collect();
        units.sort_unstable();
        percentile(&units, percent).map(|units| units as f64)
    }
}

/// The run by seconds, from its first block on.
fn seconds(blocks: &[Seen], settlements: &[(u64, Duration)]) -> Vec<Second> {
    let Some(first) = blocks.first() else {
        return Vec::new();
    };
    let start = first.header.timestamp_ms;
    let last = blocks.last().map_or(start, |seen| seen.header.timestamp_ms);
    let mut seconds: Vec<Second> = (0..=(last - start) / 1_000)
        .map(|at| Second {
            at,
            ..Second::default()
        })
        .collect();
    let index = |timestamp_ms: u64| usize::try_from((timestamp_ms - start) / 1_000).unwrap_or(usize::MAX);
    let mut before = start;
    for seen in blocks {
        let made = seen.header.timestamp_ms;
        let second = &mut seconds[index(made)];
        second.blocks += 1;
        second.transactions += seen.transactions;
        second.longest_interval_ms = second.longest_interval_ms.max(made - before);
        before = made;
    }
    for second in &mut seconds {
        let end = start + (second.at + 1) * 1_000;
        let decided = blocks.iter().rev().find(|seen| seen.header.timestamp_ms < end);
        let settled = settlements
            .iter()
            .rev()
            .find(|(_, at)| at.as_millis() < u128::from(end));
        let settled = settled.map_or(first.header.height.saturating_sub(1), |(height, _)| *height);
        let decided = decided.map_or(settled, |seen| seen.header.height);
        second.unsettled_blocks = decided.saturating_sub(settled);
    }
    seconds
}
