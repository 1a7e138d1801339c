//! Controls: what the checkers must find, they find. A defect, or more faulty members than the protocol bears, ends in a
//! violation of the right name that says how to see it again.

use std::time::Duration;

use hotshot_testing::{Behaviour, NodeAction, Parts, TestBuilder, Violation, Wild};

/// The first violation among some seeds.
fn found(builder: &TestBuilder, seeds: u64) -> Option<Box<Violation>> {
    (0..seeds).find_map(|seed| builder.run(seed).err())
}

/// A disk that says "durable" too early.
#[test]
fn a_lying_disk_is_found() {
    let lying = Parts {
        lying_disk: true,
        ..Parts::default()
    };
    let builder = TestBuilder::new("a_lying_disk_is_found", 4).parts(lying);
    let violation = found(&builder, 1).expect("the checker of durability sees it");
    assert_eq!(violation.checker, "durable", "{violation}");
}

/// A node that forgets what it said contradicts itself.
#[test]
fn amnesia_is_found() {
    let builder = (1..10).fold(TestBuilder::new("amnesia_is_found", 4), |builder, n| {
        builder.change(n * 7, [1], NodeAction::RestartBlank(Duration::from_millis(1)))
    });
    let violation = found(&builder.views(80).fails_anyhow(), 20).expect("somebody contradicts itself");
    assert!(
        ["votes", "monotone", "agreement"].contains(&violation.checker),
        "{violation}"
    );
}

/// Two of four lie: agreement breaks, or somebody sees it and halts.
#[test]
fn more_than_f_liars_are_found() {
    let builder = TestBuilder::new("more_than_f_liars_are_found", 4)
        .behaviour(|member| match member {
            0 | 1 => Behaviour::byzantine(Wild::default()),
            _ => Behaviour::Standard,
        })
        .fails_anyhow();
    let violation = found(&builder, 50).expect("two of four can break anything");
    assert!(
        ["agreement", "conduct"].contains(&violation.checker),
        "{violation}"
    );
}

/// Two of four are down for good: there is no progress, and that is said.
#[test]
fn a_stopped_network_is_found() {
    let builder = TestBuilder::new("a_stopped_network_is_found", 4)
        .change(5, [1, 2], NodeAction::Down)
        .fails_anyhow();
    let violation = found(&builder, 1).expect("nothing is decided without a quorum");
    assert_eq!(violation.checker, "liveness", "{violation}");
}

/// A view that fails unexpectedly, and one that should have failed.
#[test]
fn failed_views_are_compared() {
    let down = TestBuilder::new("failed_views_are_compared", 7).change(5, [3], NodeAction::Down);
    let more = found(&down.clone().views(20), 1).expect("views 10 and 17 fail");
    assert_eq!(more.checker, "failed views", "{more}");
    assert!(more.what.contains("[10, 17"), "{more}");
    let missing = TestBuilder::new("failed_views_are_compared", 7).fails([8]);
    let missing = found(&missing, 1).expect("view 8 does not fail");
    assert!(missing.what.contains("views [8] should have failed"), "{missing}");
}

/// A violation names its seed and the command that replays it, and replays.
#[test]
fn a_violation_replays() {
    let builder = TestBuilder::new("a_violation_replays", 4)
        .change(5, [1, 2], NodeAction::Down)
        .fails_anyhow();
    let (first, second) = (builder.run(7).unwrap_err(), builder.run(7).unwrap_err());
    assert_eq!(first.to_string(), second.to_string());
    let command = "HOTSHOT_SEED=7 cargo nextest run -p hotshot-testing -E 'test(/a_violation_replays$/)'";
    assert!(first.to_string().contains(command), "{first}");
}
