//! The new protocol's `safety` and `liveness` in whole networks.

use std::time::Duration;

use hotshot_testing::{Behaviour, DelayMs, Equivocator, Parts, SynchronousNetwork, TestBuilder};

const SECOND: Duration = Duration::from_secs(1);

/// N2 conflicting_quorums_cannot_both_reach_threshold (B1): links so slow that views are given up while votes of both phases
/// are still on their way, and a leader that proposes two blocks.
#[test]
fn conflicting_quorums_cannot_both_reach_threshold() {
    TestBuilder::new("conflicting_quorums_cannot_both_reach_threshold", 4)
        .network(SynchronousNetwork {
            delay: DelayMs { low: 0, high: 400 },
        })
        .behaviour(|member| match member {
            0 => Behaviour::byzantine(Equivocator::default()),
            _ => Behaviour::Standard,
        })
        .heals(10 * SECOND, 5, 30 * SECOND)
        .seeds(40)
        .check();
}

/// Views are given up and certified at the same time: late second votes of a view after a timeout in it.
#[test]
fn late_votes_after_timeouts() {
    TestBuilder::new("late_votes_after_timeouts", 5)
        .network(SynchronousNetwork {
            delay: DelayMs { low: 50, high: 250 },
        })
        .parts(Parts::rough())
        .heals(10 * SECOND, 5, 30 * SECOND)
        .seeds(20)
        .check();
}
