//! The poster against the real program on a local chain: every root arrives, exactly once, whatever is killed.

use crate::support::{Blocks, Rollup};
use batch_poster::{Halt, Idle, PosterConfig, PosterPhase, Settleable};
use settlement::{RollupClient, Signature};

/// Every root of `blocks` stands on chain, and every height was accepted exactly once: the accepted submissions, as the
/// chain's history tells them, cover the heights without gap or overlap.
async fn assert_settled_once(client: &RollupClient, blocks: &[Settleable]) {
    let account = client.rollup_state().await.unwrap();
    for block in blocks {
        let entry = account.root_at(block.header.height).expect("the ring holds it");
        assert_eq!(
            entry.state_root, block.state_root,
            "height {}",
            block.header.height
        );
    }
    let last = blocks.last().unwrap();
    assert_eq!(account.state.last.height, last.header.height);
    assert_eq!(account.state.last.roots_acc, last.header.roots_acc);
    assert_eq!(account.state.last.leaf, last.header.commitment());

    let rollup = settlement::rollup_address(&client.program());
    let history = client.rpc().get_signatures_for_address(&rollup).await.unwrap();
    let mut accepted = Vec::new();
    for entry in history {
        let signature: Signature = entry.signature.parse().unwrap();
        let landed = client.landed(&signature).await.unwrap().expect("it is known");
        accepted.extend(landed.accepted().map(|event| (event.height, event.roots)));
    }
    accepted.sort_unstable();
    let mut covered = 0;
    for (height, roots) in &accepted {
        assert_eq!(
            covered + roots,
            *height,
            "submissions follow one another: {accepted:?}"
        );
        covered = *height;
    }
    assert_eq!(covered, last.header.height);
    assert_eq!(account.state.accepted, accepted.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_blocks_over_kills_and_restarts() {
    let rollup = Rollup::start(1).await;
    let all = rollup.blocks(100, 0);
    let blocks = Blocks::new();
    // What was decided before the poster ran, then in the middle of its work, then while it was dead.
    blocks.push(&all[..40]);
    let first = rollup.poster(0, &blocks, 0);
    rollup.until_height(1).await;
    first.kill().await;
    blocks.push(&all[40..70]);
    let second = rollup.poster(0, &blocks, 0);
    rollup.until_height(45).await;
    second.kill().await;
    let mut third = rollup.poster(0, &blocks, 0);
    for block in all[70..].chunks(3) {
        blocks.push(block);
        tokio::task::yield_now().await;
    }
    rollup.until_height(100).await;
    let status = third
        .until("the last post is counted", |status| {
            status.chain_height == 100 && status.in_flight == 0 && status.counters.posts_accepted > 0
        })
        .await;
    assert_settled_once(&rollup.client, &all).await;
    let (units, verification) = (status.units.unwrap(), status.verification_units.unwrap());
    println!(
        "compute units of the last post {units}, of the certificate's check {verification}; {:?}",
        status.counters
    );
    assert!(verification < units);
    assert_eq!(status.lag_blocks(), 0);
    assert_eq!(status.phase, PosterPhase::Posting);
    third.shutdown.cancel();
    third.task.await.unwrap();
    rollup.chain.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn posters_share_the_work_by_rank_and_a_race_changes_nothing() {
    let rollup = Rollup::start(3).await;
    let all = rollup.blocks(60, 0);
    let blocks = Blocks::new();
    let first = rollup.poster(0, &blocks, 0);
    let mut second = rollup.poster(1, &blocks, 1);
    second
        .until("the second has looked at the chain", |status| {
            status.last_tick.is_some()
        })
        .await;
    blocks.push(&all[..20]);
    rollup.until_height(20).await;
    assert_eq!(
        second.status.borrow().counters.posts_sent,
        0,
        "the first is alive"
    );
    first.kill().await;
    blocks.push(&all[20..40]);
    rollup.until_height(40).await;
    assert!(
        second.status.borrow().counters.posts_sent > 0,
        "the second took over"
    );
    // Two posters that both believe to be the first.
    let third = rollup.poster(2, &blocks, 0);
    blocks.push(&all[40..]);
    rollup.until_height(60).await;
    assert_settled_once(&rollup.client, &all).await;
    second.kill().await;
    third.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_other_roots_halts_and_posts_nothing() {
    let rollup = Rollup::start(2).await;
    let blocks = Blocks::new();
    blocks.push(&rollup.blocks(10, 0));
    let honest = rollup.poster(0, &blocks, 0);
    rollup.until_height(10).await;
    honest.kill().await;

    let other = Blocks::new();
    other.push(&rollup.blocks(20, 1));
    let mut diverged = rollup.poster(1, &other, 0);
    let status = diverged
        .until("the divergence is seen", |status| {
            matches!(status.phase, PosterPhase::Halted(_))
        })
        .await;
    assert!(
        matches!(
            status.phase,
            PosterPhase::Halted(Halt::Diverged { height: 10, .. })
        ),
        "{:?}",
        status.phase
    );
    let later = status.last_tick;
    let status = diverged
        .until("it goes on looking", |status| status.last_tick > later)
        .await;
    assert_eq!(status.counters.posts_sent, 0);
    assert_eq!(rollup.client.rollup_state().await.unwrap().state.last.height, 10);
    diverged.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_waited_out() {
    let rollup = Rollup::start(1).await;
    let all = rollup.blocks(8, 0);
    let blocks = Blocks::new();
    let mut poster = rollup.poster(0, &blocks, 0);
    rollup.client.pause(&rollup.governance).await.unwrap();
    blocks.push(&all);
    let paused = poster
        .until("the pause is seen", |status| {
            status.phase == PosterPhase::Idle(Idle::Paused)
        })
        .await;
    assert_eq!(paused.chain_height, 0);
    rollup.client.resume(&rollup.governance).await.unwrap();
    rollup.until_height(8).await;
    assert_settled_once(&rollup.client, &all).await;
    poster.kill().await;
}

/// A node that was away has only some certificates. Where it lacks one for too long a run, others go on, and then it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_certificates_waits_for_one_that_has_them() {
    let rollup = Rollup::start(2).await;
    let all = rollup.blocks(60, 0);
    let mut gaps = all.clone();
    gaps[5..40].iter_mut().for_each(|block| block.certificate = None);
    let (lacking, having) = (Blocks::new(), Blocks::new());
    lacking.push(&gaps);
    let mut first = rollup.poster(0, &lacking, 0);
    first
        .until("it has come to the gap", |status| {
            status.chain_height == 5 && status.phase == PosterPhase::Idle(Idle::NoCertificate)
        })
        .await;
    having.push(&all[..40]);
    let second = rollup.poster(1, &having, 1);
    rollup.until_height(60).await;
    assert_settled_once(&rollup.client, &all).await;
    first.kill().await;
    second.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_stops_starts_and_flushes() {
    let rollup = Rollup::start(1).await;
    let all = rollup.blocks(9, 0);
    let blocks = Blocks::new();
    // Of a rank whose turn does not come while this test runs.
    let mut poster = rollup.poster(0, &blocks, 1_000);
    blocks.push(&all[..5]);
    poster.control.stop();
    let stopped = poster
        .until("the stop is seen", |status| {
            status.phase == PosterPhase::Idle(Idle::Stopped)
        })
        .await;
    assert_eq!(stopped.counters.posts_sent, 0);
    poster.control.start();
    poster
        .until("it waits for its turn", |status| {
            status.phase == PosterPhase::Idle(Idle::NotOurTurn)
        })
        .await;
    poster.control.flush(5);
    rollup.until_height(5).await;
    blocks.push(&all[5..]);
    poster.control.flush(9);
    rollup.until_height(9).await;
    assert_settled_once(&rollup.client, &all).await;
    poster.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hours_money_is_not_exceeded() {
    let rollup = Rollup::start(1).await;
    let all = rollup.blocks(60, 0);
    let blocks = Blocks::new();
    blocks.push(&all);
    // A tenth is there at the start: a post or two, of four that are needed.
    let config = PosterConfig {
        lamports_per_hour: 200_000,
        ..PosterConfig::default()
    };
    let urls = [rollup.chain.rpc_url().to_owned()];
    let mut poster = rollup.poster_at(&urls, 0, &blocks, config);
    let spent = poster
        .until("the money is spent", |status| {
            status.phase == PosterPhase::Idle(Idle::Spent) && status.chain_height > 0
        })
        .await;
    assert!(spent.chain_height < 60, "{spent:?}");
    poster.kill().await;
    let rich = rollup.poster(0, &blocks, 0);
    rollup.until_height(60).await;
    rich.kill().await;
}
