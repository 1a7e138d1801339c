//! Time.

use std::{
    future::Future,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Monotonic time since the engine's start, and the wall clock.
pub trait Clock: Send + Sync + 'static {
    /// Time since this clock was made.
    fn now(&self) -> Duration;

    /// Milliseconds since 1970.
    fn wall_ms(&self) -> u64;

    /// Completes at `deadline` (by [`Clock::now`]).
    fn sleep_until(&self, deadline: Duration) -> impl Future<Output = ()> + Send;
}

/// The system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep_until(&self, deadline: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep_until((self.start + deadline).into())
    }
}
