//! A call's fate: drawn from the seed, the method and the call's number, and from nothing else.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rollup_abi::sha256;

use crate::PerMille;

/// Draws for one call.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, method: &str, number: u64) -> Self {
        Self(ChaCha8Rng::from_seed(sha256(&[
            &seed.to_le_bytes(),
            &number.to_le_bytes(),
            method.as_bytes(),
        ])))
    }

    /// Whether something of this frequency happens. Each question costs one draw, whatever the answer.
    pub(crate) fn strikes(&mut self, often: PerMille) -> bool {
        self.0.gen_range(0..1_000) < often.0
    }

    /// Some part of `most`.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.0.gen_range(0.0..=1.0))
    }

    /// One of `count` things, which are at least one.
    pub(crate) fn one_of(&mut self, count: usize) -> usize {
        self.0.gen_range(0..count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fate_depends_on_seed_method_and_number_alone() {
        let draw = |seed, method, number| Dice::new(seed, method, number).one_of(1 << 30);
        assert_eq!(draw(1, "getSlot", 2), draw(1, "getSlot", 2));
        assert_ne!(draw(1, "getSlot", 2), draw(2, "getSlot", 2));
        assert_ne!(draw(1, "getSlot", 2), draw(1, "getSlot", 3));
        assert_ne!(draw(1, "getSlot", 2), draw(1, "getBalance", 2));
    }

    #[test]
    fn never_and_always_are_meant() {
        let mut dice = Dice::new(7, "getSlot", 0);
        assert!((0..2_000).all(|_| !dice.strikes(PerMille(0)) && dice.strikes(PerMille(1_000))));
    }
}
