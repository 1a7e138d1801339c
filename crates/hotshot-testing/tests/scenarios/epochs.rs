//! tests_6 and the new protocol's `epoch_change` and `stake_table_changes`: committees hand over to each other.

mod boundary;
mod failures;
mod leaders;

use std::time::Duration;

use hotshot_testing::{DelayMs, NodeAction, Parts, TestBuilder};

/// Blocks in an epoch, as in HotShot's own tests.
const HEIGHT: u64 = 10;

/// Committees of ten members, `overlap` of them in each: one in even epochs, one in odd ones.
fn overlapping(name: &str, overlap: usize) -> TestBuilder {
    let machines = 20 - overlap;
    TestBuilder::new(name, machines)
        .epochs(HEIGHT)
        .stakes_by_epoch(move |epoch| {
            let first = if epoch % 2 == 0 { 0 } else { 10 - overlap };
            let members = first..first + 10;
            (0..machines).map(|m| u64::from(members.contains(&m))).collect()
        })
        .seeds(2)
}

#[test]
fn test_success_with_epochs() {
    for run in TestBuilder::new("test_success_with_epochs", 7)
        .epochs(HEIGHT)
        .check()
    {
        assert!(run.decided >= 50 && run.timeouts == 0, "{run:?}");
    }
}

#[test]
fn test_epoch_success_overlap_f() {
    overlapping("test_epoch_success_overlap_f", 3).check();
}

#[test]
fn test_epoch_success_overlap_f_plus_1() {
    overlapping("test_epoch_success_overlap_f_plus_1", 4).check();
}

#[test]
fn test_epoch_success_overlap_2f() {
    overlapping("test_epoch_success_overlap_2f", 6).check();
}

#[test]
fn test_epoch_success_overlap_2f_plus_1() {
    overlapping("test_epoch_success_overlap_2f_plus_1", 7).check();
}

#[test]
fn test_epoch_success_overlap_3f() {
    overlapping("test_epoch_success_overlap_3f", 9).check();
}

/// Another committee in each epoch: three leave and three join.
#[test]
fn test_epoch_success_overlap_dynamic() {
    TestBuilder::new("test_epoch_success_overlap_dynamic", 14)
        .epochs(HEIGHT)
        .stakes_by_epoch(|epoch| {
            let place = |member: u64| (member + 14 - 3 * epoch % 14) % 14;
            (0..14).map(|member| u64::from(place(member) < 10)).collect()
        })
        .seeds(2)
        .check();
}

/// Nobody of the one committee is in the other.
#[test]
fn disjoint_committees_hand_over() {
    overlapping("disjoint_committees_hand_over", 0).check();
}

/// Every block is its epoch's last and the next one's parent: all of them hand over, and some to others.
#[test]
fn epochs_of_one_block() {
    TestBuilder::new("epochs_of_one_block", 6)
        .epochs(1)
        .stakes_by_epoch(|epoch| (0..6).map(|m| u64::from((m + epoch) % 6 < 4)).collect())
        .check();
}

/// N7 stake_table_changes: members join, leave and come back, and stakes move.
#[test]
fn stake_table_changes() {
    TestBuilder::new("stake_table_changes", 8)
        .epochs(5)
        .stakes_by_epoch(|epoch| {
            let stakes: [u64; 8] = match epoch % 5 {
                0 => [1, 1, 1, 1, 0, 0, 0, 0],
                1 => [1, 1, 1, 1, 1, 1, 1, 1],
                2 => [0, 3, 1, 2, 2, 1, 5, 1],
                3 => [0, 0, 0, 7, 0, 0, 0, 0],
                _ => [0, 0, 0, 0, 3, 2, 2, 4],
            };
            stakes.to_vec()
        })
        .views(75)
        .check();
}

/// The first member alone can stop a quorum, then the second, and so on.
#[test]
fn test_epoch_unequal_stake() {
    TestBuilder::new("test_epoch_unequal_stake", 6)
        .epochs(HEIGHT)
        .stakes_by_epoch(|epoch| {
            let mut stakes = vec![30, 10, 20, 20, 11, 9];
            stakes.rotate_right(epoch as usize % 6);
            stakes
        })
        .views(70)
        .check();
}

/// As [`crate::success`] has them: slow storage, validation and building, now across epochs.
#[test]
fn test_success_with_async_delay_with_epochs() {
    let slow = DelayMs { low: 10, high: 100 };
    TestBuilder::new("test_success_with_async_delay_with_epochs", 7)
        .epochs(HEIGHT)
        .with(|d| {
            d.timing_data.view_timeout = Duration::from_secs(2);
            d.async_delay_config = Parts {
                storage: slow,
                validated_state: slow,
                block_header: slow,
                application: slow,
                ..Parts::default()
            };
        })
        .check();
}

#[test]
fn test_success_with_async_delay_2_with_epochs() {
    TestBuilder::new("test_success_with_async_delay_2_with_epochs", 7)
        .epochs(HEIGHT)
        .with(|d| {
            d.timing_data.view_timeout = Duration::from_secs(2);
            d.async_delay_config = Parts {
                storage: DelayMs { low: 10, high: 100 },
                block_header: DelayMs { low: 15, high: 15 },
                validated_state: DelayMs { low: 5, high: 20 },
                ..Parts::default()
            };
        })
        .views(30)
        .check();
}

/// #59: the boundary is crossed, by eleven.
#[test]
fn test_epoch_end() {
    TestBuilder::new("test_epoch_end", 11)
        .epochs(HEIGHT)
        .seeds(2)
        .check();
}

/// Node 0 sleeps through nine epochs. All whom it knows have left since, and nobody of those who vote knows it; it learns
/// from the committees that it knows, and from each epoch's blocks the next committee, and leads again at the end.
#[test]
fn test_epoch_catchup() {
    let runs = TestBuilder::new("test_epoch_catchup", 8)
        .epochs(5)
        .stakes_by_epoch(|epoch| match epoch {
            0 | 1 => vec![1, 1, 1, 1, 0, 0, 0, 0],
            2..=24 => vec![0, 0, 0, 0, 1, 1, 1, 1],
            _ => vec![1; 8],
        })
        .change(3, [0], NodeAction::Down)
        .change(50, [0], NodeAction::Up)
        .views(150)
        .fails_anyhow()
        .check();
    for run in runs {
        // Views of the first two epochs were to be led by it; it is back in time for those of the last five.
        let late = run.failed_views.iter().filter(|view| **view > 20).count();
        assert!(run.heights[0] >= 150 && late == 0, "{run:?}");
    }
}
