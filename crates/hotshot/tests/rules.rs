//! The defects that this protocol must not have, one scenario each, step by step against one core.

mod one;

use std::{sync::Arc, time::Duration};

use hotshot::{
    Input, Outgoing, Output, Recipient, Token, Verdict,
    rules::{self, Fault},
};
use hotshot_testing::fixtures::{CHAIN, child, fast, genesis, node_id};
use hotshot_types::{
    Certificate1, Epoch, Epochs, Proposal, SignedProposal, TimeoutCertificate, TimeoutData, View,
};
use one::{One, cert1, cert2, header, justify, propose, timed_out};
use rollup_abi::{Digest, Header};

#[test]
fn the_way_of_one_block() {
    let mut one = One::new();
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Proposal(block.clone()));
    assert_eq!(one.votes1(), [leaf]);
    one.step(Input::Certificate1(cert1(&block)));
    assert_eq!(one.core.view(), View::new(2), "the certificate ends the view");
    assert_eq!(one.core.lock().data().leaf, leaf);
    assert_eq!(one.votes2(), [leaf]);
    one.step(Input::Certificate2(cert2(&block)));
    assert_eq!(one.decided(), [1]);
}

#[test]
fn nothing_is_said_before_it_is_durable_nor_after_the_view_was_given_up() {
    let mut one = One::new();
    one.automatic = false;
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Proposal(block));
    one.step(Input::Validated {
        leaf,
        verdict: Verdict::Valid,
    });
    let token = |one: &One| -> Token {
        let persisted = |output: &Output| {
            if let Output::Persist { token, .. } = output {
                Some(*token)
            } else {
                None
            }
        };
        one.out
            .iter()
            .rev()
            .find_map(persisted)
            .expect("something is to be written")
    };
    let vote = token(&one);
    assert_eq!(one.sent(), [], "the vote waits");
    one.wait(Duration::from_secs(1));
    let timeout = token(&one);
    one.sent();
    one.step(Input::Persisted(vote));
    assert_eq!(
        one.votes1(),
        [] as [Digest; 0],
        "the view has been given up meanwhile"
    );
    one.step(Input::Persisted(timeout));
    assert!(
        matches!(one.sent()[..], [Outgoing::Timeout(TimeoutData { view, .. }, _)] if view == View::new(1))
    );
}

/// B1: a later first vote on a branch without the block forbids the second vote for it, whatever comes late.
#[test]
fn b1_no_vote2_for_a_block_that_a_later_vote1_excludes() {
    for other_branch in [true, false] {
        let mut one = One::new();
        let block = propose(&genesis(), 1, b"a");
        // View 2's proposal builds on genesis (view 1 was given up) or on the block of view 1.
        let parent = if other_branch { genesis() } else { header(&block) };
        if !other_branch {
            one.step(Input::Proposal(block.clone()));
        }
        let next = propose(&parent, 2, b"b");
        one.step(Input::Proposal(next.clone()));
        assert!(one.votes1().contains(&next.proposal.leaf()));
        // The block of view 1, and that it is certified, arrive late.
        one.step(Input::Proposal(block.clone()));
        one.step(Input::Certificate1(cert1(&block)));
        let votes2 = one.votes2();
        if other_branch {
            assert_eq!(
                votes2,
                [] as [Digest; 0],
                "two conflicting quorums could come together"
            );
            // A restart does not forget it.
            one.restart();
            one.step(Input::Proposal(block.clone()));
            one.step(Input::Certificate1(cert1(&block)));
            assert_eq!(one.votes2(), [] as [Digest; 0]);
        } else {
            assert!(
                one.core.actions().vote2 >= View::new(1),
                "extending it is no reason to refuse"
            );
        }
    }
}

/// B2: a certified block that is not here is fetched, and then voted for and decided.
#[test]
fn b2_a_missing_block_is_fetched_and_completes_the_view() {
    let mut one = One::new();
    let block = propose(&genesis(), 1, b"a");
    let leaf = block.proposal.leaf();
    one.step(Input::Certificate1(cert1(&block)));
    one.step(Input::Certificate2(cert2(&block)));
    one.sent();
    one.wait(fast().fetch_delay);
    let asked = |one: &mut One| {
        let out = std::mem::take(&mut one.out);
        let fetch = out.into_iter().find_map(|output| match output {
            Output::Send {
                to: Recipient::One(node),
                what,
            } => Some((node, what)),
            _ => None,
        });
        fetch.expect("a fetch")
    };
    let (first, what) = asked(&mut one);
    assert!(matches!(what, Outgoing::FetchProposal(fetch) if fetch.leaf == leaf));
    // Without an answer, others are asked in turn.
    let mut peers = vec![first];
    for _ in 0..5 {
        one.wait(fast().fetch_retry);
        peers.push(asked(&mut one).0);
    }
    peers.sort_unstable();
    peers.dedup();
    assert_eq!(peers, [node_id(0), node_id(1), node_id(2)]);
    one.step(Input::Proposal(block));
    assert_eq!(one.decided(), [1]);
}

fn on(parent: &Header, timeout: Option<TimeoutCertificate>, view: u64) -> Proposal {
    Proposal {
        view: View::new(view),
        hand_over: None,
        upgrade: None,
        header: child(parent, View::new(view), parent.timestamp_ms + 1, b"c"),
        justify: justify(parent),
        timeout,
        payload: b"c"[..].into(),
    }
}

/// B4: the leader builds on the highest lock that the timeout certificate proves, and nobody accepts less.
#[test]
fn b4_a_proposal_below_the_proven_lock_is_refused() {
    let (a, chain) = (propose(&genesis(), 1, b"a"), rules::well_formed);
    let b = propose(&header(&a), 2, b"b");
    let proven = || Some(timed_out(3, [&header(&a), &header(&b), &genesis()]));
    let cases = [
        ("the proven lock", on(&header(&b), proven(), 4), Ok(())),
        (
            "below it",
            on(&header(&a), proven(), 4),
            Err(Fault::BelowProvenLock),
        ),
        (
            "genesis",
            on(&genesis(), proven(), 4),
            Err(Fault::BelowProvenLock),
        ),
        ("no evidence", on(&header(&b), None, 4), Err(Fault::Evidence)),
        (
            "evidence for another view",
            on(&header(&b), proven(), 5),
            Err(Fault::Evidence),
        ),
        (
            "evidence not needed",
            on(&header(&b), Some(timed_out(2, [&header(&a); 3])), 3),
            Err(Fault::Evidence),
        ),
        ("the view before", on(&header(&b), None, 3), Ok(())),
    ];
    for (what, proposal, expected) in cases {
        assert_eq!(chain(&proposal, &CHAIN, Epochs::ENDLESS), expected, "{what}");
    }
    // The leader of view 7 (this node) was not there for block b; the certificate tells it.
    let mut one = One::new();
    one.step(Input::Proposal(a.clone()));
    one.step(Input::TimeoutCertificate(Arc::new(timed_out(
        6,
        [&header(&a), &header(&b), &genesis()],
    ))));
    assert_eq!(
        (one.core.view(), one.core.lock().view()),
        (View::new(7), View::new(2))
    );
    let builds = |one: &mut One| {
        let out = std::mem::take(&mut one.out);
        let build = |output| {
            if let Output::Build { parent, .. } = output {
                Some(parent.view)
            } else {
                None
            }
        };
        out.into_iter().filter_map(build).collect::<Vec<_>>()
    };
    assert_eq!(
        builds(&mut one),
        [] as [u64; 0],
        "it has not the block to build on"
    );
    one.step(Input::Proposal(b));
    assert_eq!(builds(&mut one), [2]);
}

/// B5: of two proposals in one view, either may get certified, in whatever order things arrive.
#[test]
fn b5_the_rival_of_the_block_voted_for_may_win() {
    let (a, b) = (propose(&genesis(), 1, b"a"), propose(&genesis(), 1, b"b"));
    type Order = fn(SignedProposal, SignedProposal, Certificate1) -> [Input; 3];
    let orders: [Order; 3] = [
        |a, b, c| [Input::Proposal(a), Input::Proposal(b), Input::Certificate1(c)],
        |a, b, c| [Input::Proposal(a), Input::Certificate1(c), Input::Proposal(b)],
        |a, b, c| [Input::Certificate1(c), Input::Proposal(b), Input::Proposal(a)],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let mut one = One::new();
        let inputs = order(a.clone(), b.clone(), cert1(&b));
        let [first, second, third] = inputs;
        one.step(first);
        one.step(second);
        one.step(third);
        let out = one.out.clone();
        assert_eq!(one.votes2(), [b.proposal.leaf()], "order {number}");
        one.out = out;
        assert!(
            one.faults().contains(&Fault::Equivocation(View::new(1))),
            "order {number}"
        );
        one.step(Input::Certificate2(cert2(&b)));
        assert_eq!(one.decided(), [1], "order {number}");
    }
    // It voted once in the view, though it saw two.
    let mut one = One::new();
    one.step(Input::Proposal(a.clone()));
    one.step(Input::Proposal(b.clone()));
    assert_eq!(one.votes1(), [a.proposal.leaf()]);
}

/// B6: what nobody has certified is neither kept nor waited for, however far ahead it claims to be.
#[test]
fn b6_claims_about_far_views_change_nothing() {
    let mut one = One::new();
    let before = one.core.view();
    let mut far = propose(&genesis(), 1_000_000, b"far");
    // Without evidence for the view before it is not well-formed, so it cannot move this node.
    Arc::make_mut(&mut far.proposal).timeout = None;
    one.step(Input::Proposal(far.clone()));
    assert_eq!(one.core.view(), before);
    assert!(one.core.proposal(&far.proposal.leaf()).is_none());
    assert_eq!(one.faults(), [Fault::Evidence]);
    // Of an epoch whose committee is not known, nothing is looked at.
    let mut other = propose(&genesis(), 1, b"other");
    Arc::make_mut(&mut other.proposal).header.epoch = 7;
    one.step(Input::Proposal(other));
    assert_eq!(one.faults(), []);
    assert_eq!(one.core.epoch(), Epoch::ZERO);
    // Of one view, two proposals are kept and no more.
    for payload in [b"a", b"b", b"c", b"d"] {
        one.step(Input::Proposal(propose(&genesis(), 1, payload)));
    }
    let kept = [b"a", b"b", b"c", b"d"].map(|p| {
        one.core
            .proposal(&propose(&genesis(), 1, p).proposal.leaf())
            .is_some()
    });
    assert_eq!(kept, [true, true, false, false]);
}

/// B8: a decision that comes before what it needs is not swallowed; ancestors come with it, in order, once.
#[test]
fn b8_every_block_is_decided_once_in_order_with_its_ancestors() {
    let a = propose(&genesis(), 1, b"a");
    let b = propose(&header(&a), 2, b"b");
    let c = propose(&header(&b), 3, b"c");
    let inputs = [
        Input::Certificate2(cert2(&c)),
        Input::Proposal(c.clone()),
        Input::Certificate2(cert2(&a)),
        Input::Proposal(b.clone()),
        Input::Certificate1(cert1(&c)),
        Input::Proposal(a.clone()),
    ];
    // Every order of arrival, with each input twice.
    let mut orders = vec![vec![]];
    for _ in 0..inputs.len() {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                let rest = (0..inputs.len())
                    .filter(|i| !order.contains(i))
                    .collect::<Vec<_>>();
                rest.into_iter()
                    .map(move |i| order.iter().copied().chain([i]).collect())
            })
            .collect();
    }
    assert_eq!(orders.len(), 720);
    for order in orders {
        let mut one = One::new();
        for index in &order {
            one.step(inputs[*index].clone());
            one.step(inputs[*index].clone());
        }
        assert_eq!(one.decided(), [1, 2, 3], "{order:?}");
    }
}

/// The view-0 defect: nothing is believed because it claims to be genesis.
#[test]
fn a_false_genesis_justifies_nothing() {
    let mut one = One::new();
    let mut other = genesis();
    other.state_root = [66; 32];
    let block = propose(&other, 1, b"a");
    one.step(Input::Proposal(block.clone()));
    assert!(one.core.proposal(&block.proposal.leaf()).is_none());
    assert_eq!(one.faults(), [Fault::Chain]);
}
