//! Upgrades: what numbers are one, what is signed, and who must have signed.

mod fixture;

use borsh::BorshDeserialize;
use fixture::{CHAIN, committee, committee_of, key, upgrade_certificate, upgrade_data, upgrade_vote};
use hotshot_types::{
    CertificateError, Epoch, Height, Signature, Signers, Upgrade, UpgradeCertificate, UpgradeData,
    UpgradeError, Versions,
};
use rollup_abi::Header;

fn plan(from: u16, to: u16, first: u64, last: u64) -> Result<Upgrade, UpgradeError> {
    Upgrade::new(from, to, Height::new(first), Height::new(last))
}

fn signers(members: &[usize]) -> Signers {
    let mut signers = Signers::none(committee().members().len());
    members.iter().for_each(|member| assert!(signers.insert(*member)));
    signers
}

#[test]
fn an_upgrade_is_to_a_later_version_in_a_window_above_genesis() {
    let versions = |from, to| Err(UpgradeError::Versions { from, to });
    let window = |first, last| {
        Err(UpgradeError::Window {
            first: Height::new(first),
            last: Height::new(last),
        })
    };
    assert!(plan(1, 2, 1, 1).is_ok() && plan(1, 9, 5, u64::MAX).is_ok());
    assert_eq!(plan(0, 1, 1, 1), versions(0, 1));
    assert_eq!(plan(2, 2, 1, 1), versions(2, 2));
    assert_eq!(plan(2, 1, 1, 1), versions(2, 1));
    assert_eq!(plan(1, 2, 0, 1), window(0, 1));
    assert_eq!(plan(1, 2, 5, 4), window(5, 4));
}

#[test]
fn bytes_that_are_no_upgrade_are_refused() {
    let good = borsh::to_vec(&plan(1, 2, 3, 40).unwrap()).unwrap();
    assert_eq!(
        Upgrade::try_from_slice(&good).unwrap(),
        plan(1, 2, 3, 40).unwrap()
    );
    // From version 1 to 1, and a window that ends at height 0.
    for (at, value) in [(2, 1), (12, 0)] {
        let mut bad = good.clone();
        bad[at] = value;
        assert!(Upgrade::try_from_slice(&bad).is_err(), "byte {at}");
    }
}

#[test]
fn the_digest_covers_everything() {
    let epoch = |number, upgrade: Result<Upgrade, UpgradeError>| UpgradeData {
        epoch: Epoch::new(number),
        upgrade: upgrade.unwrap(),
    };
    let all = [
        epoch(0, plan(1, 3, 3, 40)),
        epoch(1, plan(1, 3, 3, 40)),
        epoch(0, plan(2, 3, 3, 40)),
        epoch(0, plan(1, 2, 3, 40)),
        epoch(0, plan(1, 3, 4, 40)),
        epoch(0, plan(1, 3, 3, 41)),
    ];
    let mut digests: Vec<_> = all.iter().map(|data| data.digest(&CHAIN)).collect();
    digests.push(all[0].digest(&[0; 32]));
    assert_eq!(
        hex::encode(upgrade_data().digest(&CHAIN)),
        "1bf5f6786e88737f34ad16741e5e7cdba7a57b3138c4e9ff316e858acc455400"
    );
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 7);
}

/// Of 15 stake, 14 are nine tenths: all can be spared who hold one.
#[test]
fn nine_tenths_of_the_stake_convince() {
    assert_eq!(committee().nine_tenths().get(), 14);
    for members in [&[0, 1, 2, 3, 4][..], &[0, 2, 3, 4]] {
        assert_eq!(upgrade_certificate(members).verify(&committee()), Ok(()));
    }
    for (members, got) in [(&[0, 1, 3, 4][..], 13), (&[1, 2, 3, 4], 10)] {
        let short = CertificateError::Quorum { got, expected: 14 };
        assert_eq!(upgrade_certificate(members).verify(&committee()), Err(short));
    }
}

#[test]
fn a_certificate_of_others_than_it_says_is_refused() {
    let verify = |data: UpgradeData, named: &[usize], signature: Signature| {
        UpgradeCertificate::from_parts(data, signers(named), signature).verify(&committee())
    };
    let signed = |members: &[usize]| {
        Signature::aggregate(&members.iter().map(|m| upgrade_vote(*m)).collect::<Vec<_>>()).unwrap()
    };
    let (all, most) = ([0, 1, 2, 3, 4], [0, 2, 3, 4]);
    let bad = Err(CertificateError::Signature);
    assert_eq!(verify(upgrade_data(), &most, signed(&most)), Ok(()));
    assert_eq!(verify(upgrade_data(), &all, signed(&most)), bad);
    assert_eq!(verify(upgrade_data(), &all, key(0).sign(&[0; 32])), bad);
    let other = UpgradeData {
        upgrade: plan(1, 2, 3, 41).unwrap(),
        ..upgrade_data()
    };
    assert_eq!(verify(other, &all, signed(&all)), bad);
    // Another epoch's committee has not agreed, nor has another chain's.
    let certificate = upgrade_certificate(&all);
    let later = CertificateError::Epoch {
        got: Epoch::ZERO,
        expected: Epoch::new(1),
    };
    assert_eq!(certificate.verify(&committee_of(CHAIN, 1)), Err(later));
    assert_eq!(certificate.verify(&committee_of([0; 32], 0)), bad);
}

#[test]
fn which_blocks_may_begin_with_it() {
    let header = |version, epoch, height| Header {
        version,
        epoch,
        height,
        ..Header::default()
    };
    for (version, epoch, height, may) in [
        (2, 0, 3, true),
        (2, 0, 40, true),
        (2, 0, 2, false),
        (2, 0, 41, false),
        (2, 1, 3, false),
        (1, 0, 3, false),
        (3, 0, 3, false),
    ] {
        let header = header(version, epoch, height);
        assert_eq!(upgrade_data().may_begin_with(&header), may, "{header:?}");
    }
}

#[test]
fn a_node_speaks_all_versions_up_to_one() {
    let speaks: Vec<bool> = (0..4)
        .map(|version| Versions::up_to(2).contains(version))
        .collect();
    assert_eq!(speaks, [false, true, true, false]);
    assert_eq!(Versions::up_to(2).to_string(), "versions 1 to 2");
}
