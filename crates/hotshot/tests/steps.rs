//! Locks, restarts, contradictions, clocks and catching up, step by step against one core.

mod one;

use std::{sync::Arc, time::Duration};

use hotshot::{HaltReason, Input, Outgoing, Verdict, rules};
use hotshot_testing::fixtures::{child, fast, genesis};
use hotshot_types::{Block, Epoch, SignedProposal, View, message::FetchedBlocks};
use one::{One, cert1, cert2, header, propose, timed_out};
use rollup_abi::Digest;

#[test]
fn locked_nodes_refuse_what_conflicts_and_accept_what_is_newer() {
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    let mut one = One::new();
    for block in [&a, &b] {
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate1(cert1(block)));
    }
    one.sent();
    // View 3 was given up by nodes that had not seen b's certificate: justified by a, below this node's lock.
    let low = propose(&header(&a), 4, b"low");
    one.step(Input::Proposal(low.clone()));
    assert_eq!(one.core.view(), View::new(4));
    assert_eq!(one.votes1(), [] as [Digest; 0]);
    // They certify it all the same (this node's quorum is not needed): then it is newer than the lock.
    one.step(Input::Certificate1(cert1(&low)));
    assert_eq!(
        one.votes2(),
        [low.proposal.leaf()],
        "no first vote of this node excludes it"
    );
    let next = propose(&header(&low), 5, b"next");
    one.step(Input::Proposal(next.clone()));
    assert_eq!(one.votes1(), [next.proposal.leaf()]);
}

#[test]
fn contradictions_stop_the_node() {
    let (a, b) = (propose(&genesis(), 1, b"a"), propose(&genesis(), 1, b"b"));
    let halted = |inputs: Vec<Input>, automatic: bool| {
        let mut one = One::new();
        one.automatic = automatic;
        for input in inputs {
            one.step(input);
        }
        let reason = one.core.halted().cloned();
        if reason.is_some() {
            one.out.clear();
            one.step(Input::Proposal(propose(&genesis(), 1, b"z")));
            one.wait(Duration::from_secs(100));
            assert_eq!(one.out, [], "nothing comes out any more");
        }
        reason
    };
    let view = View::new(1);
    let twice = vec![Input::Certificate1(cert1(&a)), Input::Certificate1(cert1(&b))];
    assert_eq!(
        halted(twice, true),
        Some(HaltReason::ConflictingCertificates { view })
    );
    let decided = |last| vec![Input::Proposal(a.clone()), Input::Certificate2(cert2(&a)), last];
    let conflict = Some(HaltReason::ConflictingDecision { view });
    assert_eq!(halted(decided(Input::Certificate2(cert2(&b))), true), conflict);
    assert_eq!(halted(decided(Input::Certificate2(cert2(&a))), true), None);
    let leaf = a.proposal.leaf();
    let wrong = |certificate| {
        let verdict = Verdict::Invalid;
        vec![
            Input::Proposal(a.clone()),
            Input::Validated { leaf, verdict },
            certificate,
        ]
    };
    let diverged = Some(HaltReason::Diverged { view });
    assert_eq!(halted(wrong(Input::Certificate1(cert1(&a))), false), diverged);
    assert_eq!(halted(wrong(Input::Certificate2(cert2(&a))), false), diverged);
    let late = vec![
        Input::Proposal(a.clone()),
        Input::Certificate1(cert1(&a)),
        Input::Validated {
            leaf,
            verdict: Verdict::Invalid,
        },
    ];
    assert_eq!(halted(late, false), diverged);
}

#[test]
fn a_restarted_node_does_not_act_again_where_it_acted() {
    let mut one = One::new();
    let (a, rival) = (propose(&genesis(), 1, b"a"), propose(&genesis(), 1, b"rival"));
    one.step(Input::Proposal(a.clone()));
    assert_eq!(one.votes1(), [a.proposal.leaf()]);
    one.restart();
    one.step(Input::Proposal(rival));
    assert_eq!(one.votes1(), [] as [Digest; 0]);
    // It gave view 1 up; then it does not vote in it after a restart, either.
    let mut one = One::new();
    one.wait(Duration::from_secs(1));
    assert_eq!(one.core.actions().timeout, View::new(1));
    one.restart();
    one.step(Input::Proposal(a));
    assert_eq!(one.votes1(), [] as [Digest; 0]);
    // It says its timeout vote again, for the others may not have heard it.
    one.sent();
    one.wait(fast().resend);
    assert!(
        one.sent()
            .iter()
            .any(|what| matches!(what, Outgoing::Timeout(..)))
    );
}

#[test]
fn late_headers_and_headers_from_the_future_get_no_vote() {
    let drift = u64::try_from(fast().max_clock_drift.as_millis()).unwrap();
    let wall = One::new().clock.wall_ms;
    for (timestamp, voted) in [
        (genesis().timestamp_ms, false),
        (genesis().timestamp_ms + 1, true),
        (wall + drift, true),
        (wall + drift + 1, false),
    ] {
        let mut one = One::new();
        let mut block = propose(&genesis(), 1, b"a");
        Arc::make_mut(&mut block.proposal).header.timestamp_ms = timestamp;
        one.step(Input::Proposal(block));
        assert_eq!(!one.votes1().is_empty(), voted, "{timestamp} at {wall}");
    }
}

#[test]
fn fetched_blocks_are_decided_also_when_a_descendant_proves_them() {
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    let c = propose(&header(&b), 3, b"c");
    let block = |signed: &SignedProposal| Block {
        header: header(signed),
        payload: Arc::clone(&signed.proposal.payload),
    };
    let mut one = One::new();
    one.step(Input::Blocks(Arc::new(FetchedBlocks {
        blocks: vec![block(&a), block(&b)],
        tail: vec![header(&c)],
        certificate: cert2(&c),
    })));
    assert_eq!(one.decided(), [1, 2]);
    assert_eq!(one.core.view(), View::new(4));
    one.step(Input::Blocks(Arc::new(FetchedBlocks {
        blocks: vec![block(&b), block(&c)],
        tail: vec![],
        certificate: cert2(&c),
    })));
    assert_eq!(one.decided(), [3]);
}

#[test]
fn a_failed_view_takes_twice_as_long_up_to_the_limit_until_there_is_progress() {
    let mut one = One::new();
    let mut waits = Vec::new();
    for view in 1..=6 {
        let mut waited = Duration::ZERO;
        while one.core.actions().timeout < View::new(view) {
            one.wait(Duration::from_millis(50));
            waited += Duration::from_millis(50);
        }
        waits.push(waited.as_millis());
        one.step(Input::TimeoutCertificate(Arc::new(timed_out(
            view,
            [&genesis(), &genesis(), &genesis()],
        ))));
    }
    assert_eq!(waits, [300, 600, 1200, 2400, 3000, 3000]);
    let block = propose(&genesis(), 7, b"a");
    one.step(Input::Certificate1(cert1(&block)));
    assert_eq!(one.core.view(), View::new(8));
    one.wait(Duration::from_millis(299));
    assert_eq!(one.core.actions().timeout, View::new(6));
    one.wait(Duration::from_millis(1));
    assert_eq!(one.core.actions().timeout, View::new(8));
}

fn join(view: u64) -> Input {
    Input::TimeoutOneHonest {
        epoch: Epoch::ZERO,
        view: View::new(view),
    }
}

#[test]
fn one_honest_timeout_is_joined() {
    let mut one = One::new();
    one.step(join(5));
    assert_eq!(
        (one.core.view(), one.core.actions().timeout),
        (View::new(5), View::new(5))
    );
    assert!(
        one.sent()
            .iter()
            .any(|what| matches!(what, Outgoing::Timeout(data, _) if data.view == View::new(5)))
    );
    // A lower one is no news.
    one.step(join(4));
    assert_eq!(one.core.view(), View::new(5));
}

/// All that a node did before the crash is what it starts from.
#[test]
fn a_restarted_node_remembers_what_it_did() {
    let mut one = One::new();
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    for block in [&a, &b] {
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate1(cert1(block)));
    }
    // It leads view 3.
    let block = Block {
        header: child(&header(&b), View::new(3), 0, b"c"),
        payload: b"c"[..].into(),
    };
    let view = View::new(3);
    one.step(Input::Built { view, block });
    one.wait(Duration::from_secs(1));
    let before = (*one.core.actions(), one.core.lock().clone(), one.core.view());
    let acted = before.0;
    assert_eq!(
        (acted.proposed, acted.vote1, acted.vote2, acted.timeout),
        (view, view, View::new(2), view)
    );
    one.restart();
    assert_eq!(
        (*one.core.actions(), one.core.lock().clone(), one.core.view()),
        before
    );
    // The block of its own proposal is there for whoever asks.
    let own = child(&header(&b), View::new(3), 0, b"c").commitment();
    assert!(matches!(one.core.proposal(&own), Some((_, None))));
    // Nothing is said that was not said before: no vote of a view that it acted in.
    one.sent();
    one.step(Input::Certificate1(cert1(&b)));
    one.step(Input::Proposal(b));
    assert!(one.votes2().is_empty());
}

/// A node that acted in a view says why that view began for as long as it is in it, restarts included: those who did not
/// hear it would stay behind, and wait for a timeout vote that this node does not repeat.
#[test]
fn a_restarted_node_shows_why_its_view_began() {
    type Act = fn(&mut One);
    let acts: [(u64, Act); 3] = [
        // It gives view 2 up, too.
        (1, |one| one.wait(Duration::from_secs(1))),
        // It votes in view 2, or proposes in view 3, which it leads: the proposal tells.
        (1, |one| one.step(Input::Proposal(propose(&genesis(), 2, b"b")))),
        (2, |one| {
            let block = Block {
                header: child(&genesis(), View::new(3), 0, b"c"),
                payload: b"c"[..].into(),
            };
            let view = View::new(3);
            one.step(Input::Built { view, block });
        }),
    ];
    for (before, act) in acts {
        let mut one = One::new();
        let ended = Arc::new(timed_out(before, [&genesis(); 3]));
        one.step(Input::TimeoutCertificate(Arc::clone(&ended)));
        act(&mut one);
        one.restart();
        assert_eq!(one.core.view(), View::new(before + 1));
        one.sent();
        one.wait(fast().resend);
        let again = Outgoing::TimeoutCertificate(ended);
        assert!(one.sent().contains(&again), "view {before} was given up");
    }
}

#[test]
fn each_condition_of_vote1_is_needed() {
    let view = View::new;
    let vote1 = rules::Vote1Conditions {
        view: view(5),
        current: view(5),
        voted: view(4),
        timed_out: view(4),
        decided: view(4),
        safe: true,
        valid: true,
        next_committee: true,
        version: true,
        timely: true,
    };
    assert!(rules::may_vote1(&vote1));
    let broken = [
        rules::Vote1Conditions {
            current: view(6),
            ..vote1
        },
        rules::Vote1Conditions {
            current: view(4),
            ..vote1
        },
        rules::Vote1Conditions {
            voted: view(5),
            ..vote1
        },
        rules::Vote1Conditions {
            timed_out: view(5),
            ..vote1
        },
        rules::Vote1Conditions {
            decided: view(5),
            ..vote1
        },
        rules::Vote1Conditions { safe: false, ..vote1 },
        rules::Vote1Conditions {
            valid: false,
            ..vote1
        },
        rules::Vote1Conditions {
            next_committee: false,
            ..vote1
        },
        rules::Vote1Conditions {
            version: false,
            ..vote1
        },
        rules::Vote1Conditions {
            timely: false,
            ..vote1
        },
    ];
    for conditions in broken {
        assert!(!rules::may_vote1(&conditions), "{conditions:?}");
    }
}

#[test]
fn each_condition_of_vote2_is_needed() {
    let view = View::new;
    let vote2 = rules::Vote2Conditions {
        view: view(5),
        voted: view(4),
        decided: view(4),
        valid: true,
        excluded: false,
    };
    assert!(rules::may_vote2(&vote2));
    let broken = [
        rules::Vote2Conditions {
            voted: view(5),
            ..vote2
        },
        rules::Vote2Conditions {
            decided: view(5),
            ..vote2
        },
        rules::Vote2Conditions {
            valid: false,
            ..vote2
        },
        rules::Vote2Conditions {
            excluded: true,
            ..vote2
        },
    ];
    for conditions in broken {
        assert!(!rules::may_vote2(&conditions), "{conditions:?}");
    }
}

/// A node decides only what it has computed itself.
#[test]
fn a_final_block_waits_for_its_validation() {
    let mut one = One::new();
    one.automatic = false;
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Proposal(block.clone()));
    one.step(Input::Certificate2(cert2(&block)));
    one.step(Input::Validated {
        leaf,
        verdict: Verdict::Retry,
    });
    assert_eq!(one.decided(), [] as [u64; 0]);
    // It is asked again after a while.
    one.wait(Duration::from_millis(50));
    one.step(Input::Validated {
        leaf,
        verdict: Verdict::Valid,
    });
    assert_eq!(one.decided(), [1]);
}
