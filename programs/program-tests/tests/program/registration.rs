//! Registration: keys that must not enter a committee.

use ark_bn254::G1Affine;
use ark_ec::{AffineRepr, CurveGroup};
use program_tests::acts::membership;
use program_tests::oracle::{g1_bytes, g2_bytes, hash_to_curve, off_subgroup};
use program_tests::rig::CHAIN_ID;
use program_tests::{Failure, Key, Landed, Rig};
use rollup_abi::ProgramError;
use rollup_abi::account::committee_len;
use rollup_abi::event::Event;
use rollup_abi::instruction::RegisterMember;

use crate::case::{Case, Table, check};

/// A second member after an honest first one, spoiled.
fn spoiled(spoil: impl FnOnce(&mut RegisterMember)) -> Result<Landed, Failure> {
    let mut rig = Rig::registered(&[10]);
    let mut args = rig.membership(1, 10);
    spoil(&mut args);
    rig.register(&args)
}

/// A key that cancels everybody else: `mine − Σ others`, with the attacker's own secret behind the proof.
fn rogue() -> Result<Landed, Failure> {
    let mut rig = Rig::registered(&[10, 10]);
    let mine = Key::numbered(7);
    let others = rig.chain.keys[0].0 + rig.chain.keys[1].0;
    let pk1 = g1_bytes(G1Affine::generator() * (mine.0 - others));
    let rogue_pk2 = mine.pk2_point() - rig.chain.keys[0].pk2_point() - rig.chain.keys[1].pk2_point();
    let pk2 = g2_bytes(rogue_pk2.into_affine());
    let owner = [9; 32];
    let proof = mine.sign(&Key::possession_message(&CHAIN_ID, &owner, &pk1, &pk2));
    rig.register(&RegisterMember {
        epoch: 0,
        owner,
        stake: 10,
        pk1,
        pk2,
        signature: g1_bytes(proof.point),
        ctr: proof.ctr,
    })
}

/// A proof over exactly these keys by `signer`.
fn proven(args: &mut RegisterMember, signer: &Key) {
    let proof = signer.sign(&Key::possession_message(
        &CHAIN_ID,
        &args.owner,
        &args.pk1,
        &args.pk2,
    ));
    args.signature = g1_bytes(proof.point);
    args.ctr = proof.ctr;
}

/// The hint of what the program will ask for, so that the proof itself is what fails.
fn hint(args: &RegisterMember) -> u8 {
    hash_to_curve(&Key::possession_message(
        &CHAIN_ID,
        &args.owner,
        &args.pk1,
        &args.pk2,
    ))
    .0
}

fn full() -> Result<Landed, Failure> {
    let mut rig = Rig::registered(&[1; 128]);
    assert_eq!(rig.data(&rig.committee_address(0)).len(), committee_len(128));
    let args = rig.membership(128, 1);
    rig.register(&args)
}

pub const TABLE: Table = Table {
    instruction: "register_member",
    cases: CASES,
};

const CASES: &[Case] = &[
    Case {
        name: "rogue key",
        expect: ProgramError::PossessionInvalid,
        run: rogue,
    },
    Case {
        name: "pk1 and pk2 of different secrets",
        expect: ProgramError::PossessionInvalid,
        run: || {
            spoiled(|args| {
                args.pk2 = Key::numbered(8).pk2();
                proven(args, &Key::numbered(1));
            })
        },
    },
    Case {
        name: "pk2 and pk1 of different secrets, proven by pk2's",
        expect: ProgramError::PossessionInvalid,
        run: || {
            spoiled(|args| {
                args.pk1 = Key::numbered(8).pk1();
                proven(args, &Key::numbered(1));
            })
        },
    },
    Case {
        name: "another owner's proof",
        expect: ProgramError::PossessionInvalid,
        run: || {
            spoiled(|args| {
                args.owner = [77; 32];
                args.ctr = hint(args);
            })
        },
    },
    Case {
        name: "a proof for another chain",
        expect: ProgramError::PossessionInvalid,
        run: || {
            spoiled(|args| {
                let message = Key::possession_message(&[9; 32], &args.owner, &args.pk1, &args.pk2);
                let proof = Key::numbered(1).sign(&message);
                args.signature = g1_bytes(proof.point);
                args.ctr = hint(args);
            })
        },
    },
    Case {
        name: "another member's key with that member's proof",
        expect: ProgramError::KeyCopied,
        run: || spoiled(|args| *args = membership(&Key::numbered(0), [77; 32], 10)),
    },
    Case {
        name: "another member's owner with a key of its own",
        expect: ProgramError::OwnerCopied,
        run: || spoiled(|args| *args = membership(&Key::numbered(1), [1; 32], 10)),
    },
    Case {
        name: "pk1 at infinity",
        expect: ProgramError::KeyInfinity,
        run: || spoiled(|args| args.pk1 = [0; 64]),
    },
    Case {
        name: "pk2 at infinity",
        expect: ProgramError::KeyInfinity,
        run: || spoiled(|args| args.pk2 = [0; 128]),
    },
    Case {
        name: "flag bit 6 in pk1.x",
        expect: ProgramError::KeyFlagBits,
        run: || spoiled(|args| args.pk1[0] |= 0x40),
    },
    Case {
        name: "flag bit 7 in pk1.y",
        expect: ProgramError::KeyFlagBits,
        run: || spoiled(|args| args.pk1[32] |= 0x80),
    },
    Case {
        name: "flag bit 6 in pk2.x.c1",
        expect: ProgramError::KeyFlagBits,
        run: || spoiled(|args| args.pk2[0] |= 0x40),
    },
    Case {
        name: "flag bit 6 in pk2.y.c0",
        expect: ProgramError::KeyFlagBits,
        run: || spoiled(|args| args.pk2[96] |= 0x40),
    },
    Case {
        name: "pk1 off the curve",
        expect: ProgramError::PointInvalid,
        run: || {
            spoiled(|args| {
                args.pk1[63] ^= 1;
                proven(args, &Key::numbered(1))
            })
        },
    },
    Case {
        name: "pk2 off the curve",
        expect: ProgramError::PointInvalid,
        run: || {
            spoiled(|args| {
                args.pk2[127] ^= 1;
                proven(args, &Key::numbered(1))
            })
        },
    },
    Case {
        name: "pk2 outside the subgroup",
        expect: ProgramError::PointInvalid,
        run: || {
            spoiled(|args| {
                args.pk2 = g2_bytes(off_subgroup());
                proven(args, &Key::numbered(1))
            })
        },
    },
    Case {
        name: "proof off the curve",
        expect: ProgramError::PointInvalid,
        run: || spoiled(|args| args.signature[63] ^= 1),
    },
    Case {
        name: "proof with a flag bit",
        expect: ProgramError::SignatureFlagBits,
        run: || spoiled(|args| args.signature[32] |= 0x40),
    },
    Case {
        name: "proof at infinity",
        expect: ProgramError::SignatureInfinity,
        run: || spoiled(|args| args.signature = [0; 64]),
    },
    Case {
        name: "hint that leads to no point",
        expect: ProgramError::HashToCurve,
        run: || {
            let mut rig = Rig::registered(&[]);
            let args = (0..).map(|number| rig.membership(number, 1)).find(|args| {
                let message = Key::possession_message(&CHAIN_ID, &args.owner, &args.pk1, &args.pk2);
                hash_to_curve(&message).0 > 0
            });
            let mut args = args.expect("one in two members");
            args.ctr = 0;
            rig.register(&args)
        },
    },
    Case {
        name: "no stake",
        expect: ProgramError::StakeZero,
        run: || spoiled(|args| args.stake = 0),
    },
    Case {
        name: "total stake overflows",
        expect: ProgramError::StakeOverflow,
        run: || spoiled(|args| args.stake = u64::MAX - 9),
    },
    Case {
        name: "the 129th member",
        expect: ProgramError::CommitteeFull,
        run: full,
    },
    Case {
        name: "another epoch than the committee's",
        expect: ProgramError::NotStager,
        run: || spoiled(|args| args.epoch = 1),
    },
    Case {
        name: "after sealing",
        expect: ProgramError::CommitteeSealed,
        run: || {
            let mut rig = Rig::active(&[10]);
            let args = rig.membership(1, 10);
            rig.register(&args)
        },
    },
    Case {
        name: "a stranger adds a member to a committee that is not theirs",
        expect: ProgramError::NotStager,
        run: || {
            let mut rig = Rig::registered(&[10]);
            let stranger = rig.roles.stranger.insecure_clone();
            let args = rig.membership(1, 10);
            rig.call(&stranger, &args)
        },
    },
];

#[test]
fn bad_members_are_refused() {
    check(&TABLE);
}

#[test]
fn the_account_grows_with_each_member_and_stays_rent_exempt() {
    let mut rig = Rig::registered(&[]);
    for number in 0..5 {
        let args = rig.membership(number, 10 + number);
        let landed = rig.register(&args).expect("register");
        match landed.events()[..] {
            [Event::MemberRegistered(event)] => {
                assert_eq!(
                    (event.index, event.stake, event.owner),
                    (number, 10 + number, args.owner)
                );
            }
            ref other => panic!("{other:?}"),
        }
        let account = rig.svm.get_account(&rig.committee_address(0)).unwrap();
        assert_eq!(account.data.len(), committee_len(number as usize + 1));
        assert!(account.lamports >= rig.svm.minimum_balance_for_rent_exemption(account.data.len()));
    }
    let keys: Vec<Key> = (0..5).map(Key::numbered).collect();
    rig.committee(|committee| {
        assert_eq!(
            (
                committee.count(),
                committee.state.total_stake,
                committee.state.sealed
            ),
            (5, 60, 0)
        );
        for (index, member) in committee.members().enumerate() {
            assert_eq!((member.pk2, member.stake), (keys[index].pk2(), 10 + index as u64));
        }
        let sum = keys.iter().map(Key::pk2_point).sum::<ark_bn254::G2Projective>();
        assert_eq!(committee.state.total_pk2, g2_bytes(sum.into_affine()));
    });
}
