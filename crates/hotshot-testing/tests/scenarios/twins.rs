//! Twins: one member's key on two machines, which HotShot has handlers for and no scenario.

use std::time::Duration;

use hotshot_testing::{Behaviour, Chance, ChaosNetwork, DelayMs, Parts, TestBuilder};

const SECOND: Duration = Duration::from_secs(1);

fn twins(name: &str, nodes: usize, twins: usize) -> TestBuilder {
    TestBuilder::new(name, nodes)
        .behaviour(move |member| match member {
            _ if member < twins => Behaviour::ByzantineTwins,
            _ => Behaviour::Standard,
        })
        .network(ChaosNetwork {
            keep: Chance {
                numerator: 9,
                denominator: 10,
            },
            delay: DelayMs { low: 0, high: 80 },
            repeat_low: 1,
            repeat_high: 2,
        })
        .parts(Parts::rough())
        .heals(5 * SECOND, 5, 30 * SECOND)
}

/// The two machines hear different halves of the network.
#[test]
fn a_twin_cannot_break_agreement() {
    twins("a_twin_cannot_break_agreement", 4, 1)
        .partitions(SECOND / 2, 2)
        .seeds(40)
        .check();
}

/// f pairs of twins.
#[test]
fn f_twins_cannot_break_agreement() {
    twins("f_twins_cannot_break_agreement", 7, 2)
        .partitions(SECOND / 2, 2)
        .seeds(12)
        .check();
}

/// No partition: both machines hear everything, and both speak.
#[test]
fn twins_in_one_room() {
    twins("twins_in_one_room", 4, 1).seeds(10).check();
}
