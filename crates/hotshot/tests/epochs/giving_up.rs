//! Timeouts on both sides of the boundary, and restarts in it.

use super::*;

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
