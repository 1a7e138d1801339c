//! What a poster says of itself, and what its posts cost.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use settlement::{Classified, Landed, Signature, Signer, Verdict};

use super::{BatchPoster, TickError};
use crate::planner::{Action, ChainView};
use crate::{Idle, PosterPhase};

/// Landed posts whose cost is not known yet; beyond, the oldest is not counted.
const MAX_UNCOUNTED: usize = 64;
/// Looks at a landed post before its cost is given up: the node may not know it yet, or no longer.
const COUNT_TRIES: u32 = 8;
/// How often the poster's balance is read, and what others pay.
const FUNDS_PERIOD: Duration = Duration::from_secs(5);

impl BatchPoster {
    pub(super) fn count_later(&mut self, signature: Signature) {
        if self.uncounted.len() == MAX_UNCOUNTED {
            self.uncounted.pop_front();
        }
        self.uncounted.push_back((signature, 0));
    }

    /// Now and then: how long the poster's money lasts, and what others pay.
    pub(super) async fn look_at_funds(&mut self) -> Result<(), TickError> {
        if self.funds_read.is_some_and(|read| read.elapsed() < FUNDS_PERIOD) {
            return Ok(());
        }
        self.funds_read = Some(Instant::now());
        let balance = self.client.balance(&self.key.pubkey()).await?;
        let spent = self.status.borrow().counters.lamports_spent;
        self.runway.sample(self.started.elapsed(), spent);
        let runway = self.runway.left(balance);
        let alert = self.config.runway_alert;
        let short = |runway: Option<Duration>| runway.is_some_and(|left| left < alert);
        if short(runway) && !short(self.status.borrow().runway) {
            tracing::error!(balance, ?runway, poster = %self.key.pubkey(), "the poster's money runs out: fund it");
        }
        self.status.send_modify(|status| {
            status.balance = Some(balance);
            status.runway = runway;
        });
        self.others_pay = self.client.recent_price().await?;
        Ok(())
    }

    /// Reads what landed posts cost and did. One round looks at a few, so that a backlog does not hold up posting.
    pub(super) async fn count_landed(&mut self) -> Result<(), TickError> {
        for _ in 0..self.uncounted.len().min(self.config.max_in_flight) {
            let Some((signature, tries)) = self.uncounted.pop_front() else {
                break;
            };
            let landed = self.client.landed(&signature).await;
            if landed.is_err() {
                self.uncounted.push_front((signature, tries));
            }
            match landed? {
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

    pub(super) fn count_failure(&self, error: &TickError) {
        match error {
            TickError::Chain(chain) => self.count(chain.classify(), chain),
            TickError::Source(_) => {
                tracing::warn!(%error, "poster");
                self.count_label("source");
            }
        }
    }

    pub(super) fn count(&self, class: Classified, error: &dyn std::error::Error) {
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

    pub(super) fn tell(&self, chain: &ChainView, tip: u64, action: &Action) -> Result<(), TickError> {
        let phase = match *action {
            Action::Post { .. } | Action::HandOver => PosterPhase::Posting,
            Action::Idle(Idle::UpToDate | Idle::InFlight) => PosterPhase::Posting,
            Action::Idle(idle) => PosterPhase::Idle(idle),
            Action::Halt(halt) => PosterPhase::Halted(halt),
        };
        self.set_phase(phase);
        self.tell_age(chain.height, tip)?;
        self.status.send_modify(|status| {
            status.slot = chain.slot;
            status.chain_height = chain.height;
            status.in_flight = self.planner.in_flight().len();
        });
        Ok(())
    }

    /// While the chain cannot be read, what is not known to be on it grows older all the same.
    pub(super) fn tell_age_meanwhile(&self) {
        let (slot, height) = {
            let status = self.status.borrow();
            (status.slot, status.chain_height)
        };
        if slot == 0 {
            return;
        }
        let tip = *self.tip.borrow();
        if let Err(error) = self.tell_age(height, tip) {
            self.count_failure(&error);
        }
    }

    fn tell_age(&self, height: u64, tip: u64) -> Result<(), TickError> {
        let made = |height| {
            self.block(height)
                .map(|block| block.map(|block| block.header.timestamp_ms))
        };
        let behind = tip > height;
        let oldest = if behind {
            made(height.saturating_add(1))?
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
            status.tip = tip;
            status.oldest_unsettled = age;
            status.lag = Duration::from_millis(lag);
        });
        Ok(())
    }

    pub(super) fn set_phase(&self, phase: PosterPhase) {
        let before = self.status.borrow().phase;
        if before == phase {
            return;
        }
        match phase {
            PosterPhase::Halted(halt) => tracing::error!(%halt, "poster halted"),
            PosterPhase::Idle(Idle::Program(mismatch)) => {
                tracing::error!(%mismatch, "nothing is posted until the program is the one that this binary knows");
            }
            PosterPhase::Idle(Idle::Doubt) => {
                tracing::error!("one endpoint shows what would halt this poster, and no other answers");
            }
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
