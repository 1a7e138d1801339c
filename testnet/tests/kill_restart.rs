//! Real processes: one validator of five is killed with SIGKILL and started again while transactions flow.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use assetvm::{Nonce, SigningKey};
use testnet::chain::Watcher;
use testnet::follow::Follower;
use testnet::live::Progress;
use testnet::model::Model;
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

/// A testnet whose payments flow, and what watches it.
struct Flow {
    testnet: Testnet,
    payments: Payments,
    follower: Follower,
    watcher: Watcher,
    paying: JoinSet<()>,
}

impl Flow {
    /// Starts a testnet; the treasury mints and funds the payers, and they start to pay.
    async fn start(dir: &Path) -> Self {
        let exe = Path::new(env!("CARGO_BIN_EXE_testnet")).to_owned();
        let config = TestnetConfig::new(dir.to_owned(), exe);
        let testnet = Testnet::start(config, &mut Progress::new(false)).await.unwrap();
        let payments = Payments::parse(sample::generate(ROWS).as_bytes()).unwrap();
        let funding = Funding::of(&payments).unwrap();
        let key = |i: usize| SigningKey::from_seed(&[i as u8 + 1; 32]);
        let (treasury, payers) = (key(0), (1..=funding.payers.len()).map(key).collect::<Vec<_>>());
        let genesis = testnet.deployment();
        let addresses: Vec<_> = payers.iter().map(SigningKey::address).collect();
        let (mint, handed) = funding.sign(genesis.chain_id, testnet.mint_authority(), &treasury, &addresses);
        let plans = sign_payments(&payments, genesis.chain_id, &payers);
        let rows: HashMap<_, _> = plans
            .iter()
            .flatten()
            .map(|(row, signed)| (signed.id, *row))
            .collect();
        let nodes = testnet.nodes().clone();
        let model = Model::new(&genesis.genesis, &[]);
        let follower = Follower::start(nodes.clone(), genesis, rows, model);
        let view = follower.view().clone();
        let watcher = Watcher::start(testnet.rollup().clone(), testnet.posts().unwrap(), view.clone());
        let (_calm, hurry) = watch::channel(false);
        let send = |key: &SigningKey, transactions: Vec<Signed>, pace| {
            let payer = Payer {
                address: key.address(),
                first: Nonce::default(),
                transactions,
            };
            pay(payer, pace, nodes.clone(), view.clone(), hurry.clone())
        };
        within(
            "minting",
            send(testnet.mint_authority(), vec![mint], Pace::default()),
        )
        .await;
        within("funding", send(&treasury, handed, Pace::default())).await;
        let mut paying = JoinSet::new();
        for (turn, (key, plan)) in (0u32..).zip(payers.iter().zip(plans)) {
            let pace = Pace {
                first: INTERVAL * turn,
                interval: INTERVAL * payers.len() as u32,
            };
            paying.spawn(send(
                key,
                plan.into_iter().map(|(_, signed)| signed).collect(),
                pace,
            ));
        }
        Self {
            testnet,
            payments,
            follower,
            watcher,
            paying,
        }
    }

    fn height(&self) -> u64 {
        self.follower.view().ledger().height()
    }

    /// Waits for that many more blocks than there are now.
    async fn more_blocks(&self, blocks: u64) -> u64 {
        let height = self.height() + blocks;
        within("blocks go on", self.follower.view().reaches(height)).await;
        height
    }

    async fn victim_reaches(&self, height: u64) {
        let caught_up = async {
            while self
                .testnet
                .client(VICTIM)
                .status()
                .await
                .map_or(0, |status| status.height)
                < height
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        within("the victim catches up", caught_up).await;
    }

    /// The victim's own blocks have the roots of the execution here.
    async fn victim_has_no_other_root(&self, heights: &[u64]) {
        for &height in heights {
            let block = self
                .testnet
                .client(VICTIM)
                .block(height)
                .await
                .unwrap()
                .expect("it is decided");
            let own = self.follower.view().ledger().root_at(height);
            assert_eq!(Some(block.header.state_root), own, "height {height}");
        }
    }

    /// Every root on chain up to `height` is the one executed here, and every post moved the rollup forward.
    async fn chain_agrees_up_to(&self, height: u64) {
        let recorded = within("the end is on chain", self.watcher.settles(height))
            .await
            .unwrap();
        within("the posts are read", self.watcher.reads_posts(&recorded.state)).await;
        {
            let audit = self.watcher.audit();
            assert_eq!((audit.mismatches(), audit.missed()), (0, 0));
            assert!(audit.verified() >= height, "{} of {height}", audit.verified());
        }
        let posts = self.watcher.posts().await;
        let heights: Vec<u64> = posts
            .up_to(recorded.state.last.height)
            .map(|post| post.height)
            .collect();
        assert!(
            heights.windows(2).all(|pair| pair[0] < pair[1]),
            "each post moves forward: {heights:?}"
        );
        assert_eq!(
            heights.len() as u64,
            recorded.state.accepted,
            "none had an effect uncounted"
        );
        assert_eq!((recorded.state.frozen, recorded.state.paused), (0, 0));
        self.balances_are_paid(&recorded.state.last.state_root).await;
    }

    async fn balances_are_paid(&self, root: &[u8; 32]) {
        for (address, sum) in self.payments.per_recipient().into_iter().take(50) {
            let account = self.testnet.nodes().proven(address, root).await.unwrap();
            assert_eq!(account.balance, sum);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_validator_catches_up_and_nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let mut flow = Flow::start(dir.path()).await;

    // One is killed amid the payments. The others go on without it, for more views than it takes for its turn to come.
    flow.more_blocks(4).await;
    flow.testnet.kill(VICTIM).await;
    let (at_kill, made) = (flow.height(), flow.follower.view().ledger().made());
    assert!(made > 0 && made < ROWS, "payments flow at the kill: {made}");
    assert!(flow.testnet.client(VICTIM).status().await.is_err(), "it is gone");
    flow.more_blocks(12).await;

    // It comes back, with what it had on disk, and catches up while payments still flow.
    flow.testnet.restart(VICTIM).unwrap();
    within("the victim is ready", flow.testnet.until_ready(&[VICTIM]))
        .await
        .unwrap();
    assert!(
        flow.follower.view().ledger().made() < ROWS,
        "payments flow at the restart"
    );
    flow.victim_reaches(flow.more_blocks(4).await).await;
    within("all payments are decided", async {
        while flow.paying.join_next().await.is_some() {}
    })
    .await;

    // Every payment once; no root differs, on chain or in the victim's own blocks; every post had its own effect.
    let end = flow.height();
    let once = Fate {
        applied: 1,
        failed: 0,
    };
    assert!(
        flow.follower
            .view()
            .ledger()
            .fates()
            .iter()
            .all(|fate| *fate == once)
    );
    assert_eq!(flow.follower.view().fault(), None);
    flow.victim_reaches(end).await;
    flow.victim_has_no_other_root(&[1, at_kill, at_kill + 6, end])
        .await;
    flow.chain_agrees_up_to(end).await;
    let troubles = within("everything ends", flow.testnet.stop()).await;
    assert!(troubles.is_empty(), "{troubles:?}");
}
