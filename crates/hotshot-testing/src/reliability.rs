//! Links: what they lose, delay and repeat. Different delays reorder.

use std::{fmt, time::Duration};

use rand::Rng;

use crate::SimRng;

/// How a network treats one message.
pub trait NetworkReliability: fmt::Debug + Send + Sync {
    /// Whether it arrives at all.
    fn sample_keep(&self, now: Duration, rng: &mut SimRng) -> bool;
    /// How long a copy of it takes.
    fn sample_delay(&self, now: Duration, rng: &mut SimRng) -> Duration;
    /// How many copies of it arrive.
    fn sample_repeat(&self, _rng: &mut SimRng) -> u32 {
        1
    }
}

/// A delay between two bounds, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DelayMs {
    /// Shortest.
    pub low: u64,
    /// Longest.
    pub high: u64,
}

impl DelayMs {
    /// Draws one, in steps of a microsecond, so that two messages hardly ever tie.
    pub fn sample(self, rng: &mut SimRng) -> Duration {
        Duration::from_micros(rng.gen_range(self.low * 1_000..=self.high * 1_000))
    }
}

/// A chance of `numerator` in `denominator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// So many
    pub numerator: u32,
    /// of these.
    pub denominator: u32,
}

/// Everything arrives, at once: within a millisecond.
#[derive(Clone, Copy, Debug)]
pub struct PerfectNetwork;

impl NetworkReliability for PerfectNetwork {
    fn sample_keep(&self, _: Duration, _: &mut SimRng) -> bool {
        true
    }

    fn sample_delay(&self, _: Duration, rng: &mut SimRng) -> Duration {
        DelayMs { low: 0, high: 1 }.sample(rng)
    }
}

/// Everything arrives, within known bounds.
#[derive(Clone, Copy, Debug)]
pub struct SynchronousNetwork {
    /// The bounds.
    pub delay: DelayMs,
}

impl NetworkReliability for SynchronousNetwork {
    fn sample_keep(&self, _: Duration, _: &mut SimRng) -> bool {
        true
    }

    fn sample_delay(&self, _: Duration, rng: &mut SimRng) -> Duration {
        self.delay.sample(rng)
    }
}

/// Some messages never arrive.
#[derive(Clone, Copy, Debug)]
pub struct AsynchronousNetwork {
    /// How many arrive.
    pub keep: Chance,
    /// The bounds of those that do.
    pub delay: DelayMs,
}

impl NetworkReliability for AsynchronousNetwork {
    fn sample_keep(&self, _: Duration, rng: &mut SimRng) -> bool {
        rng.gen_ratio(self.keep.numerator, self.keep.denominator)
    }

    fn sample_delay(&self, _: Duration, rng: &mut SimRng) -> Duration {
        self.delay.sample(rng)
    }
}

/// Asynchronous up to the global stabilisation time, then synchronous.
#[derive(Clone, Copy, Debug)]
pub struct PartiallySynchronousNetwork {
    /// Before.
    pub asynchronous: AsynchronousNetwork,
    /// After.
    pub synchronous: SynchronousNetwork,
    /// When.
    pub gst: Duration,
}

impl NetworkReliability for PartiallySynchronousNetwork {
    fn sample_keep(&self, now: Duration, rng: &mut SimRng) -> bool {
        now >= self.gst || self.asynchronous.sample_keep(now, rng)
    }

    fn sample_delay(&self, now: Duration, rng: &mut SimRng) -> Duration {
        if now >= self.gst {
            self.synchronous.sample_delay(now, rng)
        } else {
            // Whatever was sent before arrives at the latest a bound after it.
            let latest = self.gst.saturating_sub(now) + Duration::from_millis(self.synchronous.delay.high);
            self.asynchronous.sample_delay(now, rng).min(latest)
        }
    }
}

/// Messages are lost, late, reordered and repeated.
#[derive(Clone, Copy, Debug)]
pub struct ChaosNetwork {
    /// How many arrive.
    pub keep: Chance,
    /// The bounds of those that do.
    pub delay: DelayMs,
    /// Fewest copies.
    pub repeat_low: u32,
    /// Most copies.
    pub repeat_high: u32,
}

impl NetworkReliability for ChaosNetwork {
    fn sample_keep(&self, _: Duration, rng: &mut SimRng) -> bool {
        rng.gen_ratio(self.keep.numerator, self.keep.denominator)
    }

    fn sample_delay(&self, _: Duration, rng: &mut SimRng) -> Duration {
        self.delay.sample(rng)
    }

    fn sample_repeat(&self, rng: &mut SimRng) -> u32 {
        rng.gen_range(self.repeat_low..=self.repeat_high)
    }
}
