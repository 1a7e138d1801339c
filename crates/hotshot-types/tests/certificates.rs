//! Certificates, timeout certificates and committees against everything that is almost right.

mod fixture;

use borsh::{BorshDeserialize, BorshSerialize};
use fixture::{
    CHAIN, GENESIS, STAKES, certificate, committee, committee_of, data, key, lock, member,
    timeout_certificate, timeout_vote,
};
use hotshot_types::{
    Certificate, Certificate1, Certificate2, CertificateError, Committee, CommitteeError, Epoch, Height,
    Justify, NodeId, Phase1, Phase2, Signature, Signers, Stake, TimeoutCertificate, View, VoteData,
};
use proptest::prelude::*;
use rollup_abi::{CertificateRef, MAX_MEMBERS};

/// Total 15, so a quorum is 11.
const QUORUM: [usize; 3] = [0, 3, 4];

fn signers(members: &[usize]) -> Signers {
    let mut set = Signers::none(STAKES.len());
    assert!(members.iter().all(|index| set.insert(*index)));
    set
}

fn ctr(data: &VoteData) -> u8 {
    hotshot_types::bls::hash_to_curve(&data.digest::<Phase2>(&CHAIN)).ctr()
}

/// A certificate with chosen signers and the signature of `by` over `signed`.
fn forged(named: VoteData, signers: Signers, by: &[usize], signed: VoteData) -> Certificate2 {
    let digest = signed.digest::<Phase2>(&CHAIN);
    let votes: Vec<Signature> = by.iter().map(|i| key(*i).sign(&digest)).collect();
    Certificate::from_parts(named, signers, ctr(&named), Signature::aggregate(&votes).unwrap())
}

#[test]
fn a_quorum_convinces_and_reads_as_the_program_reads_it() {
    let certificate: Certificate2 = certificate(data(7), &QUORUM);
    certificate.verify(&committee()).unwrap();
    let wire = certificate.to_wire();
    let read = CertificateRef::decode(&wire, STAKES.len()).unwrap();
    assert_eq!(read.bitmap, [0b11001]);
    assert_eq!(read.ctr, ctr(&data(7)));
    let digest = data(7).digest::<Phase2>(&CHAIN);
    let sum = Signature::aggregate(&QUORUM.map(|i| key(i).sign(&digest))).unwrap();
    assert_eq!(*read.signature, sum.to_bytes());
}

/// `data(7)` with a change.
fn changed(change: impl Fn(&mut VoteData)) -> VoteData {
    let mut data = data(7);
    change(&mut data);
    data
}

#[test]
fn a_certificate_that_names_something_else_is_refused() {
    use CertificateError as E;
    let epoch = E::Epoch {
        got: Epoch::new(1),
        expected: Epoch::ZERO,
    };
    let cases = [
        ("leaf", changed(|d| d.leaf[0] ^= 1), E::Signature),
        ("view", changed(|d| d.view = View::new(8)), E::Signature),
        ("height", changed(|d| d.height = Height::new(8)), E::Signature),
        ("epoch", changed(|d| d.epoch = Epoch::new(1)), epoch),
        ("genesis' view", changed(|d| d.view = View::ZERO), E::Genesis),
        (
            "genesis' height",
            changed(|d| d.height = Height::ZERO),
            E::Genesis,
        ),
    ];
    for (what, named, expected) in cases {
        let forged = forged(named, signers(&QUORUM), &QUORUM, data(7));
        assert_eq!(forged.verify(&committee()), Err(expected), "another {what}");
    }
    // The first phase's votes are not the second's, nor are another chain's.
    let first: Certificate1 = certificate(data(7), &QUORUM);
    let bytes = borsh::to_vec(&first).unwrap();
    let as_second = Certificate2::try_from_slice(&bytes).unwrap();
    assert!(as_second.verify(&committee()).is_err());
    let second = certificate::<Phase2>(data(7), &QUORUM);
    assert!(second.verify(&committee_of([9; 32], 0)).is_err());
}

#[test]
fn a_certificate_of_others_than_it_says_is_refused() {
    use CertificateError as E;
    let (good, set) = (data(7), signers(&QUORUM));
    let everybody_of = |n| {
        let mut set = Signers::none(n);
        (0..n).for_each(|i| assert!(set.insert(i)));
        set
    };
    let below = |got| E::Quorum { got, expected: 11 };
    let cases: [(&str, Signers, &[usize], E); 6] = [
        ("a signature missing", set, &QUORUM[1..], E::Signature),
        ("a signature too many", set, &[0, 1, 3, 4], E::Signature),
        ("below the quorum", signers(&[0, 3, 1]), &[0, 3, 1], below(10)),
        ("nobody", signers(&[]), &QUORUM, below(0)),
        ("a longer bitmap", everybody_of(9), &QUORUM, E::Signers),
        ("somebody beyond", everybody_of(6), &QUORUM, E::Signers),
    ];
    for (what, set, by, expected) in cases {
        assert_eq!(
            forged(good, set, by, good).verify(&committee()),
            Err(expected),
            "{what}"
        );
    }
    let counter = Certificate2::from_parts(good, set, ctr(&good).wrapping_add(1), key(0).sign(&[0; 32]));
    assert!(matches!(counter.verify(&committee()), Err(E::Counter { .. })));
}

#[test]
fn no_wrong_bitmap_is_accepted() {
    let right = signers(&QUORUM);
    for bits in 0u8..32 {
        let members: Vec<usize> = (0..5).filter(|i| bits >> i & 1 == 1).collect();
        let verdict = forged(data(7), signers(&members), &QUORUM, data(7)).verify(&committee());
        assert_eq!(verdict.is_ok(), signers(&members) == right, "{members:?}");
    }
}

/// The defect that this design excludes: a certificate that is believed because its view is genesis'.
#[test]
fn genesis_is_compared_and_never_believed_by_its_view() {
    let committee = committee();
    assert_eq!(Justify::Genesis(GENESIS).verify(&committee, &GENESIS), Ok(()));
    assert_eq!(
        Justify::Genesis([5; 32]).verify(&committee, &GENESIS),
        Err(CertificateError::OtherGenesis)
    );
    let zero = VoteData {
        epoch: Epoch::ZERO,
        view: View::ZERO,
        height: Height::ZERO,
        leaf: GENESIS,
    };
    let unsigned = Certificate1::from_parts(zero, Signers::none(5), 0, key(0).sign(&[0; 32]));
    let signed = certificate(zero, &[0, 1, 2, 3, 4]);
    for certificate in [unsigned, signed] {
        let justify = Justify::Certified(certificate);
        assert_eq!(
            justify.verify(&committee, &GENESIS),
            Err(CertificateError::Genesis)
        );
    }
}

#[test]
fn a_timeout_certificate_proves_the_highest_lock() {
    let votes = [(4, 5), (0, 2), (3, 5), (1, 0)];
    let certificate = timeout_certificate(9, &votes);
    certificate.verify(&committee(), &committee(), &GENESIS).unwrap();
    assert_eq!(certificate.lock().view(), View::new(5));
    assert_eq!(
        (certificate.view(), certificate.epoch()),
        (View::new(9), Epoch::ZERO)
    );
}

/// Field by field, so that a test can say something else in each.
#[derive(Clone, BorshSerialize, BorshDeserialize)]
struct OpenTimeout {
    epoch: u64,
    view: u64,
    groups: Vec<(u64, u64, Signers)>,
    signature: Signature,
    lock: Justify,
}

type Change<'a> = &'a dyn Fn(&mut OpenTimeout);

/// What becomes of a good timeout certificate after a change.
fn after(change: Change<'_>) -> Result<(), CertificateError> {
    let good = timeout_certificate(9, &[(4, 5), (0, 2), (3, 5)]);
    let mut open = OpenTimeout::try_from_slice(&borsh::to_vec(&good).unwrap()).unwrap();
    change(&mut open);
    let closed = TimeoutCertificate::try_from_slice(&borsh::to_vec(&open).unwrap()).unwrap();
    closed.verify(&committee(), &committee(), &GENESIS)
}

#[test]
fn a_timeout_certificate_with_another_lock_is_refused() {
    use CertificateError as E;
    let lock_error = |got| E::Lock {
        got: View::new(got),
        expected: View::new(5),
    };
    assert_eq!(after(&|_| ()), Ok(()));
    let lowered: Change<'_> = &|t| {
        t.groups[0].1 = 4;
        t.lock = lock(4);
    };
    let cases: [(&str, Change<'_>, E); 4] = [
        ("a lower lock", &|t| t.lock = lock(2), lock_error(2)),
        ("a higher lock", &|t| t.lock = lock(6), lock_error(6)),
        ("genesis", &|t| t.lock = Justify::Genesis(GENESIS), lock_error(0)),
        ("a lowered claim", lowered, E::Signature),
    ];
    for (what, change, expected) in cases {
        assert_eq!(after(change), Err(expected), "{what}");
    }
    let forged: Certificate1 = certificate(data(5), &[1, 2]);
    let verdict = after(&|t| t.lock = Justify::Certified(forged.clone()));
    assert!(matches!(verdict, Err(E::Quorum { .. })));
}

#[test]
fn a_timeout_certificate_of_malformed_groups_is_refused() {
    use CertificateError as E;
    let epoch = E::Epoch {
        got: Epoch::new(1),
        expected: Epoch::ZERO,
    };
    let hidden: Change<'_> = &|t| t.groups = t.groups[1..].to_vec();
    let twice: Change<'_> = &|t| t.groups[1].2 = signers(&[0, 4]);
    let cases: [(&str, Change<'_>, E); 10] = [
        (
            "the highest is hidden",
            hidden,
            E::Quorum { got: 5, expected: 11 },
        ),
        ("out of order", &|t| t.groups.reverse(), E::Groups),
        ("one twice", &|t| t.groups.push(t.groups[1]), E::Groups),
        ("a signer in two", twice, E::Groups),
        (
            "an empty one",
            &|t| t.groups.push((0, 0, signers(&[]))),
            E::Groups,
        ),
        ("none", &|t| t.groups.clear(), E::Groups),
        ("a lock of a later epoch", &|t| t.groups[0].0 = 1, E::Groups),
        ("a lock of the view itself", &|t| t.view = 5, E::Groups),
        ("another view", &|t| t.view = 10, E::Signature),
        ("another epoch", &|t| t.epoch = 1, epoch),
    ];
    for (what, change, expected) in cases {
        assert_eq!(after(change), Err(expected), "{what}");
    }
}

#[test]
fn votes_that_do_not_belong_together_are_not_assembled() {
    let committee = committee();
    let (a, b, far) = (
        timeout_vote(0, 9, 1),
        timeout_vote(3, 10, 1),
        timeout_vote(4, 9, 1),
    );
    assert!(TimeoutCertificate::assemble(&committee, []).is_none());
    assert!(TimeoutCertificate::assemble(&committee, [(0, &a), (3, &b)]).is_none());
    assert!(TimeoutCertificate::assemble(&committee, [(0, &a), (0, &a)]).is_none());
    assert!(TimeoutCertificate::assemble(&committee, [(0, &a), (8, &far)]).is_none());
    assert!(Certificate2::assemble(&committee, data(1), []).is_none());
    let signature = key(0).sign(&[1; 32]);
    assert!(Certificate2::assemble(&committee, data(1), [(0, signature), (0, signature)]).is_none());
}

#[test]
fn committees_are_sound() {
    let new = |members| Committee::new(CHAIN, Epoch::ZERO, members);
    let duplicate = CommitteeError::Duplicate {
        node: NodeId([2; 32]),
    };
    assert_eq!(new(vec![]).unwrap_err(), CommitteeError::Size { got: 0 });
    assert_eq!(
        new(vec![member(0, 1); MAX_MEMBERS + 1]).unwrap_err(),
        CommitteeError::Size { got: MAX_MEMBERS + 1 }
    );
    assert_eq!(
        new(vec![member(0, 0)]).unwrap_err(),
        CommitteeError::NoStake {
            node: NodeId([1; 32])
        }
    );
    assert_eq!(new(vec![member(1, 1), member(1, 1)]).unwrap_err(), duplicate);
    let mut same_key = member(1, 1);
    same_key.key = member(0, 1).key;
    assert_eq!(new(vec![member(0, 1), same_key]).unwrap_err(), duplicate);
    assert_eq!(
        new(vec![member(0, u64::MAX), member(1, 1)]).unwrap_err(),
        CommitteeError::StakeOverflow
    );
    let committee = committee();
    assert_eq!(
        (
            committee.total_stake(),
            committee.quorum(),
            committee.one_honest()
        ),
        (Stake::new(15), Stake::new(11), Stake::new(6))
    );
    assert_eq!(committee.index_of(&NodeId([4; 32])), Some(3));
    assert_eq!(committee.index_of(&NodeId([9; 32])), None);
    // As many turns in fifteen as stake, spread, and then again.
    let leader = |view| committee.leader(View::new(view)).node.0[0];
    let leaders: Vec<u8> = (0..15).map(leader).collect();
    assert_eq!(leaders, [1, 4, 1, 2, 3, 5, 1, 4, 1, 5, 4, 3, 1, 4, 5]);
    assert!((0..15).all(|view| leader(view) == leader(view + 15)));
}

#[test]
fn the_committee_hash_covers_everything() {
    let hash = |epoch, members: Vec<_>| *Committee::new(CHAIN, Epoch::new(epoch), members).unwrap().hash();
    let base = || vec![member(0, 1), member(1, 2)];
    let mut other_owner = base();
    other_owner[1].node = NodeId([9; 32]);
    let mut hashes = vec![
        hash(0, base()),
        hash(1, base()),
        hash(0, vec![member(1, 2), member(0, 1)]),
        hash(0, vec![member(0, 1), member(1, 3)]),
        hash(0, vec![member(0, 1), member(2, 2)]),
        hash(0, vec![member(0, 1)]),
        hash(0, other_owner),
    ];
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 7);
}

proptest! {
    #[test]
    fn signers_are_a_set(members in 1usize..=MAX_MEMBERS, indices in proptest::collection::btree_set(0usize..MAX_MEMBERS, 0..20)) {
        let mut set = Signers::none(members);
        for index in &indices {
            prop_assert_eq!(set.insert(*index), *index < members.div_ceil(8) * 8);
            prop_assert!(!set.insert(*index), "once");
        }
        let inside: Vec<usize> = indices.iter().copied().filter(|i| *i < members.div_ceil(8) * 8).collect();
        prop_assert_eq!(set.iter().collect::<Vec<_>>(), inside.clone());
        prop_assert_eq!(set.count(), inside.len());
        prop_assert_eq!(set.fits(members), inside.iter().all(|i| *i < members));
        let bytes = borsh::to_vec(&set).unwrap();
        prop_assert_eq!(bytes.len(), 1 + members.div_ceil(8));
        prop_assert_eq!(Signers::try_from_slice(&bytes).unwrap(), set);
    }

    #[test]
    fn any_quorum_of_any_stakes_convinces(stakes in proptest::collection::vec(1u64..1000, 1..8), bits: u8) {
        let members = stakes.iter().enumerate().map(|(i, stake)| member(i, *stake)).collect();
        let committee = Committee::new(CHAIN, Epoch::ZERO, members).unwrap();
        let digest = data(3).digest::<Phase1>(&CHAIN);
        let signing: Vec<usize> = (0..stakes.len()).filter(|i| bits >> i & 1 == 1).collect();
        let votes = signing.iter().map(|i| (*i, key(*i).sign(&digest)));
        let stake: u64 = signing.iter().map(|i| stakes[*i]).sum();
        let total: u64 = stakes.iter().sum();
        let accepted = Certificate::<Phase1>::assemble(&committee, data(3), votes).is_some_and(|c| c.verify(&committee).is_ok());
        prop_assert_eq!(accepted, 3 * stake > 2 * total);
    }
}
