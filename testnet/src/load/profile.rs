//! What is offered when: arrivals as independent users make them, drawn from a seed.

use std::time::Duration;

use rand::Rng;

/// A pattern of traffic.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Payments at one rate
    #[default]
    Steady,
    /// Payments at a rate that grows from nothing to twice the given one
    Ramp,
    /// Payments in bursts: a second in four at two and a half times the rate, else at half of it
    Burst,
    /// Payments of which nine in ten are to one account, and half are from one
    HotAccount,
    /// Calls of a program that divides what it is paid
    Programs,
    /// Payments, and for each one something that must be refused: forged, foreign, spent, repeated, cut off, or unpayable
    Adversarial,
}

/// Length of one burst and the calm after it.
const CYCLE: f64 = 4.0;
/// Part of a cycle that is burst.
const BURST: f64 = 1.0;
/// The rate in a burst, and in the calm; their mean over a cycle is one.
const HIGH: f64 = 2.5;
const LOW: f64 = 0.5;

impl Profile {
    /// The rate at a moment, as a multiple of the mean one.
    fn intensity(self, at: f64, length: f64) -> f64 {
        match self {
            Self::Ramp => 2.0 * at / length,
            Self::Burst if at % CYCLE < BURST => HIGH,
            Self::Burst => LOW,
            Self::Steady | Self::HotAccount | Self::Programs | Self::Adversarial => 1.0,
        }
    }

    /// The rate that [`Profile::intensity`] never exceeds.
    fn peak(self) -> f64 {
        match self {
            Self::Ramp => 2.0,
            Self::Burst => HIGH,
            Self::Steady | Self::HotAccount | Self::Programs | Self::Adversarial => 1.0,
        }
    }

    /// The moments of arrivals: a Poisson process with this profile's rate, thinned from one with its peak rate.
    pub fn arrivals(self, tps: u32, length: Duration, rng: &mut impl Rng) -> Vec<Duration> {
        let (length, peak) = (length.as_secs_f64(), self.peak());
        let mut at = 0.0;
        let mut arrivals = Vec::new();
        loop {
            // In (0, 1], so that the logarithm is finite.
            let uniform = 1.0 - rng.r#gen::<f64>();
            at -= uniform.ln() / (f64::from(tps) * peak);
            if at >= length {
                return arrivals;
            }
            if rng.r#gen::<f64>() * peak < self.intensity(at, length) {
                arrivals.push(Duration::from_secs_f64(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    const LENGTH: Duration = Duration::from_secs(40);

    fn arrivals(profile: Profile, seed: u64) -> Vec<Duration> {
        profile.arrivals(500, LENGTH, &mut StdRng::seed_from_u64(seed))
    }

    #[test]
    fn every_profile_has_the_mean_rate_and_follows_its_seed() {
        for profile in Profile::value_variants() {
            let all = arrivals(*profile, 7);
            // A standard deviation of 20,000 arrivals is 141.
            assert!(
                (19_300..20_700).contains(&all.len()),
                "{profile:?}: {}",
                all.len()
            );
            assert!(all.is_sorted() && all.last().unwrap() < &LENGTH, "{profile:?}");
            assert_eq!(all, arrivals(*profile, 7), "{profile:?}");
            assert_ne!(all, arrivals(*profile, 8), "{profile:?}");
        }
    }

    #[test]
    fn ramps_grow_and_bursts_burst() {
        let within = |all: &[Duration], from: u64, to: u64| {
            let range = Duration::from_secs(from)..Duration::from_secs(to);
            all.iter().filter(|at| range.contains(*at)).count() as f64
        };
        let ramp = arrivals(Profile::Ramp, 1);
        let (first, last) = (within(&ramp, 0, 10), within(&ramp, 30, 40));
        assert!(last > 5.0 * first, "{first} {last}");
        let burst = arrivals(Profile::Burst, 1);
        let (high, calm) = (within(&burst, 4, 5), within(&burst, 5, 8) / 3.0);
        assert!(high > 4.0 * calm, "{high} {calm}");
    }
}
