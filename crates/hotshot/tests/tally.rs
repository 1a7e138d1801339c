//! How votes add up.

use hotshot::tally::{Batch, Counted, TimeoutNews, TimeoutTally, VoteTally};
use hotshot_testing::fixtures::{PLACEHOLDER, committee};
use hotshot_types::{Epoch, Height, Justify, Phase1, TimeoutData, TimeoutVote, View, Vote, VoteData};
use proptest::prelude::*;

fn data(view: u64, leaf: u8) -> VoteData {
    VoteData {
        epoch: Epoch::ZERO,
        view: View::new(view),
        height: Height::new(view),
        leaf: [leaf; 32],
    }
}

fn vote(view: u64, leaf: u8) -> Vote<Phase1> {
    Vote::new(data(view, leaf), *PLACEHOLDER)
}

fn members(batch: &Batch) -> Vec<usize> {
    batch.votes.iter().map(|(index, _)| *index).collect()
}

fn quorum(counted: Counted) -> Batch {
    match counted {
        Counted::Quorum(batch) => batch,
        other => panic!("no quorum: {other:?}"),
    }
}

#[test]
fn stake_decides_not_heads() {
    let committee = committee(&[5, 1, 1, 1]);
    let mut tally = VoteTally::<Phase1>::default();
    // Total 8, quorum 6: three of four are too few.
    for index in [1, 2, 3] {
        assert_eq!(tally.add(&committee, index, &vote(1, 0)), Counted::Counted);
    }
    assert_eq!(
        members(&quorum(tally.add(&committee, 0, &vote(1, 0)))),
        [0, 1, 2, 3]
    );
}

#[test]
fn each_member_votes_once_for_one_thing() {
    let committee = committee(&[1; 4]);
    let mut tally = VoteTally::<Phase1>::default();
    assert_eq!(tally.add(&committee, 0, &vote(1, 0)), Counted::Counted);
    assert_eq!(tally.add(&committee, 0, &vote(1, 0)), Counted::Ignored);
    assert_eq!(
        tally.add(&committee, 0, &vote(1, 9)),
        Counted::Equivocation(data(1, 0))
    );
    assert_eq!(
        tally.add(&committee, 0, &vote(2, 9)),
        Counted::Counted,
        "another view"
    );
    // Votes for different leaves do not add up, nor does the same leaf at another height.
    assert_eq!(tally.add(&committee, 1, &vote(1, 9)), Counted::Counted);
    let mut higher = vote(1, 0);
    higher.data.height = Height::new(8);
    assert_eq!(tally.add(&committee, 2, &higher), Counted::Counted);
    assert_eq!(tally.add(&committee, 3, &vote(1, 0)), Counted::Counted);
}

#[test]
fn bad_votes_are_taken_out_and_the_rest_goes_on() {
    let committee = committee(&[1; 5]);
    let mut tally = VoteTally::<Phase1>::default();
    for index in 0..3 {
        assert_eq!(tally.add(&committee, index, &vote(1, 0)), Counted::Counted);
    }
    let batch = quorum(tally.add(&committee, 3, &vote(1, 0)));
    assert_eq!(members(&batch), [0, 1, 2, 3]);
    // While it is being checked, another vote only counts.
    assert_eq!(tally.add(&committee, 4, &vote(1, 0)), Counted::Counted);
    let next = tally
        .checked(&committee, &batch.data, &[1])
        .expect("still a quorum");
    assert_eq!(members(&next), [0, 2, 3, 4]);
    // Whose vote was bad has none any more in this view.
    assert_eq!(tally.add(&committee, 1, &vote(1, 0)), Counted::Ignored);
    assert_eq!(
        tally.checked(&committee, &next.data, &[4]),
        None,
        "no quorum is left"
    );
    assert_eq!(tally.checked(&committee, &next.data, &[]), None);
    assert_eq!(
        tally.add(&committee, 4, &vote(1, 0)),
        Counted::Ignored,
        "the view is settled"
    );
    assert!(tally.is_empty());
}

#[test]
fn settled_and_pruned_views_hold_nothing() {
    let committee = committee(&[1; 4]);
    let mut tally = VoteTally::<Phase1>::default();
    tally.settle(&vote(3, 0).data);
    assert_eq!(tally.add(&committee, 0, &vote(3, 0)), Counted::Ignored);
    for view in 4..8 {
        tally.add(&committee, 0, &vote(view, 0));
    }
    tally.prune(View::new(6));
    assert_eq!(tally.len(), 2);
}

fn timeout(view: u64) -> TimeoutVote {
    TimeoutVote {
        data: TimeoutData {
            epoch: Epoch::ZERO,
            view: View::new(view),
            lock_epoch: Epoch::ZERO,
            lock_view: View::ZERO,
        },
        signature: *PLACEHOLDER,
        lock: Justify::Genesis([0; 32]),
    }
}

#[test]
fn timeouts_are_joined_at_one_honest_and_certified_at_a_quorum() {
    let committee = committee(&[1; 4]);
    let mut tally = TimeoutTally::default();
    assert_eq!(tally.add(&committee, 0, timeout(5)), TimeoutNews::default());
    let news = tally.add(&committee, 1, timeout(5));
    assert_eq!(
        (news.one_honest, news.certificate),
        (Some((Epoch::ZERO, View::new(5))), None)
    );
    assert_eq!(
        tally.add(&committee, 1, timeout(5)),
        TimeoutNews::default(),
        "once each"
    );
    let news = tally.add(&committee, 2, timeout(5));
    assert_eq!(news.one_honest, None, "told before");
    assert_eq!(news.certificate.unwrap().view(), View::new(5));
    assert_eq!(
        tally.add(&committee, 3, timeout(5)),
        TimeoutNews::default(),
        "certified"
    );
}

/// Members that gave up different views: the lower ones join the second-highest, so that they meet.
#[test]
fn scattered_timeouts_meet() {
    let committee = committee(&[1; 4]);
    let mut tally = TimeoutTally::default();
    let news: Vec<_> = [(0, 3), (1, 9), (2, 4), (3, 6)]
        .into_iter()
        .map(|(index, view)| {
            tally
                .add(&committee, index, timeout(view))
                .one_honest
                .map(|(_, view)| view.get())
        })
        .collect();
    assert_eq!(news, [None, Some(3), Some(4), Some(6)]);
}

proptest! {
    /// Whatever comes in whatever order: one batch per leaf at a time, and never without a quorum.
    #[test]
    fn batches_hold_a_quorum(stakes in proptest::collection::vec(1u64..9, 1..8), votes in proptest::collection::vec((0usize..8, 0u8..3), 0..40)) {
        let committee = committee(&stakes);
        let total: u64 = stakes.iter().sum();
        let mut tally = VoteTally::<Phase1>::default();
        let mut first = std::collections::BTreeMap::new();
        for (index, leaf) in votes {
            if index >= stakes.len() {
                continue;
            }
            let counted = tally.add(&committee, index, &vote(1, leaf));
            let earlier = *first.entry(index).or_insert(leaf);
            prop_assert_eq!(matches!(counted, Counted::Equivocation(_)), earlier != leaf);
            if let Counted::Quorum(batch) = counted {
                let stake: u64 = members(&batch).iter().map(|i| stakes[*i]).sum();
                prop_assert!(3 * stake > 2 * total);
                prop_assert!(members(&batch).iter().all(|i| first.get(i) == Some(&leaf)));
            }
        }
    }
}
