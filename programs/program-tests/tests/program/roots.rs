//! Roots: what follows, what repeats, what conflicts.

use program_tests::{Chain, Failure, Landed, Post, Rig};
use rollup_abi::account::RING;
use rollup_abi::event::Event;
use rollup_abi::{Header, ProgramError};

use crate::case::{Case, check, four};

/// Two blocks in one post, spoiled before everyone certifies the header.
fn certified(spoil: impl FnOnce(&mut Header, &mut Vec<[u8; 32]>)) -> Result<Landed, Failure> {
    let mut rig = four();
    let (mut header, mut roots) = rig.chain.advance(2);
    spoil(&mut header, &mut roots);
    let post = rig.chain.certify(&header, &rig.chain.everyone(), roots);
    rig.submit(&post)
}

/// One block, spoiled after everyone certified it.
fn tampered(spoil: impl FnOnce(&mut Post)) -> Result<Landed, Failure> {
    let mut rig = four();
    let mut post = rig.chain.post(1);
    spoil(&mut post);
    rig.submit(&post)
}

pub const CASES: &[Case] = &[
    Case {
        name: "header with a trailing byte",
        expect: ProgramError::HeaderLength,
        run: || tampered(|post| post.header.push(0)),
    },
    Case {
        name: "header one byte short",
        expect: ProgramError::HeaderLength,
        run: || tampered(|post| post.header.truncate(329)),
    },
    Case {
        name: "unknown version",
        expect: ProgramError::HeaderVersion,
        run: || tampered(|post| post.header[0] = 2),
    },
    Case {
        name: "another chain",
        expect: ProgramError::HeaderChain,
        run: || certified(|header, _| header.chain_id = [9; 32]),
    },
    Case {
        name: "another epoch",
        expect: ProgramError::WrongEpoch,
        run: || certified(|header, _| header.epoch = 1),
    },
    Case {
        name: "newer height, same view",
        expect: ProgramError::ViewNotNewer,
        run: || certified(|header, _| header.view = 0),
    },
    Case {
        name: "a root missing",
        expect: ProgramError::RootsCount,
        run: || certified(|_, roots| roots.truncate(1)),
    },
    Case {
        name: "a root too many",
        expect: ProgramError::RootsCount,
        run: || certified(|_, roots| roots.insert(0, [5; 32])),
    },
    Case {
        name: "no roots",
        expect: ProgramError::RootsCount,
        run: || certified(|_, roots| roots.clear()),
    },
    Case {
        name: "the last root is another",
        expect: ProgramError::RootsLast,
        run: || certified(|_, roots| roots[1] = [5; 32]),
    },
    Case {
        name: "a root in between is another",
        expect: ProgramError::RootsAccumulator,
        run: || certified(|_, roots| roots[0] = [5; 32]),
    },
    Case {
        name: "the header certifies another accumulator",
        expect: ProgramError::RootsAccumulator,
        run: || certified(|header, _| header.roots_acc = [5; 32]),
    },
    Case {
        name: "the committee is not active",
        expect: ProgramError::CommitteeNotActive,
        run: || {
            let mut rig = Rig::registered(&[1]);
            let post = rig.chain.post(1);
            rig.submit(&post)
        },
    },
    Case {
        name: "after a conflict",
        expect: ProgramError::Frozen,
        run: || {
            let mut rig = four();
            conflict(&mut rig);
            let post = rig.chain.post(1);
            rig.submit(&post)
        },
    },
];

#[test]
fn bad_posts_are_refused() {
    check(CASES);
}

#[test]
fn a_valid_certificate_is_accepted() {
    let mut rig = Rig::active(&[1, 2, 3, 4, 5]);
    let (header, roots) = rig.chain.advance(3);
    let signers = [1, 2, 3, 4];
    let post = rig.chain.certify(&header, &signers, roots.clone());
    let landed = rig.submit(&post).expect("submit_roots");
    match landed.events()[..] {
        [Event::RootsAccepted(event)] => {
            assert_eq!(
                (event.height, event.view, event.roots, event.signed_stake),
                (3, 3, 3, 14)
            );
            assert_eq!(
                (event.state_root, event.leaf),
                (Chain::root(3), header.commitment())
            );
        }
        ref other => panic!("{other:?}"),
    }
    rig.rollup(|rollup| {
        let last = &rollup.state.last;
        assert_eq!((last.height, last.view, rollup.state.accepted), (3, 3, 1));
        assert_eq!(
            (last.state_root, last.roots_acc),
            (Chain::root(3), header.roots_acc)
        );
        assert_eq!(last.leaf, header.commitment());
        for (index, root) in roots.iter().enumerate() {
            assert_eq!(rollup.root_at(index as u64 + 1).unwrap().state_root, *root);
        }
    });
}

/// The account after something that must have no effect is the account before it, byte for byte.
fn without_effect(rig: &mut Rig, post: &Post, name: &str) {
    let before = rig.rollup_data();
    let landed = rig
        .submit(post)
        .unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
    assert!(landed.events().is_empty(), "{name}");
    assert_eq!(rig.rollup_data(), before, "{name}");
}

#[test]
fn repetition_succeeds_without_effect() {
    let mut rig = four();
    let first = rig.chain.post(1);
    let (middle, _) = rig.chain.advance(1);
    let (header, _) = rig.chain.advance(1);
    let second = rig
        .chain
        .certify(&header, &[0, 1, 2], vec![Chain::root(2), Chain::root(3)]);
    rig.submit(&first).expect("first");
    rig.submit(&second).expect("second");
    without_effect(&mut rig, &second, "the same post");
    without_effect(&mut rig, &first, "an older post");
    let inside = rig.chain.certify(&middle, &[1, 2, 3], vec![Chain::root(2)]);
    without_effect(&mut rig, &inside, "a height that came in the middle of a run");
    let by_others = rig.chain.certify(&header, &[1, 2, 3], Vec::new());
    without_effect(
        &mut rig,
        &by_others,
        "the same block with another quorum and no roots",
    );
}

#[test]
fn the_ring_keeps_the_newest_heights_and_older_ones_are_ignored() {
    let mut rig = four();
    let first = rig.chain.post(1);
    rig.submit(&first).expect("first");
    while rig.chain.height < RING as u64 + 40 {
        let post = rig.chain.post(12);
        rig.submit(&post).expect("twelve blocks");
    }
    let last = rig.chain.height;
    rig.rollup(|rollup| {
        for height in last - 255..=last {
            let entry = rollup.root_at(height).unwrap_or_else(|| panic!("{height}"));
            assert_eq!((entry.height, entry.state_root), (height, Chain::root(height)));
        }
        assert_eq!(rollup.root_at(last - 256), None);
    });
    without_effect(&mut rig, &first, "older than the ring");
    let mut foreign = first;
    foreign.certificate.clear();
    without_effect(&mut rig, &foreign, "older than the ring, without a certificate");
}

/// Certifies a second root for height 1 after height 1 was accepted.
fn conflict(rig: &mut Rig) -> Landed {
    let (mut header, roots) = rig.chain.advance(1);
    let honest = rig.chain.certify(&header, &[0, 1, 2], roots);
    rig.submit(&honest).expect("honest");
    header.state_root = [0xBA; 32];
    header.view += 5;
    let evil = rig.chain.certify(&header, &[1, 2, 3], vec![[0xBA; 32]]);
    rig.submit(&evil).expect("evidence is accepted")
}

#[test]
fn a_conflicting_certified_root_freezes_and_is_kept_as_evidence() {
    let mut rig = four();
    let landed = conflict(&mut rig);
    match landed.events()[..] {
        [Event::RootConflict(event)] => {
            assert_eq!((event.height, event.recorded_root), (1, Chain::root(1)));
            assert_eq!(event.conflicting_root, [0xBA; 32]);
        }
        ref other => panic!("{other:?}"),
    }
    rig.rollup(|rollup| {
        assert_eq!((rollup.state.frozen, rollup.state.last.height), (1, 1));
        assert_eq!(rollup.state.last.state_root, Chain::root(1));
        let evidence = &rollup.state.conflict;
        assert_eq!(
            (evidence.recorded_root, evidence.conflicting_root),
            (Chain::root(1), [0xBA; 32])
        );
        assert_eq!((evidence.height, evidence.view), (1, 6));
    });
}

#[test]
fn an_uncertified_conflict_changes_nothing() {
    let mut rig = four();
    let (mut header, roots) = rig.chain.advance(1);
    let honest = rig.chain.certify(&header, &[0, 1, 2], roots);
    rig.submit(&honest).expect("honest");
    let before = rig.rollup_data();
    header.state_root = [0xBA; 32];
    let weak = rig.chain.certify(&header, &[0, 1], vec![[0xBA; 32]]);
    assert_eq!(
        rig.submit(&weak).err(),
        Some(Failure::Refused(ProgramError::BelowQuorum))
    );
    let mut forged = weak;
    forged.certificate[1] = 0b1111;
    assert_eq!(
        rig.submit(&forged).err(),
        Some(Failure::Refused(ProgramError::SignatureInvalid))
    );
    assert_eq!(rig.rollup_data(), before);
}
