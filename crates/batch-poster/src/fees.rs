//! What a post may cost: the price by age, the purse by the hour, and how long the money lasts.

use std::collections::VecDeque;
use std::time::Duration;

use rollup_abi::MAX_MEMBERS;
use settlement::{Budget, SubmitBuilder};

/// More roots than fit into a post.
const MOST_ROOTS: usize = 32;
const HOUR: Duration = Duration::from_secs(3_600);
/// Part of an hour's money that a new process starts with: one that is restarted over and over cannot spend much.
const AT_START: u128 = 10;
/// Samples of what was spent; with one each few seconds they reach back some minutes.
const MAX_SAMPLES: usize = 120;

/// Price of a compute unit in micro-lamports: the higher of the floor and what others pay, doubled once the oldest
/// unsettled block is `patience` old, and again each time its age doubles, but never above the cap.
pub(crate) fn price(floor: u64, cap: u64, others: u64, age: Duration, patience: Duration) -> u64 {
    let waits = age.as_nanos().checked_div(patience.as_nanos()).unwrap_or(0);
    let doublings = waits.checked_ilog2().map_or(0, |log| log.saturating_add(1));
    let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
    floor.max(others).saturating_mul(factor).min(cap)
}

/// Least money of an hour with which a new process can pay for the dearest post at this price of a compute unit.
pub(crate) fn least_per_hour(micro_lamports: u64) -> u64 {
    let dearest = Budget {
        units: SubmitBuilder::units(MAX_MEMBERS, MOST_ROOTS, u64::MAX),
        micro_lamports,
    };
    let least = u128::from(dearest.fee()).saturating_mul(AT_START);
    u64::try_from(least).unwrap_or(u64::MAX)
}

/// What may be spent. It fills evenly with time, and holds an hour's money at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purse {
    per_hour: u64,
    /// Lamports times nanoseconds of an hour, so that no filling is lost to rounding.
    level: u128,
    filled: Duration,
}

impl Purse {
    /// At the process's start, the clock's zero.
    pub(crate) fn new(per_hour: u64) -> Self {
        Self {
            per_hour,
            level: u128::from(per_hour) * HOUR.as_nanos() / AT_START,
            filled: Duration::ZERO,
        }
    }

    /// Takes `lamports` out, if they are there.
    pub(crate) fn take(&mut self, lamports: u64, now: Duration) -> bool {
        self.fill(now);
        let left = self.level.checked_sub(cost(lamports));
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }

    /// Puts back what was taken and not spent.
    pub(crate) fn put_back(&mut self, lamports: u64) {
        self.level = self.level.saturating_add(cost(lamports)).min(cost(self.per_hour));
    }

    fn fill(&mut self, now: Duration) {
        let since = now.saturating_sub(self.filled).min(HOUR).as_nanos();
        self.filled = self.filled.max(now);
        let gained = u128::from(self.per_hour) * since;
        self.level = self.level.saturating_add(gained).min(cost(self.per_hour));
    }
}

fn cost(lamports: u64) -> u128 {
    u128::from(lamports) * HOUR.as_nanos()
}

/// How long a balance lasts at the rate at which it was spent lately.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runway(VecDeque<(Duration, u64)>);

impl Runway {
    /// `spent` lamports since the start.
    pub(crate) fn sample(&mut self, now: Duration, spent: u64) {
        if self.0.len() == MAX_SAMPLES {
            self.0.pop_front();
        }
        self.0.push_back((now, spent));
    }

    /// `None` while nothing is spent.
    pub(crate) fn left(&self, balance: u64) -> Option<Duration> {
        let ((from, before), (to, after)) = (self.0.front()?, self.0.back()?);
        let spent = after.checked_sub(*before).filter(|spent| *spent > 0)?;
        let elapsed = to.saturating_sub(*from).as_secs();
        let seconds = u128::from(elapsed) * u128::from(balance) / u128::from(spent);
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_price_climbs_with_age_from_what_others_pay_to_the_cap() {
        let at = |others, age| price(10, 1_000, others, SECOND * age, SECOND * 2);
        let ladder = [0, 1, 2, 3, 4, 7, 8, 16, 1_000_000].map(|age| at(0, age));
        assert_eq!(ladder, [10, 10, 20, 20, 40, 40, 80, 160, 1_000]);
        assert_eq!([at(50, 0), at(50, 2), at(5_000, 0)], [50, 100, 1_000]);
        assert_eq!(price(10, 1_000, 0, SECOND, Duration::ZERO), 10, "no ladder");
    }

    #[test]
    fn the_purse_starts_small_and_fills_to_an_hours_money() {
        let mut purse = Purse::new(36_000);
        assert!(!purse.take(3_601, Duration::ZERO));
        assert!(purse.take(3_600, Duration::ZERO));
        assert!(!purse.take(11, SECOND));
        assert!(purse.take(10, SECOND));
        assert!(!purse.take(36_001, HOUR * 50), "it holds no more");
        assert!(purse.take(36_000, HOUR * 50));
        purse.put_back(50_000);
        assert!(!purse.take(36_001, HOUR * 50));
    }

    #[test]
    fn the_least_hours_money_pays_for_a_post_at_once() {
        for price in [0, 1_000, 100_000, 1_000_000_000] {
            let least = least_per_hour(price);
            let dearest = Budget {
                units: SubmitBuilder::units(128, 18, 1_023),
                micro_lamports: price,
            };
            assert!(Purse::new(least).take(dearest.fee(), Duration::ZERO), "{price}");
            let half = Purse::new(least / 2).take(dearest.fee(), Duration::ZERO);
            assert!(!half, "it is not far too much, {price}");
        }
    }

    #[test]
    fn runway_is_balance_over_rate() {
        let mut runway = Runway::default();
        assert_eq!(runway.left(5), None);
        runway.sample(Duration::ZERO, 100);
        runway.sample(SECOND * 10, 100);
        assert_eq!(runway.left(5), None, "nothing is spent");
        runway.sample(SECOND * 20, 300);
        assert_eq!(runway.left(1_000), Some(SECOND * 100));
        for n in 0..1_000u32 {
            runway.sample(SECOND * (20 + n), 300 + u64::from(n));
        }
        assert_eq!(runway.left(7), Some(SECOND * 7), "the latest rate");
        assert_eq!(runway.0.len(), MAX_SAMPLES);
    }

    proptest! {
        /// In any hour no more goes out than an hour's money, and what the purse held when it began.
        #[test]
        fn no_hour_costs_more_than_twice_its_money(
            takes in proptest::collection::vec((0..600u64, 0..20_000u64), 1..200),
        ) {
            let per_hour = 100_000;
            let mut purse = Purse::new(per_hour);
            let (mut now, mut taken) = (Duration::ZERO, Vec::new());
            for (wait, lamports) in takes {
                now += SECOND * u32::try_from(wait).unwrap();
                if purse.take(lamports, now) {
                    taken.push((now, lamports));
                }
            }
            for (from, _) in &taken {
                let hour = taken.iter().filter(|(at, _)| at >= from && *at < *from + HOUR);
                let spent: u64 = hour.map(|(_, lamports)| lamports).sum();
                prop_assert!(spent <= 2 * per_hour, "{spent}");
            }
        }
    }
}
