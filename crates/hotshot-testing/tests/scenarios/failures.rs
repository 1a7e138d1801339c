//! tests_1, tests_3, tests_4, tests_5 and the new protocol's `failures`: members go down. In two phases a dead leader costs its
//! own view only, so each scenario's failing views are those that the dead lead.

use std::time::Duration;

use hotshot_testing::{NodeAction, Parts, Summary, TestBuilder};

fn down_at_5(name: &str, nodes: usize, down: &[usize], views: u64) -> Vec<Summary> {
    TestBuilder::new(name, nodes)
        .change(5, down.iter().copied(), NodeAction::Down)
        .views(views)
        .fails_led_by(down, 6)
        .seeds(2)
        .check()
}

#[test]
fn test_with_failures_one() {
    down_at_5("test_with_failures_one", 20, &[19], 25);
}

#[test]
fn test_with_failures_2() {
    down_at_5("test_with_failures_2", 12, &[10, 11], 13);
}

#[test]
fn test_with_failures_half_f() {
    down_at_5("test_with_failures_half_f", 20, &[17, 18, 19], 22);
}

#[test]
fn test_with_failures_f() {
    down_at_5("test_with_failures_f", 20, &[14, 15, 16, 17, 18, 19], 20);
}

/// N8: ten nodes with one, two and three down, 30 decisions.
#[test]
fn failures_of_ten() {
    for down in [&[4][..], &[4, 7], &[4, 7, 9]] {
        down_at_5("failures_of_ten", 10, down, 30);
    }
}

/// Classic: node 0 is down from view 5, and 20 views are decided.
#[test]
fn test_timeout() {
    let runs = down_at_5("test_timeout", 10, &[0], 20);
    for run in runs {
        assert!(
            run.failed_views.contains(&10) && run.failed_views.contains(&20),
            "{run:?}"
        );
        assert!(run.timeouts > 0);
    }
}

/// #49, ignored there: the same over slower links.
#[test]
fn test_timeout_libp2p() {
    TestBuilder::new("test_timeout_libp2p", 10)
        .network(hotshot_testing::SynchronousNetwork {
            delay: hotshot_testing::DelayMs { low: 4, high: 30 },
        })
        .change(5, [0], NodeAction::Down)
        .views(20)
        .fails_led_by(&[0], 6)
        .check();
}

/// #60: node 4 is down from the first view; the first decision does not wait for three views in a row.
#[test]
fn test_shorter_decide() {
    let runs = TestBuilder::new("test_shorter_decide", 7)
        .change(1, [4], NodeAction::Down)
        .views(3)
        .fails_maybe([], [4])
        .check();
    for run in runs {
        assert!(!run.failed_views.iter().any(|view| *view < 4), "{run:?}");
    }
}

/// One dead member of four: three of four views decide.
#[test]
fn one_dead_member_costs_one_view_of_each_turn() {
    for run in down_at_5("one_dead_member_costs_one_view_of_each_turn", 4, &[2], 60) {
        let (failed, decided) = (run.failed_views.len() as f64, run.decided as f64);
        let share = decided / (failed + decided);
        assert!((0.70..0.80).contains(&share), "{share} of the views decide");
    }
}

/// More than f down: nothing is decided until they are back, then everything goes on.
#[test]
fn more_than_f_down_stops_and_goes_on() {
    TestBuilder::new("more_than_f_down_stops_and_goes_on", 7)
        .change(10, [4, 5, 6], NodeAction::Restart(Duration::from_secs(5)))
        .views(40)
        .fails_anyhow()
        .check()
        .iter()
        .for_each(|run| assert!(run.elapsed > Duration::from_secs(5), "{run:?}"));
}

/// #9, #11: a storage error means that nothing is said: its disk is full, so it is like a dead member.
#[test]
fn test_da_task_storage_failure() {
    let full = Parts {
        full_disks: [3].into(),
        ..Parts::default()
    };
    TestBuilder::new("test_da_task_storage_failure", 7)
        .parts(full)
        .views(30)
        .fails_led_by(&[3], 1)
        .check();
}

/// Disks that fail often: the write is tried again, and nothing is said before.
#[test]
fn storage_fails_and_is_tried_again() {
    let failing = Parts {
        storage_fails: 0.2,
        ..Parts::default()
    };
    TestBuilder::new("storage_fails_and_is_tried_again", 7)
        .parts(failing)
        .views(30)
        .fails_anyhow()
        .check();
}

/// #40, feature-disabled there: nodes 3, 6 and 9 are unreachable, so no three views in a row are certified.
#[test]
fn broken_3_chain() {
    let runs = TestBuilder::new("broken_3_chain", 10)
        .change(1, [3, 6, 9], NodeAction::NetworkDown)
        .views(10)
        .fails_led_by(&[3, 6, 9], 2)
        .check();
    for run in runs {
        assert!(run.failed_views.starts_with(&[3, 6, 9]), "{run:?}");
    }
}
