//! Epochs of two blocks, step by step against one core: the hand-over, blocks that are proposed again, the order of locks,
//! timeouts on both sides of the boundary, restarts in it, and committees that are not known.

mod one;

use std::{sync::Arc, time::Duration};

use hotshot::{
    Anchor, Committees, Input, Outgoing, Output, Record,
    rules::{self, Fault},
};
use hotshot_testing::fixtures::{CHAIN, PLACEHOLDER, child, committee_of, fast, genesis, node_id};
use hotshot_types::{
    Block, Certificate, Certificate1, Certificate2, Committee, Epoch, Epochs, Height, Justify, Phase,
    Proposal, SignedProposal, TimeoutCertificate, TimeoutData, TimeoutVote, View, VoteData,
};
use one::One;
use rollup_abi::{Digest, Header, MAX_MEMBERS};

const EPOCHS: Epochs = Epochs::of_length(2);
const SECOND: Duration = Duration::from_secs(1);

/// Four equal members in each epoch; member `v % 4` leads view `v`.
fn committee(epoch: u64) -> Committee {
    committee_of(epoch, &[1; 4], None)
}

fn block(parent: &Header, view: u64, payload: &[u8]) -> Header {
    let height = Height::new(parent.height + 1);
    let epoch = EPOCHS.of(height).get();
    let next_committee = if EPOCHS.is_last(height) {
        *committee(epoch + 1).hash()
    } else {
        [0; 32]
    };
    Header {
        epoch,
        next_committee,
        ..child(parent, View::new(view), parent.timestamp_ms + 1, payload)
    }
}

/// The certificate of a block in its own view or a later one.
fn certify<P: Phase>(header: &Header, view: u64) -> Certificate<P> {
    let data = VoteData {
        view: View::new(view),
        ..VoteData::of(header, header.commitment())
    };
    let votes = (0..3).map(|member| (member, *PLACEHOLDER));
    Certificate::assemble(&committee(header.epoch), data, votes).unwrap()
}

fn cert1(header: &Header, view: u64) -> Certificate1 {
    certify(header, view)
}

fn cert2(header: &Header, view: u64) -> Certificate2 {
    certify(header, view)
}

fn justify(header: &Header, view: u64) -> Justify {
    match header.height {
        0 => Justify::Genesis(header.commitment()),
        _ => Justify::Certified(cert1(header, view)),
    }
}

/// The committee of `epoch` gave `view` up, with these locks.
fn gave_up(epoch: u64, view: u64, locks: [&Justify; 3]) -> TimeoutCertificate {
    let votes = locks.map(|lock| TimeoutVote {
        data: TimeoutData {
            epoch: Epoch::new(epoch),
            view: View::new(view),
            lock_epoch: lock.data().epoch,
            lock_view: lock.view(),
        },
        signature: *PLACEHOLDER,
        lock: lock.clone(),
    });
    TimeoutCertificate::assemble(&committee(epoch), votes.iter().enumerate()).unwrap()
}

/// A block as its leader proposes it, on a parent that is certified in `certified`.
fn propose(parent: &Header, certified: u64, header: &Header, payload: &[u8]) -> Proposal {
    let (justify, before) = (justify(parent, certified), header.view - 1);
    Proposal {
        view: View::new(header.view),
        header: header.clone(),
        timeout: (certified != before).then(|| gave_up(header.epoch, before, [&justify; 3])),
        hand_over: EPOCHS
            .is_last(Height::new(parent.height))
            .then(|| cert2(parent, certified)),
        upgrade: None,
        justify,
        payload: payload.into(),
    }
}

/// A block that is proposed again in `view`, on its own certificate of `certified`.
fn again(header: &Header, certified: u64, view: u64, payload: &[u8]) -> Proposal {
    let own = justify(header, certified);
    Proposal {
        view: View::new(view),
        header: header.clone(),
        timeout: Some(gave_up(header.epoch, view - 1, [&own; 3])),
        justify: own,
        hand_over: None,
        upgrade: None,
        payload: payload.into(),
    }
}

fn input(proposal: &Proposal) -> Input {
    Input::Proposal(SignedProposal {
        proposal: Arc::new(proposal.clone()),
        signature: *PLACEHOLDER,
    })
}

fn timeout(certificate: TimeoutCertificate) -> Input {
    Input::TimeoutCertificate(Arc::new(certificate))
}

/// Heights 1 and 2 are the first epoch, 3 and 4 the second; each is of the view of its height.
struct Chain {
    a: Header,
    b: Header,
    c: Header,
    d: Header,
}

fn chain() -> Chain {
    let a = block(&genesis(), 1, b"a");
    let b = block(&a, 2, b"b");
    let c = block(&b, 3, b"c");
    let d = block(&c, 4, b"d");
    Chain { a, b, c, d }
}

impl Chain {
    fn proposals(&self) -> [Input; 4] {
        let Self { a, b, c, d } = self;
        [
            input(&propose(&genesis(), 0, a, b"a")),
            input(&propose(a, 1, b, b"b")),
            input(&propose(b, 2, c, b"c")),
            input(&propose(c, 3, d, b"d")),
        ]
    }
}

/// Member `node`, which knows the committees of the first `epochs` epochs.
fn member(node: usize, epochs: u64) -> One {
    let mut one = One::new();
    let mut committees = Committees::new(committee(0));
    (1..epochs).for_each(|epoch| committees.add(committee(epoch)));
    one.config.node = node_id(node);
    one.config.epochs = EPOCHS;
    one.config.committees = committees;
    one.restart();
    one
}

/// It has both blocks of the first epoch, and knows that the last one is certified.
fn at_the_boundary(node: usize) -> (One, Chain) {
    let (mut one, chain) = (member(node, 2), chain());
    let [a, b, ..] = chain.proposals();
    one.step(a);
    one.step(Input::Certificate1(cert1(&chain.a, 1)));
    one.step(b);
    one.step(Input::Certificate1(cert1(&chain.b, 2)));
    (one, chain)
}

fn check(proposal: &Proposal) -> Result<(), Fault> {
    rules::well_formed(proposal, &CHAIN, EPOCHS)
}

fn place(one: &One) -> (u64, u64) {
    (one.core.epoch().get(), one.core.view().get())
}

fn lock(one: &One) -> (u64, u64) {
    let data = one.core.lock().data();
    (data.epoch.get(), data.view.get())
}

/// Views and leaves of the first votes since the last call.
fn votes1(one: &mut One) -> Vec<(u64, Digest)> {
    let vote = |what| match what {
        Outgoing::Vote1(data) => Some((data.view.get(), data.leaf)),
        _ => None,
    };
    one.sent().into_iter().filter_map(vote).collect()
}

/// Epochs and views that were given up since the last call.
fn timeouts(one: &mut One) -> Vec<(u64, u64)> {
    let vote = |what| match what {
        Outgoing::Timeout(data, _) => Some((data.epoch.get(), data.view.get())),
        _ => None,
    };
    one.sent().into_iter().filter_map(vote).collect()
}

/// Epochs and next committees of the blocks that the application is to build.
fn builds(one: &mut One) -> Vec<(u64, Digest)> {
    let build = |output| match output {
        Output::Build {
            epoch,
            next_committee,
            ..
        } => Some((epoch.get(), next_committee)),
        _ => None,
    };
    std::mem::take(&mut one.out)
        .into_iter()
        .filter_map(build)
        .collect()
}

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

#[test]
fn only_a_last_block_is_proposed_again_and_on_its_own_certificate() {
    let Chain { a, b, .. } = chain();
    let good = again(&b, 2, 5, b"b");
    let rival = block(&a, 2, b"rival");
    let cases = [
        ("a last block", good.clone(), Ok(())),
        ("certified again since", again(&b, 4, 6, b"b"), Ok(())),
        ("another block", again(&a, 1, 5, b"a"), Err(Fault::Parent)),
        (
            "on its parent's certificate",
            Proposal {
                justify: justify(&a, 1),
                ..good.clone()
            },
            Err(Fault::Parent),
        ),
        (
            "on a rival's certificate",
            Proposal {
                justify: justify(&rival, 2),
                ..good.clone()
            },
            Err(Fault::Parent),
        ),
        (
            "with a hand-over",
            Proposal {
                hand_over: Some(cert2(&b, 2)),
                ..good.clone()
            },
            Err(Fault::Parent),
        ),
        (
            "without a timeout certificate",
            Proposal {
                timeout: None,
                ..good.clone()
            },
            Err(Fault::Parent),
        ),
        (
            "below its certificate",
            Proposal {
                justify: justify(&b, 6),
                ..good.clone()
            },
            Err(Fault::Parent),
        ),
        (
            "right after its certificate, in the next epoch's view",
            again(&b, 2, 3, b"b"),
            Err(Fault::Evidence),
        ),
    ];
    for (what, proposal, expected) in cases {
        assert_eq!(check(&proposal), expected, "{what}");
    }
}

/// The last block is certified, and final for nobody: it is proposed again, voted for once, certified again, and ends the epoch.
#[test]
fn epoch_boundary_stall() {
    let (mut one, Chain { b, .. }) = at_the_boundary(0);
    let leaf = b.commitment();
    one.sent();
    let proposal = again(&b, 2, 5, b"b");
    one.step(input(&proposal));
    assert_eq!(votes1(&mut one), [(5, leaf)]);
    one.step(input(&proposal));
    one.restart();
    one.step(input(&proposal));
    assert_eq!(votes1(&mut one), [], "once, restarts included");
    one.step(Input::Certificate1(cert1(&b, 5)));
    assert_eq!((lock(&one), place(&one)), ((0, 5), (0, 6)));
    assert_eq!(one.votes2(), [leaf]);
    one.step(Input::Certificate2(cert2(&b, 5)));
    assert_eq!(place(&one), (1, 6));
    assert_eq!(one.decided(), [1, 2]);
    // The next epoch builds on either certificate.
    let first = block(&b, 6, b"c");
    let hand_over = Some(cert2(&b, 2));
    let proposal = Proposal {
        hand_over,
        ..propose(&b, 5, &first, b"c")
    };
    one.step(input(&proposal));
    assert_eq!(votes1(&mut one), [(6, first.commitment())]);
}

/// Whatever else its leader proposes in that view, there is one vote.
#[test]
fn one_vote_where_a_leader_proposes_again_and_anew() {
    let Chain { a, b, .. } = chain();
    let other = block(&a, 5, b"other");
    let anew = propose(&a, 1, &other, b"other");
    for (locked, first) in [(false, other.commitment()), (true, b.commitment())] {
        for order in [[0, 1], [1, 0]] {
            let (mut one, _) = at_the_boundary(0);
            if !locked {
                one = member(0, 2);
                one.step(input(&propose(&genesis(), 0, &a, b"a")));
                one.step(input(&propose(&a, 1, &b, b"b")));
            }
            one.sent();
            let both = [input(&anew), input(&again(&b, 2, 5, b"b"))];
            order.iter().for_each(|which| one.step(both[*which].clone()));
            // Unlocked, it votes for what comes first; what is below its lock it never votes for.
            let expected = if order == [1, 0] { b.commitment() } else { first };
            assert_eq!(votes1(&mut one), [(5, expected)], "locked: {locked}, {order:?}");
        }
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

/// The attack: the old committee certifies its last block again, in a view that the new epoch has passed, so that locks of the
/// new epoch seem older. They are not: what is built on the last block again gets no vote, and no evidence covers it.
#[test]
fn a_last_block_certified_again_never_displaces_a_lock_of_the_next_epoch() {
    let (mut one, Chain { b, c, .. }) = at_the_boundary(0);
    one.step(input(&propose(&b, 2, &c, b"c")));
    one.step(Input::Certificate1(cert1(&c, 3)));
    assert_eq!((lock(&one), place(&one)), ((1, 3), (1, 4)));
    assert!(one.votes2().contains(&c.commitment()));
    one.step(Input::Certificate1(cert1(&b, 8)));
    assert_eq!(lock(&one), (1, 3), "epochs come first");
    let rival = block(&b, 9, b"rival");
    let attack = propose(&b, 8, &rival, b"rival");
    assert_eq!(check(&attack), Ok(()));
    one.step(input(&attack));
    assert_eq!(votes1(&mut one), []);
    one.restart();
    assert_eq!(lock(&one), (1, 3));
    one.step(Input::Certificate2(cert2(&b, 2)));
    one.step(input(&attack));
    assert_eq!(votes1(&mut one), [], "nor after a restart");
    // Any quorum's timeouts prove the new epoch's lock.
    let (old, new) = (justify(&b, 8), justify(&c, 3));
    let proven = gave_up(1, 9, [&old, &new, &old]);
    assert_eq!(proven.lock().rank(), (Epoch::new(1), View::new(3)));
    let below = Proposal {
        timeout: Some(proven.clone()),
        ..propose(&b, 8, &block(&b, 10, b"rival"), b"rival")
    };
    assert_eq!(check(&below), Err(Fault::BelowProvenLock));
    let next = block(&c, 10, b"d");
    let above = Proposal {
        timeout: Some(proven),
        ..propose(&c, 3, &next, b"d")
    };
    one.step(Input::Committee(committee(2)));
    one.step(input(&above));
    assert_eq!(votes1(&mut one), [(10, next.commitment())]);
}

/// B3: one view is given up in the old epoch before the hand-over comes, and in the new one after it.
#[test]
fn a_view_is_given_up_on_both_sides_of_the_boundary() {
    let (mut one, Chain { b, c, .. }) = at_the_boundary(0);
    one.sent();
    one.wait(SECOND);
    assert_eq!(timeouts(&mut one), [(0, 3)]);
    // What the next epoch's members do is not this node's before it is in that epoch.
    let (epoch, view) = (Epoch::new(1), View::new(3));
    one.step(Input::TimeoutOneHonest { epoch, view });
    assert_eq!((timeouts(&mut one), place(&one)), (vec![], (0, 3)));
    one.step(Input::Certificate2(cert2(&b, 2)));
    assert_eq!(place(&one), (1, 3));
    one.step(input(&propose(&b, 2, &c, b"c")));
    assert_eq!(votes1(&mut one), [], "it has given this view up");
    one.wait(SECOND);
    assert_eq!(timeouts(&mut one), [(1, 3)]);
    one.restart();
    assert_eq!(place(&one), (1, 3), "what it said of an epoch, it remembers");
    one.step(input(&propose(&b, 2, &c, b"c")));
    assert_eq!(votes1(&mut one), []);
}

/// A quorum of the old epoch may end a view until the new epoch has a certified block.
#[test]
fn what_the_old_epoch_gave_up() {
    let (mut one, Chain { b, c, .. }) = at_the_boundary(0);
    let last = justify(&b, 2);
    one.step(Input::Certificate2(cert2(&b, 2)));
    one.step(timeout(gave_up(0, 3, [&last; 3])));
    assert_eq!(place(&one), (1, 4));
    one.step(Input::Certificate1(cert1(&c, 3)));
    one.step(timeout(gave_up(0, 9, [&last; 3])));
    assert_eq!(place(&one), (1, 4), "it has no say any more");
    one.step(timeout(gave_up(1, 9, [&last; 3])));
    assert_eq!(place(&one), (1, 10));
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

#[test]
fn a_restart_before_the_hand_over() {
    let (mut one, Chain { b, .. }) = at_the_boundary(0);
    one.restart();
    assert_eq!((lock(&one), place(&one)), ((0, 2), (0, 3)));
    one.wait(fast().resend);
    assert_eq!(one.votes2(), [b.commitment()], "its vote may not have been heard");
    // It knew, and nothing of that was durable: it comes again.
    for _ in 0..2 {
        one.restart();
        one.step(Input::Certificate2(cert2(&b, 2)));
        one.step(input(&propose(&genesis(), 0, &chain().a, b"a")));
        assert_eq!((one.decided(), place(&one)), (vec![1, 2], (1, 3)));
    }
}

/// The application has the last block: the node is in the next epoch, shows why, and leads it.
#[test]
fn a_restart_after_the_hand_over() {
    let (mut one, Chain { b, .. }) = at_the_boundary(3);
    let certificate = Some(cert2(&b, 2));
    one.durable.push(Record::Decided(Anchor {
        header: b.clone(),
        certificate: certificate.clone(),
    }));
    one.restart();
    assert_eq!((lock(&one), place(&one)), ((0, 2), (1, 3)));
    assert_eq!(builds(&mut one), [(1, [0; 32])]);
    one.wait(fast().resend);
    let says = certificate.map(Outgoing::Certificate2);
    assert!(one.sent().iter().any(|what| Some(what) == says.as_ref()));
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

/// The epoch's last block was voted for again in view 5; in the next epoch, another leaf is certified in the same view. After a
/// restart, that vote does not become one for the other leaf.
#[test]
fn a_second_vote_is_said_again_for_its_own_leaf_only() {
    let (mut one, Chain { b, .. }) = at_the_boundary(3);
    let other = block(&b, 5, b"other");
    one.durable.push(Record::Vote2 { lock: cert1(&b, 5) });
    one.durable.push(Record::TimedOut {
        epoch: Epoch::new(1),
        view: View::new(6),
        lock: Justify::Certified(cert1(&other, 5)),
    });
    one.restart();
    assert_eq!((lock(&one), place(&one)), ((1, 5), (1, 6)));
    one.wait(fast().resend);
    assert_eq!(one.votes2(), Vec::<Digest>::new());
}
