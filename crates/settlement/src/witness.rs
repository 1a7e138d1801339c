//! What the other endpoints say when one shows what must not be: another root than this node's, or a frozen rollup.
//!
//! ```text
//!  a reading shows it ─▶ every endpoint is asked for itself ─▶ more show it than deny it ─▶ it is so
//!                                                          ├▶ otherwise: those that show it are put last for a while, loudly
//!                                                          └▶ nobody else answers: it is not known yet
//! ```
//!
//! One endpoint alone is believed: there is nobody else to ask. One that is behind denies what it has not seen yet; the next reading
//! that shows it asks again.

use futures::future::join_all;

use crate::{RollupAccount, RollupClient};

/// What the endpoints say of what one of them showed.
#[derive(Clone, Debug)]
pub enum Testimony {
    /// It is so: more show it than deny it, or there is only one endpoint.
    Confirmed,
    /// It is not so; this is what one that denies it reads.
    Refuted(Box<RollupAccount>),
    /// Nobody else answers.
    Open,
}

impl RollupClient {
    /// Asks each endpoint for the rollup's account. `shows` says whether a reading shows it, too.
    pub async fn testimony(&self, shows: impl Fn(&RollupAccount) -> bool) -> Testimony {
        let endpoints = self.endpoints();
        if endpoints.len() < 2 {
            return Testimony::Confirmed;
        }
        let readings = join_all((0..endpoints.len()).map(|index| self.rollup_state_at(index))).await;
        let (mut showing, mut denial) = (Vec::new(), None);
        let mut denials = 0usize;
        for (index, reading) in readings.into_iter().enumerate() {
            match reading {
                Ok(account) if shows(&account) => showing.push(index),
                Ok(account) => {
                    denials = denials.saturating_add(1);
                    denial = Some(account);
                }
                Err(error) => tracing::warn!(index, %error, "an endpoint cannot testify"),
            }
        }
        match denial {
            Some(account) if denials >= showing.len() => {
                for index in showing {
                    endpoints.distrust(index);
                    tracing::error!(
                        endpoint = endpoints.name(index),
                        slot = account.observed_slot,
                        "this endpoint contradicts the others: it is asked last for a while"
                    );
                }
                Testimony::Refuted(Box::new(account))
            }
            None if showing.len() < 2 => Testimony::Open,
            _ => Testimony::Confirmed,
        }
    }
}
