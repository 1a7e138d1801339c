//! What this node knows of Solana: how far the roots have got, and whether they are its own.
//!
//! A node that posts hears it from its poster. One that does not looks at the program's account itself, now and then: each
//! validator must notice a root that is not its own.

use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use assetvm::Validator;
use batch_poster::{
    BlockSource, Certificate, Halt as PosterHalt, Idle, PosterPhase, PosterStatus, Settleable, SourceError,
};
use hotshot_types::{Epoch, Height, bls::hash_to_curve};
use rollup_abi::{Digest, instruction::RegisterMember, vote::possession_digest};
use settlement::{RollupAccount, RollupClient, Testimony};
use store::Store;
use telemetry::{Metrics, metrics::PostOutcome};
use tokio::sync::watch;

use crate::{
    application::{Heads, key_of},
    halt::{Divergence, Halt},
    rpc::types::SettlementView,
};

/// How often a node that does not post looks at the program's account.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Observations kept: at one a slot, half an hour. For what is older the oldest one is still true.
const MAX_OBSERVATIONS: usize = 4_096;

/// Settlement as this node has seen it.
#[derive(Debug)]
pub struct Settled {
    posting: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// `(height, slot)`: in this slot, the program held this height. Both grow.
    observations: VecDeque<(u64, u64)>,
    poster: String,
    posts: u64,
    compute_units: u64,
}

impl Settled {
    /// Nothing seen yet.
    pub fn new(posting: bool) -> Self {
        let poster = if posting { "starting" } else { "off" }.to_owned();
        Self {
            posting,
            inner: Mutex::new(Inner {
                poster,
                ..Inner::default()
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("nothing panics while it holds the observations")
    }

    /// The program held `height` in `slot`.
    pub fn observe(&self, height: u64, slot: u64) {
        let mut inner = self.lock();
        if inner
            .observations
            .back()
            .is_some_and(|(newest, _)| *newest >= height)
        {
            return;
        }
        if inner.observations.len() >= MAX_OBSERVATIONS {
            inner.observations.pop_front();
        }
        inner.observations.push_back((height, slot));
    }

    /// A slot in which the program held this height or a later one, the earliest that is known.
    pub fn slot_of(&self, height: u64) -> Option<u64> {
        let inner = self.lock();
        let first = inner.observations.partition_point(|(held, _)| *held < height);
        inner.observations.get(first).map(|(_, slot)| *slot)
    }

    /// Newest height seen on Solana.
    pub fn height(&self) -> u64 {
        self.lock().observations.back().map_or(0, |(height, _)| *height)
    }

    /// For `asset_status`.
    pub fn view(&self) -> SettlementView {
        let inner = self.lock();
        let (height, slot) = inner.observations.back().copied().unwrap_or((0, 0));
        SettlementView {
            posting: self.posting,
            poster: inner.poster.clone(),
            height,
            slot,
            posts: inner.posts,
            compute_units: inner.compute_units,
        }
    }

    fn take(&self, status: &PosterStatus) {
        if status.slot != 0 {
            self.observe(status.chain_height, status.slot);
        }
        let mut inner = self.lock();
        inner.poster = phase_text(&status.phase);
        inner.posts = status.counters.posts_accepted;
        inner.compute_units = status.verification_units.unwrap_or(inner.compute_units);
    }
}

/// A poster's phase as people read it.
pub fn phase_text(phase: &PosterPhase) -> String {
    match phase {
        PosterPhase::Starting => "starting".into(),
        PosterPhase::Posting => "posting".into(),
        PosterPhase::Idle(Idle::Program(mismatch)) => format!("waits: {mismatch}"),
        PosterPhase::Idle(idle) => format!("idle: {idle:?}"),
        PosterPhase::Halted(halt) => format!("halted: {halt}"),
    }
}

/// The poster's view of the store. A block gets into the store only after this node has executed it and found the header's
/// root to be its own, so the header's root is the computed one.
#[derive(Clone)]
pub struct StoreSource(pub Store);

impl BlockSource for StoreSource {
    fn blocks(&self, heights: RangeInclusive<u64>) -> Result<Vec<Settleable>, SourceError> {
        let mut blocks = Vec::new();
        for height in heights {
            let Some(header) = self.0.header(Height::new(height))? else {
                break;
            };
            let certificate = self
                .0
                .certificate(Height::new(height))?
                .map(|certificate| Certificate {
                    view: certificate.data().view.get(),
                    wire: certificate.to_wire(),
                });
            let state_root = header.state_root;
            blocks.push(Settleable {
                header,
                certificate,
                state_root,
            });
        }
        Ok(blocks)
    }

    fn committee(&self, epoch: u64) -> Result<Option<Vec<RegisterMember>>, SourceError> {
        let (genesis, validators) = (self.0.header(Height::ZERO)?, self.0.committee(Epoch::new(epoch))?);
        let registrations = genesis.zip(validators).map(|(genesis, validators)| {
            let registration = |validator: &Validator| registration(&genesis.chain_id, epoch, validator);
            validators.iter().map(registration).collect()
        });
        Ok(registrations)
    }
}

/// A member of an epoch's committee as it registers on Solana.
fn registration(chain_id: &Digest, epoch: u64, validator: &Validator) -> RegisterMember {
    let (key, owner) = (key_of(validator), *validator.node.as_bytes());
    let (pk1, pk2) = (*key.pk1(), *key.pk2());
    RegisterMember {
        epoch,
        owner,
        stake: validator.stake,
        signature: validator.possession,
        ctr: hash_to_curve(&possession_digest(chain_id, &owner, &pk1, &pk2)).ctr(),
        pk1,
        pk2,
    }
}

/// Follows the poster: settlement, metrics, and the stop switch.
pub async fn follow_poster(
    mut status: watch::Receiver<PosterStatus>,
    settled: Arc<Settled>,
    metrics: Arc<Metrics>,
    halt: Halt,
) {
    loop {
        let now = status.borrow_and_update().clone();
        settled.take(&now);
        let counters = &now.counters;
        let failures: u64 = counters.failures.values().sum();
        metrics
            .posts
            .raise_to(PostOutcome::Accepted, counters.posts_accepted);
        metrics.posts.raise_to(PostOutcome::Noop, counters.posts_noop);
        metrics
            .posts
            .raise_to(PostOutcome::Expired, counters.posts_expired);
        metrics.posts.raise_to(PostOutcome::Failed, failures);
        metrics.posts_sent.raise_to(counters.posts_sent);
        metrics.lamports_spent.raise_to(counters.lamports_spent);
        metrics.poster_balance.set(now.balance.unwrap_or(0));
        metrics.poster_runway.set(now.runway.unwrap_or_default());
        metrics.poster_price.set(now.price);
        metrics.settled_height.set(settled.height());
        metrics.settled_slot.set(settled.view().slot);
        metrics.settlement_lag_blocks.set(now.lag_blocks());
        let wrong_program = matches!(now.phase, PosterPhase::Idle(Idle::Program(_)));
        metrics.poster_wrong_program.set(wrong_program.into());
        if let Some(units) = now.verification_units {
            metrics.verification_compute_units.set(units);
        }
        match now.phase {
            PosterPhase::Halted(reason @ (PosterHalt::Diverged { .. } | PosterHalt::Frozen { .. })) => {
                metrics.root_divergence.set(1);
                halt.trip(Divergence::Settled {
                    reason: reason.to_string(),
                });
            }
            PosterPhase::Halted(_) | PosterPhase::Starting | PosterPhase::Posting | PosterPhase::Idle(_) => {}
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

/// Looks at the program's account for a node that does not post, for ever.
pub async fn look(
    client: RollupClient,
    store: Store,
    heads: Heads,
    settled: Arc<Settled>,
    metrics: Arc<Metrics>,
    halt: Halt,
) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let account = match client.rollup_state().await {
            Ok(account) => account,
            Err(error) => {
                tracing::debug!(%error, "Solana cannot be read");
                continue;
            }
        };
        let head = heads.newest();
        let tip = &head.header;
        let height = account.state.last.height;
        settled.observe(height, account.observed_slot);
        metrics.settled_height.set(height);
        metrics.settled_slot.set(settled.view().slot);
        metrics
            .settlement_lag_blocks
            .set(tip.height.saturating_sub(height));
        let Some(reason) = contradiction(&store, &account, tip.height) else {
            continue;
        };
        let shows = |other: &RollupAccount| contradiction(&store, other, tip.height).is_some();
        if let Testimony::Confirmed = client.testimony(shows).await {
            metrics.root_divergence.set(1);
            halt.trip(Divergence::Settled { reason });
        }
    }
}

/// In what the program's account and this node's blocks up to `tip` differ.
fn contradiction(store: &Store, account: &RollupAccount, tip: u64) -> Option<String> {
    let height = account.state.last.height.min(tip);
    let on_chain = account.root_at(height)?.state_root;
    let header = match store.header(Height::new(height)) {
        Ok(header) => header?,
        Err(error) => {
            tracing::error!(%error, height, "own block cannot be read");
            return None;
        }
    };
    let (theirs, ours) = (hex::encode(on_chain), hex::encode(header.state_root));
    (theirs != ours).then(|| format!("root at height {height} is {theirs} on chain, {ours} here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_known_slot_is_given() {
        let settled = Settled::new(false);
        assert_eq!((settled.slot_of(1), settled.height()), (None, 0));
        for (height, slot) in [(4, 100), (4, 101), (9, 102), (7, 103)] {
            settled.observe(height, slot);
        }
        let slots: Vec<_> = [1, 4, 5, 9, 10].map(|height| settled.slot_of(height)).into();
        assert_eq!(slots, [Some(100), Some(100), Some(102), Some(102), None]);
        assert_eq!(settled.height(), 9);
    }

    #[test]
    fn observations_are_bounded_and_old_heights_stay_settled() {
        let settled = Settled::new(true);
        let end = u64::try_from(MAX_OBSERVATIONS).expect("small") + 10;
        (1..=end).for_each(|n| settled.observe(n, n + 1_000));
        assert_eq!(settled.lock().observations.len(), MAX_OBSERVATIONS);
        assert_eq!(settled.slot_of(1), Some(1_011), "the oldest that is still known");
    }

    #[tokio::test]
    async fn a_divergence_that_the_poster_sees_stops_signing_and_nothing_else_does() {
        let (status, receiver) = watch::channel(PosterStatus::default());
        let (settled, metrics, halt) = (
            Arc::new(Settled::new(true)),
            Arc::new(Metrics::new()),
            Halt::default(),
        );
        let follower = follow_poster(receiver, Arc::clone(&settled), Arc::clone(&metrics), halt.clone());
        let report = |phase| PosterStatus {
            phase,
            slot: 40,
            chain_height: 7,
            ..PosterStatus::default()
        };
        let tell = async {
            status.send_replace(report(PosterPhase::Halted(PosterHalt::OwnBlocks { from: 8 })));
            while settled.height() != 7 {
                tokio::task::yield_now().await;
            }
            assert_eq!(
                halt.reason(),
                None,
                "a poster that cannot post is not a divergence"
            );
            let diverged = PosterHalt::Diverged {
                height: 7,
                on_chain: [1; 32],
                local: [2; 32],
            };
            status.send_replace(report(PosterPhase::Halted(diverged)));
            halt.tripped().await
        };
        let reason = tokio::select! {
            reason = tell => reason.to_string(),
            () = follower => panic!("it follows for as long as there is a poster"),
        };
        assert!(reason.contains("height 7") && reason.contains("0202"), "{reason}");
        assert_eq!((metrics.root_divergence.get(), settled.slot_of(7)), (1, Some(40)));
    }
}
