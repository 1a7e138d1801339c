//! Last blocks that are proposed and certified again, and the order of locks.

use super::*;

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

fn blames(output: &Output) -> bool {
    let rivals = Fault::Equivocation(View::new(5));
    matches!(output, Output::Misbehaviour { fault, .. } if *fault == rivals)
}

/// Whatever else its leader proposes in that view, there is one vote, and the leader is blamed.
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
            let blamed = one.out.iter().filter(|output| blames(output));
            assert_eq!(blamed.count(), 1, "locked: {locked}, {order:?}");
            // Unlocked, it votes for what comes first; what is below its lock it never votes for.
            let expected = if order == [1, 0] { b.commitment() } else { first };
            assert_eq!(votes1(&mut one), [(5, expected)], "locked: {locked}, {order:?}");
        }
    }
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
