//! tests_2 and the new protocol's `restarts`: members join late, go away and come back.

use std::time::Duration;

use hotshot_testing::{NodeAction, Parts, TestBuilder};

const SOON: Duration = Duration::from_millis(50);

fn late(name: &str, late: &[usize], view: u64) -> TestBuilder {
    TestBuilder::new(name, 20)
        .change(view, late.iter().copied(), NodeAction::Up)
        .views(22)
        .seeds(2)
}

/// Node 19 starts at view 10. It would lead view 19 first, so no view fails.
#[test]
fn test_catchup() {
    late("test_catchup", &[19], 10).check();
}

#[test]
fn test_catchup_one_node() {
    late("test_catchup_one_node", &[18], 10).check();
}

/// Nodes 18 and 19 join while others give views up.
#[test]
fn test_catchup_in_view_sync() {
    late("test_catchup_in_view_sync", &[18, 19], 10)
        .change(8, [12], NodeAction::NetworkDown)
        .change(13, [12], NodeAction::NetworkUp)
        .fails_maybe([12], [11, 13])
        .check();
}

/// N9: one late start, and f late starts, at view 20; the late ones decide all that they missed.
#[test]
fn late_start_at_view_20() {
    late("late_start_at_view_20", &[19], 19).views(40).check();
    late("late_start_at_view_20", &[14, 15, 16, 17, 18, 19], 20)
        .views(40)
        .fails_maybe([14, 15, 16, 17, 18], [19, 20, 34, 35, 36, 37, 38, 39])
        .check();
}

/// #24: node 19 starts from its saved storage and leads its view.
#[test]
fn test_catchup_reload() {
    TestBuilder::new("test_catchup_reload", 20)
        .change(5, [19], NodeAction::Restart(Duration::from_millis(150)))
        .views(22)
        .fails_maybe([], [19])
        .seeds(2)
        .check();
}

/// All restart at 13 from their storage: that view may end, no other.
#[test]
fn test_all_restart() {
    let runs = TestBuilder::new("test_all_restart", 20)
        .change(13, 0..20, NodeAction::Restart(SOON))
        .views(22)
        .fails_maybe([], [12, 13, 14])
        .seeds(2)
        .check();
    for run in runs {
        assert!(run.failed_views.len() <= 2, "{run:?}");
    }
}

/// N9 restart_all_nodes_with_storage, over and over, with writes lost at each crash.
#[test]
fn restart_all_nodes_with_storage() {
    let every = (1..=12).map(|n| n * 5);
    let builder = TestBuilder::new("restart_all_nodes_with_storage", 4).views(80);
    every
        .fold(builder, |builder, view| {
            builder.change(view, 0..4, NodeAction::Restart(SOON))
        })
        .fails_anyhow()
        .seeds(10)
        .check();
}

/// Nodes 1 to 3 of ten restart at 13 and everybody else later.
#[test]
fn test_staggered_restart() {
    TestBuilder::new("test_staggered_restart", 10)
        .change(13, 1..4, NodeAction::Down)
        .change(33, 1..4, NodeAction::Up)
        .change(33, [0, 4, 5, 6, 7, 8, 9], NodeAction::Restart(SOON))
        .views(40)
        .fails_anyhow()
        .seeds(2)
        .check();
}

/// N9: one, then f of ten lose their disks and come back blank. Who forgets what it said counts as faulty until then,
/// and agreement holds among the others.
#[test]
fn restart_from_blank() {
    for blank in [vec![5], vec![5, 6, 7]] {
        TestBuilder::new("restart_from_blank", 10)
            .with(|d| d.faulty = blank.iter().copied().collect())
            .change(12, blank.clone(), NodeAction::RestartBlank(SOON))
            .views(40)
            .fails_anyhow()
            .check();
    }
}

/// One was away while hundreds of blocks were decided.
#[test]
fn who_was_away_long_catches_up_with_decided_blocks() {
    TestBuilder::new("who_was_away_long_catches_up_with_decided_blocks", 4)
        .change(10, [3], NodeAction::Down)
        .change(400, [3], NodeAction::Up)
        .views(330)
        .fails_anyhow()
        .check();
}

/// A crash before each one of a node's first outputs, one run each: between any two outputs there is a restart that
/// neither contradicts what was said nor stops anybody.
#[test]
fn crash_between_any_two_outputs() {
    let builder = TestBuilder::new("crash_between_any_two_outputs", 4)
        .views(12)
        .fails_anyhow();
    for seed in 0..2 {
        let outputs = builder.run(seed).unwrap().outputs[1];
        assert!(outputs > 100, "{outputs}");
        for output in 0..outputs {
            let crash = builder.clone().with(|d| d.crash_before = Some((1, output)));
            let run = crash.run(seed);
            let run = run.unwrap_or_else(|violation| panic!("output {output}: {violation}"));
            assert!(run.outputs[1] > output, "the crash came: {run:?}");
        }
    }
}

/// Crashes everywhere, all the time, on disks that fail; then they end.
#[test]
fn crashes_everywhere() {
    let crashing = Parts {
        crash: 0.004,
        ..Parts::rough()
    };
    TestBuilder::new("crashes_everywhere", 5)
        .parts(crashing)
        .heals(Duration::from_secs(6), 10, Duration::from_secs(30))
        .seeds(20)
        .check();
}
