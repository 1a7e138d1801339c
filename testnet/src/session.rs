//! The phases of a run on a testnet that has started.

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use assetvm::{Action, Address, Amount, EntryId, Nonce, SigningKey};
use futures::StreamExt as _;
use rollup_abi::Digest;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chain::{Recorded, Watcher};
use crate::error::TestnetError;
use crate::follow::Follower;
use crate::judge::{Proven, judge};
use crate::live::{Progress, Standing};
use crate::model::Model;
use crate::network::Testnet;
use crate::node::Nodes;
use crate::pay::{Pace, Payer, pay, perform};
use crate::plan::{Signed, pace, sign_payments};
use crate::programs::{self, Production, Stage};
use crate::run::{Interrupts, RunConfig};
use crate::setup::make_key;
use crate::summary::Summary;

/// How long minting and funding may take.
const FUNDING_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the payments that are left may take once the run ends.
const REST_TIMEOUT: Duration = Duration::from_secs(90);
/// How long the last root may take to be on chain, and its posts to be readable.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(45);
/// How long proving all balances may take.
const PROOF_TIMEOUT: Duration = Duration::from_secs(90);
/// Proofs that are asked for at a time.
const PROOFS_AT_ONCE: usize = 16;
/// How often the run is looked at.
const TICK: Duration = Duration::from_millis(200);

/// What came of waiting for something.
enum Waited<T> {
    Done(T),
    Timeout,
    Interrupted,
}

/// What a run found out in its last phase.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    recorded: Option<Recorded>,
    proven: Proven,
    pub(crate) failures: Vec<String>,
}

/// The programs, who uses them, and what they send.
struct Repertoire {
    /// The purser's, to all who use programs.
    purses: Payer,
    productions: Vec<Production>,
}

impl Repertoire {
    fn prepare(dir: &Path, testnet: &Testnet) -> Result<Self, TestnetError> {
        let deployment = testnet.deployment();
        let stage = Stage {
            chain_id: deployment.chain_id,
            gas: deployment.genesis.gas,
            seed: programs::SEED,
        };
        let productions = stage.produce(|name| make_key(dir, name))?;
        let purser = make_key(dir, "purser")?;
        Ok(Self {
            purses: programs::purses(&purser, stage.chain_id, &productions),
            productions,
        })
    }

    /// Programs, those who use them, and those who are paid by them.
    fn owners(&self) -> impl Iterator<Item = Address> {
        self.productions.iter().flat_map(Production::owners)
    }

    /// How many transactions go to programs.
    fn calls(&self) -> usize {
        let intents = self.productions.iter().map(|production| &production.intents);
        intents.map(Vec::len).sum()
    }
}

/// A started testnet, what watches it, and what is to be paid on it.
pub(crate) struct Session<'a> {
    config: &'a RunConfig,
    testnet: &'a Testnet,
    interrupts: Interrupts,
    progress: &'a mut Progress,
    treasury: SigningKey,
    payers: Vec<SigningKey>,
    transactions: Vec<Payer>,
    repertoire: Repertoire,
    follower: Follower,
    watcher: Watcher,
    started: Instant,
}

impl<'a> Session<'a> {
    pub(crate) fn begin(
        config: &'a RunConfig,
        testnet: &'a Testnet,
        interrupts: Interrupts,
        progress: &'a mut Progress,
    ) -> Result<Self, TestnetError> {
        let dir = config.dir.path();
        let treasury = make_key(dir, "treasury")?;
        let count = config.funding.payers.len();
        let payers = (0..count)
            .map(|i| make_key(dir, &format!("payer-{i}")))
            .collect::<Result<Vec<_>, _>>()?;
        let deployment = testnet.deployment();
        let plans = sign_payments(&config.payments, deployment.chain_id, &payers);
        let rows: HashMap<_, _> = plans
            .iter()
            .flatten()
            .map(|(row, signed)| (signed.id, *row))
            .collect();
        let transactions = payers
            .iter()
            .zip(plans)
            .map(|(key, plan)| Payer {
                address: key.address(),
                first: Nonce::default(),
                transactions: plan.into_iter().map(|(_, signed)| signed).collect(),
            })
            .collect();
        let repertoire = Repertoire::prepare(dir, testnet)?;
        let model = Model::new(&deployment.genesis, &repertoire.productions);
        let follower = Follower::start(testnet.nodes().clone(), deployment, rows, model);
        let watcher = Watcher::start(
            testnet.rollup().clone(),
            testnet.posts()?,
            follower.view().clone(),
        );
        Ok(Self {
            config,
            testnet,
            interrupts,
            progress,
            treasury,
            payers,
            transactions,
            repertoire,
            follower,
            watcher,
            started: Instant::now(),
        })
    }

    /// All phases in order. What is found stays found when a later phase fails.
    pub(crate) async fn play(&mut self, findings: &mut Findings) -> Result<(), TestnetError> {
        let funding = self.fund();
        match self.attend(funding, Some(FUNDING_TIMEOUT)).await? {
            Waited::Done(()) => {}
            Waited::Timeout => {
                return Err(TestnetError::Funding {
                    after: FUNDING_TIMEOUT,
                });
            }
            Waited::Interrupted => return Err(TestnetError::Interrupted),
        }
        let (hurry, mut paying) = self.start_paying();
        self.attend(std::future::pending::<()>(), self.config.duration)
            .await?;
        self.finish_paying(&hurry, &mut paying, findings).await?;
        self.settle(findings).await?;
        self.prove(findings).await
    }

    /// Mints to the treasury and to the purser. The one hands it on to the payers, the other to those who use programs.
    fn fund(&mut self) -> impl Future<Output = ()> + use<> {
        let (config, treasury) = (self.config, self.treasury.address());
        self.progress.step(format_args!(
            "minting {} $ASSET to the treasury {treasury}",
            config.funding.treasury
        ));
        let authority = self.testnet.mint_authority();
        let addresses: Vec<_> = self.payers.iter().map(SigningKey::address).collect();
        let chain_id = self.testnet.deployment().chain_id;
        let (mint, handed) = config
            .funding
            .sign(chain_id, authority, &self.treasury, &addresses);
        let purses = self.repertoire.purses.clone();
        let budget = Action::Mint {
            to: purses.address,
            amount: programs::BUDGET,
        };
        let budget = Signed::new(authority, chain_id, 1, Amount::ZERO, budget);
        let mint = Payer {
            address: authority.address(),
            first: Nonce::default(),
            transactions: vec![mint, budget],
        };
        let handed = Payer {
            address: treasury,
            first: Nonce::default(),
            transactions: handed,
        };
        let (nodes, view) = (self.testnet.nodes().clone(), self.follower.view().clone());
        async move {
            let (_calm, hurry) = watch::channel(false);
            pay(mint, Pace::default(), nodes.clone(), view.clone(), hurry.clone()).await;
            let handing = pay(
                handed,
                Pace::default(),
                nodes.clone(),
                view.clone(),
                hurry.clone(),
            );
            let equipping = pay(purses, Pace::default(), nodes, view, hurry);
            tokio::join!(handing, equipping);
        }
    }

    fn start_paying(&mut self) -> (watch::Sender<bool>, JoinSet<()>) {
        let rows = self.config.payments.rows().len();
        let interval = pace(rows, self.config.tps, self.config.duration);
        let end = self
            .config
            .duration
            .map_or("until Ctrl-C".to_owned(), |d| format!("for {} s", d.as_secs()));
        self.progress.step(format_args!(
            "paying {rows} payments of {} $ASSET, {:.1} a second, and {} transactions to {} programs; running {end}",
            self.config.payments.total(),
            1.0 / interval.as_secs_f64().max(1e-6),
            self.repertoire.calls(),
            self.repertoire.productions.len(),
        ));
        let (hurry_tx, hurry) = watch::channel(false);
        let mut paying = JoinSet::new();
        let turns = self.transactions.len();
        for (turn, payer) in self.transactions.iter().cloned().enumerate() {
            let pace = Pace::in_turn(interval, turn, turns);
            let (nodes, view) = (self.testnet.nodes().clone(), self.follower.view().clone());
            paying.spawn(pay(payer, pace, nodes, view, hurry.clone()));
        }
        for production in &self.repertoire.productions {
            let scenes = production.scenes.clone();
            // A scene is about as much as so many payments.
            let interval = 4 * pace(4 * scenes.len(), None, self.config.duration);
            let (nodes, view) = (self.testnet.nodes().clone(), self.follower.view().clone());
            paying.spawn(perform(scenes, interval, nodes, view, hurry.clone()));
        }
        (hurry_tx, paying)
    }

    async fn finish_paying(
        &mut self,
        hurry: &watch::Sender<bool>,
        paying: &mut JoinSet<()>,
        findings: &mut Findings,
    ) -> Result<(), TestnetError> {
        let (made, rows) = (
            self.follower.view().ledger().made(),
            self.config.payments.rows().len() as u64,
        );
        if made < rows {
            self.progress.step(format_args!(
                "ending: waiting for the last {} payments, and calls (Ctrl-C again to give them up)",
                rows - made
            ));
        }
        hurry.send_replace(true);
        let all = async { while paying.join_next().await.is_some() {} };
        match self.attend(all, Some(REST_TIMEOUT)).await? {
            Waited::Done(()) => {}
            Waited::Timeout => findings.failures.push(format!(
                "payments and calls were not all decided after {REST_TIMEOUT:?}"
            )),
            Waited::Interrupted => findings
                .failures
                .push("interrupted while payments were being made".into()),
        }
        paying.abort_all();
        Ok(())
    }

    async fn settle(&mut self, findings: &mut Findings) -> Result<(), TestnetError> {
        let height = self.follower.view().ledger().height();
        self.progress
            .step(format_args!("waiting for the root of height {height} on chain"));
        let watcher = self.watcher.clone();
        let settled = async move {
            let recorded = watcher.settles(height).await;
            if let Some(recorded) = &recorded {
                watcher.reads_posts(&recorded.state).await;
            }
            recorded
        };
        match self.attend(settled, Some(SETTLE_TIMEOUT)).await? {
            Waited::Done(recorded) => findings.recorded = recorded,
            Waited::Timeout => {
                findings.failures.push(format!(
                    "the root of height {height} was not on chain after {SETTLE_TIMEOUT:?}"
                ));
            }
            Waited::Interrupted => findings
                .failures
                .push("interrupted while waiting for the last root".into()),
        }
        Ok(())
    }

    async fn prove(&mut self, findings: &mut Findings) -> Result<(), TestnetError> {
        let Some(recorded) = findings.recorded else {
            return Ok(());
        };
        let mut owners: Vec<_> = self.config.payments.per_recipient().into_keys().collect();
        owners.extend(self.repertoire.owners());
        let entries: Vec<_> = self.follower.view().model().stored().iter().copied().collect();
        let root = recorded.state.last.state_root;
        self.progress.step(format_args!(
            "proving {} balances and {} storage entries against the root of height {} on chain",
            owners.len(),
            entries.len(),
            recorded.state.last.height
        ));
        let proving = prove_all(self.testnet.nodes().clone(), owners, entries, root);
        match self.attend(proving, Some(PROOF_TIMEOUT)).await? {
            Waited::Done(proven) => findings.proven = proven,
            Waited::Timeout => findings
                .failures
                .push(format!("balances were not proven after {PROOF_TIMEOUT:?}")),
            Waited::Interrupted => findings
                .failures
                .push("interrupted while balances were being proven".into()),
        }
        Ok(())
    }

    /// Waits, and meanwhile shows progress and watches for what must not happen.
    async fn attend<T>(
        &mut self,
        until: impl Future<Output = T>,
        limit: Option<Duration>,
    ) -> Result<Waited<T>, TestnetError> {
        let mut until = std::pin::pin!(until);
        let deadline =
            tokio::time::Instant::now() + limit.unwrap_or(Duration::from_secs(u64::from(u32::MAX)));
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                done = &mut until => return Ok(Waited::Done(done)),
                () = tokio::time::sleep_until(deadline) => return Ok(Waited::Timeout),
                () = self.interrupts.next() => return Ok(Waited::Interrupted),
                _ = ticks.tick() => {
                    self.check()?;
                    let standing = self.standing();
                    self.progress.standing(&standing);
                }
            }
        }
    }

    fn check(&self) -> Result<(), TestnetError> {
        self.testnet.check()?;
        if let Some(divergence) = self.follower.view().fault() {
            return Err(TestnetError::Diverged(divergence));
        }
        match self.watcher.latest() {
            Some(recorded) if recorded.state.frozen != 0 => Err(TestnetError::Frozen {
                height: recorded.state.conflict.height,
            }),
            _ => Ok(()),
        }
    }

    fn standing(&self) -> Standing {
        let audit = self.watcher.audit();
        let ledger = self.follower.view().ledger();
        let (interval, tps) = ledger.recent();
        Standing {
            elapsed: self.started.elapsed(),
            height: ledger.height(),
            interval_ms: (interval.p50, interval.p95),
            tps,
            payments: (ledger.made(), self.config.payments.rows().len() as u64),
            on_chain: audit.on_chain(),
            mismatches: audit.mismatches(),
            validators: self.testnet.running(),
        }
    }

    /// Says why the run ends early.
    pub(crate) fn explain(&mut self, error: &TestnetError) {
        self.progress.warn(error);
        if let Some(log) = error.log() {
            self.progress.warn(log);
        }
    }

    /// The summary of what has been seen and found.
    pub(crate) async fn report(&self, findings: Findings) -> Summary {
        let Findings {
            recorded,
            proven,
            failures,
        } = findings;
        let recorded = recorded.or_else(|| self.watcher.latest());
        let run = crate::report::Run {
            validators: self.config.validators,
            payments: &self.config.payments,
            dir: self.config.dir.path(),
            duration: self.started.elapsed(),
            diverged: self.follower.view().fault().is_some(),
        };
        let posts = self.watcher.posts().await;
        let audit = self.watcher.audit();
        let ledger = self.follower.view().ledger();
        let mut model = self.follower.view().model();
        let programs = judge(&mut model, ledger.state(), &self.repertoire.productions, &proven);
        let seen = crate::report::Seen {
            ledger: &ledger,
            audit: &audit,
            posts: &posts,
            recorded: recorded.as_ref(),
            proven: &proven,
            programs,
        };
        crate::report::summarize(&run, &seen, failures)
    }
}

/// The balances and storage entries of these that can be proven against `root`. What cannot is missing, and logged.
async fn prove_all(nodes: Nodes, owners: Vec<Address>, entries: Vec<EntryId>, root: Digest) -> Proven {
    let balances = futures::stream::iter(owners).map(|address| {
        let nodes = nodes.clone();
        async move {
            let proven = nodes.proven(address, &root).await;
            let account = proven
                .inspect_err(|error| tracing::error!(%error, "balance not proven"))
                .ok()?;
            Some((address, account.balance))
        }
    });
    let entries = futures::stream::iter(entries).map(|id| {
        let nodes = nodes.clone();
        async move {
            let proven = nodes.proven_entry(&id, &root).await;
            let value = proven
                .inspect_err(|error| tracing::error!(%error, "storage entry not proven"))
                .ok()?;
            Some((id, value))
        }
    });
    let balances = balances.buffer_unordered(PROOFS_AT_ONCE);
    let entries = entries.buffer_unordered(PROOFS_AT_ONCE);
    Proven {
        balances: balances.filter_map(std::future::ready).collect().await,
        entries: entries.filter_map(std::future::ready).collect().await,
    }
}
