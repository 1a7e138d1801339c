//! What would halt the poster for good is asked of the other endpoints first: one may lie.

use settlement::{Recent, RollupAccount, Testimony};

use super::{BatchPoster, TickError};
use crate::planner::{LocalBlock, diverged};
use crate::{Idle, PosterPhase, Settleable};

impl BatchPoster {
    /// The account to go by: the one that was read, or, if other endpoints contradict it, theirs. `None` while it is not known.
    pub(super) async fn corroborated(
        &self,
        account: RollupAccount,
        recent: Recent,
        tip: u64,
    ) -> Result<Option<RollupAccount>, TickError> {
        if self.planner.is_halted() || !self.would_halt(&account, recent, tip)? {
            return Ok(Some(account));
        }
        let shows = |other: &RollupAccount| self.would_halt(other, recent, tip).unwrap_or(true);
        match self.client.testimony(shows).await {
            Testimony::Confirmed => Ok(Some(account)),
            Testimony::Refuted(other) => Ok(Some(*other)),
            Testimony::Open => {
                self.set_phase(PosterPhase::Idle(Idle::Doubt));
                Ok(None)
            }
        }
    }

    fn would_halt(&self, account: &RollupAccount, recent: Recent, tip: u64) -> Result<bool, TickError> {
        let local = self.block(account.state.last.height.min(tip))?;
        let chain = self.view(account, recent, local.as_ref(), None);
        Ok(diverged(&chain, local.as_ref().map(LocalBlock::of)).is_some())
    }
}

impl LocalBlock {
    pub(super) fn of(block: &Settleable) -> Self {
        Self {
            height: block.header.height,
            state_root: block.state_root,
            roots_acc: block.header.roots_acc,
        }
    }
}
