//! Whole networks of cores, hundreds of seeds each. A failing seed is printed; `HOTSHOT_SEED=<seed>` runs only that one.

mod sim;

use std::time::Duration;

use rand::Rng;
use sim::{Faults, Sim, fast};

const SECOND: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "a test may look at its environment")]
fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("HOTSHOT_SEED") {
        Ok(seed) => vec![seed.parse().expect("HOTSHOT_SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}

/// Faults stop; everybody is up and connected: blocks must be decided again, by all.
fn must_recover(sim: &mut Sim) {
    sim.faults = Faults::none();
    sim.groups.fill(0);
    sim.all_up();
    let before = *sim.heights().iter().max().unwrap();
    let deadline = sim.now + 30 * SECOND;
    while sim.lowest() < before + 5 {
        assert!(
            sim.now < deadline,
            "seed {}: no progress after the faults: heights {:?}",
            sim.seed,
            sim.heights()
        );
        sim.run_until(sim.now + SECOND / 2);
    }
}

#[test]
fn a_quiet_network_decides_every_view() {
    for seed in seeds(5) {
        let mut sim = Sim::new(seed, &[1; 4], fast(), false);
        sim.run_until(3 * SECOND);
        let lowest = sim.lowest();
        assert!(lowest > 60, "seed {seed}: {:?}", sim.heights());
        // One view per block: nothing timed out.
        for node in &sim.nodes {
            let decided = node.core.as_ref().unwrap().decided();
            assert_eq!(decided.view, decided.height, "seed {seed}");
        }
    }
}

#[test]
fn loss_delay_duplication_reordering_and_crashes() {
    for seed in seeds(100) {
        let nodes = [4, 5, 7][usize::try_from(seed % 3).unwrap()];
        let mut sim = Sim::new(seed, &vec![1; nodes], fast(), false);
        sim.faults = Faults::rough();
        sim.run_until(5 * SECOND);
        must_recover(&mut sim);
    }
}

#[test]
fn a_twin_cannot_break_agreement() {
    for seed in seeds(80) {
        let mut sim = Sim::new(seed, &[1; 4], fast(), true);
        sim.faults = Faults::rough();
        // The twin's two machines often hear different halves of the network.
        for _ in 0..5 {
            for group in 0..sim.groups.len() {
                sim.groups[group] = u32::from(sim.rng.gen_bool(0.3));
            }
            sim.run_until(sim.now + SECOND);
        }
        must_recover(&mut sim);
    }
}

#[test]
fn partitions_heal() {
    for seed in seeds(60) {
        let mut sim = Sim::new(seed, &[3, 1, 2, 2, 1, 1], fast(), false);
        sim.faults = Faults::rough();
        for _ in 0..4 {
            for group in 0..sim.groups.len() {
                sim.groups[group] = sim.rng.gen_range(0..3);
            }
            sim.run_until(sim.now + SECOND);
        }
        must_recover(&mut sim);
    }
}

#[test]
fn everybody_crashes_and_goes_on() {
    for seed in seeds(40) {
        let mut sim = Sim::new(seed, &[1; 4], fast(), false);
        sim.faults = Faults::rough();
        for _ in 0..4 {
            sim.run_until(sim.now + SECOND);
            for machine in 0..sim.nodes.len() {
                sim.crash(machine);
            }
            sim.all_up();
        }
        must_recover(&mut sim);
    }
}

#[test]
fn one_dead_member_costs_one_view_of_each_turn() {
    let mut sim = Sim::new(1, &[1; 4], fast(), false);
    sim.crash(2);
    sim.run_until(20 * SECOND);
    let decided = sim.nodes[0].core.as_ref().unwrap().decided().clone();
    // Three of four views decide.
    assert!(decided.height > 100, "{:?}", sim.heights());
    let share = decided.height as f64 / decided.view as f64;
    assert!((0.70..0.80).contains(&share), "{share} of the views decide");
}

#[test]
fn who_was_away_long_catches_up_with_decided_blocks() {
    for seed in seeds(8) {
        let mut sim = Sim::new(seed, &[1; 4], fast(), false);
        sim.run_until(SECOND);
        sim.crash(3);
        sim.run_until(8 * SECOND);
        let (others, own) = (sim.nodes[0].decided, sim.nodes[3].decided);
        assert!(others > own + 40, "seed {seed}: {:?}", sim.heights());
        sim.start(3);
        sim.run_until(12 * SECOND);
        assert!(sim.nodes[3].decided > others, "seed {seed}: {:?}", sim.heights());
    }
}

#[test]
fn paced_blocks_come_at_the_interval() {
    let mut timing = fast();
    timing.block_interval = Duration::from_millis(250);
    timing.view_timeout = Duration::from_secs(1);
    let mut sim = Sim::new(5, &[1; 5], timing, false);
    sim.faults.max_delay = Duration::from_millis(20);
    sim.run_until(60 * SECOND);
    let stamps: Vec<u64> = sim.nodes[0]
        .chain
        .iter()
        .map(|d| d.block.header.timestamp_ms)
        .collect();
    let mut intervals: Vec<u64> = stamps.windows(2).map(|w| w[1] - w[0]).collect();
    intervals.sort_unstable();
    assert!(intervals.len() > 200);
    let (p50, p95) = (
        intervals[intervals.len() / 2],
        intervals[intervals.len() * 95 / 100],
    );
    // The consensus' own latency is part of the interval, not added to it.
    assert!(
        (240..=250).contains(&p50) && p95 <= 260,
        "p50 {p50} ms, p95 {p95} ms"
    );
}

#[test]
fn same_seed_same_trace() {
    let run = |seed| {
        let mut sim = Sim::new(seed, &[1; 4], fast(), true);
        sim.faults = Faults::rough();
        sim.run_until(5 * SECOND);
        sim.trace
    };
    assert_eq!(run(11), run(11));
    assert_ne!(run(11), run(12));
}
