//! N11 `observer`: machines beside the members follow without a voice.

use std::time::Duration;

use hotshot_testing::{
    AsynchronousNetwork, Behaviour, Chance, DelayMs, Flooder, NodeAction, Parts, TestBuilder, Wild,
};

const SECOND: Duration = Duration::from_secs(1);

/// Two observers decide all that the members do. That they say nothing but questions is checked at each of their outputs.
#[test]
fn observer() {
    for run in TestBuilder::new("observer", 4).observers(2).check() {
        assert_eq!(run.heights.len(), 6);
        assert!(run.heights[4..].iter().all(|height| *height >= 50), "{run:?}");
        assert_eq!(run.timeouts, 0, "who has no voice gives nothing up: {run:?}");
    }
}

/// Where observers come late, crash and are cut off, no view fails: nobody waits for them. They catch up.
#[test]
fn observers_come_late_and_go_away() {
    TestBuilder::new("observers_come_late_and_go_away", 4)
        .observers(3)
        .change(20, [4], NodeAction::Up)
        .change(10, [5], NodeAction::Restart(SECOND))
        .change(5, [6], NodeAction::NetworkDown)
        .change(70, [6], NodeAction::NetworkUp)
        .views(90)
        .check();
}

/// Members give views up, and links lose: observers follow through timeouts, too.
#[test]
fn observers_follow_through_failed_views() {
    TestBuilder::new("observers_follow_through_failed_views", 4)
        .observers(2)
        .network(AsynchronousNetwork {
            keep: Chance {
                numerator: 8,
                denominator: 10,
            },
            delay: DelayMs { low: 0, high: 40 },
        })
        .parts(Parts::rough())
        .change(5, [2], NodeAction::Down)
        .heals(4 * SECOND, 10, 30 * SECOND)
        .seeds(10)
        .check();
}

/// Observers that vote, propose and lie have no say: no view fails.
#[test]
fn lying_observers_have_no_say() {
    TestBuilder::new("lying_observers_have_no_say", 4)
        .observers(2)
        .behaviour(|machine| match machine {
            4 => Behaviour::byzantine(Wild::default()),
            5 => Behaviour::byzantine(Flooder { rate: 5 }),
            _ => Behaviour::Standard,
        })
        .check();
}
