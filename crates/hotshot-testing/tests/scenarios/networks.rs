//! tests_5: unreliable links, those that HotShot ignores among them, and partitions.

use std::time::Duration;

use hotshot_testing::{
    AsynchronousNetwork, Chance, ChaosNetwork, DelayMs, NodeAction, PartiallySynchronousNetwork, Parts,
    PerfectNetwork, SynchronousNetwork, TestBuilder,
};

const SECOND: Duration = Duration::from_secs(1);
const LINK: DelayMs = DelayMs { low: 4, high: 30 };

fn keep(percent: u32) -> Chance {
    Chance {
        numerator: percent,
        denominator: 100,
    }
}

fn asynchronous(percent: u32) -> AsynchronousNetwork {
    AsynchronousNetwork {
        keep: keep(percent),
        delay: LINK,
    }
}

#[test]
fn memory_network_perfect() {
    TestBuilder::new("memory_network_perfect", 7)
        .network(PerfectNetwork)
        .check();
}

#[test]
fn memory_network_sync() {
    TestBuilder::new("memory_network_sync", 7)
        .network(SynchronousNetwork { delay: LINK })
        .check();
}

#[test]
fn memory_network_async() {
    for percent in [95, 90] {
        TestBuilder::new("memory_network_async", 7)
            .network(asynchronous(percent))
            .fails_anyhow()
            .seeds(5)
            .check();
    }
}

#[test]
fn memory_network_partially_sync() {
    TestBuilder::new("memory_network_partially_sync", 7)
        .network(PartiallySynchronousNetwork {
            asynchronous: asynchronous(80),
            synchronous: SynchronousNetwork { delay: LINK },
            gst: SECOND,
        })
        .fails_anyhow()
        .seeds(5)
        .check();
}

#[test]
fn memory_network_chaos() {
    TestBuilder::new("memory_network_chaos", 7)
        .network(ChaosNetwork {
            keep: keep(80),
            delay: LINK,
            repeat_low: 1,
            repeat_high: 5,
        })
        .fails_anyhow()
        .seeds(4)
        .check();
}

/// #45, ignored there: members come and go at random.
#[test]
fn test_stress_combined_network_fuzzy() {
    let builder = TestBuilder::new("test_stress_combined_network_fuzzy", 10).network(asynchronous(95));
    (1..20)
        .fold(builder, |builder, n| {
            let (gone, view) = ((n * 7 % 10) as usize, n * 4);
            builder.change(view, [gone], NodeAction::NetworkDown).change(
                view + 5,
                [gone],
                NodeAction::NetworkUp,
            )
        })
        .views(60)
        .fails_anyhow()
        .check();
}

/// #43: all links are down from view 5 on... and up again.
#[test]
fn test_combined_network_reup() {
    TestBuilder::new("test_combined_network_reup", 7)
        .change(5, 0..3, NodeAction::NetworkDown)
        .heals(4 * SECOND, 35, 30 * SECOND)
        .check();
}

/// #44: half of the members are cut off, and come back.
#[test]
fn test_combined_network_half_dc() {
    TestBuilder::new("test_combined_network_half_dc", 8)
        .change(5, 0..4, NodeAction::NetworkDown)
        .heals(4 * SECOND, 35, 30 * SECOND)
        .check();
}

#[test]
fn loss_delay_duplication_reordering_and_crashes() {
    for nodes in [4, 5, 7] {
        TestBuilder::new("loss_delay_duplication_reordering_and_crashes", nodes)
            .network(chaos())
            .parts(Parts::rough())
            .with(|d| d.clock_skew_ms = 300)
            .heals(5 * SECOND, 5, 30 * SECOND)
            .seeds(8)
            .check();
    }
}

#[test]
fn partitions_heal() {
    TestBuilder::new("partitions_heal", 6)
        .stakes(&[3, 1, 2, 2, 1, 1])
        .network(chaos())
        .parts(Parts::rough())
        .partitions(SECOND, 3)
        .heals(5 * SECOND, 5, 30 * SECOND)
        .seeds(20)
        .check();
}

fn chaos() -> ChaosNetwork {
    ChaosNetwork {
        keep: keep(90),
        delay: DelayMs { low: 0, high: 80 },
        repeat_low: 1,
        repeat_high: 2,
    }
}
