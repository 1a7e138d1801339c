//! The new protocol's `safety` and `liveness` in whole networks.

use std::time::Duration;

use hotshot_testing::{
    AsynchronousNetwork, Behaviour, Chance, DelayMs, Equivocator, Parts, Silent, SynchronousNetwork,
    TestBuilder,
};

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

/// Whoever is alone in a view brings the others in, though it has restarted since it heard why the view began: one member
/// is silent, so nothing goes on without it.
#[test]
fn who_restarts_ahead_of_the_others_brings_them_along() {
    let crashing = Parts {
        crash: 0.05,
        restart_after: DelayMs { low: 0, high: 400 },
        ..Parts::rough()
    };
    TestBuilder::new("who_restarts_ahead_of_the_others_brings_them_along", 4)
        .network(AsynchronousNetwork {
            keep: Chance {
                numerator: 7,
                denominator: 10,
            },
            delay: DelayMs { low: 0, high: 30 },
        })
        .behaviour(|member| match member {
            0 => Behaviour::byzantine(Silent { kinds: &[] }),
            _ => Behaviour::Standard,
        })
        .parts(crashing)
        .partitions(SECOND / 2, 3)
        .heals(4 * SECOND, 5, 30 * SECOND)
        .seeds(30)
        .check();
}
