//! Controls: what the checkers must find, they find. A defect, or more faulty members than the protocol bears, ends in a
//! violation of the right name that says how to see it again.

use std::time::Duration;

use hotshot_testing::{
    Behaviour, Chance, ChaosNetwork, DelayMs, NodeAction, Parts, Pretext, Profile, Reductions, Silent,
    TestBuilder, TestDescription, TestLauncher, Usurper, Violation, Wild, shrink,
};

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

/// Members that believe a certificate which names them all, though they did not sign it.
#[test]
fn a_believed_forgery_of_an_upgrade_is_found() {
    let credulous = Parts {
        credulous: true,
        ..Parts::default()
    };
    let builder = TestBuilder::new("a_believed_forgery_of_an_upgrade_is_found", 4)
        .parts(credulous)
        .upgrade(1_000..=2_000, [], [])
        .behaviour(|member| match member {
            3 => Behaviour::byzantine(Usurper::new(&[Pretext::Forged])),
            _ => Behaviour::Standard,
        });
    let violation = found(&builder, 1).expect("the checker of versions sees it");
    assert_eq!(violation.checker, "version", "{violation}");
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

const SECOND: Duration = Duration::from_secs(1);

/// Much goes wrong that has nothing to do with the defect.
fn noisy(name: &str, nodes: usize) -> TestBuilder {
    TestBuilder::new(name, nodes)
        .network(ChaosNetwork {
            keep: Chance {
                numerator: 9,
                denominator: 10,
            },
            delay: DelayMs { low: 0, high: 60 },
            repeat_low: 1,
            repeat_high: 2,
        })
        .parts(Parts::rough())
        .partitions(SECOND, 2)
        .observers(1)
        .change(9, [2], NodeAction::Restart(SECOND / 4))
        .with(|d| d.clock_skew_ms = 200)
        .heals(4 * SECOND, 5, 20 * SECOND)
}

/// The command of a shrunk violation runs the same again.
fn replays(base: TestDescription, violation: &Violation, command: &str) {
    let list = command.split_once(&format!("HOTSHOT_SEED={} HOTSHOT_REDUCE=", violation.seed));
    let list = list
        .and_then(|(_, rest)| rest.split_once(' '))
        .expect("what was taken away")
        .0;
    let reductions: Reductions = list.parse().unwrap();
    assert_eq!(reductions.to_string(), list);
    let again = TestLauncher::new(base.reduced(&reductions), violation.seed)
        .launch()
        .run_test();
    assert_eq!(again.unwrap_err().to_string(), violation.to_string());
}

/// A disk that lies is all that is left of a bad day with seven members, one of them silent.
#[test]
fn a_violation_shrinks_to_its_cause() {
    let mut builder = noisy("a_violation_shrinks_to_its_cause", 7).behaviour(|member| match member {
        5 => Behaviour::byzantine(Silent { kinds: &[] }),
        _ => Behaviour::Standard,
    });
    builder = builder.with(|d| d.async_delay_config.lying_disk = true);
    let violation = found(&builder, 1).expect("the checker of durability sees it");
    let least = shrink(builder.clone().build(), &violation);
    assert_eq!(least.violation.checker, "durable", "{least}");
    let left = &least.description;
    assert_eq!(
        (left.node_stakes.len(), left.observers, left.clock_skew_ms),
        (4, 0, 0),
        "{least}"
    );
    assert!(
        left.partitions.is_none() && left.spinning_properties.is_empty(),
        "{least}"
    );
    assert!(left.async_delay_config.lying_disk, "{least}");
    assert!(!least.to_string().contains("Silent"), "{least}");
    replays(builder.build(), &least.violation, &least.to_string());
}

/// Two liars of four stay, and so does the one restart in which a disk is lost: nothing of the cause is taken away.
#[test]
fn shrinking_keeps_the_cause() {
    let liars = noisy("shrinking_keeps_the_cause", 4).behaviour(|member| match member {
        0 | 1 => Behaviour::byzantine(Wild::default()),
        _ => Behaviour::Standard,
    });
    let violation = found(&liars, 50).expect("two of four can break anything");
    let least = shrink(liars.clone().build(), &violation);
    assert_eq!(least.to_string().matches("Wild").count(), 2, "{least}");
    replays(liars.build(), &least.violation, &least.to_string());

    let blank = (1..10).fold(noisy("shrinking_keeps_the_cause", 4), |builder, n| {
        builder.change(n * 4, [1, 3], NodeAction::RestartBlank(Duration::from_millis(1)))
    });
    let violation = found(&blank, 20).expect("somebody contradicts itself");
    let least = shrink(blank.clone().build(), &violation);
    let lost = least.to_string().matches("RestartBlank").count();
    assert!((1..4).contains(&lost), "{least}");
    replays(blank.build(), &least.violation, &least.to_string());
}

/// A violation of the soak is replayed by flags.
#[test]
fn a_reduced_soak_says_how_to_run_it() {
    let reductions: Reductions = "members=4,perfect-links,no-restart=12:3,faults-ms=1500"
        .parse()
        .unwrap();
    let reduced = Profile::Byzantine.description(3).reduced(&reductions);
    let command = "cargo xtask sim --profile byzantine --seeds 1 --first-seed 3 \
                   --reduce members=4,perfect-links,no-restart=12:3,faults-ms=1500";
    assert_eq!(reduced.command(3), command);
    let wrong = "members=4,perfect".parse::<Reductions>().unwrap_err().to_string();
    assert!(
        wrong.starts_with("reduction \"perfect\", expected one of members=N"),
        "{wrong}"
    );
}
