//! tests_1: nothing is wrong.

use hotshot_testing::{DelayMs, Parts, TestBuilder};

/// 50 views without a failure, agreement.
#[test]
fn test_success() {
    for run in TestBuilder::new("test_success", 7).check() {
        assert!(run.decided >= 50 && run.timeouts == 0, "{run:?}");
    }
}

#[test]
fn test_epoch_unequal_stake_without_epochs() {
    // The first member alone can stop a quorum, and no two others can.
    TestBuilder::new("test_epoch_unequal_stake_without_epochs", 6)
        .stakes(&[30, 10, 20, 20, 11, 9])
        .check();
}

/// Random delays of storage, state and header: agreement, and here even progress in every view.
#[test]
fn test_success_with_async_delay() {
    let slow = DelayMs { low: 10, high: 100 };
    TestBuilder::new("test_success_with_async_delay", 7)
        .with(|d| {
            d.timing_data.view_timeout = std::time::Duration::from_secs(2);
            d.async_delay_config = Parts {
                storage: slow,
                validated_state: slow,
                block_header: slow,
                ..Parts::default()
            };
        })
        .check();
}

#[test]
fn test_success_with_async_delay_2() {
    TestBuilder::new("test_success_with_async_delay_2", 7)
        .with(|d| {
            d.timing_data.view_timeout = std::time::Duration::from_secs(2);
            d.async_delay_config = Parts {
                storage: DelayMs { low: 10, high: 100 },
                block_header: DelayMs { low: 15, high: 15 },
                validated_state: DelayMs { low: 5, high: 20 },
                ..Parts::default()
            };
        })
        .views(10)
        .check();
}

/// Blocks come at the interval: the consensus' own latency is part of it, not added to it.
#[test]
fn paced_blocks_come_at_the_interval() {
    let runs = TestBuilder::new("paced_blocks_come_at_the_interval", 5)
        .with(|d| {
            d.timing_data = hotshot::Timing::default();
            d.unreliable_network = std::sync::Arc::new(hotshot_testing::SynchronousNetwork {
                delay: DelayMs { low: 0, high: 20 },
            });
        })
        .views(200)
        .seeds(2)
        .check();
    for run in runs {
        let pairs = run.timestamps_ms.windows(2);
        let mut intervals: Vec<u64> = pairs.map(|pair| pair[1] - pair[0]).collect();
        intervals.sort_unstable();
        let (p50, p95) = (
            intervals[intervals.len() / 2],
            intervals[intervals.len() * 95 / 100],
        );
        let good = (240..=250).contains(&p50) && p95 <= 260;
        assert!(good, "p50 {p50} ms, p95 {p95} ms");
    }
}

/// Nobody's wall clock is right, and blocks come all the same.
#[test]
fn clock_skew() {
    TestBuilder::new("clock_skew", 7)
        .with(|d| d.clock_skew_ms = 400)
        .check();
}

#[test]
fn same_seed_same_trace() {
    let rough = TestBuilder::new("same_seed_same_trace", 4)
        .parts(Parts::rough())
        .fails_anyhow();
    let trace = |seed| rough.run(seed).unwrap().trace;
    assert_eq!(trace(11), trace(11));
    assert_ne!(trace(11), trace(12));
}
