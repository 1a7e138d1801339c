//! tests_1's upgrade task, `epoch_upgrade`, and the new protocol's `cutover` and `upgrade`: the chain goes on by the rules of
//! another version, whoever is down, away or faulty meanwhile.

use std::time::Duration;

use hotshot_testing::{Behaviour, NodeAction, Parts, Pretext, Silent, TestBuilder, Usurper};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// Of so many members, one can be spared.
const MEMBERS: usize = 10;

/// All plan to upgrade between heights 20 and 40.
fn planned(name: &str, nodes: usize) -> TestBuilder {
    TestBuilder::new(name, nodes).upgrade(20..=40, [], [])
}

/// #16: a certificate is formed, attached to the first block of its window, and that block is decided.
#[test]
fn test_upgrade_task_with_proposal() {
    for run in planned("test_upgrade_task_with_proposal", MEMBERS).check() {
        assert_eq!((run.upgrades, run.timeouts), (vec![(20, 2)], 0));
    }
}

/// #16: the votes of nine of ten make it; who has no plan follows.
#[test]
fn test_upgrade_task_with_vote() {
    let runs = TestBuilder::new("test_upgrade_task_with_vote", MEMBERS)
        .upgrade(20..=40, [4], [])
        .check();
    for run in runs {
        assert_eq!(run.upgrades, [(20, 2)]);
    }
}

/// 89 % of the stake are not enough: the old version goes on, beyond the window.
#[test]
fn not_enough_votes() {
    let mut stakes = [10; MEMBERS];
    stakes[9] = 11;
    let runs = TestBuilder::new("not_enough_votes", MEMBERS)
        .stakes(&stakes)
        .upgrade(20..=40, [9], [])
        .views(80)
        .check();
    for run in runs {
        assert_eq!(run.upgrades, []);
    }
}

/// Without one of four there is no agreement, and when it comes it is too late.
#[test]
fn expired_window() {
    let runs = planned("expired_window", 4)
        .change(70, [3], NodeAction::Up)
        .views(120)
        .fails_anyhow()
        .check();
    for run in runs {
        assert_eq!(run.upgrades, []);
    }
}

/// As before, but it comes while the window is open.
#[test]
fn the_last_vote_may_come_late() {
    let runs = TestBuilder::new("the_last_vote_may_come_late", 4)
        .upgrade(20..=90, [], [])
        .change(50, [3], NodeAction::Up)
        .views(110)
        .fails_anyhow()
        .check();
    for run in runs {
        assert!(matches!(run.upgrades[..], [(21..=90, 2)]), "{:?}", run.upgrades);
    }
}

/// #61: an upgrade, two epoch changes, and members that come and go.
#[test]
fn test_epoch_upgrade() {
    let runs = TestBuilder::new("test_epoch_upgrade", 14)
        .epochs(50)
        .stakes_by_epoch(|epoch| {
            let first = 2 * epoch % 4;
            (0..14)
                .map(|member| u64::from((first..first + MEMBERS as u64).contains(&member)))
                .collect()
        })
        .upgrade(5..=30, [], [])
        .views(110)
        .check();
    for run in runs {
        assert_eq!(run.upgrades, [(5, 2)]);
    }
}

/// What one epoch's committee has agreed on does not bind the next one: its members vote again, and count again.
#[test]
fn each_epoch_agrees_anew() {
    let by_epoch = |epoch: u64| match epoch {
        // Members 8 and 9 have no plan: a fifth of the stake, then a twentieth.
        0 | 1 => vec![4; MEMBERS],
        _ => vec![4, 4, 4, 4, 5, 5, 5, 5, 1, 1],
    };
    let runs = TestBuilder::new("each_epoch_agrees_anew", MEMBERS)
        .epochs(10)
        .stakes_by_epoch(by_epoch)
        .upgrade(5..=70, [8, 9], [])
        .views(80)
        .check();
    for run in runs {
        let [(height, 2)] = run.upgrades[..] else {
            panic!("{:?}", run.upgrades);
        };
        assert!(
            (21..=30).contains(&height),
            "height {height} is not of the third epoch"
        );
    }
}

/// N10 cutover, under each pattern of silence: down before the switch, during it, after it, or for good.
#[test]
fn cutover() {
    for (down, up) in [(10, 15), (15, 30), (19, 22), (25, 40), (15, 1_000)] {
        let mut builder = planned("cutover", MEMBERS).change(down, [2, 7], NodeAction::Down);
        if up < 1_000 {
            builder = builder.change(up, [2, 7], NodeAction::Up);
        }
        for run in builder.views(70).fails_anyhow().seeds(2).check() {
            assert_eq!(run.upgrades, [(20, 2)], "down from {down} to {up}");
        }
    }
}

/// N10 upgrade, with members that never say a word: agreement needs all but a tenth, progress all but a third.
#[test]
fn upgrade() {
    for (silent, upgrades) in [(1, vec![(20, 2)]), (2, vec![]), (3, vec![])] {
        let runs = planned("upgrade", MEMBERS)
            .behaviour(move |member| match member {
                _ if member < silent => Behaviour::byzantine(Silent { kinds: &[] }),
                _ => Behaviour::Standard,
            })
            .views(60)
            .fails_anyhow()
            .seeds(2)
            .check();
        for run in runs {
            assert_eq!(run.upgrades, upgrades, "{silent} are silent");
        }
    }
}

/// #70 upgrade_restart: all restart before, at and after the switch.
#[test]
fn test_upgrade_restart() {
    for view in [3, 18, 19, 20, 21, 22, 30] {
        let restart = NodeAction::Restart(50 * MS);
        let runs = planned("test_upgrade_restart", 7)
            .change(view, 0..7, restart)
            .fails_anyhow()
            .seeds(2)
            .check();
        for run in runs {
            assert!(
                matches!(run.upgrades[..], [(20..=40, 2)]),
                "{view}: {:?}",
                run.upgrades
            );
        }
    }
}

/// A crash before any output of the switch, on any disk.
#[test]
fn crashes_around_an_upgrade() {
    let rough = Parts {
        crash: 0.004,
        ..Parts::rough()
    };
    let runs = TestBuilder::new("crashes_around_an_upgrade", 4)
        .parts(rough)
        .upgrade(10..=1_000, [], [])
        .seeds(10)
        .heals(5 * SECOND, 20, 20 * SECOND)
        .check();
    for run in runs {
        assert!(matches!(run.upgrades[..], [(10.., 2)]), "{:?}", run.upgrades);
    }
}

/// A leader of faulty rules is refused whatever it shows for them; its views fail, and the upgrade comes when it was agreed.
#[test]
fn usurpers_are_refused() {
    for pretext in [Pretext::Nothing, Pretext::Forged, Pretext::Real, Pretext::Fall] {
        let runs = TestBuilder::new("usurpers_are_refused", MEMBERS)
            .upgrade(45..=60, [], [])
            .behaviour(move |member| match member {
                3 => Behaviour::byzantine(Usurper::new(&[pretext])),
                _ => Behaviour::Standard,
            })
            .views(80)
            .fails_anyhow()
            .check();
        for run in runs {
            let usurped = |view: &u64| *view < 80 && view % 10 == 3;
            let failed = run.failed_views.iter().filter(|view| usurped(view)).count();
            let before = match pretext {
                Pretext::Nothing | Pretext::Forged => 8,
                // In its window, a certificate that holds is none.
                Pretext::Real => 6,
                // There is none below the first version.
                Pretext::Fall => 3,
            };
            assert!(failed >= before, "{pretext:?}: {:?}", run.failed_views);
            assert_eq!(run.upgrades, [(45, 2)], "{pretext:?}");
        }
    }
}

/// One of ten does not speak the new version: it stops with a reason at the switch, and the others go on. With new software it
/// is back.
#[test]
fn a_laggard_stops_and_comes_back_with_new_software() {
    let laggard = TestBuilder::new("a_laggard_stops_and_comes_back_with_new_software", MEMBERS)
        .upgrade(20..=40, [], [6])
        .views(60)
        .fails_anyhow();
    for run in laggard.clone().check() {
        assert_eq!(run.upgrades, [(20, 2)]);
        assert!((15..20).contains(&run.heights[6]), "{:?}", run.heights);
    }
    for run in laggard.change(50, [6], NodeAction::Install).views(90).check() {
        assert!(run.heights[6] >= 90, "{:?}", run.heights);
    }
}

/// Who joins after the upgrade, or was away for it, executes each block by its own rules.
#[test]
fn late_joiners_over_an_upgrade() {
    let runs = planned("late_joiners_over_an_upgrade", MEMBERS)
        .change(15, [8], NodeAction::NetworkDown)
        .change(60, [8], NodeAction::NetworkUp)
        .change(80, [9], NodeAction::Up)
        .views(120)
        .fails_anyhow()
        .check();
    for run in runs {
        assert_eq!(run.upgrades, [(20, 2)]);
        assert!(
            run.heights.iter().all(|height| *height >= 120),
            "{:?}",
            run.heights
        );
    }
}

/// Observers follow the upgrade, and have no say in it.
#[test]
fn observers_follow_an_upgrade() {
    for run in planned("observers_follow_an_upgrade", 4).observers(3).check() {
        assert_eq!(run.upgrades, [(20, 2)]);
        assert!(
            run.heights.iter().all(|height| *height >= 50),
            "{:?}",
            run.heights
        );
    }
}
