//! The shell around the planner: reads the chain, signs, sends, tells.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use settlement::{
    Budget, Cause, Classified, Keypair, Landed, Recent, RollupAccount, RollupClient, SettlementError,
    Signature, Signer, Submission, SubmitBuilder, Transaction, Verdict, classify_transaction,
};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::planner::{Action, ChainView, InFlight, LocalBlock, Planner};
use crate::{
    AssembleError, BlockSource, Idle, PosterConfig, PosterPhase, PosterStatus, Settleable, SourceError,
    assemble,
};

/// Blocks that a blockhash lives.
const BLOCKHASH_LIFE: u64 = 150;
/// Most blocks read for one post; more roots never fit into a transaction.
const MAX_BLOCKS: u64 = 32;
/// Landed posts whose cost is not known yet; beyond, the oldest is not counted.
const MAX_UNCOUNTED: usize = 64;
/// Looks at a landed post before its cost is given up: the node may not know it yet, or no longer.
const COUNT_TRIES: u32 = 8;

/// How often the poster's balance is read.
const BALANCE_PERIOD: Duration = Duration::from_secs(10);

/// What a poster works with.
pub struct Poster {
    /// Client of the rollup's program.
    pub client: RollupClient,
    /// Signs and pays; on the program's allow-list, and used for nothing else.
    pub key: Arc<Keypair>,
    /// Decided and executed blocks.
    pub source: Arc<dyn BlockSource>,
    /// Newest height that the source has; 0 while it has none.
    pub tip: watch::Receiver<u64>,
}

/// A poster; [`BatchPoster::run`] is its task.
pub struct BatchPoster {
    client: RollupClient,
    key: Arc<Keypair>,
    source: Arc<dyn BlockSource>,
    tip: watch::Receiver<u64>,
    config: PosterConfig,
    builder: SubmitBuilder,
    planner: Planner,
    /// The bytes of what is under way, to send them again.
    bytes: HashMap<Signature, Transaction>,
    uncounted: VecDeque<(Signature, u32)>,
    /// Members of the committee of an epoch, once read.
    members: Option<(u64, usize)>,
    balance_read: Option<Instant>,
    status: watch::Sender<PosterStatus>,
}

/// Why one round could not be finished; the next one tries again.
#[derive(Debug, thiserror::Error)]
enum TickError {
    #[error(transparent)]
    Chain(#[from] SettlementError),
    #[error("reading blocks: {0}")]
    Source(SourceError),
}

impl BatchPoster {
    /// A poster and what it says of itself.
    pub fn new(parts: Poster, config: PosterConfig) -> (Self, watch::Receiver<PosterStatus>) {
        let Poster {
            client,
            key,
            source,
            tip,
        } = parts;
        let (status, receiver) = watch::channel(PosterStatus::default());
        let poster = Self {
            builder: client.submit_builder(key.pubkey()),
            planner: Planner::new(config.clone()),
            bytes: HashMap::new(),
            uncounted: VecDeque::new(),
            members: None,
            balance_read: None,
            client,
            key,
            source,
            tip,
            config,
            status,
        };
        (poster, receiver)
    }

    /// Posts until it is told to stop. No error ends it; a halt keeps it watching without posting.
    pub async fn run(mut self, shutdown: CancellationToken) {
        tracing::info!(
            poster = %self.key.pubkey(), program = %self.client.program(), rank = self.config.rank, "poster started"
        );
        let mut ticks = tokio::time::interval(self.config.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let round = async {
                ticks.tick().await;
                self.tick().await
            };
            let outcome = tokio::select! {
                () = shutdown.cancelled() => return,
                outcome = round => outcome,
            };
            if let Err(error) = outcome {
                self.count_failure(&error);
            }
            self.status
                .send_modify(|status| status.last_tick = Some(Instant::now()));
        }
    }

    /// One look at the chain, and at most one post.
    async fn tick(&mut self) -> Result<(), TickError> {
        let recent = self.client.sender().recent().await?;
        let account = self.client.rollup_state().await?;
        let tip = *self.tip.borrow_and_update();
        let height = account.state.last.height;
        let local = self.block(height.min(tip))?;
        let chain = self.view(&account, recent, local.as_ref());
        let local = local.map(|block| LocalBlock {
            height: block.header.height,
            state_root: block.state_root,
            roots_acc: block.header.roots_acc,
        });
        let step = self.planner.step(&chain, tip, local);
        for post in &step.landed {
            self.count_later(post.signature);
        }
        for post in &step.expired {
            tracing::warn!(to = post.to, signature = %post.signature, "post expired");
        }
        self.tell(&chain, tip, &step.action, step.expired.len())?;
        self.rebroadcast(&step.rebroadcast).await;
        self.look_for_failures(chain.slot).await?;
        let under_way = self.planner.in_flight();
        self.bytes
            .retain(|signature, _| under_way.iter().any(|post| post.signature == *signature));
        if let Action::Post {
            base,
            preflight,
            attempt,
        } = step.action
        {
            self.post(&account, base, tip, recent, preflight, attempt).await?;
        }
        self.count_landed().await?;
        self.look_at_balance().await
    }

    fn view(&self, account: &RollupAccount, recent: Recent, local: Option<&Settleable>) -> ChainView {
        let state = &account.state;
        ChainView {
            slot: account.observed_slot,
            block_height: recent.last_valid_block_height.saturating_sub(BLOCKHASH_LIFE),
            height: state.last.height,
            roots_acc: state.last.roots_acc,
            root_at_local: local
                .and_then(|block| account.root_at(block.header.height))
                .map(|entry| entry.state_root),
            active: state.active == 1,
            paused: state.paused == 1,
            frozen: state.frozen == 1,
            allowed: account.allows(&self.key.pubkey().to_bytes()),
        }
    }

    /// Posts the blocks after `base`, as many as fit.
    async fn post(
        &mut self,
        account: &RollupAccount,
        base: u64,
        tip: u64,
        recent: Recent,
        preflight: bool,
        attempt: u64,
    ) -> Result<(), TickError> {
        let Some(submission) = self.submission(account, base, tip)? else {
            return Ok(());
        };
        let members = self.members(submission.header.epoch).await?;
        let budget = Budget {
            units: SubmitBuilder::units(members, submission.roots.len(), attempt),
            micro_lamports: self.config.micro_lamports.min(self.config.max_micro_lamports),
        };
        let transaction = self.builder.build(&self.key, &submission, budget, recent)?;
        let slot = account.observed_slot;
        let post = InFlight {
            to: submission.header.height,
            signature: transaction.signatures[0],
            last_valid_block_height: recent.last_valid_block_height,
            signed_at: slot,
            sent_at: slot,
            counted_on: true,
        };
        // A simulation sees only what has landed, so it would refuse a post that builds on another.
        let preflight = preflight && base == account.state.last.height;
        let sent = self.client.sender().send(&transaction, preflight).await;
        tracing::debug!(
            base, to = post.to, roots = submission.roots.len(), signature = %post.signature, preflight,
            ok = sent.is_ok(), "post"
        );
        let refused = sent.err().map(|error| (error.classify(), error));
        // Without an answer it may have arrived all the same.
        let under_way = refused
            .as_ref()
            .is_none_or(|(class, _)| class.verdict == Verdict::Success || class.cause == Cause::Transport);
        if under_way {
            self.planner.sent(post);
            self.bytes.insert(post.signature, transaction);
            self.status.send_modify(|status| status.counters.posts_sent += 1);
        }
        if let Some((class, error)) = refused {
            self.planner.refused(class, slot);
            self.count(class, &error);
        }
        Ok(())
    }

    /// What is to be posted after `base`. Blocks of our own that do not fit together halt the poster.
    fn submission(
        &mut self,
        account: &RollupAccount,
        base: u64,
        tip: u64,
    ) -> Result<Option<Submission>, TickError> {
        let last = &account.state.last;
        let base_acc = if base == last.height {
            last.roots_acc
        } else {
            match self.block(base)? {
                Some(block) => block.header.roots_acc,
                None => return Ok(None),
            }
        };
        let from = base.saturating_add(1);
        let to = tip.min(base.saturating_add(MAX_BLOCKS));
        let blocks = self.source.blocks(from..=to).map_err(TickError::Source)?;
        let certificates = blocks.iter().filter_map(|block| block.certificate.as_ref());
        let longest = certificates.map(Vec::len).max().unwrap_or(0);
        let max_roots = self.builder.max_roots(longest);
        match assemble(base, base_acc, &blocks, max_roots) {
            Ok(submission) => Ok(submission),
            Err(error @ AssembleError::NoCertificate { .. }) => {
                tracing::warn!(%error, "another poster has to bring the chain further");
                self.planner.uncertified(account.observed_slot);
                self.set_phase(PosterPhase::Idle(Idle::NoCertificate));
                Ok(None)
            }
            Err(error) => {
                let halt = self.planner.own_blocks_wrong(from);
                tracing::error!(%error, %halt, "poster halted");
                self.set_phase(PosterPhase::Halted(halt));
                Ok(None)
            }
        }
    }

    fn block(&self, height: u64) -> Result<Option<Settleable>, TickError> {
        if height == 0 {
            return Ok(None);
        }
        let found = self.source.blocks(height..=height).map_err(TickError::Source)?;
        Ok(found
            .into_iter()
            .next()
            .filter(|block| block.header.height == height))
    }

    async fn members(&mut self, epoch: u64) -> Result<usize, TickError> {
        match self.members {
            Some((known, members)) if known == epoch => Ok(members),
            _ => {
                let members = self.client.committee(epoch).await?.members.len();
                self.members = Some((epoch, members));
                Ok(members)
            }
        }
    }

    /// Sends the same bytes again; what comes of it shows in the account.
    async fn rebroadcast(&self, signatures: &[Signature]) {
        for transaction in signatures.iter().filter_map(|s| self.bytes.get(s)) {
            if let Err(error) = self.client.sender().send(transaction, false).await {
                tracing::debug!(%error, "rebroadcast");
            }
        }
    }

    /// Asks for the status of what is under way, only to learn early what failed.
    async fn look_for_failures(&mut self, slot: u64) -> Result<(), TickError> {
        let signatures: Vec<_> = self
            .planner
            .in_flight()
            .iter()
            .map(|post| post.signature)
            .collect();
        if signatures.is_empty() {
            return Ok(());
        }
        for (signature, error) in self.client.failures(&signatures).await? {
            let class = classify_transaction(&error);
            self.planner.failed(&signature, class, slot);
            self.count_later(signature);
            self.count(class, &error);
        }
        Ok(())
    }

    fn count_later(&mut self, signature: Signature) {
        if self.uncounted.len() == MAX_UNCOUNTED {
            self.uncounted.pop_front();
        }
        self.uncounted.push_back((signature, 0));
    }

    /// Now and then: how long the poster's money lasts.
    async fn look_at_balance(&mut self) -> Result<(), TickError> {
        if self
            .balance_read
            .is_some_and(|read| read.elapsed() < BALANCE_PERIOD)
        {
            return Ok(());
        }
        let lamports = self.client.balance(&self.key.pubkey()).await?;
        self.balance_read = Some(Instant::now());
        self.status.send_modify(|status| status.balance = Some(lamports));
        Ok(())
    }

    /// Reads what landed posts cost and did. One round looks at a few, so that a backlog does not hold up posting.
    async fn count_landed(&mut self) -> Result<(), TickError> {
        for _ in 0..self.uncounted.len().min(self.config.max_in_flight) {
            let Some((signature, tries)) = self.uncounted.pop_front() else {
                break;
            };
            match self.client.landed(&signature).await? {
                Some(landed) => self.count_post(&landed),
                None if tries < COUNT_TRIES => self.uncounted.push_back((signature, tries + 1)),
                None => tracing::debug!(%signature, "the node does not know a post that landed"),
            }
        }
        Ok(())
    }

    fn count_post(&self, landed: &Landed) {
        self.status.send_modify(|status| {
            let counters = &mut status.counters;
            counters.lamports_spent = counters.lamports_spent.saturating_add(landed.fee);
            if landed.error.is_none() {
                if landed.accepted().is_some() {
                    counters.posts_accepted += 1;
                    status.units = landed.units;
                    status.verification_units = landed.verification_units;
                } else {
                    counters.posts_noop += 1;
                }
            }
        });
    }

    fn count_failure(&self, error: &TickError) {
        match error {
            TickError::Chain(chain) => self.count(chain.classify(), chain),
            TickError::Source(_) => {
                tracing::warn!(%error, "poster");
                self.count_label("source");
            }
        }
    }

    fn count(&self, class: Classified, error: &dyn std::error::Error) {
        let (cause, verdict) = (class.cause.label(), class.verdict);
        if verdict == Verdict::Halt {
            tracing::error!(cause, %error, "post refused: a person must act");
        } else {
            tracing::warn!(cause, ?verdict, %error, "post");
        }
        self.count_label(cause);
    }

    fn count_label(&self, label: &'static str) {
        self.status.send_modify(|status| {
            *status.counters.failures.entry(label).or_default() += 1;
        });
    }

    fn tell(&self, chain: &ChainView, tip: u64, action: &Action, expired: usize) -> Result<(), TickError> {
        let phase = match *action {
            Action::Post { .. } => PosterPhase::Posting,
            Action::Idle(Idle::UpToDate | Idle::InFlight) => PosterPhase::Posting,
            Action::Idle(idle) => PosterPhase::Idle(idle),
            Action::Halt(halt) => PosterPhase::Halted(halt),
        };
        self.set_phase(phase);
        let made = |height| {
            self.block(height)
                .map(|block| block.map(|block| block.header.timestamp_ms))
        };
        let behind = tip > chain.height;
        let oldest = if behind {
            made(chain.height.saturating_add(1))?
        } else {
            None
        };
        let newest = if behind { made(tip)? } else { None };
        let lag = match (oldest, newest) {
            (Some(oldest), Some(newest)) => newest.saturating_sub(oldest),
            _ => 0,
        };
        let age = oldest.map_or(Duration::ZERO, |made| {
            now().saturating_sub(Duration::from_millis(made))
        });
        self.status.send_modify(|status| {
            status.slot = chain.slot;
            status.chain_height = chain.height;
            status.tip = tip;
            status.in_flight = self.planner.in_flight().len();
            status.oldest_unsettled = age;
            status.lag = Duration::from_millis(lag);
            status.counters.posts_expired += u64::try_from(expired).unwrap_or(u64::MAX);
        });
        Ok(())
    }

    fn set_phase(&self, phase: PosterPhase) {
        let before = self.status.borrow().phase;
        if before == phase {
            return;
        }
        match phase {
            PosterPhase::Halted(halt) => tracing::error!(%halt, "poster halted"),
            _ => tracing::info!(?before, ?phase, "poster"),
        }
        self.status.send_modify(|status| status.phase = phase);
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
}
