//! The hand-over, committees, and evidence at the boundary.

use super::*;

#[test]
fn an_epochs_first_block_brings_the_hand_over() {
    let Chain { a, b, c, d } = chain();
    let rival = block(&a, 2, b"rival");
    let first = propose(&b, 2, &c, b"c");
    let with = |proposal: &Proposal, hand_over| Proposal {
        hand_over,
        ..proposal.clone()
    };
    let second = propose(&c, 3, &d, b"d");
    let cases = [
        ("its parent's", first.clone(), Ok(())),
        (
            "its parent's, of a later view",
            with(&first, Some(cert2(&b, 5))),
            Ok(()),
        ),
        ("none", with(&first, None), Err(Fault::HandOver)),
        (
            "a rival's",
            with(&first, Some(cert2(&rival, 2))),
            Err(Fault::HandOver),
        ),
        (
            "an earlier block's",
            with(&first, Some(cert2(&a, 1))),
            Err(Fault::HandOver),
        ),
        (
            "one too many",
            with(&second, Some(cert2(&c, 3))),
            Err(Fault::HandOver),
        ),
        ("none is needed", second, Ok(())),
    ];
    for (what, proposal, expected) in cases {
        assert_eq!(check(&proposal), expected, "{what}");
    }
}

#[test]
fn a_child_of_a_last_block_is_refused_without_the_hand_over() {
    let (mut one, Chain { b, c, .. }) = at_the_boundary(0);
    let first = propose(&b, 2, &c, b"c");
    let bare = Proposal {
        hand_over: None,
        upgrade: None,
        ..first.clone()
    };
    one.out.clear();
    one.step(input(&bare));
    assert_eq!(one.faults(), [Fault::HandOver]);
    assert!(one.core.proposal(&c.commitment()).is_none());
    assert_eq!(place(&one), (0, 3));
    one.step(input(&first));
    assert_eq!(place(&one), (1, 3), "the hand-over in it ends the epoch");
    assert_eq!(one.core.decided().height, 2);
    assert_eq!(votes1(&mut one), [(3, c.commitment())]);
}

#[test]
fn the_next_committee_is_named_exactly_where_the_epoch_ends() {
    let Chain { a, b, .. } = chain();
    let named = |next_committee| Header {
        next_committee,
        ..b.clone()
    };
    let proposal = |header: &Header| propose(&a, 1, header, b"b");
    assert_eq!(check(&proposal(&named([0; 32]))), Err(Fault::NextCommittee));
    let early = Header {
        next_committee: b.next_committee,
        ..a.clone()
    };
    assert_eq!(
        check(&propose(&genesis(), 0, &early, b"a")),
        Err(Fault::NextCommittee)
    );
    let other = named(*committee(7).hash());
    assert_eq!(check(&proposal(&other)), Ok(()), "who knows better looks at it");
    // It votes for the committee that it knows, and for none while it knows none.
    for (epochs, header, voted) in [(2, &other, false), (2, &b, true), (1, &b, false)] {
        let mut one = member(0, epochs);
        one.step(input(&propose(&genesis(), 0, &a, b"a")));
        one.out.clear();
        one.step(input(&proposal(header)));
        assert_eq!(!votes1(&mut one).is_empty(), voted, "{epochs} epochs are known");
        if epochs == 1 {
            one.step(Input::Committee(committee(1)));
            assert_eq!(votes1(&mut one), [(2, b.commitment())]);
        }
    }
    // Nor does it build on less: member 2 leads view 2.
    let mut one = member(2, 1);
    one.step(input(&propose(&genesis(), 0, &a, b"a")));
    one.step(Input::Certificate1(cert1(&a, 1)));
    assert_eq!(builds(&mut one), []);
    one.step(Input::Committee(committee(1)));
    assert_eq!(builds(&mut one), [(0, b.next_committee)]);
}

#[test]
fn the_epoch_is_the_heights() {
    let Chain { a, b, .. } = chain();
    for epoch in [1, 2] {
        let header = Header { epoch, ..b.clone() };
        assert_eq!(check(&propose(&a, 1, &header, b"b")), Err(Fault::Parent));
    }
}

/// Until an epoch's first block, the epoch before may have given the view up; afterwards it has no say.
#[test]
fn evidence_of_which_epoch() {
    let Chain { b, c, .. } = chain();
    let evidence = |parent: &Header, certified, height_before: u64, epoch| {
        let header = block(parent, height_before + 2, b"late");
        let lock = justify(parent, certified);
        Proposal {
            timeout: Some(gave_up(epoch, header.view - 1, [&lock; 3])),
            ..propose(parent, certified, &header, b"late")
        }
    };
    for (epoch, first, second) in [
        (0, Ok(()), Err(Fault::Evidence)),
        (1, Ok(()), Ok(())),
        (2, Err(Fault::Evidence), Err(Fault::Evidence)),
    ] {
        assert_eq!(check(&evidence(&b, 2, 2, epoch)), first, "first block, {epoch}");
        assert_eq!(check(&evidence(&c, 3, 3, epoch)), second, "second block, {epoch}");
    }
}

/// The leader builds an epoch's first block on the hand-over only; without it, it proposes the last block again, but not in
/// the view right after its certificate.
#[test]
fn who_leads_at_the_boundary() {
    // Member 3 leads view 3, the one after.
    let (mut one, Chain { b, .. }) = at_the_boundary(3);
    assert_eq!(place(&one), (0, 3));
    one.out.clear();
    one.wait(fast().resend);
    let proposed = |what: &Outgoing| matches!(what, Outgoing::Proposal(_));
    assert!(
        !one.out
            .iter()
            .any(|output| matches!(output, Output::Build { .. }))
    );
    assert!(!one.sent().iter().any(proposed));
    one.step(Input::Certificate2(cert2(&b, 2)));
    assert_eq!(builds(&mut one), [(1, [0; 32])]);
    let header = block(&b, 3, b"c");
    let block = Block {
        header: header.clone(),
        payload: b"c"[..].into(),
    };
    let view = View::new(3);
    one.step(Input::Built { view, block });
    let expected = propose(&b, 2, &header, b"c");
    assert!(one.sent().contains(&Outgoing::Proposal(Arc::new(expected))));
    // Member 0 leads view 4.
    let (mut one, _) = at_the_boundary(0);
    one.out.clear();
    one.step(timeout(gave_up(0, 3, [&justify(&b, 2); 3])));
    let expected = again(&b, 2, 4, b"b");
    assert!(one.sent().contains(&Outgoing::Proposal(Arc::new(expected))));
}

/// What is said of epochs whose committees are not known proves nothing: this node asks, and not for ever.
#[test]
fn an_unknown_epoch_is_worth_a_bounded_question() {
    let (mut one, Chain { c, .. }) = at_the_boundary(0);
    let before = (lock(&one), place(&one), one.core.held());
    one.sent();
    let far = Header {
        epoch: 7,
        height: 15,
        ..c
    };
    one.step(input(&Proposal {
        header: far,
        ..propose(&genesis(), 0, &chain().a, b"a")
    }));
    one.step(Input::Behind);
    let mut asked = 0;
    let mut silent = 0;
    let fetches = |what: &Outgoing| matches!(what, Outgoing::FetchBlocks(_) | Outgoing::FetchProposal(_));
    while silent < 20 {
        one.wait(fast().fetch_retry);
        let questions = one.sent().iter().filter(|what| fetches(what)).count();
        asked += questions;
        silent = if questions == 0 { silent + 1 } else { 0 };
        assert!(asked <= 3 * MAX_MEMBERS, "{asked} questions");
    }
    assert!(asked >= 2 * 3, "{asked} questions for three peers");
    assert_eq!((lock(&one), place(&one), one.core.held()), before);
}

/// A committee is kept until a block of the epoch after the next is decided: until then its certificates may still be needed.
#[test]
fn committees_are_forgotten_when_they_are_no_longer_needed() {
    let mut one = member(0, 2);
    let mut parent = genesis();
    let known = |one: &One| {
        let committees = one.core.committees().iter();
        committees.map(|c| c.epoch().get()).collect::<Vec<_>>()
    };
    for (height, expected) in [
        (1, vec![0, 1]),
        (2, vec![0, 1, 2]),
        (3, vec![0, 1, 2]),
        (4, vec![0, 1, 2, 3]),
        (5, vec![1, 2, 3]),
        (6, vec![1, 2, 3, 4]),
        (7, vec![2, 3, 4]),
    ] {
        let header = block(&parent, height, b"block");
        one.step(input(&propose(&parent, height - 1, &header, b"block")));
        one.step(Input::Certificate1(cert1(&header, height)));
        one.step(Input::Certificate2(cert2(&header, height)));
        if height % 2 == 0 {
            one.step(Input::Committee(committee(header.epoch + 2)));
        }
        assert_eq!(one.core.decided().height, height);
        assert_eq!(known(&one), expected, "height {height}");
        parent = header;
    }
}
