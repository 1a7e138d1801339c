//! Keys, signatures, hash to curve, and the strictness of decoding.

mod fixture;

use ark_bn254::{Fq, Fr, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, Field, LegendreSymbol, PrimeField};
use fixture::{CHAIN, key};
use hotshot_types::{
    KeyPair, NodeId, PointError, PublicKey, SecretKey, Signature,
    bls::{hash_to_curve, verify_aggregate},
};
use proptest::prelude::*;
use rollup_abi::{Digest, curve};

const OWNER: NodeId = NodeId([1; 32]);

/// The key pair of a small number.
fn number(n: u64) -> KeyPair {
    KeyPair::from_bytes(&be(Fr::from(n).into_bigint())).unwrap()
}

fn be(number: impl Into<ark_ff::BigInt<4>>) -> [u8; 32] {
    number.into().to_bytes_be().try_into().unwrap()
}

#[test]
fn the_key_one_is_the_generators_and_signs_with_the_hash() {
    let one = number(1);
    assert_eq!(*one.public().pk1(), curve::G1);
    // EIP-197's generator of G2: x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0.
    let g2 = G2Affine::generator();
    let coordinates = [g2.x.c1, g2.x.c0, g2.y.c1, g2.y.c0].map(|c| be(c.into_bigint()));
    assert_eq!(one.public().pk2()[..], coordinates.concat());
    assert_eq!(
        hex::encode(&one.public().pk2()[..32]),
        "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2",
        "as EIP-197 prints it"
    );
    let digest = [7; 32];
    assert_eq!(one.sign(&digest).to_bytes(), hash_to_curve(&digest).to_bytes());
}

#[test]
fn golden_signature() {
    assert_eq!(
        hex::encode(number(2).sign(&[1; 32]).to_bytes()),
        "2d145015555ff01d4825506129708289bba93f5312f4e8f16de0d1ac244468e2\
         143929013746fba08a97e36d16a4ecdea411722002e9e21880a78c638d47c032"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The oracle is the curve's equation y² = x³ + 3 over the candidates, one by one.
    #[test]
    fn hash_to_curve_takes_the_smallest_counter(digest: Digest) {
        let hashed = hash_to_curve(&digest);
        let bytes = hashed.to_bytes();
        for ctr in 0..=hashed.ctr() {
            let mut x = curve::candidate(&digest, ctr);
            let negative = x[0] & 0x80 != 0;
            x[0] &= 0x3f;
            let number = Fq::from_be_bytes_mod_order(&x);
            let in_field = be(number.into_bigint()) == x;
            let square = (number.square() * number + Fq::from(3)).legendre() != LegendreSymbol::QuadraticNonResidue;
            prop_assert_eq!(in_field && square, ctr == hashed.ctr());
            if ctr == hashed.ctr() {
                prop_assert_eq!(&bytes[..32], &x);
                let y = Fq::from_be_bytes_mod_order(&bytes[32..]);
                prop_assert_eq!(y.square(), number.square() * number + Fq::from(3));
                prop_assert_eq!(y > -y, negative, "the flag chooses the larger root");
            }
        }
    }

    #[test]
    fn signatures_hold_for_their_key_and_digest_only(a in 1u64.., b in 1u64.., digest: Digest, other: Digest) {
        prop_assume!(a != b && digest != other);
        let (a, b) = (number(a), number(b));
        let signature = a.sign(&digest);
        prop_assert!(a.public().verify(&digest, &signature));
        prop_assert!(!b.public().verify(&digest, &signature));
        prop_assert!(!a.public().verify(&other, &signature));
        let sum = Signature::aggregate([&signature, &b.sign(&digest)]).unwrap();
        prop_assert!(verify_aggregate([a.public(), b.public()], &digest, &sum));
        prop_assert!(!verify_aggregate([a.public()], &digest, &sum));
        prop_assert_eq!(Signature::from_bytes(&sum.to_bytes()), Ok(sum));
        prop_assert_eq!(&PublicKey::from_bytes(&a.public().to_bytes()).unwrap(), a.public());
        prop_assert_eq!(*SecretKey::from_bytes(&a.secret().to_bytes()).unwrap().to_bytes(), *a.secret().to_bytes());
    }

    #[test]
    fn random_bytes_are_no_points(bytes in proptest::array::uniform32(any::<u8>()), y in proptest::array::uniform32(any::<u8>())) {
        let point: [u8; 64] = [bytes, y].concat().try_into().unwrap();
        prop_assert!(Signature::from_bytes(&point).is_err());
    }
}

#[test]
fn secrets_are_in_range_and_never_printed() {
    let order = be(Fr::MODULUS);
    for (bytes, expected) in [
        ([0; 32], false),
        (order, false),
        ([0xff; 32], false),
        (be(Fr::from(5).into_bigint()), true),
    ] {
        assert_eq!(SecretKey::from_bytes(&bytes).is_ok(), expected, "{bytes:?}");
    }
    assert_eq!(format!("{:?}", key(4).secret()), "SecretKey(…)");
    assert!(format!("{:?}", key(4)).contains("SecretKey(…)"));
}

#[test]
fn malformed_points_of_g1_are_refused() {
    let good = curve::G1;
    let prime: [u8; 32] = be(Fq::MODULUS);
    let mut cases = vec![([0; 64], PointError::Infinity)];
    for (at, flag) in [(0, 0x80), (0, 0x40), (32, 0x80), (32, 0x40)] {
        let mut point = good;
        point[at] |= flag;
        cases.push((point, PointError::Field));
    }
    let mut point = good;
    point[63] = 3;
    cases.push((point, PointError::NotOnCurve));
    let mut point = good;
    // x = p + 1 is 1 in disguise.
    point[..32].copy_from_slice(&prime);
    point[31] += 1;
    cases.push((point, PointError::Field));
    // The infinity flag of a compressed point with otherwise zero coordinates.
    let mut point = [0; 64];
    point[0] = 0x40;
    cases.push((point, PointError::Field));
    for (point, expected) in cases {
        assert_eq!(Signature::from_bytes(&point), Err(expected), "{point:?}");
    }
}

#[test]
fn malformed_points_of_g2_are_refused() {
    let good = key(2).public().to_bytes();
    let with = |change: &dyn Fn(&mut [u8])| {
        let mut bytes = good;
        change(&mut bytes[64..]);
        PublicKey::from_bytes(&bytes).err()
    };
    assert_eq!(with(&|_| ()), None);
    assert_eq!(with(&|g2| g2.fill(0)), Some(PointError::Infinity));
    assert_eq!(with(&|g2| g2[0] |= 0x80), Some(PointError::Field));
    assert_eq!(with(&|g2| g2[64] |= 0x40), Some(PointError::Field));
    assert_eq!(with(&|g2| g2[127] ^= 1), Some(PointError::NotOnCurve));
    // On the curve, but outside the subgroup: the first x = (1, n) that has a y.
    let off = (0u64..)
        .find_map(|n| {
            let x = ark_bn254::Fq2::new(Fq::from(1), Fq::from(n));
            let point = G2Affine::get_point_from_x_unchecked(x, false)?;
            (!point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
        })
        .unwrap();
    let coordinates = [off.x.c1, off.x.c0, off.y.c1, off.y.c0].map(|c| be(c.into_bigint()));
    assert_eq!(
        with(&|g2| g2.copy_from_slice(&coordinates.concat())),
        Some(PointError::Subgroup)
    );
}

#[test]
fn possession_is_proven_by_the_owner_of_both_halves_only() {
    let (own, other) = (key(1), key(2));
    let proof = own.prove_possession(&CHAIN, &OWNER);
    assert!(own.public().verify_possession(&CHAIN, &OWNER, &proof));
    assert!(
        !own.public().verify_possession(&[0; 32], &OWNER, &proof),
        "another chain"
    );
    assert!(
        !own.public().verify_possession(&CHAIN, &NodeId([2; 32]), &proof),
        "another owner"
    );
    assert!(
        !other.public().verify_possession(&CHAIN, &OWNER, &proof),
        "another key"
    );
    // Halves of two keys: even with a signature over exactly this, they do not belong together.
    let mixed = PublicKey::from_parts(other.public().pk1(), own.public().pk2()).unwrap();
    let digest = rollup_abi::vote::possession_digest(&CHAIN, &OWNER.0, mixed.pk1(), mixed.pk2());
    assert!(!mixed.verify_possession(&CHAIN, &OWNER, &own.sign(&digest)));
}

#[test]
fn sums_that_vanish_are_refused() {
    let minus_one = be((-Fr::from(1)).into_bigint());
    let (one, minus) = (number(1), KeyPair::from_bytes(&minus_one).unwrap());
    assert_eq!(Signature::aggregate([]), None);
    assert_eq!(
        Signature::aggregate([&one.sign(&[1; 32]), &minus.sign(&[1; 32])]),
        None
    );
    assert!(!verify_aggregate(
        [one.public(), minus.public()],
        &[1; 32],
        &one.sign(&[1; 32])
    ));
    assert!(!verify_aggregate([], &[1; 32], &one.sign(&[1; 32])));
}
