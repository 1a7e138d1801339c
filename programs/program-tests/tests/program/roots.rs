//! Roots: what follows, and what repeats.

use program_tests::{Chain, Failure, Landed, Post, Rig};
use rollup_abi::account::RING;
use rollup_abi::event::Event;
use rollup_abi::{Header, ProgramError};

use crate::case::{Case, Table, check, four};

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

pub const TABLE: Table = Table {
    instruction: "submit_roots",
    cases: CASES,
};

const CASES: &[Case] = &[
    Case {
        name: "header of an unknown version",
        expect: ProgramError::HeaderVersion,
        run: || tampered(|post| post.header[0] = 2),
    },
    Case {
        name: "header that another chain's committee certified",
        expect: ProgramError::SignatureInvalid,
        run: || {
            let mut rig = four();
            let (mut header, roots) = rig.chain.advance(1);
            header.chain_id = [9; 32];
            let mut post = rig.chain.certify(&header, &rig.chain.everyone(), roots);
            // The hint of what the program will ask for, so that the signature itself is what fails.
            header.chain_id = rig.chain.chain_id;
            post.certificate[2] = rig.chain.sign(&header, &[0]).ctr;
            rig.submit(&post)
        },
    },
    Case {
        name: "header of another epoch",
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
        run: || certified(|_, roots| roots.clear()),
    },
    Case {
        name: "a root too many",
        expect: ProgramError::RootsCount,
        run: || certified(|_, roots| roots.push([5; 32])),
    },
    Case {
        name: "a root in between is another",
        expect: ProgramError::RootsAccumulator,
        run: || certified(|_, roots| roots[0] = [5; 32]),
    },
    Case {
        name: "the header's root is another",
        expect: ProgramError::RootsAccumulator,
        run: || certified(|header, _| header.state_root = [5; 32]),
    },
    Case {
        name: "the header certifies another accumulator",
        expect: ProgramError::RootsAccumulator,
        run: || certified(|header, _| header.roots_acc = [5; 32]),
    },
    Case {
        name: "certificate of a later view, not of an epoch's last block",
        expect: ProgramError::CertificateView,
        run: || {
            let mut rig = four();
            let (header, roots) = rig.chain.advance(1);
            let later = rig.chain.certify_in(header.view + 1, &header, &[0, 1, 2], roots);
            rig.submit(&later)
        },
    },
    Case {
        name: "another view than the certificate's",
        expect: ProgramError::CertificateView,
        run: || tampered(|post| post.view += 1),
    },
    Case {
        name: "no committee has been activated",
        expect: ProgramError::RollupNotActive,
        run: || {
            let mut rig = Rig::registered(&[1]);
            let post = rig.chain.post(1);
            rig.submit(&post)
        },
    },
    Case {
        name: "a sealed committee of the same epoch that a stranger opened",
        expect: ProgramError::WrongCommittee,
        run: foreign_committee,
    },
];

/// A stranger stages a committee of their own keys for the present epoch and lets it certify.
fn foreign_committee() -> Result<Landed, Failure> {
    use rollup_abi::instruction::{OpenCommittee, RegisterMember, SealCommittee};
    let mut rig = four();
    let stranger = rig.roles.stranger.insecure_clone();
    let signer = solana_signer::Signer::pubkey(&stranger);
    let mine = rig.committee_of(0, &signer);
    rig.call_on(&stranger, mine, &OpenCommittee { epoch: 0 })?;
    let member: RegisterMember = rig.membership(50, 10);
    rig.call_on(&stranger, mine, &member)?;
    rig.call_on(&stranger, mine, &SealCommittee { epoch: 0 })?;
    rig.chain.keys = vec![program_tests::Key::numbered(50)];
    let post = rig.chain.post(1);
    let poster = rig.roles.poster.insecure_clone();
    let instruction = rig.submit_to(solana_signer::Signer::pubkey(&poster), mine, &post);
    rig.send(&[instruction], &[&poster])
}

#[test]
fn bad_posts_are_refused() {
    check(&TABLE);
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
                (event.state_root, event.leaf, event.history_root),
                (Chain::root(3), header.commitment(), header.history_root)
            );
        }
        ref other => panic!("{other:?}"),
    }
    rig.rollup(|rollup| {
        let state = &rollup.state;
        assert_eq!((state.last.height, state.last.view, state.accepted), (3, 3, 1));
        assert_eq!(
            (state.last.state_root, state.last.roots_acc),
            (Chain::root(3), header.roots_acc)
        );
        assert_eq!(state.last.leaf, header.commitment());
        assert_eq!(
            (
                state.newest.view,
                &state.newest.header[..],
                state.newest.certificate()
            ),
            (3, &post.header[..], &post.certificate[..])
        );
        for (height, leaf) in [(1, [0; 32]), (2, [0; 32]), (3, header.commitment())] {
            let entry = rollup.root_at(height).unwrap();
            assert_eq!((entry.state_root, entry.leaf), (Chain::root(height), leaf));
        }
        assert_eq!(rollup.root_at(3).unwrap().history_root, header.history_root);
    });
}

/// The account after something that must have no effect is the account before it, byte for byte.
pub fn without_effect(rig: &mut Rig, post: &Post, name: &str) {
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
    let second = rig.chain.certify(&header, &[0, 1, 2], vec![Chain::root(2)]);
    rig.submit(&first).expect("first");
    rig.submit(&second).expect("second");
    without_effect(&mut rig, &second, "the same post");
    without_effect(&mut rig, &first, "an older post");
    let inside = rig.chain.certify(&middle, &[1, 2, 3], Vec::new());
    without_effect(&mut rig, &inside, "a height that came in the middle of a run");
    let by_others = rig.chain.certify(&header, &[1, 2, 3], vec![[9; 32]; 3]);
    without_effect(
        &mut rig,
        &by_others,
        "the same block with another quorum and other roots",
    );
}

/// Posts that land in another order than they were sent in: what is older than what landed changes nothing.
#[test]
fn posts_may_land_in_any_order() {
    let mut rig = four();
    let (first, _) = rig.chain.advance(1);
    let (second, _) = rig.chain.advance(1);
    let narrow = rig.chain.certify(&first, &[0, 1, 2], Vec::new());
    let wide = rig.chain.certify(&second, &[0, 1, 2], vec![Chain::root(1)]);
    let next = rig.chain.certify(&second, &[0, 1, 2], Vec::new());
    assert_eq!(
        rig.submit(&next).err(),
        Some(Failure::Refused(ProgramError::RootsCount)),
        "ahead of its base"
    );
    rig.submit(&wide).expect("both at once");
    without_effect(&mut rig, &narrow, "late");
    without_effect(&mut rig, &next, "late, too");
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
