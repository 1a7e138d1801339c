//! The shell around the planner: reads the chain, signs, sends, tells.

mod doubt;
mod gate;
mod hand_over;
mod tell;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use settlement::{
    Budget, Cause, Keypair, KnownProgram, ProgramMismatch, Recent, RollupAccount, RollupClient,
    SettlementError, Signature, Signer, Submission, SubmitBuilder, Transaction, Verdict,
    classify_transaction,
};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use gate::Gate;
use hand_over::Stager;

use crate::fees::{self, Purse, Runway};
use crate::planner::{Action, ChainView, InFlight, LocalBlock, Planner};
use crate::{
    AssembleError, Base, BlockSource, Idle, PosterConfig, PosterControl, PosterPhase, PosterStatus,
    Settleable, SourceError, assemble,
};

/// Blocks that a blockhash lives.
const BLOCKHASH_LIFE: u64 = 150;
/// Most blocks read for one post; more roots never fit into a transaction.
const MAX_BLOCKS: u64 = 32;
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
    /// The program that it posts to, and no other.
    pub program: KnownProgram,
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
    gate: Gate,
    /// What is under way: its bytes, to send them again, and what it costs at most.
    sent: HashMap<Signature, Sent>,
    uncounted: VecDeque<(Signature, u32)>,
    /// Members of the committee of an epoch, once read.
    members: Option<(u64, usize)>,
    stager: Stager,
    started: Instant,
    /// When balance and fees were read last.
    funds_read: Option<Instant>,
    purse: Purse,
    runway: Runway,
    /// What others lately paid for the rollup's account, in micro-lamports per compute unit.
    others_pay: u64,
    control: PosterControl,
    status: watch::Sender<PosterStatus>,
}

/// A post under way.
struct Sent {
    transaction: Transaction,
    fee: u64,
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
            program,
        } = parts;
        let (status, receiver) = watch::channel(PosterStatus::default());
        let poster = Self {
            builder: client.submit_builder(key.pubkey()),
            planner: Planner::new(config.clone()),
            gate: Gate::new(program),
            sent: HashMap::new(),
            uncounted: VecDeque::new(),
            members: None,
            stager: Stager::default(),
            started: Instant::now(),
            funds_read: None,
            purse: Purse::new(config.lamports_per_hour),
            runway: Runway::default(),
            others_pay: 0,
            control: PosterControl::default(),
            client,
            key,
            source,
            tip,
            config,
            status,
        };
        (poster, receiver)
    }

    /// What this poster is told by.
    pub fn control(&self) -> PosterControl {
        self.control.clone()
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
                self.tell_age_meanwhile();
            }
            self.status
                .send_modify(|status| status.last_tick = Some(Instant::now()));
        }
    }

    /// One look at the chain, and the posts that follow from it.
    async fn tick(&mut self) -> Result<(), TickError> {
        self.planner.order(self.control.orders());
        let recent = self.client.sender().recent().await?;
        let (account, deployed_in) = tokio::try_join!(self.client.rollup_state(), self.client.deployed_in())?;
        let tip = *self.tip.borrow_and_update();
        let Some(account) = self.corroborated(account, recent, tip).await? else {
            return Ok(());
        };
        let program = self.gate.check(&self.client, deployed_in, &account).await?;
        let local = self.block(account.state.last.height.min(tip))?;
        let chain = self.view(&account, recent, local.as_ref(), program);
        let local = local.as_ref().map(LocalBlock::of);
        let step = self.planner.step(&chain, tip, local);
        for post in &step.landed {
            self.count_later(post.signature);
        }
        for post in &step.expired {
            self.give_up(post);
        }
        self.tell(&chain, tip, &step.action)?;
        self.rebroadcast(&step.rebroadcast).await;
        if let Err(error) = self.look_for_failures(chain.slot).await {
            self.count_failure(&error);
        }
        match step.action {
            Action::HandOver => self.hand_over(&account).await?,
            action => self.post_all(&account, &chain, tip, recent, action).await?,
        }
        self.prepare(&account, &chain)?;
        let under_way = self.planner.in_flight();
        self.sent
            .retain(|signature, _| under_way.iter().any(|post| post.signature == *signature));
        self.count_landed().await?;
        self.look_at_funds().await
    }

    /// What the planner wants posted, one after the other; each builds on the one before.
    async fn post_all(
        &mut self,
        account: &RollupAccount,
        chain: &ChainView,
        tip: u64,
        recent: Recent,
        mut action: Action,
    ) -> Result<(), TickError> {
        for _ in 0..self.config.burst {
            let Action::Post {
                base,
                preflight,
                attempt,
            } = action
            else {
                break;
            };
            if !self.post(account, base, tip, recent, preflight, attempt).await? {
                break;
            }
            action = self.planner.decide(chain, tip);
        }
        Ok(())
    }

    fn view(
        &self,
        account: &RollupAccount,
        recent: Recent,
        local: Option<&Settleable>,
        program: Option<ProgramMismatch>,
    ) -> ChainView {
        let state = &account.state;
        ChainView {
            slot: account.observed_slot,
            block_height: recent.last_valid_block_height.saturating_sub(BLOCKHASH_LIFE),
            height: state.last.height,
            epoch: state.epoch,
            ended: account.awaited().is_some(),
            roots_acc: state.last.roots_acc,
            root_at_local: local
                .and_then(|block| account.root_at(block.header.height))
                .map(|entry| entry.state_root),
            active: state.active == 1,
            paused: state.paused == 1,
            frozen: state.frozen == 1,
            allowed: account.allows(&self.key.pubkey().to_bytes()),
            program,
        }
    }

    /// Posts the blocks after `base`, as many as fit, and says whether that went well.
    async fn post(
        &mut self,
        account: &RollupAccount,
        base: u64,
        tip: u64,
        recent: Recent,
        preflight: bool,
        attempt: u64,
    ) -> Result<bool, TickError> {
        let Some(submission) = self.submission(account, base, tip)? else {
            return Ok(false);
        };
        let members = self.members(account).await?;
        let budget = Budget {
            units: SubmitBuilder::units(members, submission.roots.len(), attempt),
            micro_lamports: self.price(),
        };
        if !self.purse.take(budget.fee(), self.started.elapsed()) {
            self.set_phase(PosterPhase::Idle(Idle::Spent));
            return Ok(false);
        }
        let committee = account.committee();
        let transaction = self
            .builder
            .build(&self.key, &committee, &submission, budget, recent)?;
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
        let fee = budget.fee();
        if under_way {
            self.planner.sent(post);
            self.sent.insert(post.signature, Sent { transaction, fee });
            self.status.send_modify(|status| {
                status.counters.posts_sent += 1;
                status.price = budget.micro_lamports;
            });
        } else {
            self.purse.put_back(fee);
        }
        let Some((class, error)) = refused else {
            return Ok(true);
        };
        self.planner.refused(class, slot);
        self.count(class, &error);
        Ok(false)
    }

    fn price(&self) -> u64 {
        let config = &self.config;
        fees::price(
            config.micro_lamports,
            config.max_micro_lamports,
            self.others_pay,
            self.status.borrow().oldest_unsettled,
            config.patience,
        )
    }

    /// A post that can no longer land costs nothing.
    fn give_up(&mut self, post: &InFlight) {
        tracing::warn!(to = post.to, signature = %post.signature, "post expired");
        let fee = self.sent.remove(&post.signature).map_or(0, |sent| sent.fee);
        self.purse.put_back(fee);
        self.status
            .send_modify(|status| status.counters.posts_expired += 1);
    }

    /// What is to be posted after `base`. Blocks of our own that do not fit together halt the poster.
    fn submission(
        &mut self,
        account: &RollupAccount,
        base: u64,
        tip: u64,
    ) -> Result<Option<Submission>, TickError> {
        let last = &account.state.last;
        let roots_acc = if base == last.height {
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
        let longest = certificates.map(|certificate| certificate.wire.len()).max();
        let max_roots = self.builder.max_roots(longest.unwrap_or(0));
        let base = Base {
            height: base,
            roots_acc,
            epoch: account.state.epoch,
        };
        match assemble(base, &blocks, max_roots) {
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

    async fn members(&mut self, account: &RollupAccount) -> Result<usize, TickError> {
        let epoch = account.state.epoch;
        match self.members {
            Some((known, members)) if known == epoch => Ok(members),
            _ => {
                let members = self.client.committee(&account.committee()).await?.members.len();
                self.members = Some((epoch, members));
                Ok(members)
            }
        }
    }

    /// Sends the same bytes again; what comes of it shows in the account.
    async fn rebroadcast(&self, signatures: &[Signature]) {
        for sent in signatures.iter().filter_map(|s| self.sent.get(s)) {
            if let Err(error) = self.client.sender().send(&sent.transaction, false).await {
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
}
