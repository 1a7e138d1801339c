//! tests_3: members that lie. What a liar's own turn comes to may fail; nobody else's does, and nobody honest is blamed.

use std::time::Duration;

use hotshot_testing::{
    BadProposalViewDos, Behaviour, DishonestLeader, DishonestVoter, DishonestVoting, DoubleProposeVote,
    Equivocator, Flooder, Forger, InvalidState, PayloadWithholder, Silent, TestBuilder, ViewDelay, Wild,
};

const SECOND: Duration = Duration::from_secs(1);

/// 50 views, none fails.
#[test]
fn double_propose_vote() {
    TestBuilder::new("double_propose_vote", 7)
        .behaviour(|member| match member {
            1 => Behaviour::byzantine(DoubleProposeVote),
            _ => Behaviour::Standard,
        })
        .check();
}

/// 99 mislabelled proposals instead of the right one: its own views fail, and only those.
#[test]
fn multiple_bad_proposals() {
    let runs = TestBuilder::new("multiple_bad_proposals", 12)
        .behaviour(|member| match member {
            4 => Behaviour::byzantine(BadProposalViewDos {
                multiplier: 100,
                increment: 1,
            }),
            _ => Behaviour::Standard,
        })
        .views(14)
        .fails_led_by(&[4], 1)
        .seeds(2)
        .check();
    for run in runs {
        assert_eq!(run.failed_views.first(), Some(&4), "{run:?}");
    }
}

/// Its 2nd and 3rd proposals stand on an old certificate: those views fail.
#[test]
fn dishonest_leader() {
    TestBuilder::new("dishonest_leader", 5)
        .behaviour(|member| match member {
            2 => Behaviour::byzantine(DishonestLeader::new([2, 3], 1)),
            _ => Behaviour::Standard,
        })
        .views(20)
        .fails([7, 12])
        .check();
}

/// Votes for later views, to the wrong leader: nothing fails.
#[test]
fn dishonest_voting() {
    TestBuilder::new("dishonest_voting", 10)
        .behaviour(|member| match member {
            5 => Behaviour::byzantine(DishonestVoting { view_increment: 10 }),
            _ => Behaviour::Standard,
        })
        .check();
}

/// A faulty leader and two voters that help it: its bad views fail, no other.
#[test]
fn coordination_attack() {
    TestBuilder::new("coordination_attack", 10)
        .behaviour(|member| match member {
            4 => Behaviour::byzantine(DishonestLeader::new([2], 1)),
            5 | 6 => Behaviour::byzantine(DishonestVoter { friends: [4].into() }),
            _ => Behaviour::Standard,
        })
        .views(30)
        .fails([14])
        .check();
}

/// #39, commented out there: one hears everything ten views late; agreement and progress.
#[test]
fn view_delay() {
    for delay in [2, 10, 25] {
        TestBuilder::new("view_delay", 7)
            .behaviour(move |member| match member {
                3 => Behaviour::byzantine(ViewDelay::new(delay, 40)),
                _ => Behaviour::Standard,
            })
            .views(45)
            .fails_anyhow()
            .check();
    }
}

/// N3: two proposals in one view, half of the members get each, and the leader votes for both.
#[test]
fn equivocation() {
    TestBuilder::new("equivocation", 4)
        .behaviour(|member| match member {
            1 => Behaviour::byzantine(Equivocator::default()),
            _ => Behaviour::Standard,
        })
        .views(60)
        .fails_anyhow()
        .seeds(20)
        .check();
}

/// N4: the certified block does not reach node 3, and quorums are tight: one of seven is dead, and the one that withholds
/// its block votes for nobody else's. Node 3 fetches it, and certification goes on (B2).
#[test]
fn fetched_payload_restores_certification() {
    TestBuilder::new("fetched_payload_restores_certification", 7)
        .behaviour(|member| match member {
            0 => Behaviour::byzantine(PayloadWithholder { from: [3].into() }),
            _ => Behaviour::Standard,
        })
        .change(5, [6], hotshot_testing::NodeAction::Down)
        .views(60)
        .fails_led_by(&[6], 6)
        .check();
}

/// N6: votes, timeouts and proposals for very many views: all honest nodes stay within their bounds.
#[test]
fn intake_is_bounded() {
    TestBuilder::new("intake_is_bounded", 4)
        .behaviour(|member| match member {
            2 => Behaviour::byzantine(Flooder { rate: 40 }),
            _ => Behaviour::Standard,
        })
        .views(40)
        .fails_anyhow()
        .check();
}

/// Certificates that nobody signed, one for view 0 among them: nobody believes them.
#[test]
fn forged_certificates_and_the_one_of_view_zero() {
    TestBuilder::new("forged_certificates_and_the_one_of_view_zero", 7)
        .behaviour(|member| match member {
            2 | 5 => Behaviour::byzantine(Forger),
            _ => Behaviour::Standard,
        })
        .check();
}

/// A leader with a wrong state root: its views fail.
#[test]
fn invalid_state_is_not_voted_for() {
    TestBuilder::new("invalid_state_is_not_voted_for", 7)
        .behaviour(|member| match member {
            2 => Behaviour::byzantine(InvalidState),
            _ => Behaviour::Standard,
        })
        .views(30)
        .fails_led_by(&[2], 1)
        .check();
}

/// N10 perm_silence_*: one keeps silent, altogether or in one kind of message, for good.
#[test]
fn perm_silence() {
    let cases: [(&[&str], bool); 6] = [
        (&[], true),
        (&["proposal"], true),
        (&["vote1"], false),
        (&["vote2"], false),
        (&["certificate1", "certificate2"], false),
        (&["timeout", "timeout_certificate"], false),
    ];
    for (kinds, costs_its_views) in cases {
        let builder = TestBuilder::new("perm_silence", 7)
            .behaviour(move |member| match member {
                3 => Behaviour::byzantine(Silent {
                    kinds: Box::leak(kinds.to_vec().into_boxed_slice()),
                }),
                _ => Behaviour::Standard,
            })
            .views(20)
            .seeds(1);
        let builder = if costs_its_views {
            builder.fails_led_by(&[3], 1)
        } else {
            builder
        };
        builder.check();
    }
}

/// N12: f members do anything, on links that lose and reorder.
#[test]
fn random() {
    for (nodes, wild) in [(4, 1), (7, 2), (10, 3)] {
        TestBuilder::new("random", nodes)
            .behaviour(move |member| match member {
                _ if member < wild => Behaviour::byzantine(Wild::default()),
                _ => Behaviour::Standard,
            })
            .partitions(SECOND, 2)
            .heals(4 * SECOND, 5, 40 * SECOND)
            .seeds(6)
            .check();
    }
}
