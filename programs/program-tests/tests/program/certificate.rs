//! Certificates: every forgery of one.

use ark_bn254::{Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::One;
use program_tests::acts::membership;
use program_tests::oracle::{self, certificate, g1_bytes, hash_to_curve, sha256};
use program_tests::rig::CHAIN_ID;
use program_tests::{Chain, Failure, Key, Landed, Post, Rig};
use rollup_abi::ProgramError;
use rollup_abi::instruction::OpenCommittee;

use crate::case::{Case, Table, check, four};

/// Offset of the signature from a certificate's end.
const SIGNATURE: usize = 64;

/// One block by everyone, spoiled, submitted.
fn spoiled(spoil: impl FnOnce(&mut Post)) -> Result<Landed, Failure> {
    let mut rig = four();
    let mut post = rig.chain.post(1);
    spoil(&mut post);
    rig.submit(&post)
}

/// One block with the certificate that `forge` makes.
fn forged(forge: impl FnOnce(&Chain, &rollup_abi::Header) -> Vec<u8>) -> Result<Landed, Failure> {
    let mut rig = four();
    let (header, roots) = rig.chain.advance(1);
    let certificate = forge(&rig.chain, &header);
    rig.submit(&Post {
        view: header.view,
        header: header.encode().to_vec(),
        certificate,
        roots,
    })
}

/// A certificate by the first `signers` over another message than the header's Vote2.
fn over(message: impl FnOnce(&rollup_abi::Header) -> [u8; 32]) -> Result<Landed, Failure> {
    forged(|chain, header| {
        let signature = chain.sign_message(&message(header), &chain.everyone());
        // The forger names the hint of what the program will ask for, so that the signature itself is what fails.
        let (hint, _) = hash_to_curve(&Chain::message(header, &header.encode()));
        certificate(4, &chain.everyone(), hint, signature.point)
    })
}

fn set_signature(post: &mut Post, signature: [u8; 64]) {
    let at = post.certificate.len() - SIGNATURE;
    post.certificate[at..].copy_from_slice(&signature);
}

/// Two members whose keys cancel, and a third without weight.
fn cancelling() -> Result<Landed, Failure> {
    let mut rig = Rig::initialized();
    rig.govern(&OpenCommittee { epoch: 0 })?;
    let key = Key::numbered(1);
    let keys = [key, Key(-key.0), Key::numbered(2)];
    for (index, key) in keys.iter().enumerate() {
        let stake = if index == 2 { 1 } else { 10 };
        rig.register(&membership(key, [index as u8 + 1; 32], stake))?;
    }
    rig.chain.keys = keys.to_vec();
    rig.seal(0)?;
    rig.activate()?;
    let (header, roots) = rig.chain.advance(1);
    let signature = rig.chain.sign(&header, &[2]);
    rig.submit(&Post {
        view: header.view,
        header: header.encode().to_vec(),
        certificate: certificate(3, &[0, 1], signature.ctr, signature.point),
        roots,
    })
}

pub const TABLE: Table = Table {
    instruction: "submit_roots",
    cases: CASES,
};

const CASES: &[Case] = &[
    Case {
        name: "no certificate at all",
        expect: ProgramError::BitmapLength,
        run: || spoiled(|post| post.certificate = vec![0]),
    },
    Case {
        name: "empty bytes",
        expect: ProgramError::CertificateLength,
        run: || spoiled(|post| post.certificate.clear()),
    },
    Case {
        name: "one byte short",
        expect: ProgramError::CertificateLength,
        run: || spoiled(|post| post.certificate.truncate(66)),
    },
    Case {
        name: "one byte more",
        expect: ProgramError::CertificateLength,
        run: || spoiled(|post| post.certificate.push(0)),
    },
    Case {
        name: "bitmap longer than the committee",
        expect: ProgramError::BitmapLength,
        run: || {
            spoiled(|post| {
                post.certificate[0] = 2;
                post.certificate.insert(2, 0);
            })
        },
    },
    Case {
        name: "bit beyond the last member",
        expect: ProgramError::BitmapTail,
        run: || spoiled(|post| post.certificate[1] |= 0b1_0000),
    },
    Case {
        name: "below the quorum with a valid signature",
        expect: ProgramError::BelowQuorum,
        run: || {
            forged(|chain, header| {
                let signature = chain.sign(header, &[0, 3]);
                certificate(4, &[0, 3], signature.ctr, signature.point)
            })
        },
    },
    Case {
        name: "nobody signed",
        expect: ProgramError::BelowQuorum,
        run: || spoiled(|post| post.certificate[1] = 0),
    },
    Case {
        name: "flag bit 6 in x",
        expect: ProgramError::SignatureFlagBits,
        run: || {
            spoiled(|post| {
                let at = post.certificate.len() - 64;
                post.certificate[at] |= 0x40
            })
        },
    },
    Case {
        name: "flag bit 7 in x",
        expect: ProgramError::SignatureFlagBits,
        run: || {
            spoiled(|post| {
                let at = post.certificate.len() - 64;
                post.certificate[at] |= 0x80
            })
        },
    },
    Case {
        name: "flag bit 6 in y",
        expect: ProgramError::SignatureFlagBits,
        run: || {
            spoiled(|post| {
                let at = post.certificate.len() - 32;
                post.certificate[at] |= 0x40
            })
        },
    },
    Case {
        name: "flag bit 7 in y",
        expect: ProgramError::SignatureFlagBits,
        run: || {
            spoiled(|post| {
                let at = post.certificate.len() - 32;
                post.certificate[at] |= 0x80
            })
        },
    },
    Case {
        name: "signature at infinity",
        expect: ProgramError::SignatureInfinity,
        run: || spoiled(|post| set_signature(post, [0; 64])),
    },
    Case {
        name: "signature off the curve",
        expect: ProgramError::PointInvalid,
        run: || {
            spoiled(|post| {
                let at = post.certificate.len() - 1;
                post.certificate[at] ^= 1
            })
        },
    },
    Case {
        name: "signature coordinate not below the modulus",
        expect: ProgramError::PointInvalid,
        run: || spoiled(|post| set_signature(post, [0x3F; 64])),
    },
    Case {
        name: "signers' keys cancel",
        expect: ProgramError::AggregateKeyInfinity,
        run: cancelling,
    },
    Case {
        name: "hint that leads to no point",
        expect: ProgramError::HashToCurve,
        run: || {
            let mut rig = four();
            loop {
                let (header, roots) = rig.chain.advance(1);
                let message = Chain::message(&header, &header.encode());
                if hash_to_curve(&message).0 == 0 {
                    let post = rig.chain.certify(&header, &rig.chain.everyone(), roots);
                    rig.submit(&post)?;
                    continue;
                }
                let mut post = rig.chain.certify(&header, &rig.chain.everyone(), roots);
                // Below the smallest hint, none leads to a point.
                post.certificate[2] = 0;
                return rig.submit(&post);
            }
        },
    },
    Case {
        name: "negated signature",
        expect: ProgramError::SignatureInvalid,
        run: || {
            forged(|chain, header| {
                let signature = chain.sign(header, &chain.everyone());
                certificate(4, &chain.everyone(), signature.ctr, -signature.point)
            })
        },
    },
    Case {
        name: "the generator as signature",
        expect: ProgramError::SignatureInvalid,
        run: || spoiled(|post| set_signature(post, g1_bytes(G1Affine::generator().into()))),
    },
    Case {
        name: "one signer more in the bitmap than signed",
        expect: ProgramError::SignatureInvalid,
        run: || {
            forged(|chain, header| {
                let signature = chain.sign(header, &[0, 1, 2]);
                certificate(4, &[0, 1, 2, 3], signature.ctr, signature.point)
            })
        },
    },
    Case {
        name: "another committee's keys",
        expect: ProgramError::SignatureInvalid,
        run: || {
            forged(|chain, header| {
                let mut other = chain.clone();
                other.keys = (90..94).map(Key::numbered).collect();
                let signature = other.sign(header, &[0, 1, 2, 3]);
                certificate(4, &[0, 1, 2, 3], signature.ctr, signature.point)
            })
        },
    },
    Case {
        name: "secret key one, as anyone could sign",
        expect: ProgramError::SignatureInvalid,
        run: || {
            forged(|_, header| {
                let signature = Key(Fr::one()).sign(&Chain::message(header, &header.encode()));
                certificate(4, &[0, 1, 2, 3], signature.ctr, signature.point)
            })
        },
    },
    Case {
        name: "Vote1 instead of Vote2",
        expect: ProgramError::SignatureInvalid,
        run: || {
            over(|header| {
                let leaf = sha256(&[b"asset-l2:leaf:v1", &header.encode()]);
                let [view, height] = [header.view, header.height].map(u64::to_le_bytes);
                sha256(&[b"asset-l2:vote1:1", &CHAIN_ID, &[0; 8], &view, &height, &leaf])
            })
        },
    },
    Case {
        name: "certificate of another view of the same leaf",
        expect: ProgramError::SignatureInvalid,
        run: || {
            over(|header| {
                oracle::vote2_message(&CHAIN_ID, 0, header.view + 1, header.height, &header.encode())
            })
        },
    },
    Case {
        name: "certificate for another chain",
        expect: ProgramError::SignatureInvalid,
        run: || {
            over(|header| oracle::vote2_message(&[9; 32], 0, header.view, header.height, &header.encode()))
        },
    },
    Case {
        name: "certificate of another header",
        expect: ProgramError::SignatureInvalid,
        run: || {
            over(|header| {
                let mut other = header.clone();
                other.payload_commitment = [7; 32];
                Chain::message(&other, &other.encode())
            })
        },
    },
    Case {
        name: "a timeout certificate",
        expect: ProgramError::SignatureInvalid,
        run: || {
            over(|header| {
                let [view, lock] = [header.view, header.view - 1].map(u64::to_le_bytes);
                sha256(&[b"asset-l2:timeout", &CHAIN_ID, &[0; 8], &view, &lock])
            })
        },
    },
    Case {
        name: "header changed after it was certified",
        expect: ProgramError::SignatureInvalid,
        run: || {
            let mut rig = four();
            let (mut header, roots) = rig.chain.advance(1);
            let mut post = rig.chain.certify(&header, &rig.chain.everyone(), roots);
            header.timestamp_ms += 1;
            post.header = header.encode().to_vec();
            post.certificate[2] = hash_to_curve(&Chain::message(&header, &post.header)).0;
            rig.submit(&post)
        },
    },
];

#[test]
fn forgeries_are_refused() {
    check(&TABLE);
}

/// A committee of seven with unequal stakes: the aggregate of each set is accepted with that set's bitmap and no other.
#[test]
fn every_wrong_bitmap_of_seven_is_refused() {
    let stakes = [1, 2, 3, 5, 8, 13, 21];
    let total: u64 = stakes.iter().sum();
    let quorum = total * 2 / 3 + 1;
    let mut rig = Rig::active(&stakes);
    let (header, roots) = rig.chain.advance(1);
    let signers = [0, 3, 4, 5, 6];
    let true_bitmap: u8 = signers.iter().map(|signer| 1 << signer).sum();
    let honest = rig.chain.certify(&header, &signers, roots);
    for bitmap in 0u8..128 {
        if bitmap == true_bitmap {
            continue;
        }
        let stake: u64 = (0..7).filter(|i| bitmap >> i & 1 == 1).map(|i| stakes[i]).sum();
        let expect = if stake < quorum {
            ProgramError::BelowQuorum
        } else {
            ProgramError::SignatureInvalid
        };
        let mut forged = honest.clone();
        forged.certificate[1] = bitmap;
        assert_eq!(
            rig.submit(&forged).err(),
            Some(Failure::Refused(expect)),
            "{bitmap:07b}"
        );
    }
    rig.submit(&honest).expect("the true bitmap");
}

/// Of 256 hints only the smallest that leads to a point is ever signed; the others fail one way or the other.
#[test]
fn only_the_smallest_hint_is_accepted() {
    let mut rig = four();
    let honest = rig.chain.post(1);
    let hint = honest.certificate[2];
    for ctr in (0..=255).filter(|ctr| *ctr != hint) {
        let mut forged = honest.clone();
        forged.certificate[2] = ctr;
        let got = rig.submit(&forged).err();
        let refused = [ProgramError::HashToCurve, ProgramError::SignatureInvalid].map(Failure::Refused);
        assert!(
            got.as_ref().is_some_and(|failure| refused.contains(failure)),
            "{ctr}: {got:?}"
        );
    }
    rig.submit(&honest).expect("the smallest hint");
}

/// Every quorum of a committee of four is accepted: nobody missing, and each of the four missing.
#[test]
fn every_quorum_of_four_is_accepted() {
    let mut rig = four();
    for missing in [None, Some(0), Some(1), Some(2), Some(3)] {
        let signers: Vec<usize> = (0..4).filter(|i| Some(*i) != missing).collect();
        let (header, roots) = rig.chain.advance(1);
        let post = rig.chain.certify(&header, &signers, roots);
        rig.submit(&post)
            .unwrap_or_else(|failure| panic!("{missing:?}: {failure:?}"));
    }
    assert_eq!(rig.rollup(|rollup| rollup.state.last.height), 5);
}

/// Where few sign for many: the signers are added up instead of the absentees subtracted.
#[test]
fn a_minority_of_members_with_the_stake_is_accepted() {
    let mut rig = Rig::active(&[100, 1, 100, 1, 1, 1, 1]);
    let (header, roots) = rig.chain.advance(1);
    let post = rig.chain.certify(&header, &[0, 2], roots);
    rig.submit(&post).expect("200 of 205");
}
