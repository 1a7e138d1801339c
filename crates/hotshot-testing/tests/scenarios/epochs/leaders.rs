//! #4, #6, #15, #58 and #63: one member leads two views in a row. Turns are spread by stake, so this takes unequal members: with
//! these, the third leads views 3 and 4 of every ten, with and without epochs.

use hotshot_testing::{NodeAction, TestBuilder};

const STAKES: [u64; 6] = [2, 1, 2, 3, 1, 1];
const TWICE: usize = 3;

fn led_by_it(views: std::ops::Range<u64>) -> impl Iterator<Item = u64> {
    views.filter(|view| matches!(view % 10, 3 | 4 | 9))
}

#[test]
fn test_with_double_leader_no_failures() {
    TestBuilder::new("test_with_double_leader_no_failures", 6)
        .stakes(&STAKES)
        .check();
}

/// Both of its views fail, one after the other, and no other does.
#[test]
fn test_with_double_leader_failures() {
    TestBuilder::new("test_with_double_leader_failures", 6)
        .stakes(&STAKES)
        .change(1, [TWICE], NodeAction::Down)
        .views(25)
        .fails_maybe(led_by_it(1..35), led_by_it(35..200))
        .with(|d| d.overall_safety_properties.horizon = 35)
        .check();
}

#[test]
fn test_with_double_leader_no_failures_with_epochs() {
    TestBuilder::new("test_with_double_leader_no_failures_with_epochs", 6)
        .stakes(&STAKES)
        .epochs(10)
        .check();
}

/// The first epoch ends with its two views in a row; later ones may begin or end with one, for their order is drawn.
#[test]
fn test_with_double_leader_failures_with_epochs() {
    let runs = TestBuilder::new("test_with_double_leader_failures_with_epochs", 6)
        .stakes(&STAKES)
        .epochs(3)
        .change(1, [TWICE], NodeAction::Down)
        .views(40)
        .fails_anyhow()
        .check();
    for run in runs {
        // The first epoch's third block is of view 5.
        assert!(run.failed_views.starts_with(&[3, 4]), "{run:?}");
        assert!(!run.failed_views.contains(&5), "{run:?}");
    }
}
