//! Dispersal against everything that is almost right: layouts against all subsets, shares against every change, leaders
//! that commit to garbage, and accusers of honest ones.

mod fixture;

use std::sync::LazyLock;

use borsh::BorshDeserialize;
use fixture::CHAIN;
use hotshot_types::{
    Committee, Epoch, Member, Share, Stake, VerifiedShare, WrongEncoding,
    dispersal::{
        EvidenceError, MAX_SHARDS, NotEnough, PayloadError, ReconstructError, SCALE, ShareError, THRESHOLD,
        commit, disperse, reconstruct,
    },
    message::MAX_PAYLOAD,
};
use proptest::{prelude::*, sample::Index};
use rollup_abi::{Digest, Header, MAX_MEMBERS, sha256, vote::payload_commitment};

/// Bytes before a share's shards: payload length, k, n, first, count, root.
const HEAD: usize = 4 + 4 * 2 + 32;

static MEMBERS: LazyLock<Vec<Member>> =
    LazyLock::new(|| (0..MAX_MEMBERS).map(|i| fixture::member(i, 1)).collect());

fn committee(stakes: &[u64]) -> Committee {
    let with = |(member, stake): (&Member, &u64)| Member {
        stake: Stake::new(*stake),
        ..member.clone()
    };
    Committee::new(CHAIN, Epoch::ZERO, MEMBERS.iter().zip(stakes).map(with).collect()).unwrap()
}

/// Bytes that look like nothing, of any length.
fn payload(length: usize) -> Vec<u8> {
    let blocks = (0..length.div_ceil(32)).map(|i| sha256(&[&i.to_le_bytes()]));
    let mut bytes = blocks.collect::<Vec<_>>().concat();
    bytes.truncate(length);
    bytes
}

fn header(payload_commitment: Digest) -> Header {
    Header {
        payload_commitment,
        ..fixture::header(b"")
    }
}

/// The verified shares of some members.
fn verified(committee: &Committee, shares: &[Share], members: &[usize]) -> Vec<VerifiedShare> {
    let commitment = shares[0].commitment();
    let check = |member: &usize| shares[*member].verify(committee, *member, &commitment).unwrap();
    members.iter().map(check).collect()
}

fn shares(committee: &Committee, payload: &[u8]) -> Vec<Share> {
    disperse(committee, payload).unwrap().shares().collect()
}

/// Stakes of all kinds: equal, small, huge, and one that outweighs the rest.
fn stakes(most: usize) -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        (1..1u64 << 40, 1..=most).prop_map(|(stake, count)| vec![stake; count]),
        prop::collection::vec(1..9u64, 1..=most),
        prop::collection::vec(1..=u64::MAX / MAX_MEMBERS as u64, 1..=most),
        (prop::collection::vec(1..1000u64, 1..most), 1..1u64 << 50).prop_map(|(rest, whale)| [
            vec![whale],
            rest
        ]
        .concat()),
    ]
}

/// Everybody's stake and shards.
fn holdings(committee: &Committee) -> Vec<(u128, usize)> {
    let holding = |(index, member): (usize, &Member)| {
        let range = committee.layout().range(index).unwrap();
        (u128::from(member.stake.get()), range.len())
    };
    committee.members().iter().enumerate().map(holding).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The oracle is every subset of the committee.
    #[test]
    fn k_is_the_most_that_every_third_of_the_stake_holds(stakes in stakes(10)) {
        let committee = committee(&stakes);
        let holdings = holdings(&committee);
        let total: u128 = holdings.iter().map(|(stake, _)| stake).sum();
        let subsets = (0u32..1 << stakes.len()).map(|set| {
            let of = holdings.iter().enumerate().filter(move |(i, _)| set >> i & 1 == 1);
            of.fold((0, 0), |(stake, shards), (_, (s, c))| (stake + s, shards + c))
        });
        let least = subsets.filter(|(stake, _)| stake * 3 >= total).map(|(_, shards)| shards).min();
        prop_assert_eq!(Some(committee.layout().k()), least);
    }

    #[test]
    fn shards_are_dealt_without_gaps_and_within_bounds(stakes in stakes(MAX_MEMBERS)) {
        let committee = committee(&stakes);
        let layout = committee.layout();
        let mut next = 0;
        for member in 0..stakes.len() {
            let range = layout.range(member).unwrap();
            prop_assert_eq!(range.start, next);
            prop_assert!((1..=layout.k()).contains(&range.len()));
            prop_assert_eq!(layout.member_at(range.start), Some(member));
            next = range.end;
        }
        prop_assert_eq!(layout.n(), next);
        prop_assert_eq!((layout.range(stakes.len()), layout.member_at(next)), (None, None));
        prop_assert!(layout.n() <= MAX_SHARDS);
        prop_assert!(layout.n() * SCALE <= 3 * layout.k() * (SCALE + stakes.len()));
    }

    /// Members in any order: the first ones with a third of the stake recover, and before there are `k` shards nobody does.
    #[test]
    fn any_third_of_the_stake_recovers(
        stakes in stakes(24),
        order in Just((0..24usize).collect::<Vec<_>>()).prop_shuffle(),
        length in THRESHOLD + 1..3 * THRESHOLD,
    ) {
        let committee = committee(&stakes);
        let payload = payload(length);
        let shares = shares(&committee, &payload);
        let holdings = holdings(&committee);
        let total: u128 = holdings.iter().map(|(stake, _)| stake).sum();
        let (mut members, mut stake, mut got) = (Vec::new(), 0, 0);
        for member in order.into_iter().filter(|member| *member < stakes.len()) {
            members.push(member);
            stake += holdings[member].0;
            got += holdings[member].1;
            let commitment = commit(&committee, &payload).unwrap();
            let result = reconstruct(&committee, &commitment, &verified(&committee, &shares, &members));
            let expected = committee.layout().k();
            if got < expected {
                prop_assert!(stake * 3 < total);
                prop_assert_eq!(result, Err(ReconstructError::NotEnough(NotEnough { got, expected })));
            } else {
                prop_assert_eq!(&result.unwrap()[..], &payload);
            }
            if stake * 3 >= total {
                break;
            }
        }
    }

    /// No byte of a share can change: it is refused when it is read or when it is checked.
    #[test]
    fn a_changed_share_is_refused(
        stakes in stakes(9), member: Index, at: Index, in_head: bool, flip in 1..=255u8,
    ) {
        let committee = committee(&stakes);
        let shares = shares(&committee, &payload(THRESHOLD + 77));
        let member = member.index(stakes.len());
        let mut bytes = borsh::to_vec(&shares[member]).unwrap();
        let at = at.index(if in_head { HEAD } else { bytes.len() });
        bytes[at] ^= flip;
        if let Ok(share) = Share::try_from_slice(&bytes) {
            prop_assert!(share.verify(&committee, member, &shares[0].commitment()).is_err(), "byte {}", at);
        }
    }

    #[test]
    fn bytes_are_a_share_or_an_error(bytes: Vec<u8>) {
        if let Ok(share) = Share::try_from_slice(&bytes) {
            prop_assert_eq!(borsh::to_vec(&share).unwrap(), bytes);
        }
    }
}

#[test]
fn shards_follow_the_stake() {
    let cases: [(&[u64], usize, &[usize]); 9] = [
        (&[9], 1, &[1]),
        (&[1; 4], 2, &[1; 4]),
        (&[70; 7], 3, &[1; 7]),
        (&[1; 100], 34, &[1; 100]),
        (&[5, 1, 2, 4, 3], 5, &[5, 1, 2, 4, 3]),
        (&[50, 10, 20, 40, 30], 5, &[5, 1, 2, 4, 3]),
        // Whoever has a third alone gets one payload's worth: a set of 2 of 5 recovers, and nobody needs more.
        (&[3, 1, 1], 2, &[2, 1, 1]),
        (&[1_000_003, 1_000_033, 1_000_037], 299, &[299, 299, 299]),
        (&[u64::MAX - 1, 1], 896, &[896, 1]),
    ];
    for (stakes, k, shards) in cases {
        let committee = committee(stakes);
        let dealt: Vec<usize> = holdings(&committee).iter().map(|(_, shards)| *shards).collect();
        assert_eq!((committee.layout().k(), &dealt[..]), (k, shards), "{stakes:?}");
    }
}

#[test]
fn seven_equal_members_cost_the_leader_two_payloads() {
    let shares = shares(&committee(&[1; 7]), &payload(MAX_PAYLOAD));
    let sent: usize = shares[1..]
        .iter()
        .map(|share| borsh::to_vec(share).unwrap().len())
        .sum();
    assert!(sent < MAX_PAYLOAD * 2 + 2048, "{sent}");
}

#[test]
fn the_length_decides_the_form() {
    let committee = committee(&[1; 4]);
    for length in [0, 1, THRESHOLD] {
        let payload = payload(length);
        assert_eq!(commit(&committee, &payload), Ok(payload_commitment(&payload)));
        let got = length;
        assert_eq!(
            disperse(&committee, &payload).err(),
            Some(PayloadError::TooShort { got })
        );
    }
    let long = payload(THRESHOLD + 1);
    let commitment = commit(&committee, &long).unwrap();
    assert_eq!(commitment, disperse(&committee, &long).unwrap().commitment());
    assert_ne!(commitment, payload_commitment(&long));
    let got = MAX_PAYLOAD + 1;
    assert_eq!(
        commit(&committee, &payload(got)),
        Err(PayloadError::TooLong { got })
    );
}

/// They change only together with the protocol, or when the library computes another code.
#[test]
fn golden_commitments() {
    let commitment =
        |stakes: &[u64], length| hex::encode(commit(&committee(stakes), &payload(length)).unwrap());
    let commitments = [
        commitment(&[1; 4], THRESHOLD + 1),
        commitment(&[1; 7], 100_000),
        commitment(&[1_000_003, 1_000_033, 1_000_037], 100_000),
    ];
    let golden = [
        "a6beca986dc30c3674082f4791892c7c0e113a6c00a92bd176175656e3f38414",
        "2676f53e1871b7f38e20175f724ddd9454e8ebd61b13ff3013e4cbc7a39ded7e",
        "59ae1f6a1d89dc50a6a5333a406061aa13d22e97f09613135ac3d7fa46889f6a",
    ];
    assert_eq!(commitments, golden);
}

/// The commitment, by its definition: lengths, counts, and a tree of four shards of which two are the payload.
#[test]
fn the_commitment_is_what_the_documentation_says() {
    let committee = committee(&[1; 4]);
    let payload = payload(THRESHOLD + 1);
    let shard_length = 32_770usize;
    let encoded: Vec<Vec<u8>> = shares(&committee, &payload)
        .iter()
        .map(|share| borsh::to_vec(share).unwrap())
        .collect();
    let shard = |i: usize| &encoded[i][HEAD..HEAD + shard_length];
    assert_eq!(*shard(0), payload[..shard_length]);
    assert_eq!(*shard(1), [&payload[shard_length..], &[0; 3]].concat());
    let leaf = |i: usize| sha256(&[b"asset-l2:shard:1", &[u8::try_from(i).unwrap(), 0], shard(i)]);
    let node = |a: Digest, b: Digest| sha256(&[b"asset-l2:sh-node", &a, &b]);
    let root = node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3)));
    let parts: [&[u8]; 6] = [
        b"asset-l2:dispers",
        &[1, 0, 1, 0],
        &[2, 128, 0, 0],
        &[2, 0],
        &[4, 0],
        &root,
    ];
    assert_eq!(commit(&committee, &payload), Ok(sha256(&parts)));
}

#[test]
fn shares_come_back_and_no_part_of_one_does() {
    let committee = committee(&[5, 1, 2, 4, 3]);
    for share in shares(&committee, &payload(THRESHOLD + 5)) {
        let bytes = borsh::to_vec(&share).unwrap();
        assert_eq!(Share::try_from_slice(&bytes).unwrap(), share);
        for end in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            assert!(Share::try_from_slice(&bytes[..end]).is_err(), "cut at {end}");
        }
        assert!(Share::try_from_slice(&[&bytes[..], &[0]].concat()).is_err());
    }
}

/// What a share's head may claim is bounded before its shards are allocated.
#[test]
fn a_head_out_of_bounds_is_refused_at_once() {
    let head = |payload: usize, numbers: [u16; 4]| {
        let mut bytes = u32::try_from(payload).unwrap().to_le_bytes().to_vec();
        numbers.iter().for_each(|n| bytes.extend(n.to_le_bytes()));
        bytes.extend([0; 32]);
        Share::try_from_slice(&bytes).unwrap_err().to_string()
    };
    let sound = head(MAX_PAYLOAD, [3, 7, 0, 1]);
    assert!(
        !sound.contains("shards") && !sound.contains("payload"),
        "only its shards are missing: {sound}"
    );
    assert!(head(MAX_PAYLOAD + 1, [3, 7, 0, 1]).contains("at most"));
    assert!(head(THRESHOLD, [3, 7, 0, 1]).contains("travels whole"));
    for numbers in [
        [0, 7, 0, 1],
        [8, 7, 0, 1],
        [3, 7, 0, 0],
        [3, 7, 0, 4],
        [3, 7, 7, 1],
        [3, 1025, 0, 1],
    ] {
        assert!(head(MAX_PAYLOAD, numbers).starts_with("shards "), "{numbers:?}");
    }
}

#[test]
fn a_share_is_good_for_one_member_of_one_committee_and_one_payload() {
    let ours = committee(&[1; 7]);
    let shares = shares(&ours, &payload(80_000));
    let commitment = shares[0].commitment();
    let check = |share: &Share, committee: &Committee, member| {
        share.verify(committee, member, &commitment).map(|_| ())
    };
    assert_eq!(check(&shares[2], &ours, 2), Ok(()));
    let (got, expected) = (2..3, 3..4);
    assert_eq!(
        check(&shares[2], &ours, 3),
        Err(ShareError::Range { got, expected })
    );
    let member = ShareError::Member { got: 7, members: 7 };
    assert_eq!(check(&shares[2], &ours, 7), Err(member));
    let layout = ShareError::Layout {
        got_k: 3,
        got_n: 7,
        k: 2,
        n: 5,
    };
    assert_eq!(check(&shares[2], &committee(&[1; 5]), 2), Err(layout));
    let other = self::shares(&ours, &payload(80_001));
    let wrong = ShareError::Commitment {
        got: other[2].commitment(),
        expected: commitment,
    };
    assert_eq!(check(&other[2], &ours, 2), Err(wrong));
}

/// The proof of another member's shard, and of the same member's of another payload.
#[test]
fn a_swapped_proof_is_refused() {
    let committee = committee(&[1; 8]);
    let encode = |length| {
        let shares = shares(&committee, &payload(length));
        shares
            .iter()
            .map(|share| borsh::to_vec(share).unwrap())
            .collect::<Vec<_>>()
    };
    let (ours, other) = (encode(80_000), encode(80_001));
    assert_eq!(ours[2].len(), ours[3].len());
    let end = ours[2].len() - 3 * 32;
    for donor in [&ours[3], &ours[6], &other[2]] {
        let swapped = [&ours[2][..end], &donor[donor.len() - 3 * 32..]].concat();
        let share = Share::try_from_slice(&swapped).unwrap();
        let commitment = share.commitment();
        assert_eq!(share.verify(&committee, 2, &commitment), Err(ShareError::Proof));
    }
}

#[test]
fn shares_of_something_else_do_not_mix() {
    let ours = committee(&[1; 7]);
    let one = shares(&ours, &payload(80_000));
    let two = shares(&ours, &payload(80_001));
    let mixed = [verified(&ours, &one, &[0, 1]), verified(&ours, &two, &[2])].concat();
    let foreign = ReconstructError::Foreign { member: 2 };
    assert_eq!(reconstruct(&ours, &one[0].commitment(), &mixed), Err(foreign));
    let twice = verified(&ours, &one, &[4, 4, 4]);
    let few = ReconstructError::NotEnough(NotEnough { got: 1, expected: 3 });
    assert_eq!(reconstruct(&ours, &one[0].commitment(), &twice), Err(few));
    let all = verified(&ours, &one, &[0, 1, 2]);
    let foreign = ReconstructError::Foreign { member: 0 };
    assert_eq!(
        reconstruct(&committee(&[5, 1, 2, 4, 3]), &one[0].commitment(), &all),
        Err(foreign)
    );
}

/// What a leader makes that commits to any shards it likes: a tree and shares by the wire format alone.
mod liar {
    use super::*;

    fn tree(mut levels: Vec<Vec<Digest>>) -> Vec<Vec<Digest>> {
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let up = |pair: &[Digest]| match pair {
                [a, b] => sha256(&[b"asset-l2:sh-node", a, b]),
                odd => odd[0],
            };
            levels.push(level.chunks(2).map(up).collect());
        }
        levels
    }

    /// A share for each of equal members, who have one shard each.
    pub fn shares(payload: usize, k: usize, shards: &[Vec<u8>]) -> Vec<Share> {
        let two = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
        let leaves = shards.iter().enumerate();
        let leaves = leaves
            .map(|(i, shard)| sha256(&[b"asset-l2:shard:1", &two(i), shard]))
            .collect();
        let levels = tree(vec![leaves]);
        let share = |(index, shard): (usize, &Vec<u8>)| {
            let (mut proof, mut at) = (Vec::<Digest>::new(), index);
            for level in &levels {
                proof.extend(level.get(at ^ 1).filter(|_| level.len() > 1));
                at /= 2;
            }
            let mut bytes = u32::try_from(payload).unwrap().to_le_bytes().to_vec();
            [k, shards.len(), index, 1]
                .iter()
                .for_each(|n| bytes.extend(two(*n)));
            bytes.extend(levels[levels.len() - 1][0]);
            bytes.extend(shard);
            bytes.push(u8::try_from(proof.len()).unwrap());
            bytes.extend(proof.concat());
            Share::try_from_slice(&bytes).unwrap()
        };
        shards.iter().enumerate().map(share).collect()
    }

    /// The shards of an honest encoding.
    pub fn shards(shares: &[Share], width: usize) -> Vec<Vec<u8>> {
        let bytes = shares.iter().map(|share| borsh::to_vec(share).unwrap());
        bytes.map(|bytes| bytes[HEAD..HEAD + width].to_vec()).collect()
    }
}

fn accuse(committee: &Committee, shares: &[Share], members: &[usize]) -> Option<WrongEncoding> {
    match reconstruct(
        committee,
        &shares[0].commitment(),
        &verified(committee, shares, members),
    ) {
        Err(ReconstructError::WrongEncoding(proof)) => Some(*proof),
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A leader that follows the wire format and the code agrees with [`disperse`]; with one byte of one shard changed,
    /// whoever recovers from whichever shards finds it out, and the proof convinces.
    #[test]
    fn garbage_is_found_out_by_everybody(
        count in 4..20usize,
        length in THRESHOLD + 1..2 * THRESHOLD,
        (shard, at) in any::<(Index, Index)>(),
        flip in 1..=255u8,
        order in Just((0..20usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let committee = committee(&vec![1; count]);
        let k = committee.layout().k();
        let honest = shares(&committee, &payload(length));
        let width = honest[0].len();
        let mut shards = liar::shards(&honest, width);
        prop_assert_eq!(&liar::shares(length, k, &shards), &honest);
        shards[shard.index(count)][at.index(width)] ^= flip;
        let wrong = liar::shares(length, k, &shards);
        let members: Vec<usize> = order.into_iter().filter(|member| *member < count).take(k).collect();
        let proof = accuse(&committee, &wrong, &members).expect("no payload encodes to this");
        prop_assert_eq!(proof.verify(&committee, &header(wrong[0].commitment())), Ok(()));
        let decoded = WrongEncoding::try_from_slice(&borsh::to_vec(&proof).unwrap()).unwrap();
        prop_assert_eq!(decoded, proof);
    }

    /// Proofs made of an honest leader's shares, all that there are: none convinces, nor does one with a byte changed.
    #[test]
    fn nothing_convinces_against_an_honest_leader(
        stakes in stakes(9),
        members: u16,
        (at, in_shares) in any::<(Index, bool)>(),
        flip in 0..=255u8,
    ) {
        let committee = committee(&stakes);
        let shares = shares(&committee, &payload(THRESHOLD + 99));
        let header = header(shares[0].commitment());
        let some = shares.iter().enumerate().filter(|(i, _)| members >> i & 1 == 1).map(|(_, share)| share);
        let mut bytes = borsh::to_vec(&some.collect::<Vec<_>>()).unwrap();
        let at = at.index(if in_shares { bytes.len() } else { bytes.len().min(4 + HEAD) });
        bytes[at] ^= flip;
        if let Ok(proof) = WrongEncoding::try_from_slice(&bytes) {
            prop_assert!(proof.verify(&committee, &header).is_err());
        }
    }
}

/// A sound code word whose padding is not zeros stands for no payload either.
#[test]
fn padding_is_zeros() {
    let committee = committee(&[1; 4]);
    // With two data shards of 32 770 bytes, the longest payload is the other one filled up.
    let (short, full) = (payload(THRESHOLD + 1), payload(THRESHOLD + 4));
    let shards = liar::shards(&shares(&committee, &full), 32_770);
    let wrong = liar::shares(short.len(), 2, &shards);
    for members in [[0, 1], [1, 3], [2, 3]] {
        let proof = accuse(&committee, &wrong, &members).expect("the padding is not zeros");
        assert_eq!(proof.verify(&committee, &header(wrong[0].commitment())), Ok(()));
    }
    let sound = liar::shares(full.len(), 2, &shards);
    assert_eq!(accuse(&committee, &sound, &[2, 3]), None);
}

#[test]
fn a_proof_of_the_wrong_thing_says_why_it_proves_nothing() {
    let committee = committee(&[1; 4]);
    let honest = shares(&committee, &payload(80_000));
    let mut shards = liar::shards(&honest, 40_000);
    shards[3][0] ^= 1;
    let wrong = liar::shares(80_000, 2, &shards);
    let proof = accuse(&committee, &wrong, &[0, 3]).unwrap();
    let header = header(wrong[0].commitment());
    assert_eq!(proof.verify(&committee, &header), Ok(()));
    let chain = Header {
        chain_id: [9; 32],
        ..header.clone()
    };
    assert_eq!(proof.verify(&committee, &chain), Err(EvidenceError::Chain));
    let (got, expected) = (Epoch::new(1), Epoch::ZERO);
    let epoch = Header {
        epoch: 1,
        ..header.clone()
    };
    assert_eq!(
        proof.verify(&committee, &epoch),
        Err(EvidenceError::Epoch { got, expected })
    );
    let other = self::header(honest[0].commitment());
    assert!(matches!(
        proof.verify(&committee, &other),
        Err(EvidenceError::Share(_))
    ));
    let of = |shares: &[&Share]| WrongEncoding::try_from_slice(&borsh::to_vec(shares).unwrap()).unwrap();
    let against_honest = of(&[&honest[0], &honest[3]]).verify(&committee, &other);
    assert_eq!(against_honest, Err(EvidenceError::Sound));
    let few = NotEnough { got: 1, expected: 2 };
    assert_eq!(
        of(&[&wrong[3]]).verify(&committee, &header),
        Err(EvidenceError::NotEnough(few))
    );
    for twice in [[&wrong[3], &wrong[3]], [&wrong[3], &wrong[0]]] {
        let first = twice[1].range().start;
        assert_eq!(
            of(&twice).verify(&committee, &header),
            Err(EvidenceError::Order { first })
        );
    }
}
