//! A poster is killed at each call to Solana, whatever becomes of the call, and another one goes on. Every transaction is counted.

use std::time::Duration;

use crate::support::{Blocks, Rollup};
use batch_poster::{PosterConfig, Settleable};
use fault_proxy::{Fate, FaultProxy};
use settlement::Signature;

const SLOT: Duration = Duration::from_millis(50);
/// Blocks that a poster's life is about: two posts. One more than a multiple of it has a certificate.
const LIFE: usize = 21;
/// Posts that a life needs.
const POSTS: u64 = 2;
/// More than the lives of this test.
const MANY: u64 = 240;
/// So late that the next poster has long posted the same.
const MUCH_LATER: Duration = Duration::from_secs(2);

fn config() -> PosterConfig {
    PosterConfig {
        poll: SLOT / 2,
        ..PosterConfig::default()
    }
}

/// Transactions of the test so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Signed and sent.
    sent: u64,
    /// Of those, on chain and with an effect.
    needed: u64,
    /// On chain, paid for, and without an effect.
    in_vain: u64,
}

impl Counts {
    async fn of(rollup: &Rollup, proxy: &FaultProxy) -> Self {
        proxy.until_delivered().await;
        let signatures = proxy.sent().signatures;
        let mut counts = Self {
            sent: signatures.len() as u64,
            ..Self::default()
        };
        for signature in signatures {
            let signature: Signature = signature.parse().unwrap();
            match rollup.client.landed(&signature).await.unwrap() {
                Some(landed) if landed.accepted().is_some() => counts.needed += 1,
                Some(_) => counts.in_vain += 1,
                None => {}
            }
        }
        counts
    }

    fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            needed: self.needed - before.needed,
            in_vain: self.in_vain - before.in_vain,
        }
    }
}

/// Whether the poster was killed at its call number `calls`, or had brought everything to the chain before.
async fn killed_at(rollup: &Rollup, proxy: &FaultProxy, blocks: &Blocks, calls: u64, fate: Fate) -> bool {
    let frozen = proxy.freeze_after(calls, fate);
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

/// Lives that end at each call in turn, each with an heir; how many there were.
async fn lives<'a>(
    rollup: &Rollup,
    proxy: &FaultProxy,
    blocks: &Blocks,
    fate: Fate,
    work: &mut impl Iterator<Item = &'a [Settleable]>,
) -> u64 {
    for calls in 0.. {
        let life = work.next().expect("a life has fewer calls");
        blocks.push(life);
        let killed = killed_at(rollup, proxy, blocks, calls, fate).await;
        let heir = rollup.poster_at(&[proxy.url()], 0, blocks, config());
        let last = &life[LIFE - 1].header;
        rollup.until_height(last.height).await;
        heir.kill().await;
        let account = rollup.client.rollup_state().await.unwrap();
        assert_eq!(account.state.last.roots_acc, last.roots_acc, "call {calls}");
        if !killed {
            assert!(calls > 6, "a life has more steps");
            return calls + 1;
        }
    }
    unreachable!("a life ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_a_poster_dies_at_another_goes_on_and_nothing_is_sent_in_vain() {
    let rollup = Rollup::start_with(1, SLOT).await;
    let proxy = FaultProxy::start(rollup.chain.rpc_url(), 0).await.unwrap();
    let all = rollup.blocks(LIFE as u64 * MANY + 1, 0);
    let (first, rest) = all.split_at(1);
    let mut work = rest.chunks(LIFE);
    let blocks = Blocks::new();
    blocks.push(first);
    let genesis = rollup.poster_at(&[proxy.url()], 0, &blocks, config());
    rollup.until_height(1).await;
    genesis.kill().await;
    // The second comes late, but while the next poster is still looking on.
    let fates = [
        Fate::Lost,
        Fate::Reached,
        Fate::Late(SLOT),
        Fate::Late(MUCH_LATER),
    ];
    for fate in fates {
        let before = Counts::of(&rollup, &proxy).await;
        let deaths = lives(&rollup, &proxy, &blocks, fate, &mut work).await;
        let counts = Counts::of(&rollup, &proxy).await.since(before);
        println!("{fate:?}: {deaths} lives, {counts:?}");
        assert_eq!(counts.needed, POSTS * deaths, "{fate:?}");
        // What is in flight when a process dies may be lost with it, whatever call it dies at: at most one post each time.
        assert!(
            counts.sent <= counts.needed + counts.in_vain + deaths,
            "{counts:?}"
        );
        match fate {
            // A post that shows only after its successor has made its own.
            Fate::Late(MUCH_LATER) => assert!(counts.in_vain <= deaths, "{counts:?}"),
            Fate::Lost | Fate::Reached | Fate::Late(_) => assert_eq!(counts.in_vain, 0, "{fate:?}"),
        }
    }
    proxy.stop().await;
    rollup.chain.stop().await.unwrap();
}
