//! Real processes: one validator of five is killed with SIGKILL and started again while transactions flow.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use assetvm::{Address, SigningKey};
use testnet::chain::Watcher;
use testnet::follow::Follower;
use testnet::live::Progress;
use testnet::pay::{Pace, Payer, pay};
use testnet::payments::Payments;
use testnet::plan::{Funding, Signed, sign_payments};
use testnet::reconcile::Fate;
use testnet::{Testnet, TestnetConfig, sample};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Whatever is waited for comes within this, or the test fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// The poster of rank 0: its death is also a takeover of the posting.
const VICTIM: usize = 0;
const ROWS: u64 = 600;
/// Two blocks' worth of payments every second: they flow from before the kill until after the restart.
const INTERVAL: Duration = Duration::from_millis(25);

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

fn payer(key: &SigningKey, transactions: Vec<Signed>) -> Payer {
    Payer {
        address: key.address(),
        transactions,
    }
}

/// Waits for `blocks` more blocks than there are now.
async fn more_blocks(follower: &Follower, blocks: u64) -> u64 {
    let height = follower.view().ledger().height() + blocks;
    within("blocks go on", follower.view().reaches(height)).await;
    height
}

async fn balances_are_paid(testnet: &Testnet, payments: &Payments, root: &[u8; 32]) {
    let mut addresses: Vec<Address> = payments.per_recipient().into_keys().collect();
    addresses.truncate(50);
    for address in addresses {
        let account = testnet.nodes().proven(address, root).await.unwrap();
        assert_eq!(account.balance, payments.per_recipient()[&address]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_validator_catches_up_and_nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let config = TestnetConfig::new(
        dir.path().to_owned(),
        Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned(),
    );
    let mut testnet = Testnet::start(config, &mut Progress::new(false)).await.unwrap();

    // The treasury mints, funds the payers, and they start to pay.
    let payments = Payments::parse(sample::generate(ROWS).as_bytes()).unwrap();
    let funding = Funding::of(&payments).unwrap();
    let keys: Vec<_> = (0..=funding.payers.len())
        .map(|i| SigningKey::from_seed(&[i as u8 + 1; 32]))
        .collect();
    let (treasury, payers) = keys.split_first().unwrap();
    let deployment = testnet.deployment();
    let chain_id = deployment.chain_id;
    let addresses: Vec<_> = payers.iter().map(SigningKey::address).collect();
    let (mint, handed) = funding.sign(chain_id, testnet.mint_authority(), treasury, &addresses);
    let plans = sign_payments(&payments, chain_id, payers);
    let rows: HashMap<_, _> = plans
        .iter()
        .flatten()
        .map(|(row, signed)| (signed.id, *row))
        .collect();
    let follower = Follower::start(
        testnet.nodes().clone(),
        &deployment.header,
        deployment.state.clone(),
        rows,
    );
    let watcher = Watcher::start(
        testnet.rollup().clone(),
        testnet.posts().unwrap(),
        follower.view().clone(),
    );
    let (nodes, view) = (testnet.nodes().clone(), follower.view().clone());
    let (_calm, hurry) = watch::channel(false);
    for funder in [
        payer(testnet.mint_authority(), vec![mint]),
        payer(treasury, handed),
    ] {
        within(
            "funding",
            pay(
                funder,
                Pace::default(),
                nodes.clone(),
                view.clone(),
                hurry.clone(),
            ),
        )
        .await;
    }
    let mut paying = JoinSet::new();
    for (turn, (key, plan)) in (0u32..).zip(payers.iter().zip(plans)) {
        let pace = Pace {
            first: INTERVAL * turn,
            interval: INTERVAL * payers.len() as u32,
        };
        let transactions = plan.into_iter().map(|(_, signed)| signed).collect();
        paying.spawn(pay(
            payer(key, transactions),
            pace,
            nodes.clone(),
            view.clone(),
            hurry.clone(),
        ));
    }

    // One is killed amid that. The others go on without it, for more views than it takes for its turn to come round.
    more_blocks(&follower, 4).await;
    testnet.kill(VICTIM).await;
    let height_at_kill = follower.view().ledger().height();
    let made_at_kill = follower.view().ledger().made();
    assert!(
        made_at_kill > 0 && made_at_kill < ROWS,
        "payments flow at the kill: {made_at_kill}"
    );
    assert!(testnet.client(VICTIM).status().await.is_err(), "it is gone");
    more_blocks(&follower, 12).await;

    // It comes back, with what it had on disk, and catches up.
    testnet.restart(VICTIM).unwrap();
    within("the victim is ready", testnet.until_ready(&[VICTIM]))
        .await
        .unwrap();
    let target = more_blocks(&follower, 4).await;
    let caught_up = async {
        while testnet
            .client(VICTIM)
            .status()
            .await
            .map_or(0, |status| status.height)
            < target
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    within("the victim catches up", caught_up).await;
    within("all payments are decided", async {
        while paying.join_next().await.is_some() {}
    })
    .await;

    // Every payment once; no root differs, on chain or in the victim's own blocks; every post had its own effect.
    let end = follower.view().ledger().height();
    let once = Fate {
        applied: 1,
        failed: 0,
    };
    assert!(follower.view().ledger().fates().iter().all(|fate| *fate == once));
    assert_eq!(follower.view().fault(), None);
    for height in [1, height_at_kill, height_at_kill + 6, end] {
        let block = testnet
            .client(VICTIM)
            .block(height)
            .await
            .unwrap()
            .expect("it is decided");
        assert_eq!(
            Some(block.header.state_root),
            follower.view().ledger().root_at(height),
            "height {height}"
        );
    }
    let recorded = within("the end is on chain", watcher.settles(end)).await.unwrap();
    within("the posts are read", watcher.reads_posts(&recorded.state)).await;
    {
        let audit = watcher.audit();
        assert_eq!((audit.mismatches(), audit.missed()), (0, 0));
        assert!(audit.verified() >= end, "{} of {end}", audit.verified());
    }
    let heights: Vec<u64> = watcher
        .posts()
        .await
        .up_to(recorded.state.last.height)
        .map(|post| post.height)
        .collect();
    assert!(
        heights.windows(2).all(|pair| pair[0] < pair[1]),
        "each moved the rollup forward: {heights:?}"
    );
    assert_eq!(heights.len() as u64, recorded.state.accepted);
    assert_eq!((recorded.state.frozen, recorded.state.paused), (0, 0));
    balances_are_paid(&testnet, &payments, &recorded.state.last.state_root).await;

    let troubles = within("everything ends", testnet.stop()).await;
    assert!(troubles.is_empty(), "{troubles:?}");
}
