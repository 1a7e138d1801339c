//! Members go down, restart and come late while committees hand over. From the third epoch on, the last blocks' leaves draw the
//! order of leaders, so no list can name the views that fail; a count for each epoch can.

use std::{collections::BTreeSet, time::Duration};

use hotshot_testing::{
    DelayMs, NetworkReliability, NodeAction, SimRng, Summary, SynchronousNetwork, TestBuilder,
};

use super::HEIGHT;

const SOON: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);

/// Members 1 and on in odd epochs, everybody in even ones.
fn two_stake_tables(nodes: usize) -> impl Fn(u64) -> Vec<u64> {
    move |epoch| {
        let mut stakes = vec![1; nodes];
        stakes[0] = (epoch + 1) % 2;
        stakes
    }
}

/// The view of the block at `height`.
fn view_of(run: &Summary, height: u64) -> u64 {
    let failed: BTreeSet<&u64> = run.failed_views.iter().collect();
    let mut good = (1..).filter(|view| !failed.contains(view));
    (0..height).fold(0, |last, _| good.next().unwrap_or(last))
}

/// Equal members take turns: of as many views in a row as an epoch has members, no more fail than members are down.
fn only_the_dead_fail(run: &Summary, members: u64, down: &[usize]) {
    for epoch in 0..run.decided / HEIGHT {
        let first = view_of(run, epoch * HEIGHT) + 1;
        let last = view_of(run, (epoch + 1) * HEIGHT);
        for from in first..=last {
            let round = from..=(from + members - 1).min(last);
            let failed = run.failed_views.iter().filter(|view| round.contains(view));
            assert!(failed.count() <= down.len(), "views {round:?}: {run:?}");
        }
    }
    let first_epoch: Vec<u64> = (6..=view_of(run, HEIGHT)).collect();
    for view in first_epoch {
        let led = down.contains(&((view % members) as usize));
        assert_eq!(run.failed_views.contains(&view), led, "view {view}: {run:?}");
    }
}

fn down_at_5(name: &str, nodes: usize, down: &[usize], two_tables: bool, views: u64) {
    let mut builder = TestBuilder::new(name, nodes)
        .epochs(HEIGHT)
        .change(5, down.iter().copied(), NodeAction::Down)
        .views(views)
        .fails_anyhow()
        .seeds(2);
    if two_tables {
        builder = builder.stakes_by_epoch(two_stake_tables(nodes));
    }
    for run in builder.check() {
        if !two_tables {
            only_the_dead_fail(&run, nodes as u64, down);
        }
    }
}

#[test]
fn test_with_failures_2_with_epochs() {
    down_at_5("test_with_failures_2_with_epochs", 12, &[10, 11], true, 25);
}

#[test]
fn test_with_failures_half_f_epochs_1() {
    down_at_5("test_with_failures_half_f_epochs_1", 20, &[17, 18, 19], false, 32);
}

#[test]
fn test_with_failures_half_f_epochs_2() {
    down_at_5("test_with_failures_half_f_epochs_2", 20, &[17, 18, 19], true, 32);
}

#[test]
fn test_with_failures_f_epochs_1() {
    let down: Vec<usize> = (14..20).collect();
    down_at_5("test_with_failures_f_epochs_1", 20, &down, false, 30);
}

#[test]
fn test_with_failures_f_epochs_2() {
    let down: Vec<usize> = (14..20).collect();
    down_at_5("test_with_failures_f_epochs_2", 20, &down, true, 30);
}

/// N8 with epochs.
#[test]
fn failures_of_ten_with_epochs() {
    for down in [&[4][..], &[4, 7], &[4, 7, 9]] {
        down_at_5("failures_of_ten_with_epochs", 10, down, false, 30);
    }
}

/// #66, commented out there: all restart at 10, where the first epoch ends.
#[test]
fn test_all_restart_epochs() {
    let runs = TestBuilder::new("test_all_restart_epochs", 20)
        .epochs(HEIGHT)
        .change(10, 0..20, NodeAction::Restart(SOON))
        .views(32)
        .fails_maybe([], [9, 10, 11])
        .seeds(3)
        .check();
    for run in runs {
        assert!(run.failed_views.len() <= 2, "{run:?}");
    }
}

/// Everybody restarts in the last view of every epoch, and in the first of the next.
#[test]
fn all_restart_at_every_boundary() {
    let views = (1..=8).flat_map(|epoch| [epoch * 5, epoch * 5 + 1]);
    let builder = TestBuilder::new("all_restart_at_every_boundary", 5)
        .epochs(5)
        .stakes_by_epoch(|epoch| (0..5).map(|m| u64::from((m + epoch) % 5 < 4)).collect());
    views
        .fold(builder, |builder, view| {
            builder.change(view, 0..5, NodeAction::Restart(SOON))
        })
        .views(60)
        .fails_anyhow()
        .seeds(6)
        .check();
}

fn staggered(name: &str, down: std::ops::Range<usize>, two_tables: bool) {
    let rest: Vec<usize> = (0..20).filter(|node| !down.contains(node)).collect();
    let mut builder = TestBuilder::new(name, 20)
        .epochs(HEIGHT)
        .change(10, down.clone(), NodeAction::Down)
        .change(30, down, NodeAction::Up)
        .change(30, rest, NodeAction::Restart(SOON))
        .views(40)
        .fails_anyhow()
        .seeds(1);
    if two_tables {
        builder = builder.stakes_by_epoch(two_stake_tables(20));
    }
    builder.check();
}

#[test]
fn test_staggered_restart_with_epochs_1() {
    staggered("test_staggered_restart_with_epochs_1", 2..4, false);
}

#[test]
fn test_staggered_restart_with_epochs_2() {
    staggered("test_staggered_restart_with_epochs_2", 2..8, true);
}

/// N9: one, then f of ten lose their disks, two epochs after they began.
#[test]
fn restart_from_blank_with_epochs() {
    for blank in [vec![5], vec![5, 6, 7]] {
        TestBuilder::new("restart_from_blank_with_epochs", 10)
            .epochs(HEIGHT)
            .with(|d| d.faulty = blank.iter().copied().collect())
            .change(25, blank.clone(), NodeAction::RestartBlank(SOON))
            .views(50)
            .fails_anyhow()
            .seeds(2)
            .check();
    }
}

/// N9: one, then f of ten start at view 20, when nobody of the first committee is in office any more.
#[test]
fn late_start_at_view_20_with_epochs() {
    for late in [vec![9], vec![7, 8, 9]] {
        TestBuilder::new("late_start_at_view_20_with_epochs", 10)
            .epochs(4)
            .change(20, late, NodeAction::Up)
            .views(45)
            .fails_anyhow()
            .seeds(2)
            .check();
    }
}

/// N9: from their storage, over and over, with writes lost at each crash.
#[test]
fn restart_all_nodes_with_storage_with_epochs() {
    let every = (1..=12).map(|n| n * 5);
    let builder = TestBuilder::new("restart_all_nodes_with_storage_with_epochs", 4)
        .epochs(3)
        .views(80);
    every
        .fold(builder, |builder, view| {
            builder.change(view, 0..4, NodeAction::Restart(SOON))
        })
        .fails_anyhow()
        .seeds(5)
        .check();
}

/// A fast network that is gone after a while; what is left is slower.
#[derive(Debug)]
struct Fallback {
    until: Duration,
}

impl NetworkReliability for Fallback {
    fn sample_keep(&self, _: Duration, _: &mut SimRng) -> bool {
        true
    }

    fn sample_delay(&self, now: Duration, rng: &mut SimRng) -> Duration {
        let high = if now < self.until { 2 } else { 40 };
        DelayMs { low: 0, high }.sample(rng)
    }
}

#[test]
fn test_combined_network_cdn_crash_with_epochs() {
    let until = Duration::from_millis(120);
    TestBuilder::new("test_combined_network_cdn_crash_with_epochs", 7)
        .epochs(HEIGHT)
        .network(Fallback { until })
        .views(35)
        .check();
}

#[test]
fn test_combined_network_reup_with_epochs() {
    TestBuilder::new("test_combined_network_reup_with_epochs", 7)
        .epochs(HEIGHT)
        .change(5, 0..3, NodeAction::NetworkDown)
        .heals(4 * SECOND, 35, 30 * SECOND)
        .check();
}

/// Half of the members are cut off where the first epoch ends, and come back.
#[test]
fn test_combined_network_half_dc_with_epochs() {
    for view in [5, 10, 11] {
        TestBuilder::new("test_combined_network_half_dc_with_epochs", 8)
            .epochs(HEIGHT)
            .change(view, 0..4, NodeAction::NetworkDown)
            .heals(4 * SECOND, 35, 30 * SECOND)
            .seeds(2)
            .check();
    }
}

/// #60 with epochs of four: node 4 is down from the first view.
#[test]
fn test_shorter_decide_with_epochs() {
    let runs = TestBuilder::new("test_shorter_decide_with_epochs", 7)
        .epochs(4)
        .network(SynchronousNetwork {
            delay: DelayMs { low: 0, high: 5 },
        })
        .change(1, [4], NodeAction::Down)
        .views(8)
        .fails_anyhow()
        .check();
    for run in runs {
        assert!(!run.failed_views.iter().any(|view| *view < 4), "{run:?}");
        assert!(run.failed_views.contains(&4), "{run:?}");
    }
}
