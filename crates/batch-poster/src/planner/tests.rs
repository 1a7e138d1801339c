//! Tables of situations, and the law that posting goes on whatever is lost.

use proptest::prelude::*;
use rollup_abi::{Header, ProgramError, roots};
use settlement::CommitmentConfig;

use super::*;
use crate::{Certificate, Settleable};

/// Blocks 1 to `tip`, each certified.
pub(crate) fn chain(tip: u64) -> Vec<Settleable> {
    let mut acc = roots::genesis(&[1; 32]);
    (1..=tip)
        .map(|height| {
            let state_root = rollup_abi::sha256(&[&height.to_le_bytes()]);
            acc = roots::extend(&acc, &state_root);
            Settleable {
                header: Header {
                    chain_id: [2; 32],
                    view: height,
                    height,
                    timestamp_ms: height,
                    state_root,
                    roots_acc: acc,
                    ..Header::default()
                },
                certificate: Some(Certificate {
                    view: height,
                    wire: vec![0; 67],
                }),
                state_root,
            }
        })
        .collect()
}

fn view(slot: u64, height: u64) -> ChainView {
    ChainView {
        slot,
        block_height: slot,
        height,
        epoch: 0,
        ended: false,
        roots_acc: [0; 32],
        root_at_local: None,
        active: true,
        paused: false,
        frozen: false,
        allowed: true,
        program: None,
    }
}

fn post(slot: u64, to: u64) -> InFlight {
    let mut bytes = [0; 64];
    bytes[..8].copy_from_slice(&to.to_le_bytes());
    bytes[8..16].copy_from_slice(&slot.to_le_bytes());
    InFlight {
        to,
        signature: Signature::from(bytes),
        last_valid_block_height: slot + 150,
        signed_at: slot,
        sent_at: slot,
        counted_on: true,
    }
}

fn planner(rank: u32) -> Planner {
    Planner::new(PosterConfig {
        rank,
        max_in_flight: 3,
        settle_in: 0,
        ..PosterConfig::default()
    })
}

fn base_of(action: Action) -> Option<u64> {
    match action {
        Action::Post { base, .. } => Some(base),
        _ => None,
    }
}

fn class(verdict: Verdict, cause: Cause) -> Classified {
    Classified { verdict, cause }
}

#[test]
fn what_the_account_says_comes_first() {
    type Change = fn(&mut ChainView);
    let change = |f: Change| {
        let mut chain = view(1, 5);
        f(&mut chain);
        planner(0).step(&chain, 9, None).action
    };
    let cases: [(Change, Action); 7] = [
        (
            |_| {},
            Action::Post {
                base: 5,
                preflight: true,
                attempt: 1,
            },
        ),
        (|c| c.active = false, Action::Idle(Idle::NotActive)),
        (|c| c.paused = true, Action::Idle(Idle::Paused)),
        (|c| c.allowed = false, Action::Idle(Idle::NotAllowed)),
        (
            |c| c.program = Some(ProgramMismatch::Unrecorded),
            Action::Idle(Idle::Program(ProgramMismatch::Unrecorded)),
        ),
        (|c| c.height = 9, Action::Idle(Idle::UpToDate)),
        (|c| c.frozen = true, Action::Halt(Halt::Frozen { height: 5 })),
    ];
    for (f, expected) in cases {
        assert_eq!(change(f), expected);
    }
}

#[test]
fn a_root_that_differs_halts_for_good() {
    let local = LocalBlock {
        height: 5,
        state_root: [3; 32],
        roots_acc: [4; 32],
    };
    let mut same = view(1, 5);
    same.root_at_local = Some([3; 32]);
    same.roots_acc = [4; 32];
    let mut root = same;
    root.root_at_local = Some([8; 32]);
    let mut acc = same;
    acc.roots_acc = [8; 32];
    // The chain is ahead: the accumulators are of different heights, the ring still tells.
    let mut ahead = view(1, 7);
    ahead.root_at_local = Some([8; 32]);
    let mut ahead_same = view(1, 7);
    ahead_same.root_at_local = Some([3; 32]);
    for (chain, halts) in [
        (same, false),
        (root, true),
        (acc, true),
        (ahead, true),
        (ahead_same, false),
    ] {
        let mut planner = planner(0);
        let action = planner.step(&chain, 9, Some(local)).action;
        assert_eq!(
            matches!(action, Action::Halt(Halt::Diverged { height: 5, .. })),
            halts
        );
        let later = planner.step(&view(2, 6), 9, None).action;
        assert_eq!(matches!(later, Action::Halt(_)), halts, "it stays so");
    }
}

#[test]
fn posts_build_on_what_is_under_way() {
    let mut planner = planner(0);
    assert_eq!(base_of(planner.step(&view(1, 0), 4, None).action), Some(0));
    planner.sent(post(1, 4));
    assert_eq!(
        planner.step(&view(1, 0), 4, None).action,
        Action::Idle(Idle::UpToDate)
    );
    assert_eq!(base_of(planner.step(&view(2, 0), 6, None).action), Some(4));
    planner.sent(post(2, 6));
    planner.sent(post(2, 7));
    assert_eq!(
        planner.step(&view(2, 0), 9, None).action,
        Action::Idle(Idle::InFlight)
    );
    let step = planner.step(&view(3, 6), 9, None);
    assert_eq!(step.landed.iter().map(|p| p.to).collect::<Vec<_>>(), [4, 6]);
    assert_eq!(base_of(step.action), Some(7));
}

#[test]
fn what_is_lost_is_sent_again_then_replaced_then_forgotten() {
    let mut planner = planner(0);
    let lost = post(10, 4);
    planner.step(&view(10, 0), 4, None);
    planner.sent(lost);
    assert!(planner.step(&view(11, 0), 4, None).rebroadcast.is_empty());
    let again = planner.step(&view(12, 0), 4, None);
    assert_eq!(again.rebroadcast, [lost.signature]);
    assert_eq!(again.action, Action::Idle(Idle::UpToDate), "not signed anew yet");
    assert_eq!(base_of(planner.step(&view(18, 0), 4, None).action), Some(0));
    let mut late = view(19, 0);
    late.block_height = lost.last_valid_block_height;
    assert!(planner.step(&late, 4, None).expired.is_empty(), "it may land yet");
    late.block_height += 1;
    assert_eq!(planner.step(&late, 4, None).expired.len(), 1);
    assert!(planner.in_flight().is_empty());
}

#[test]
fn a_failure_takes_down_what_was_built_on_it() {
    let mut planner = planner(0);
    planner.step(&view(1, 0), 4, None);
    let first = post(1, 4);
    planner.sent(first);
    planner.sent(post(1, 6));
    planner.failed(&first.signature, class(Verdict::Resign, Cause::Overtaken), 1);
    let action = planner.step(&view(1, 2), 8, None).action;
    assert_eq!(
        base_of(action),
        Some(2),
        "from the chain, not from the expectation"
    );
}

#[test]
fn failures_pause_longer_and_longer_and_progress_ends_that() {
    let mut planner = planner(0);
    planner.step(&view(0, 0), 4, None);
    let node = class(Verdict::Retry, Cause::Node);
    let mut slot = 100;
    for pause in [1, 2, 4, 8, 16, 32, 32] {
        planner.refused(node, slot);
        let waits = planner.step(&view(slot + pause - 1, 0), 4, None).action;
        assert_eq!(waits, Action::Idle(Idle::BackOff), "{pause}");
        let action = planner.step(&view(slot + pause, 0), 4, None).action;
        assert!(
            matches!(action, Action::Post { preflight: true, .. }),
            "{action:?}"
        );
        slot += pause;
    }
    planner.refused(node, slot);
    let action = planner.step(&view(slot, 1), 4, None).action;
    assert!(
        matches!(action, Action::Post { preflight: false, .. }),
        "{action:?}"
    );
}

#[test]
fn no_error_halts_and_a_refusal_is_said() {
    let refusal = ProgramError::SignatureInvalid;
    let cases = [
        (
            class(Verdict::Halt, Cause::Refused(refusal)),
            Idle::Refused(refusal),
        ),
        (class(Verdict::Halt, Cause::Funds), Idle::BackOff),
        (class(Verdict::Halt, Cause::NotDeployed), Idle::BackOff),
        (class(Verdict::Retry, Cause::Transport), Idle::BackOff),
        (class(Verdict::Resign, Cause::Unknown), Idle::BackOff),
    ];
    for (class, idle) in cases {
        let mut planner = planner(0);
        planner.step(&view(1, 0), 4, None);
        planner.refused(class, 1);
        let action = planner.step(&view(1, 0), 4, None).action;
        assert_eq!(action, Action::Idle(idle), "{class:?}");
        let later = planner.step(&view(1_000, 0), 4, None).action;
        assert!(matches!(later, Action::Post { preflight: true, .. }), "{later:?}");
    }
    let mut planner = planner(0);
    planner.step(&view(1, 0), 4, None);
    planner.refused(class(Verdict::Success, Cause::Processed), 1);
    assert_eq!(base_of(planner.step(&view(1, 0), 4, None).action), Some(0));
}

#[test]
fn the_operator_stops_and_flushes() {
    let mut second = planner(1);
    let waits = |action| assert_eq!(action, Action::Idle(Idle::NotOurTurn));
    waits(second.step(&view(1, 0), 4, None).action);
    second.refused(class(Verdict::Retry, Cause::Node), 1);
    second.order(Orders {
        flush_to: 4,
        ..Orders::default()
    });
    assert_eq!(base_of(second.step(&view(1, 0), 9, None).action), Some(0));
    second.order(Orders {
        stopped: true,
        flush_to: 4,
    });
    let stopped = second.step(&view(1, 0), 9, None).action;
    assert_eq!(stopped, Action::Idle(Idle::Stopped));
    second.order(Orders {
        flush_to: 4,
        ..Orders::default()
    });
    waits(second.step(&view(1, 4), 9, None).action);
}

#[test]
fn the_next_rank_takes_over_and_gives_back() {
    let mut second = planner(1);
    let waits = Action::Idle(Idle::NotOurTurn);
    assert_eq!(second.step(&view(100, 0), 4, None).action, waits);
    assert_eq!(second.step(&view(107, 0), 8, None).action, waits);
    assert_eq!(
        second.step(&view(107, 4), 8, None).action,
        waits,
        "rank 0 is alive"
    );
    assert_eq!(second.step(&view(114, 4), 8, None).action, waits);
    assert_eq!(base_of(second.step(&view(115, 4), 8, None).action), Some(4));
    second.sent(post(115, 8));
    assert_eq!(
        base_of(second.step(&view(116, 8), 12, None).action),
        Some(8),
        "its own progress keeps it at it"
    );
    second.sent(post(116, 12));
    assert_eq!(
        second.step(&view(117, 11), 16, None).action,
        waits,
        "somebody else's ends it"
    );
}

#[test]
fn a_new_process_looks_on_before_it_posts() {
    let mut planner = Planner::new(PosterConfig::default());
    let waits = Action::Idle(Idle::SettlingIn);
    assert_eq!(planner.step(&view(100, 0), 4, None).action, waits);
    assert_eq!(planner.step(&view(103, 0), 4, None).action, waits);
    let landed = planner.step(&view(103, 4), 4, None).action;
    assert_eq!(
        landed,
        Action::Idle(Idle::UpToDate),
        "its predecessor's post has shown"
    );
    assert_eq!(base_of(planner.step(&view(104, 4), 5, None).action), Some(4));
}

#[test]
fn what_shows_later_is_missed_later() {
    let [confirmed, finalized] =
        [CommitmentConfig::confirmed(), CommitmentConfig::finalized()].map(PosterConfig::at);
    assert_eq!(confirmed, PosterConfig::default());
    let slots = |c: PosterConfig| {
        [
            c.settle_in,
            c.takeover_after,
            c.rebroadcast_after,
            c.replace_after,
        ]
    };
    for (late, soon) in slots(finalized).into_iter().zip(slots(confirmed)) {
        assert_eq!(late, soon + 32);
    }
}

#[test]
fn an_idle_chain_is_no_reason_to_take_over() {
    let mut third = planner(2);
    third.step(&view(1, 4), 4, None);
    third.step(&view(500, 4), 4, None);
    assert_eq!(
        third.step(&view(510, 4), 5, None).action,
        Action::Idle(Idle::NotOurTurn)
    );
}

proptest! {
    /// Whatever is dropped, delayed or refused, the chain reaches the tip, and never more posts are counted on than allowed.
    #[test]
    fn it_always_gets_there(fates in proptest::collection::vec(0..4u8, 1..60), rank in 0..3u32) {
        let mut planner = planner(rank);
        let limit = planner.config.max_in_flight;
        let tip = 40;
        let (mut height, mut fates) = (0u64, fates.into_iter());
        for slot in 0..4_000u64 {
            let Action::Post { base, .. } = planner.step(&view(slot, height), tip, None).action else {
                continue;
            };
            let to = tip.min(base + 3);
            let made = post(slot, to);
            match fates.next() {
                // Lost.
                Some(0) => planner.sent(made),
                // Refused by the node.
                Some(1) => planner.refused(class(Verdict::Retry, Cause::Node), slot),
                // Lands and fails.
                Some(2) => {
                    planner.sent(made);
                    planner.failed(&made.signature, class(Verdict::Resign, Cause::Overtaken), slot);
                }
                // Lands: the program takes it only when it builds on its own height.
                _ => {
                    planner.sent(made);
                    if base == height {
                        height = to;
                    } else if to > height {
                        planner.failed(&made.signature, class(Verdict::Resign, Cause::Overtaken), slot);
                    }
                }
            }
            let counted = planner.in_flight().iter().filter(|post| post.counted_on).count();
            prop_assert!(counted <= limit);
        }
        prop_assert_eq!(height, tip);
    }
}

#[test]
fn an_epoch_that_ended_is_handed_over_by_whoever_posts() {
    let (mut first, mut second) = (planner(0), planner(1));
    let ended = |slot| ChainView {
        ended: true,
        ..view(slot, 10)
    };
    assert_eq!(
        first.step(&ended(100), 10, None).action,
        Action::HandOver,
        "also without new blocks"
    );
    assert!(first.prepares(&view(100, 10)) && !second.prepares(&view(100, 10)));
    let waits = Action::Idle(Idle::NotOurTurn);
    assert_eq!(second.step(&ended(100), 12, None).action, waits);
    assert_eq!(second.step(&ended(107), 12, None).action, waits);
    assert_eq!(second.step(&ended(108), 12, None).action, Action::HandOver);
    let taken_over = ChainView {
        epoch: 1,
        ..view(109, 10)
    };
    assert_eq!(
        second.step(&taken_over, 12, None).action,
        waits,
        "a hand-over is progress"
    );
    let paused = ChainView {
        paused: true,
        ..ended(109)
    };
    assert!(!first.prepares(&paused));
    assert_eq!(first.step(&paused, 12, None).action, Action::Idle(Idle::Paused));
}
