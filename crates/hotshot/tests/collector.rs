//! How shares add up.

use std::sync::LazyLock;

use hotshot::collector::{Collected, Collector, MAX_BYTES, Recoverable};
use hotshot_testing::fixtures::committee;
use hotshot_types::{
    Committee, Epoch, Height, VerifiedShare, View, VoteData,
    dispersal::{THRESHOLD, disperse, reconstruct},
    message::MAX_PAYLOAD,
};
use proptest::prelude::*;

static SEVEN: LazyLock<Committee> = LazyLock::new(|| committee(&[1; 7]));

fn data(view: u64, leaf: u8) -> VoteData {
    VoteData {
        epoch: Epoch::ZERO,
        view: View::new(view),
        height: Height::new(view),
        leaf: [leaf; 32],
    }
}

/// The shares of a payload of this byte.
fn shares(committee: &Committee, byte: u8, length: usize) -> Vec<VerifiedShare> {
    let dispersal = disperse(committee, &vec![byte; length]).unwrap();
    let shares = dispersal.shares().enumerate();
    let verified =
        shares.map(|(member, share)| share.verify(committee, member, &dispersal.commitment()).unwrap());
    verified.collect()
}

fn small(byte: u8) -> Vec<VerifiedShare> {
    shares(&SEVEN, byte, THRESHOLD + 1)
}

#[test]
fn a_payload_is_recoverable_once_and_then_gone() {
    let shares = small(1);
    let mut collector = Collector::default();
    assert!(collector.is_empty());
    for member in [6, 2] {
        assert_eq!(collector.add(data(1, 1), shares[member].clone()), Collected::Kept);
    }
    assert_eq!(
        (collector.len(), collector.bytes()),
        (2, 2 * shares[0].share().len())
    );
    let recoverable = Recoverable {
        data: data(1, 1),
        commitment: *shares[0].commitment(),
        shares: [2, 4, 6].map(|member| shares[member].clone()).to_vec(),
    };
    let payload = reconstruct(&SEVEN, &recoverable.commitment, &recoverable.shares).unwrap();
    assert_eq!(payload[..], [1; THRESHOLD + 1]);
    assert_eq!(
        collector.add(data(1, 1), shares[4].clone()),
        Collected::Recoverable(recoverable)
    );
    assert_eq!((collector.len(), collector.bytes()), (0, 0));
    for share in shares {
        assert_eq!(collector.add(data(1, 1), share), Collected::Ignored);
    }
}

#[test]
fn each_member_has_one_share_in_a_view() {
    let (one, two) = (small(1), small(2));
    let mut collector = Collector::default();
    assert_eq!(collector.add(data(1, 1), one[0].clone()), Collected::Kept);
    assert_eq!(collector.add(data(1, 1), one[0].clone()), Collected::Ignored);
    assert_eq!(collector.add(data(1, 2), two[0].clone()), Collected::Ignored);
    assert_eq!(
        collector.add(data(2, 2), two[0].clone()),
        Collected::Kept,
        "another view"
    );
    assert_eq!(collector.len(), 2);
}

#[test]
fn leaves_and_payloads_are_not_mixed() {
    let (one, two) = (small(1), small(2));
    let mut collector = Collector::default();
    for (member, leaf, shares) in [
        (0, 1, &one),
        (1, 2, &two),
        (2, 1, &two),
        (3, 2, &two),
        (4, 1, &one),
    ] {
        assert_eq!(
            collector.add(data(1, leaf), shares[member].clone()),
            Collected::Kept,
            "{member}"
        );
    }
    match collector.add(data(1, 1), one[5].clone()) {
        Collected::Recoverable(it) => assert_eq!(it.shares, [0, 4, 5].map(|member| one[member].clone())),
        other => panic!("{other:?}"),
    }
    assert_eq!(collector.len(), 3, "the others wait on");
}

#[test]
fn a_payload_that_is_known_collects_nothing() {
    let shares = small(1);
    let mut collector = Collector::default();
    assert_eq!(collector.add(data(1, 1), shares[0].clone()), Collected::Kept);
    collector.settle(data(1, 1), *shares[0].commitment());
    assert_eq!((collector.len(), collector.bytes()), (0, 0));
    assert_eq!(collector.add(data(1, 1), shares[1].clone()), Collected::Ignored);
}

#[test]
fn pruned_views_are_forgotten() {
    let shares = small(1);
    let mut collector = Collector::default();
    for view in 1..=5 {
        collector.add(data(view, 1), shares[0].clone());
    }
    collector.prune(View::new(4));
    assert_eq!(
        (collector.len(), collector.bytes()),
        (2, 2 * shares[0].share().len())
    );
}

#[test]
fn later_views_give_way_to_earlier_ones() {
    let shares = shares(&SEVEN, 3, MAX_PAYLOAD);
    let size = shares[0].share().len();
    let views = u64::try_from(MAX_BYTES / size).unwrap();
    let mut collector = Collector::default();
    for view in 2..views + 2 {
        assert_eq!(
            collector.add(data(view, 1), shares[0].clone()),
            Collected::Kept,
            "{view}"
        );
    }
    assert_eq!(
        collector.add(data(views + 2, 1), shares[0].clone()),
        Collected::Full
    );
    assert_eq!(
        collector.add(data(views + 1, 1), shares[1].clone()),
        Collected::Full,
        "its own does not"
    );
    for (member, view) in [(0, 1), (1, 1), (1, 2)] {
        assert_eq!(
            collector.add(data(view, 1), shares[member].clone()),
            Collected::Kept,
            "{view}"
        );
        assert!(collector.bytes() <= MAX_BYTES);
    }
    let completed = collector.add(data(1, 1), shares[2].clone());
    assert!(matches!(completed, Collected::Recoverable(_)), "{completed:?}");
    assert_eq!(
        collector.add(data(views + 1, 1), shares[0].clone()),
        Collected::Kept,
        "there is room again"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// With any stakes, whoever comes first: a third of the stake completes a payload, and not every member is needed.
    #[test]
    fn a_third_of_the_stake_completes_a_payload(
        stakes in prop::collection::vec(1..20u64, 1..9),
        order in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let committee = committee(&stakes);
        let shares = shares(&committee, 7, THRESHOLD + 1);
        let mut collector = Collector::default();
        let mut stake = 0;
        for member in order.into_iter().filter(|member| *member < stakes.len()) {
            stake += stakes[member];
            match collector.add(data(1, 1), shares[member].clone()) {
                Collected::Kept => prop_assert!(stake * 3 < stakes.iter().sum()),
                Collected::Recoverable(it) => {
                    let payload = reconstruct(&committee, &it.commitment, &it.shares).unwrap();
                    prop_assert_eq!(&payload[..], &[7; THRESHOLD + 1][..]);
                    return Ok(());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(false, "all shares are no payload");
    }
}
