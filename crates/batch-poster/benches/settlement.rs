//! How fast roots get to Solana: `cargo bench -p batch-poster`. The local chain has slots of 400 ms, blocks come each 250 ms.
//!
//! Prints the time from a block's decision to its root being confirmed on chain, and the rate at which a backlog is settled.

#[path = "../tests/poster/support.rs"]
#[allow(dead_code)]
mod support;

use std::time::{Duration, Instant};

use support::{Blocks, Rollup};

/// The time between blocks.
const INTERVAL: Duration = Duration::from_millis(250);
/// Blocks whose way is timed.
const STEADY: usize = 160;
/// Blocks of the backlog.
const BACKLOG: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        steady().await;
        backlog().await;
    });
}

/// The height on chain, seen as often as it can be read.
async fn height(rollup: &Rollup) -> u64 {
    rollup
        .client
        .rollup_state()
        .await
        .expect("the account")
        .state
        .last
        .height
}

async fn steady() {
    let rollup = Rollup::start(1).await;
    let all = rollup.blocks(STEADY as u64, 0);
    let blocks = Blocks::new();
    let mut poster = rollup.poster(0, &blocks, 0);
    let mut decided = Vec::with_capacity(STEADY);
    let mut took: Vec<Duration> = Vec::with_capacity(STEADY);
    let mut ticks = tokio::time::interval(INTERVAL);
    while took.len() < STEADY {
        tokio::select! {
            _ = ticks.tick(), if decided.len() < STEADY => {
                blocks.push(&all[decided.len()..=decided.len()]);
                decided.push(Instant::now());
            }
            () = tokio::time::sleep(Duration::from_millis(10)) => {
                let reached = usize::try_from(height(&rollup).await).expect("few blocks");
                let newly = took.len()..reached;
                took.extend(decided[newly].iter().map(Instant::elapsed));
            }
        }
    }
    took.sort_unstable();
    let of = |percent: usize| took[(took.len() - 1) * percent / 100];
    let status = poster
        .until("all is counted", |status| status.in_flight == 0)
        .await;
    println!(
        "{STEADY} blocks, one each {INTERVAL:?}: from decided to confirmed on chain p50 {:?}, p95 {:?}, max {:?}; {} posts",
        of(50),
        of(95),
        of(100),
        status.counters.posts_sent
    );
    poster.kill().await;
    rollup.chain.stop().await.expect("it stops");
}

async fn backlog() {
    let rollup = Rollup::start(1).await;
    let all = rollup.blocks(BACKLOG as u64, 0);
    let blocks = Blocks::new();
    blocks.push(&all);
    let started = Instant::now();
    let poster = rollup.poster(0, &blocks, 0);
    rollup.until_height(BACKLOG as u64).await;
    let took = started.elapsed();
    let sent = poster.status.borrow().counters.posts_sent;
    println!(
        "a backlog of {BACKLOG} blocks settled in {took:?}, {:.0} blocks/s, {sent} posts, {:.2} a slot",
        BACKLOG as f64 / took.as_secs_f64(),
        sent as f64 / (took.as_secs_f64() / 0.4),
    );
    poster.kill().await;
    rollup.chain.stop().await.expect("it stops");
}
