//! The poster against the real program, with everything between them and the chain itself going wrong at random.
//!
//! `BLOCKS=10000 SEED=7 cargo nextest run -p batch-poster faults` runs longer, and as another seed draws it.

use std::time::{Duration, Instant};

use crate::support::{Blocks, Rollup, Running};
use batch_poster::PosterConfig;
use fault_proxy::{FaultProxy, Faults};
use localnet::Localnet;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use settlement::{Pubkey, Signer};

/// As fast as the local chain goes steadily: a slot's usual time would only make the test longer.
const SLOT: Duration = Duration::from_millis(50);
/// Blocks become known as fast as a chain of 250 ms blocks makes them, in slots of this length.
const BLOCKS_AT_ONCE: usize = 8;
const SOL: u64 = 1_000_000_000;

/// What happens to the chain and the way to it, for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Calm,
    /// Every fault of the proxy, at its rate.
    Storm,
    /// The endpoint is down.
    Outage,
    /// No slots.
    Standstill,
    /// The blocks of this time are dropped at its end.
    Fork,
    /// The poster has no money.
    Drained,
    /// The poster is killed, and another started.
    Death,
}

const WEATHERS: [Weather; 7] = [
    Weather::Calm,
    Weather::Storm,
    Weather::Outage,
    Weather::Standstill,
    Weather::Fork,
    Weather::Drained,
    Weather::Death,
];

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn config() -> PosterConfig {
    PosterConfig {
        poll: SLOT,
        patience: Duration::from_secs(3_600),
        ..PosterConfig::default()
    }
}

fn start(rollup: &Rollup, proxy: &FaultProxy, blocks: &Blocks) -> Running {
    rollup.poster_at(&[proxy.url()], 0, blocks, config())
}

/// Makes the weather for a while, then ends it.
async fn endure(
    chain: &Localnet,
    proxy: &FaultProxy,
    weather: Weather,
    accounts: [Pubkey; 2],
    time: Duration,
) {
    let [rollup, poster] = accounts;
    match weather {
        Weather::Storm => proxy.set(Faults::everything()),
        Weather::Outage => proxy.set(Faults {
            outage: true,
            ..Faults::default()
        }),
        Weather::Standstill => chain.stop_slots().await.unwrap(),
        Weather::Drained => chain.set_balance(&poster, 0).await.unwrap(),
        Weather::Calm | Weather::Fork | Weather::Death => {}
    }
    let before = chain.snapshot(&[rollup]).await.unwrap();
    tokio::time::sleep(time).await;
    match weather {
        Weather::Standstill => chain.resume_slots().await.unwrap(),
        Weather::Fork => chain.roll_back(&before).await.unwrap(),
        Weather::Drained => chain.set_balance(&poster, 100 * SOL).await.unwrap(),
        _ => {}
    }
    proxy.set(Faults::default());
}

/// The accumulator of the newest accepted height is that of the blocks: as it is a chain of hashes, every root before it
/// was accepted once, in its place.
#[tokio::test(flavor = "multi_thread")]
async fn every_root_arrives_once_and_in_order_whatever_happens() {
    let (count, seed) = (from_environment("BLOCKS", 240), from_environment("SEED", 1));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rollup = Rollup::start_with(1, SLOT).await;
    let all = rollup.blocks(count, 0);
    let proxy = FaultProxy::start(rollup.chain.rpc_url(), seed).await.unwrap();
    let accounts = [
        settlement::rollup_address(&rollup.client.program()),
        rollup.posters[0].pubkey(),
    ];
    let blocks = Blocks::new();
    let mut poster = start(&rollup, &proxy, &blocks);
    let started = Instant::now();
    let mut left = &all[..];
    let (mut met, mut sent, mut accepted) = (Vec::new(), 0, 0);
    // Each weather at least once, then whatever comes.
    let mut first = WEATHERS.to_vec();
    first.shuffle(&mut rng);
    while !left.is_empty() || !first.is_empty() {
        let weather = first.pop().unwrap_or_else(|| *WEATHERS.choose(&mut rng).unwrap());
        met.push(weather);
        if weather == Weather::Death {
            let counters = poster.status.borrow().counters.clone();
            (sent, accepted) = (sent + counters.posts_sent, accepted + counters.posts_accepted);
            poster.kill().await;
            poster = start(&rollup, &proxy, &blocks);
        }
        let pushes = async {
            for _ in 0..rng.gen_range(1..5) {
                let (now, later) = left.split_at(left.len().min(BLOCKS_AT_ONCE));
                blocks.push(now);
                left = later;
                tokio::time::sleep(4 * SLOT).await;
            }
        };
        let time = SLOT * 16;
        tokio::join!(endure(&rollup.chain, &proxy, weather, accounts, time), pushes);
        assert!(!poster.task.is_finished(), "the poster ended by itself");
    }
    rollup.until_height(count).await;

    let account = rollup.client.rollup_state().await.unwrap();
    let last = &all[all.len() - 1].header;
    assert_eq!(account.state.last.height, last.height);
    assert_eq!(account.state.last.roots_acc, last.roots_acc);
    assert_eq!(account.state.last.leaf, last.commitment());
    for block in all.iter().rev().take(100) {
        let root = account
            .root_at(block.header.height)
            .expect("the ring holds it")
            .state_root;
        assert_eq!(root, block.state_root, "height {}", block.header.height);
    }
    let counters = poster.status.borrow().counters.clone();
    println!(
        "{count} blocks, seed {seed}, {:?}: {} posts sent, {} accepted, {} kinds of faults {:?}, failures since the last death {:?}",
        started.elapsed(),
        sent + counters.posts_sent,
        accepted + counters.posts_accepted,
        proxy.tally().len(),
        proxy.tally(),
        counters.failures,
    );
    assert!(WEATHERS.iter().all(|weather| met.contains(weather)));
    poster.kill().await;
    proxy.stop().await;
    rollup.chain.stop().await.unwrap();
}
