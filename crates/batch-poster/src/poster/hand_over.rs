//! From one committee to the next: staged ahead of the epoch's end, handed over to after it.
//!
//! Staging is many transactions, so it runs beside posting. Whoever is on duty does it, unless another has; the others would do
//! it when their turn comes, so nothing waits for one of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rollup_abi::instruction::RegisterMember;
use rollup_abi::{Digest, committee::committee_hash};
use settlement::{Keypair, Pubkey, RollupAccount, RollupClient, SettlementError, Signer, committee_address};
use tokio::task::JoinSet;

use super::{BatchPoster, TickError};
use crate::planner::ChainView;

/// Pause after a failure to stage; it doubles up to [`MAX_PAUSE`].
const PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// Longest that staging may take: a hundred members are some fifty transactions, one after the other.
const PATIENCE: Duration = Duration::from_secs(300);
/// Lamports that a transaction of one signature costs.
const SIGNATURE_FEE: u64 = 5_000;

/// What is staged, or being staged.
#[derive(Debug, Default)]
pub(super) struct Stager {
    /// The epoch whose committee is on chain, as far as this process knows.
    ready: Option<u64>,
    /// At most one: a stop ends it.
    task: JoinSet<Result<Done, SettlementError>>,
    began: Option<Instant>,
    failures: u32,
    not_before: Option<Instant>,
}

#[derive(Debug)]
struct Done {
    epoch: u64,
    /// Whether it was this poster that staged it.
    own: bool,
}

impl BatchPoster {
    /// Has the next committee staged in good time, if that is this poster's part.
    pub(super) fn prepare(&mut self, account: &RollupAccount, chain: &ChainView) -> Result<(), TickError> {
        if self.stager.began.is_some_and(|at| at.elapsed() > PATIENCE) {
            self.stager.task.abort_all();
        }
        self.conclude_staging();
        if self.planner.prepares(chain) {
            self.stage(account)?;
        }
        Ok(())
    }

    /// Lets the next committee take over, once somebody has staged it.
    pub(super) async fn hand_over(&mut self, account: &RollupAccount) -> Result<(), TickError> {
        let Some(hash) = account.awaited() else {
            return Ok(());
        };
        let place = self.place(account);
        let Some(next) = place.find(&hash).await? else {
            // What was thought to be ready is not the one that is awaited, or gone.
            self.stager.ready = None;
            return Ok(());
        };
        if let Err(error) = self.client.hand_over(&self.key, &next).await {
            self.planner.refused(error.classify(), account.observed_slot);
            return Err(error.into());
        }
        tracing::info!(epoch = place.epoch, committee = %next, "the next committee has taken over");
        self.status.send_modify(|status| status.counters.hand_overs += 1);
        Ok(())
    }

    fn conclude_staging(&mut self) {
        let Some(ended) = self.stager.task.try_join_next() else {
            return;
        };
        self.stager.began = None;
        let error = match ended {
            Ok(Ok(Done { epoch, own })) => {
                tracing::info!(epoch, own, "the next committee is staged");
                self.stager.ready = Some(epoch);
                (self.stager.failures, self.stager.not_before) = (0, None);
                self.status
                    .send_modify(|status| status.counters.committees_staged += u64::from(own));
                return;
            }
            Ok(Err(error)) => TickError::Chain(error),
            Err(died) => TickError::Source(died.into()),
        };
        let pause = PAUSE
            .saturating_mul(1 << self.stager.failures.min(6))
            .min(MAX_PAUSE);
        self.stager.failures = self.stager.failures.saturating_add(1);
        self.stager.not_before = Some(Instant::now() + pause);
        self.count_failure(&error);
    }

    fn stage(&mut self, account: &RollupAccount) -> Result<(), TickError> {
        let place = self.place(account);
        let early = self.stager.not_before.is_some_and(|at| Instant::now() < at);
        if self.stager.ready == Some(place.epoch) || !self.stager.task.is_empty() || early {
            return Ok(());
        }
        let Some(members) = self.source.committee(place.epoch).map_err(TickError::Source)? else {
            return Ok(());
        };
        let transactions = u64::try_from(members.len()).unwrap_or(u64::MAX).saturating_add(3);
        let fees = SIGNATURE_FEE.saturating_mul(transactions);
        if self.purse.take(fees, self.started.elapsed()) {
            self.stager.task.spawn(place.stage(members));
            self.stager.began = Some(Instant::now());
        }
        Ok(())
    }

    /// Where the committee after the one that certifies is to be.
    fn place(&self, account: &RollupAccount) -> Place {
        let listed = account.state.posters.iter().filter(|poster| **poster != [0; 32]);
        Place {
            client: self.client.clone(),
            key: Arc::clone(&self.key),
            epoch: account.state.epoch.saturating_add(1),
            listed: listed.map(|poster| Pubkey::new_from_array(*poster)).collect(),
        }
    }
}

/// Where a committee is staged and looked for: each poster has an address of its own for it.
struct Place {
    client: RollupClient,
    key: Arc<Keypair>,
    epoch: u64,
    listed: Vec<Pubkey>,
}

impl Place {
    /// The sealed committee with this hash, whoever of the posters staged it.
    async fn find(&self, hash: &Digest) -> Result<Option<Pubkey>, SettlementError> {
        let own = self.key.pubkey();
        let others = self.listed.iter().filter(|poster| **poster != own);
        for stager in std::iter::once(&own).chain(others) {
            let address = committee_address(&self.client.program(), self.epoch, stager);
            match self.client.committee(&address).await {
                Ok(found) if found.state.sealed == 1 && found.state.hash == *hash => {
                    return Ok(Some(address));
                }
                Ok(_) | Err(SettlementError::AccountMissing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Stages it, unless somebody has. The rent of the one before the one that certifies comes back.
    async fn stage(self, members: Vec<RegisterMember>) -> Result<Done, SettlementError> {
        let epoch = self.epoch;
        let digests = members.iter().map(|m| (&m.pk2, m.stake, &m.owner));
        let hash = committee_hash(epoch, digests);
        if let Some(over) = epoch.checked_sub(2)
            && let Err(error) = self.give_up(over).await
        {
            tracing::warn!(epoch = over, %error, "a committee that is over keeps its rent");
        }
        if self.find(&hash).await?.is_some() {
            return Ok(Done { epoch, own: false });
        }
        let staged = self.client.stage_committee(&self.key, &members).await;
        if let Err(SettlementError::CommitteeDiffers { .. }) = &staged {
            self.give_up(epoch).await?;
        }
        staged.map(|_| Done { epoch, own: true })
    }

    /// Closes this poster's committee of an epoch, if there is one.
    async fn give_up(&self, epoch: u64) -> Result<(), SettlementError> {
        let address = committee_address(&self.client.program(), epoch, &self.key.pubkey());
        match self.client.committee(&address).await {
            Ok(_) => self.client.close_committee(&self.key, epoch).await,
            Err(SettlementError::AccountMissing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
