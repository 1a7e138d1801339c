//! Back-pressure: while roots get to Solana too slowly, this node's blocks get smaller and its mempool takes less
//! ([ADR 13](../../../docs/adr/0013-back-pressure-by-age.md)).
//!
//! ```text
//!  age of the oldest root that is not on Solana ─▶ share of its room that a node uses
//!       up to `from`   all
//!       up to `full`   less and less
//!       beyond         a tenth, for ever: never nothing
//! ```
//!
//! It is a leader's own affair: others take any valid block, voting goes on as ever, and nothing that waits is thrown out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use hotshot_types::Height;
use store::Store;
use telemetry::Metrics;
use tokio::time::MissedTickBehavior;

use crate::{application::Heads, config, mempool::Mempool, settled::Settled};

/// How often the age is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// All of it, in thousandths.
const ALL: u64 = 1_000;
/// What is always used.
const LEAST: u64 = 100;

/// The part of its room that a node uses: of a block, and of the mempool.
#[derive(Debug)]
pub struct Share(AtomicU64);

impl Default for Share {
    fn default() -> Self {
        Self(AtomicU64::new(ALL))
    }
}

impl Share {
    /// This part of `room`, but never nothing.
    pub fn of(&self, room: usize) -> usize {
        let share = u128::from(self.0.load(Ordering::Relaxed));
        let part = (room as u128).saturating_mul(share) / u128::from(ALL);
        usize::try_from(part).unwrap_or(room).max(1)
    }

    fn set(&self, thousandths: u64) {
        self.0.store(thousandths, Ordering::Relaxed);
    }
}

/// The share at this age, in thousandths: it falls evenly between the two ages of the settings.
fn share_at(limits: &config::Pressure, age: Duration) -> u64 {
    let over = age.saturating_sub(limits.from).as_millis();
    let span = limits.full.saturating_sub(limits.from).as_millis().max(1);
    let lost = u128::from(ALL - LEAST).saturating_mul(over.min(span)) / span;
    ALL.saturating_sub(u64::try_from(lost).unwrap_or(ALL)).max(LEAST)
}

/// Turns ages into shares, and says when it begins and ends.
pub struct Pressure {
    limits: config::Pressure,
    mempool: Arc<Mempool>,
    metrics: Arc<Metrics>,
    begun: bool,
}

impl Pressure {
    /// None yet.
    pub fn new(limits: config::Pressure, mempool: Arc<Mempool>, metrics: Arc<Metrics>) -> Self {
        Self {
            limits,
            mempool,
            metrics,
            begun: false,
        }
    }

    /// The oldest root that is not on Solana is this old.
    pub fn feel(&mut self, age: Duration) {
        let share = share_at(&self.limits, age);
        self.mempool.share().set(share);
        self.metrics.settlement_lag.set(age);
        self.metrics.settlement_pressure.set(ALL.saturating_sub(share));
        let begins = share < ALL;
        if begins != self.begun {
            self.begun = begins;
            let age_seconds = age.as_secs();
            if begins {
                tracing::warn!(
                    age_seconds,
                    "roots get to Solana too slowly: this node's blocks get smaller"
                );
            } else {
                tracing::info!(
                    age_seconds,
                    "roots get to Solana again: this node's blocks are as large as ever"
                );
            }
        }
    }
}

/// Age of the oldest decided block whose root is not known to be on Solana. Before Solana was first read, it is not known how far
/// the roots have got; the time that it cannot be read counts all the same.
pub fn age(store: &Store, settled: &Settled, heads: &Heads, started: Instant) -> Duration {
    let (seen, tip) = (settled.view(), heads.newest().header.height);
    if seen.height >= tip {
        return Duration::ZERO;
    }
    if seen.slot == 0 {
        return started.elapsed();
    }
    let oldest = store.header(Height::new(seen.height.saturating_add(1)));
    let made = oldest
        .ok()
        .flatten()
        .map(|header| Duration::from_millis(header.timestamp_ms));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    made.map_or(Duration::ZERO, |made| now.saturating_sub(made))
}

/// Looks at the age, for ever.
pub async fn watch(
    mut pressure: Pressure,
    store: Store,
    settled: Arc<Settled>,
    heads: Heads,
    started: Instant,
) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        pressure.feel(age(&store, &settled, &heads, started));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_falls_evenly_and_never_to_nothing() {
        let limits = config::Pressure {
            from: Duration::from_secs(100),
            full: Duration::from_secs(1_000),
        };
        let cases = [
            (0, 1_000),
            (100, 1_000),
            (101, 999),
            (200, 900),
            (550, 550),
            (1_000, 100),
            (u64::MAX / 2_000, 100),
        ];
        for (seconds, share) in cases {
            assert_eq!(
                share_at(&limits, Duration::from_secs(seconds)),
                share,
                "{seconds} s"
            );
        }
        let share = Share::default();
        assert_eq!(
            [share.of(0), share.of(1_000), share.of(usize::MAX)],
            [1, 1_000, usize::MAX]
        );
        share.set(LEAST);
        assert_eq!([share.of(1), share.of(1_000), share.of(65_536)], [1, 100, 6_553]);
    }
}
