//! Who leads when: a cycle of turns, by stake, spread evenly.
//!
//! A member's turns are as far apart as its stake allows, not drawn one by one: so a dead leader's views do not come in
//! runs, and members of equal stake lead once in each round. A seed shifts the members against each other; without one,
//! members of equal stake lead in committee order.
//!
//! A seed that somebody can choose among a few (the last leader of an epoch can) changes the order of turns in a later
//! epoch, never how many a member has.

use rollup_abi::{Digest, domain, sha256};

/// Most turns in a cycle, unless there are more members. Beyond, stakes are rounded to this scale, and nobody gets none.
const MAX_TURNS: u64 = 1024;

/// The cycle of member indices.
pub(super) fn turns(stakes: &[u64], seed: Option<&Digest>) -> Vec<u16> {
    let counts = counts(stakes);
    let mut turns: Vec<(u128, u16)> = Vec::new();
    for (index, count) in (0u16..).zip(counts) {
        // The j-th of a member's `count` turns is at (j + offset) / count, in units of 2⁻⁶⁴.
        let offset = offset(seed, index, stakes.len());
        turns.extend((0..count).map(|j| {
            let place = (u128::from(j) << 64 | u128::from(offset)) / u128::from(count);
            (place, index)
        }));
    }
    turns.sort_unstable();
    turns.into_iter().map(|(_, index)| index).collect()
}

/// Turns of each member in a cycle: its stake in lowest terms, or on the scale of [`MAX_TURNS`].
fn counts(stakes: &[u64]) -> Vec<u64> {
    let unit = stakes.iter().copied().fold(0, gcd).max(1);
    let total: u128 = stakes.iter().map(|stake| u128::from(*stake)).sum();
    if total / u128::from(unit) <= u128::from(MAX_TURNS) {
        return stakes.iter().map(|stake| stake / unit).collect();
    }
    let scaled = |stake: &u64| {
        let count = u128::from(*stake) * u128::from(MAX_TURNS) / total;
        u64::try_from(count).expect("at most MAX_TURNS").max(1)
    };
    stakes.iter().map(scaled).collect()
}

/// Where a member's first turn lies in its share of the cycle, in units of 2⁻⁶⁴.
fn offset(seed: Option<&Digest>, index: u16, members: usize) -> u64 {
    match seed {
        Some(seed) => {
            let drawn = sha256(&[domain::LEADER, seed, &index.to_le_bytes()]);
            u64::from_le_bytes(drawn[..8].try_into().expect("a digest is longer"))
        }
        None => (u64::MAX / members as u64) * u64::from(index),
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_stakes_take_turns_in_order() {
        assert_eq!(turns(&[5; 4], None), [0, 1, 2, 3]);
        assert_eq!(turns(&[1], None), [0]);
        let seeded = turns(&[5; 4], Some(&[1; 32]));
        let mut sorted = seeded.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3]);
        assert_ne!(
            seeded,
            turns(&[5; 4], Some(&[2; 32])),
            "another seed, another order"
        );
    }

    #[test]
    fn turns_by_stake() {
        assert_eq!(turns(&[1, 2, 1], None).len(), 4);
        let many = turns(&[u64::MAX / 2, 1, u64::MAX / 4], Some(&[3; 32]));
        let count = |index| many.iter().filter(|turn| **turn == index).count();
        assert_eq!((count(0), count(1), count(2)), (682, 1, 341));
    }

    proptest! {
        /// In a cycle everybody leads, by stake to one turn in a thousand, and nobody waits longer than twice its share.
        #[test]
        fn fair(stakes in prop::collection::vec(1u64..1_000_000, 1..20), seed: [u8; 32]) {
            let turns = turns(&stakes, Some(&seed));
            let total: u64 = stakes.iter().sum();
            for (index, stake) in (0u16..).zip(&stakes) {
                let own: Vec<usize> = (0..turns.len()).filter(|at| turns[*at] == index).collect();
                let share = *stake as f64 / total as f64 * turns.len() as f64;
                prop_assert!((own.len() as f64 - share).abs() <= 2.0, "{} turns for a share of {share}", own.len());
                let longest = own.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
                let even = turns.len() / own.len();
                prop_assert!(longest <= 2 * even + stakes.len(), "waits {longest}, evenly {even}");
            }
        }
    }
}
