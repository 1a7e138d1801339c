//! Which member holds which shards, and how many of them recover a payload.
//!
//! Shards go by stake. Let the stakes divided by their greatest common divisor be `wᵢ`. If they add up to at most
//! [`MAX_SHARDS`], member `i` has `wᵢ` shards; otherwise it has ⌈[`SCALE`]·sᵢ/W⌉, which adds up to at most [`SCALE`] and one per
//! member. Then
//!
//! ```text
//! k = min { shards of M : M ⊆ members, stake of M ≥ ⌈W/3⌉ }
//! ```
//!
//! so that ⌈W/3⌉ of the stake always recovers, and no larger `k` could promise that. The minimum is a knapsack: the most stake
//! that members with at most `j` shards hold, for every `j`; `k` is the first `j` that holds ⌈W/3⌉. Whoever has more than
//! `k` shards keeps `k` of them: one payload's worth. That changes no minimum, because a set with such a member has `k`.
//!
//! How large `k` is: a set `M` with a third of the stake has `Σ wᵢ ≥ (Σ all w)/3` shards in the first case, and
//! `Σ ⌈SCALE·sᵢ/W⌉ ≥ SCALE/3` in the second. So `k ≥ n/3`, or `n/k ≤ 3·(1 + members/SCALE)`, which is 3.43 for 128 members.

use std::{iter, ops::Range};

use rollup_abi::MAX_MEMBERS;

use super::MAX_SHARDS;
use crate::Committee;

/// What stakes without a small common measure are scaled to, before rounding up.
pub const SCALE: usize = MAX_SHARDS - MAX_MEMBERS;

/// How a committee's payloads are cut and dealt. A committee has one: [`Committee::layout`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    k: usize,
    /// Member `i` holds `bounds[i]..bounds[i + 1]`.
    bounds: Vec<usize>,
}

impl Layout {
    /// The layout of a committee; a function of its stakes alone.
    pub fn of(committee: &Committee) -> Self {
        let stakes = committee.members().iter().map(|member| member.stake.get());
        let stakes: Vec<u64> = stakes.collect();
        let total = committee.total_stake().get();
        let shards = by_stake(&stakes, total);
        let k = fewest(&stakes, &shards, total.div_ceil(3));
        let ends = shards.iter().scan(0, |end, count| {
            *end += count.min(&k);
            Some(*end)
        });
        let bounds = iter::once(0).chain(ends).collect();
        Self { k, bounds }
    }

    /// Shards that recover a payload: the data shards.
    pub fn k(&self) -> usize {
        self.k
    }

    /// All shards: data, then parity.
    pub fn n(&self) -> usize {
        *self.bounds.last().expect("begins with 0")
    }

    /// The shards of a member; never empty, never more than `k`. `None` beyond the committee.
    pub fn range(&self, member: usize) -> Option<Range<usize>> {
        Some(*self.bounds.get(member)?..*self.bounds.get(member + 1)?)
    }

    /// The member whose first shard this is.
    pub fn member_at(&self, first: usize) -> Option<usize> {
        let member = self.bounds.binary_search(&first).ok()?;
        (first < self.n()).then_some(member)
    }
}

/// The members' shards before they are cut to `k`: at least one each, at most [`MAX_SHARDS`] together.
fn by_stake(stakes: &[u64], total: u64) -> Vec<usize> {
    let measure = stakes.iter().copied().fold(0, gcd);
    let scaled = |stake: &u64| {
        if total / measure <= MAX_SHARDS as u64 {
            u128::from(stake / measure)
        } else {
            (u128::from(*stake) * SCALE as u128).div_ceil(u128::from(total))
        }
    };
    let shards = stakes.iter().map(scaled);
    shards
        .map(|count| usize::try_from(count).expect("at most MAX_SHARDS"))
        .collect()
}

/// The fewest shards that members with at least `target` stake hold together.
fn fewest(stakes: &[u64], shards: &[usize], target: u64) -> usize {
    let all: usize = shards.iter().sum();
    // most[j]: the most stake that members with at most j shards together hold.
    let mut most = vec![0u64; all + 1];
    for (stake, count) in stakes.iter().zip(shards) {
        for j in (*count..=all).rev() {
            most[j] = most[j].max(most[j - count] + stake);
        }
    }
    most.partition_point(|stake| *stake < target)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
