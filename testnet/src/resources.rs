//! What the validators use of the machine, sampled while something else goes on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use crate::load::Clock;
use crate::node::Nodes;
use crate::scrape::Scrape;

/// How often.
const EVERY: Duration = Duration::from_secs(1);
/// Samples that are kept of each validator: an hour and more.
const MAX_SAMPLES: usize = 4_096;

/// One validator at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Seconds since the sampling began.
    pub at: f64,
    /// Processor time since its process started, seconds.
    pub cpu_seconds: f64,
    /// Memory in RAM, MiB.
    pub resident_mib: f64,
    /// Size of its data, MiB.
    pub disk_mib: f64,
    /// The deepest chain that it executed and gave up, blocks.
    pub reorg_depth: u64,
    /// Views that it gave up.
    pub timeouts: u64,
}

/// A task that samples. It ends with it.
#[derive(Debug)]
pub struct Sampler {
    samples: Arc<Mutex<Vec<Vec<Sample>>>>,
    _task: AbortOnDropHandle<()>,
}

impl Sampler {
    /// Starts.
    pub fn start(nodes: Nodes) -> Self {
        let samples = Arc::new(Mutex::new(vec![Vec::new(); nodes.len()]));
        let task = tokio::spawn(sample(nodes, Arc::clone(&samples)));
        Self {
            samples,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// The samples of each validator. Held for moments only, never across an await.
    pub fn samples(&self) -> MutexGuard<'_, Vec<Vec<Sample>>> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Processor time between the first and the last sample, in percent of one processor.
pub fn cpu_percent(samples: &[Sample]) -> f64 {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return 0.0;
    };
    let elapsed = last.at - first.at;
    if elapsed > 0.0 {
        100.0 * (last.cpu_seconds - first.cpu_seconds) / elapsed
    } else {
        0.0
    }
}

/// To three places, which JSON gives back exactly.
pub(crate) fn thousandth(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn mib(bytes: f64) -> f64 {
    thousandth(bytes / f64::from(1u32 << 20))
}

async fn sample(nodes: Nodes, samples: Arc<Mutex<Vec<Vec<Sample>>>>) {
    let (clock, start) = (Clock::start(), Clock::start().now());
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let scrapes = nodes.iter().map(|node| Scrape::of(node.health()));
        let scrapes = futures::future::join_all(scrapes).await;
        let at = thousandth(clock.now().saturating_sub(start).as_secs_f64());
        let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
        for (of, scrape) in samples.iter_mut().zip(scrapes) {
            if let Some(scrape) = scrape.ok().filter(|_| of.len() < MAX_SAMPLES) {
                of.push(Sample {
                    at,
                    cpu_seconds: thousandth(scrape.get("process_cpu_seconds_total").unwrap_or(0.0)),
                    resident_mib: mib(scrape.get("process_resident_bytes").unwrap_or(0.0)),
                    disk_mib: mib(scrape.get("store_size_bytes").unwrap_or(0.0)),
                    reorg_depth: scrape.count("reorg_depth_blocks"),
                    timeouts: scrape.count("view_timeouts_total"),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_a_rate() {
        let sample = |at, cpu_seconds| Sample {
            at,
            cpu_seconds,
            ..Sample::default()
        };
        assert_eq!(cpu_percent(&[]), 0.0);
        assert_eq!(cpu_percent(&[sample(1.0, 9.0)]), 0.0);
        assert_eq!(
            cpu_percent(&[sample(1.0, 9.0), sample(3.0, 9.5), sample(5.0, 10.0)]),
            25.0
        );
    }
}
