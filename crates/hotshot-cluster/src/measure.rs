//! Clocks and quantiles for benches.

use std::{fs, time::Duration};

use nix::time::{ClockId, clock_gettime};

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock).expect("Linux has this clock");
    time.into()
}

/// CPU time of all threads of this process.
pub fn cpu() -> Duration {
    read(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// Monotonic time since the machine's start: the same for all processes.
pub fn monotonic() -> Duration {
    read(ClockId::CLOCK_MONOTONIC)
}

/// CPU time that all processes of the machine have used since its start, in steps of a tick.
///
/// # Panics
///
/// Where there is no `/proc/stat`.
pub fn machine_cpu() -> Duration {
    /// `USER_HZ`, which Linux shows to every program.
    const TICKS: u64 = 100;
    let stat = fs::read_to_string("/proc/stat").expect("Linux has /proc/stat");
    let fields = stat.lines().next().unwrap_or_default().split_whitespace();
    // cpu user nice system idle iowait irq softirq steal
    let busy = fields
        .skip(1)
        .take(7)
        .enumerate()
        .filter(|(place, _)| !matches!(place, 3 | 4));
    let ticks: u64 = busy.filter_map(|(_, field)| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A machine in one line, for the head of a table.
pub fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = cpuinfo.lines().filter_map(|line| {
        let (name, model) = line.split_once(':')?;
        (name.trim() == "model name").then(|| model.trim())
    });
    let models: Vec<&str> = models.collect();
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let model = models.first().unwrap_or(&"unknown CPU");
    format!("{} x {model}; {profile} profile", models.len())
}

/// A sample's quantiles.
#[derive(Clone, Debug, Default)]
pub struct Sample(Vec<Duration>);

impl FromIterator<Duration> for Sample {
    fn from_iter<I: IntoIterator<Item = Duration>>(values: I) -> Self {
        let mut values: Vec<Duration> = values.into_iter().collect();
        values.sort_unstable();
        Self(values)
    }
}

impl Sample {
    /// The value that `percent` of the sample do not exceed, in milliseconds; NaN without a sample.
    pub fn ms(&self, percent: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0
            .get(last * percent.min(100) / 100)
            .map_or(f64::NAN, |value| value.as_secs_f64() * 1e3)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles() {
        let sample: Sample = (0..=100).rev().map(Duration::from_millis).collect();
        let cases = [(0, 0.0), (50, 50.0), (95, 95.0), (100, 100.0)];
        for (percent, expected) in cases {
            assert!((sample.ms(percent) - expected).abs() < 1e-9, "{percent}");
        }
        assert!(Sample::default().ms(50).is_nan());
    }

    #[test]
    fn clocks_run() {
        let (cpu_before, machine_before, before) = (cpu(), machine_cpu(), monotonic());
        while cpu() < cpu_before + Duration::from_millis(50) {
            std::hint::black_box(fixed_work());
        }
        assert!(monotonic() >= before + Duration::from_millis(50) / 2);
        assert!(machine_cpu() > machine_before);
    }

    fn fixed_work() -> u64 {
        (0..1000u64).fold(0, |sum, n| sum.wrapping_mul(31).wrapping_add(n))
    }
}
