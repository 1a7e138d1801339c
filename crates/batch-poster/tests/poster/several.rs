//! Several posters at once: nothing fails, and it costs little more than one.

use std::time::Duration;

use batch_poster::PosterConfig;

use crate::support::{Blocks, Rollup};

const SLOT: Duration = Duration::from_millis(100);
const BLOCKS: usize = 120;
/// Blocks that become known in the time of two slots.
const AT_ONCE: usize = 2;

/// Lamports that the posters paid for the blocks' way to the chain.
async fn paid(posters: usize, rank: impl Fn(u32) -> u32) -> u64 {
    let rollup = Rollup::start_with(posters, SLOT).await;
    let all = rollup.blocks(BLOCKS as u64, 0);
    let blocks = Blocks::new();
    let urls = [rollup.chain.rpc_url().to_owned()];
    let mut balances = 0;
    for key in &rollup.posters {
        balances += rollup
            .client
            .balance(&settlement::Signer::pubkey(&**key))
            .await
            .unwrap();
    }
    let running: Vec<_> = (0..posters)
        .zip(0..)
        .map(|(index, place)| {
            let config = PosterConfig {
                poll: SLOT,
                rank: rank(place),
                patience: Duration::from_secs(3_600),
                ..PosterConfig::default()
            };
            rollup.poster_at(&urls, index, &blocks, config)
        })
        .collect();
    for some in all.chunks(AT_ONCE) {
        blocks.push(some);
        tokio::time::sleep(2 * SLOT).await;
    }
    rollup.until_height(BLOCKS as u64).await;
    for mut poster in running {
        poster
            .until("nothing is under way", |status| status.in_flight == 0)
            .await;
        assert!(!poster.task.is_finished());
        poster.kill().await;
    }
    let account = rollup.client.rollup_state().await.unwrap();
    assert_eq!(account.state.last.roots_acc, all[BLOCKS - 1].header.roots_acc);
    for key in &rollup.posters {
        balances -= rollup
            .client
            .balance(&settlement::Signer::pubkey(&**key))
            .await
            .unwrap();
    }
    rollup.chain.stop().await.unwrap();
    balances
}

#[tokio::test(flavor = "multi_thread")]
async fn two_and_five_posters_cost_hardly_more_than_one() {
    let one = paid(1, |place| place).await;
    for posters in [2, 5] {
        let several = paid(posters, |place| place).await;
        println!("{posters} posters paid {several} lamports, one {one}");
        assert!(
            several * 100 <= one * 105,
            "{posters} posters paid {several}, one {one}"
        );
    }
}
