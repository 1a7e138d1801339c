//! An endpoint that shows a wrong account: another one is asked before anything is concluded.

use batch_poster::{Halt, Idle, PosterConfig, PosterPhase};
use fault_proxy::{FaultProxy, Faults};
use rollup_abi::Digest;

use crate::support::{Blocks, Rollup};

/// Has the proxy show another root in place of each of these.
fn lie(proxy: &FaultProxy, truths: Vec<Digest>) {
    proxy.forge(move |data| {
        for truth in &truths {
            let found: Vec<usize> = (0..data.len().saturating_sub(31))
                .filter(|at| data[*at..at + 32] == *truth)
                .collect();
            for at in found {
                data[at] ^= 0xff;
            }
        }
    });
}

/// A rollup with 10 of 20 blocks on chain, and two ways to it; the first lies about the newest root and the accumulator.
async fn stage() -> (Rollup, Blocks, [FaultProxy; 2]) {
    let rollup = Rollup::start(1).await;
    let (all, blocks) = (rollup.blocks(20, 0), Blocks::new());
    blocks.push(&all[..10]);
    let first = rollup.poster(0, &blocks, 0);
    rollup.until_height(10).await;
    first.kill().await;
    let url = rollup.chain.rpc_url();
    let proxies = [
        FaultProxy::start(url, 0).await.unwrap(),
        FaultProxy::start(url, 1).await.unwrap(),
    ];
    let newest = &all[9];
    lie(&proxies[0], vec![newest.state_root, newest.header.roots_acc]);
    blocks.push(&all[10..]);
    (rollup, blocks, proxies)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_endpoints_lies_and_posting_goes_on() {
    let (rollup, blocks, [liar, honest]) = stage().await;
    let urls = [liar.url(), honest.url()];
    let mut poster = rollup.poster_at(&urls, 0, &blocks, PosterConfig::default());
    rollup.until_height(20).await;
    let status = poster
        .until("it has seen its work", |status| status.chain_height == 20)
        .await;
    assert_eq!(status.phase, PosterPhase::Posting);
    assert!(liar.tally().contains_key(&fault_proxy::Fault::Forged));
    poster.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_endpoint_is_believed_and_so_are_two_that_agree() {
    let (rollup, blocks, [liar, other]) = stage().await;
    let diverged =
        |phase: &PosterPhase| matches!(phase, PosterPhase::Halted(Halt::Diverged { height: 10, .. }));
    let mut alone = rollup.poster_at(&[liar.url()], 0, &blocks, PosterConfig::default());
    alone.until("it halts", |status| diverged(&status.phase)).await;
    alone.kill().await;

    let last = rollup.blocks(10, 0)[9].clone();
    lie(&other, vec![last.state_root, last.header.roots_acc]);
    let urls = [liar.url(), other.url()];
    let mut two = rollup.poster_at(&urls, 0, &blocks, PosterConfig::default());
    let status = two.until("it halts", |status| diverged(&status.phase)).await;
    assert_eq!(status.counters.posts_sent, 0);
    two.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_concluded_while_nobody_else_answers() {
    let (rollup, blocks, [liar, honest]) = stage().await;
    honest.set(Faults {
        outage: true,
        ..Faults::default()
    });
    let urls = [liar.url(), honest.url()];
    let mut poster = rollup.poster_at(&urls, 0, &blocks, PosterConfig::default());
    let doubt = PosterPhase::Idle(Idle::Doubt);
    let status = poster.until("it doubts", |status| status.phase == doubt).await;
    assert_eq!(status.counters.posts_sent, 0);
    honest.set(Faults::default());
    rollup.until_height(20).await;
    poster.kill().await;
}
