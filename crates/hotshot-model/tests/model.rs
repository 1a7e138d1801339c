//! Bounds that are explored completely, and controls: what each defect leads to is found.

use hotshot_model::{Bound, Cluster, Defect, State};
use stateright::{Checker, Expectation, HasDiscoveries, Model};

fn one_view(byzantine: usize) -> Bound {
    Bound {
        views: 1,
        timeouts: 1,
        byzantine,
        rivals: 2,
        crashes: true,
        slow_application: true,
    }
}

fn two_views() -> Bound {
    Bound {
        views: 2,
        timeouts: 1,
        byzantine: 1,
        rivals: 1,
        crashes: true,
        slow_application: false,
    }
}

/// Explores a bound completely: nothing that must not happen does, and everything that must be seen is.
fn explore(bound: Bound) {
    let checker = Cluster::new(bound, Defect::None).checker().spawn_bfs().join();
    for property in checker.model().properties() {
        let found = checker.discovery(property.name);
        let must_be_seen = matches!(property.expectation, Expectation::Sometimes);
        assert_eq!(found.is_some(), must_be_seen, "{bound:?}: {}", property.name);
    }
    assert!(
        checker.is_done() && checker.unique_state_count() > 500,
        "{bound:?}"
    );
}

#[test]
fn one_view_of_an_honest_leader() {
    explore(one_view(0));
}

#[test]
fn one_view_of_a_byzantine_leader() {
    explore(one_view(1));
}

#[test]
fn two_views_without_crashes() {
    explore(Bound {
        crashes: false,
        ..two_views()
    });
}

/// Finds a run in which two leaves are decided at one height, and tells it to the end.
fn breaks_agreement(bound: Bound, defect: Defect) {
    let agreement = HasDiscoveries::AnyOf(["agreement"].into());
    let checker = Cluster::new(bound, defect)
        .checker()
        .finish_when(agreement)
        .spawn_dfs()
        .join();
    let path = checker.discovery("agreement").expect("the defect is found");
    let statements = path.clone().into_actions().len();
    assert_eq!(checker.model().explain(path).len(), statements);
}

#[test]
fn control_first_votes_that_are_forgotten() {
    breaks_agreement(two_views(), Defect::ForgetsVotes1);
}

#[test]
fn control_locks_that_are_forgotten() {
    breaks_agreement(two_views(), Defect::ForgetsLock);
}

#[test]
fn control_votes_that_are_not_durable() {
    let bound = Bound {
        slow_application: false,
        ..one_view(1)
    };
    breaks_agreement(bound, Defect::LosesVotes);
}

/// A generator of walks: the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }
}

/// The reduction leaves nothing out: whatever is said on a walk of single steps, of any core in any order, is said in a state
/// that the reduced exploration reaches.
#[test]
fn walks_of_single_steps_stay_within_what_is_explored() {
    let (recorder, states) = stateright::StateRecorder::<Cluster>::new_with_accessor();
    let checker = Cluster::new(one_view(1), Defect::None)
        .checker()
        .visitor(recorder)
        .spawn_bfs()
        .join();
    let model = checker.model();
    let explored: std::collections::HashSet<_> =
        states().iter().map(|state: &State| model.said(state)).collect();
    let mut walked = std::collections::HashSet::new();
    let mut dice = Dice(1);
    for _ in 0..1_500 {
        let walk = model.walk(120, |end| dice.below(end));
        for said in walk {
            assert!(explored.contains(&said), "said, but not explored: {said:?}");
            walked.insert(said);
        }
    }
    assert!(
        walked.len() * 3 > explored.len(),
        "{} of {} seen",
        walked.len(),
        explored.len()
    );
}
