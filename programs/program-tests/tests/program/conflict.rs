//! Two certified blocks of one height: the rollup freezes and keeps both.

use program_tests::{Chain, Failure, Landed, Post, Rig};
use rollup_abi::account::Certified;
use rollup_abi::event::Event;
use rollup_abi::{Header, ProgramError};

use crate::case::{Case, Table, check, four, refused};

/// A rollup on which `first` was accepted, and a second block of its height that a quorum certified as well.
struct Fork {
    rig: Rig,
    first: Header,
    other: Post,
}

fn fork(spoil: impl FnOnce(&mut Header)) -> Fork {
    let mut rig = four();
    let (first, roots) = rig.chain.advance(1);
    let honest = rig.chain.certify(&first, &[0, 1, 2], roots);
    rig.submit(&honest).expect("honest");
    let mut second = first.clone();
    second.view += 5;
    spoil(&mut second);
    let other = rig.chain.certify(&second, &[1, 2, 3], Vec::new());
    Fork { rig, first, other }
}

/// The conflict in the middle of a run: the program has the root of the block there, but not its proof.
fn in_the_middle() -> (Rig, Post) {
    let mut rig = four();
    let (first, _) = rig.chain.advance(1);
    let (second, _) = rig.chain.advance(1);
    let run = rig.chain.certify(&second, &[0, 1, 2], vec![first.state_root]);
    rig.submit(&run).expect("a run of two");
    let recorded = rig.chain.certify(&first, &[0, 1, 2], Vec::new());
    let mut evil = first;
    evil.state_root = [0xBA; 32];
    let evil = rig.chain.certify(&evil, &[1, 2, 3], Vec::new());
    rig.submit(&evil).expect("evidence is accepted");
    (rig, recorded)
}

/// A rollup frozen by a conflict with its newest block.
pub fn frozen() -> Rig {
    let Fork { mut rig, other, .. } = fork(|second| second.state_root = [0xBA; 32]);
    rig.submit(&other).expect("evidence is accepted");
    rig
}

fn evidence(spoil: impl FnOnce(&Chain, &mut Post)) -> Result<Landed, Failure> {
    let (mut rig, mut recorded) = in_the_middle();
    spoil(&rig.chain, &mut recorded);
    rig.add_evidence(&recorded)
}

pub const TABLE: Table = Table {
    instruction: "add_evidence",
    cases: CASES,
};

const CASES: &[Case] = &[
    Case {
        name: "nothing is frozen",
        expect: ProgramError::NotEvidence,
        run: || {
            let mut rig = four();
            let post = rig.chain.post(1);
            rig.submit(&post)?;
            rig.add_evidence(&post)
        },
    },
    Case {
        name: "the proof is there already",
        expect: ProgramError::NotEvidence,
        run: || {
            let (mut rig, recorded) = in_the_middle();
            rig.add_evidence(&recorded)?;
            rig.add_evidence(&recorded)
        },
    },
    Case {
        name: "a block of another height",
        expect: ProgramError::NotEvidence,
        run: || evidence(|_, post| post.header[50] = 7),
    },
    Case {
        name: "a block with another root than the accepted one",
        expect: ProgramError::NotEvidence,
        run: || evidence(|_, post| post.header[130] ^= 1),
    },
    Case {
        name: "a forged certificate",
        expect: ProgramError::SignatureInvalid,
        run: || evidence(|_, post| post.certificate[1] = 0b1111),
    },
    Case {
        name: "a certificate of another view",
        expect: ProgramError::CertificateView,
        run: || evidence(|_, post| post.view += 1),
    },
    Case {
        name: "another committee's account",
        expect: ProgramError::WrongCommittee,
        run: || {
            let (mut rig, recorded) = in_the_middle();
            rig.fill(1, 10, &[1]);
            rig.chain.epoch = 1;
            rig.add_evidence(&recorded)
        },
    },
    Case {
        name: "header of an unknown version",
        expect: ProgramError::HeaderVersion,
        run: || evidence(|_, post| post.header[0] = 2),
    },
];

#[test]
fn bad_evidence_is_refused() {
    check(&TABLE);
}

fn is_proof(certified: &Certified, post: &Post) -> bool {
    certified.view == post.view
        && certified.header[..] == post.header[..]
        && certified.certificate() == post.certificate
}

#[test]
fn a_conflicting_certified_root_freezes_and_both_proofs_are_kept() {
    let Fork {
        mut rig,
        first,
        other,
    } = fork(|second| second.state_root = [0xBA; 32]);
    let landed = rig.submit(&other).expect("evidence is accepted");
    match landed.events()[..] {
        [Event::RootConflict(event)] => {
            assert_eq!((event.height, event.recorded_root), (1, Chain::root(1)));
            assert_eq!(event.conflicting_root, [0xBA; 32]);
        }
        ref stranger => panic!("{stranger:?}"),
    }
    let honest = rig.chain.certify(&first, &[0, 1, 2], Vec::new());
    rig.rollup(|rollup| {
        let state = &rollup.state;
        assert_eq!((state.frozen, state.last.height), (1, 1));
        assert_eq!(state.last.state_root, Chain::root(1));
        let evidence = &state.conflict;
        assert_eq!(
            (evidence.recorded_root, evidence.conflicting_root),
            (Chain::root(1), [0xBA; 32])
        );
        assert_eq!((evidence.height, evidence.epoch), (1, 0));
        assert!(is_proof(&evidence.recorded, &honest) && is_proof(&evidence.conflicting, &other));
    });
    let next = rig.chain.post(1);
    assert_eq!(rig.submit(&next).err(), refused(ProgramError::Frozen));
}

#[test]
fn another_certified_block_with_the_same_root_freezes_too() {
    let Fork { mut rig, other, .. } = fork(|second| second.timestamp_ms += 1);
    rig.submit(&other).expect("evidence is accepted");
    assert_eq!(rig.rollup(|rollup| rollup.state.frozen), 1);
}

#[test]
fn the_missing_proof_is_brought_later_by_anybody() {
    let (mut rig, recorded) = in_the_middle();
    rig.rollup(|rollup| {
        assert_eq!(rollup.state.frozen, 1);
        assert!(!rollup.state.conflict.recorded.is_set());
    });
    let landed = rig.add_evidence(&recorded).expect("add_evidence");
    assert!(matches!(landed.events()[..], [Event::EvidenceAdded(event)] if event.height == 1));
    rig.rollup(|rollup| assert!(is_proof(&rollup.state.conflict.recorded, &recorded)));
}

#[test]
fn an_uncertified_conflict_changes_nothing() {
    let Fork {
        mut rig, mut other, ..
    } = fork(|second| second.state_root = [0xBA; 32]);
    let before = rig.rollup_data();
    other.certificate[1] = 0b11;
    assert_eq!(rig.submit(&other).err(), refused(ProgramError::BelowQuorum));
    other.certificate[1] = 0b1111;
    assert_eq!(rig.submit(&other).err(), refused(ProgramError::SignatureInvalid));
    assert_eq!(rig.rollup_data(), before);
}
