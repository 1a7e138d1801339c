//! A poster is killed at each call to Solana, before it reaches the node and after, and another one goes on.

use std::time::Duration;

use crate::support::{Blocks, Rollup};
use batch_poster::{PosterConfig, Settleable};
use fault_proxy::FaultProxy;

const SLOT: Duration = Duration::from_millis(50);
/// Blocks that a poster's life is about: two posts. One more than a multiple of it has a certificate.
const LIFE: usize = 21;
/// More than the lives of this test.
const MANY: u64 = 60;

fn config() -> PosterConfig {
    PosterConfig {
        poll: SLOT / 2,
        ..PosterConfig::default()
    }
}

/// Whether the poster was killed at its call number `calls`, or had brought everything to the chain before.
async fn killed_at(
    rollup: &Rollup,
    proxy: &FaultProxy,
    blocks: &Blocks,
    calls: u64,
    reach_node: bool,
) -> bool {
    let frozen = proxy.freeze_after(calls, reach_node);
    let mut poster = rollup.poster_at(&[proxy.url()], 0, blocks, config());
    let tip = blocks.tip();
    let killed = tokio::select! {
        () = frozen => true,
        _ = poster.until("all is on chain and counted", |status| {
            status.chain_height == tip && status.in_flight == 0 && status.balance.is_some()
        }) => false,
    };
    poster.kill().await;
    killed
}

/// What the chain accepted so far: posts with an effect.
async fn effects(rollup: &Rollup) -> u64 {
    rollup.client.rollup_state().await.unwrap().state.accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_a_poster_dies_at_another_goes_on() {
    let rollup = Rollup::start_with(1, SLOT).await;
    let proxy = FaultProxy::start(rollup.chain.rpc_url(), 0).await.unwrap();
    let all = rollup.blocks(LIFE as u64 * MANY + 1, 0);
    let (first, rest) = all.split_at(1);
    let mut lives = rest.chunks(LIFE);
    let blocks = Blocks::new();
    blocks.push(first);
    for reach_node in [false, true] {
        let mut calls = 0;
        loop {
            let life: &[Settleable] = lives.next().expect("a life has fewer calls");
            blocks.push(life);
            let before = effects(&rollup).await;
            let killed = killed_at(&rollup, &proxy, &blocks, calls, reach_node).await;
            let heir = rollup.poster(0, &blocks, 0);
            let last = &life[LIFE - 1].header;
            rollup.until_height(last.height).await;
            heir.kill().await;
            let account = rollup.client.rollup_state().await.unwrap();
            assert_eq!(account.state.last.roots_acc, last.roots_acc, "call {calls}");
            let made = effects(&rollup).await - before;
            assert!(
                (2..=3).contains(&made),
                "{made} effects for two posts, call {calls}"
            );
            if !killed {
                println!("a life has {calls} calls, reach_node {reach_node}");
                assert!(calls > 6, "a life has more steps");
                break;
            }
            calls += 1;
        }
    }
    proxy.stop().await;
    rollup.chain.stop().await.unwrap();
}
