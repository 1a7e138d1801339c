//! Epochs: committees are staged, and hand over to each other.

use program_tests::{Failure, Landed, Rig, Staged};
use rollup_abi::ProgramError;
use rollup_abi::event::{Event, REASON_HAND_OVER};
use rollup_abi::instruction::{ActivateCommittee, CloseCommittee, GrowRollup, OpenCommittee, SealCommittee};
use solana_signer::Signer;

use crate::case::{Case, Table, check, four};
use crate::roots::without_effect;

/// Four members, and the next committee of three others, staged.
fn staged() -> (Rig, Staged) {
    let mut rig = four();
    let next = rig.stage(10, &[5, 6, 7]);
    (rig, next)
}

/// The same after the epoch's last block, which names the next committee, was accepted.
pub fn ended() -> (Rig, Staged) {
    let (mut rig, next) = staged();
    let last = rig.chain.post_last(3, next.hash);
    rig.submit(&last).expect("the epoch's last block");
    (rig, next)
}

/// A sealed committee of a stranger, for the epoch after the present one.
fn strangers(rig: &mut Rig) -> solana_pubkey::Pubkey {
    let stranger = rig.roles.stranger.insecure_clone();
    let epoch = rig.chain.epoch + 1;
    let address = rig.committee_of(epoch, &stranger.pubkey());
    let member = rollup_abi::instruction::RegisterMember {
        epoch,
        ..rig.membership(50, 10)
    };
    rig.call_on(&stranger, address, &OpenCommittee { epoch })
        .expect("open_committee");
    rig.call_on(&stranger, address, &member).expect("register_member");
    rig.call_on(&stranger, address, &SealCommittee { epoch })
        .expect("seal_committee");
    address
}

pub const HAND_OVER: Table = Table {
    instruction: "hand_over",
    cases: &[
        Case {
            name: "the epoch goes on",
            expect: ProgramError::EpochNotEnded,
            run: || {
                let (mut rig, next) = staged();
                let post = rig.chain.post(1);
                rig.submit(&post)?;
                rig.hand_over(&next)
            },
        },
        Case {
            name: "a stranger's committee of the next epoch",
            expect: ProgramError::CommitteeHash,
            run: || {
                let (mut rig, _) = ended();
                let mine = strangers(&mut rig);
                rig.try_hand_over(mine)
            },
        },
        Case {
            name: "the last block names another hash",
            expect: ProgramError::CommitteeHash,
            run: || {
                let (mut rig, next) = staged();
                let last = rig.chain.post_last(1, [7; 32]);
                rig.submit(&last)?;
                rig.hand_over(&next)
            },
        },
        Case {
            name: "a committee that is not sealed",
            expect: ProgramError::CommitteeNotSealed,
            run: || {
                let mut rig = four();
                rig.fill(1, 10, &[1]);
                let last = rig.chain.post_last(1, [7; 32]);
                rig.submit(&last)?;
                rig.try_hand_over(rig.committee_address(1))
            },
        },
        Case {
            name: "the right members in a committee of a later epoch",
            expect: ProgramError::WrongEpoch,
            run: || {
                let (mut rig, _) = ended();
                rig.fill(2, 10, &[5, 6, 7]);
                rig.seal(2)?;
                rig.try_hand_over(rig.committee_address(2))
            },
        },
        Case {
            name: "back to the committee before",
            expect: ProgramError::EpochNotEnded,
            run: || {
                let (mut rig, next) = ended();
                let before = rig.committee_address(0);
                rig.hand_over(&next)?;
                rig.try_hand_over(before)
            },
        },
        Case {
            name: "before the first committee",
            expect: ProgramError::RollupNotActive,
            run: || {
                let mut rig = Rig::registered(&[1]);
                rig.seal(0)?;
                rig.try_hand_over(rig.committee_address(0))
            },
        },
        Case {
            name: "while paused",
            expect: ProgramError::Paused,
            run: || {
                let (mut rig, next) = ended();
                let guardian = rig.roles.guardian.insecure_clone();
                rig.call(&guardian, &rollup_abi::instruction::Pause {})?;
                rig.hand_over(&next)
            },
        },
        Case {
            name: "after a conflict",
            expect: ProgramError::Frozen,
            run: || {
                let mut rig = crate::conflict::frozen();
                let next = rig.stage(10, &[1]);
                rig.hand_over(&next)
            },
        },
    ],
};

pub const POSTS: Table = Table {
    instruction: "submit_roots",
    cases: &[
        Case {
            name: "the old committee goes on after its last block",
            expect: ProgramError::EpochEnded,
            run: || {
                let (mut rig, _) = ended();
                let post = rig.chain.post(1);
                rig.submit(&post)
            },
        },
        Case {
            name: "the next epoch's block before the hand-over",
            expect: ProgramError::WrongEpoch,
            run: || {
                let (mut rig, _) = ended();
                let (mut header, roots) = rig.chain.advance(1);
                header.epoch = 1;
                let post = rig.chain.certify(&header, &[0, 1, 2, 3], roots);
                rig.submit(&post)
            },
        },
        Case {
            name: "the next committee certifies before the hand-over",
            expect: ProgramError::WrongCommittee,
            run: || {
                let (mut rig, next) = ended();
                rig.follow(&next);
                let post = rig.chain.post(1);
                rig.submit(&post)
            },
        },
        Case {
            name: "the old committee certifies a newer block after the hand-over",
            expect: ProgramError::WrongEpoch,
            run: || old_block_after_hand_over(1),
        },
        Case {
            name: "the old committee's account after the hand-over",
            expect: ProgramError::WrongCommittee,
            run: || {
                let (mut rig, next) = ended();
                rig.hand_over(&next)?;
                let post = rig.chain.post(1);
                let poster = rig.roles.poster.insecure_clone();
                let old = rig.submit_to(poster.pubkey(), rig.committee_address(0), &post);
                rig.send(&[old], &[&poster])
            },
        },
        Case {
            name: "the old committee certifies another block of a known height after the hand-over",
            expect: ProgramError::WrongEpoch,
            run: || old_block_after_hand_over(0),
        },
        Case {
            name: "an epoch's last block certified in an earlier view",
            expect: ProgramError::CertificateView,
            run: || {
                let (mut rig, next) = staged();
                let (header, roots) = rig.chain.advance_to(2, next.hash);
                let post = rig.chain.certify_in(1, &header, &[0, 1, 2], roots);
                rig.submit(&post)
            },
        },
    ],
};

/// After the hand-over the old keys, stolen or not, certify a block that is `ahead` of the last accepted one.
fn old_block_after_hand_over(ahead: usize) -> Result<Landed, Failure> {
    let (mut rig, next) = ended();
    let mut old = rig.chain.clone();
    rig.hand_over(&next)?;
    let (mut header, _) = old.advance(1);
    header.height = rig.chain.height + ahead as u64;
    header.state_root = [0xBA; 32];
    let post = old.certify(&header, &[0, 1, 2, 3], Vec::new());
    rig.submit(&post)
}

pub const STAGING: [Table; 3] = [
    Table {
        instruction: "seal_committee",
        cases: &[
            Case {
                name: "a committee without members",
                expect: ProgramError::CommitteeEmpty,
                run: || Rig::registered(&[]).seal(0),
            },
            Case {
                name: "a second time",
                expect: ProgramError::CommitteeSealed,
                run: || four().seal(0),
            },
            Case {
                name: "by a stranger",
                expect: ProgramError::NotStager,
                run: || {
                    let mut rig = Rig::registered(&[1]);
                    let stranger = rig.roles.stranger.insecure_clone();
                    rig.call(&stranger, &SealCommittee { epoch: 0 })
                },
            },
        ],
    },
    Table {
        instruction: "close_committee",
        cases: &[
            Case {
                name: "the committee that certifies",
                expect: ProgramError::CommitteeInUse,
                run: || four().govern(&CloseCommittee { epoch: 0 }),
            },
            Case {
                name: "a committee that is scheduled",
                expect: ProgramError::CommitteeInUse,
                run: || {
                    let (mut rig, next) = staged();
                    rig.schedule(next.address)?;
                    rig.unstage()
                },
            },
            Case {
                name: "by a stranger",
                expect: ProgramError::NotStager,
                run: || {
                    let (mut rig, next) = staged();
                    let stranger = rig.roles.stranger.insecure_clone();
                    rig.call_on(&stranger, next.address, &CloseCommittee { epoch: 1 })
                },
            },
        ],
    },
    Table {
        instruction: "activate_committee",
        cases: &[
            Case {
                name: "a second committee",
                expect: ProgramError::RollupActive,
                run: || four().activate(),
            },
            Case {
                name: "a committee that is not sealed",
                expect: ProgramError::CommitteeNotSealed,
                run: || Rig::registered(&[1]).activate(),
            },
            Case {
                name: "a committee of another epoch",
                expect: ProgramError::WrongEpoch,
                run: || {
                    let mut rig = Rig::initialized();
                    let next = rig.stage(0, &[1]);
                    let governance = rig.roles.governance.insecure_clone();
                    rig.call_on(&governance, next.address, &ActivateCommittee {})
                },
            },
            Case {
                name: "before the rollup's account has its length",
                expect: ProgramError::AccountShort,
                run: || {
                    let mut rig = Rig::deployed();
                    let authority = rig.roles.authority.insecure_clone();
                    rig.call(&authority, &rig.genesis())?;
                    rig.call(&authority, &GrowRollup {})?;
                    rig.fill(0, 0, &[1]);
                    rig.seal(0)?;
                    rig.activate()
                },
            },
        ],
    },
];

#[test]
fn wrong_hand_overs_are_refused() {
    check(&HAND_OVER);
}

#[test]
fn wrong_epochs_are_refused() {
    check(&POSTS);
}

#[test]
fn wrong_staging_is_refused() {
    STAGING.iter().for_each(check);
}

#[test]
fn the_next_committee_takes_over_and_the_roots_go_on() {
    let (mut rig, next) = ended();
    let landed = rig.hand_over(&next).expect("hand_over");
    match landed.events()[..] {
        [Event::CommitteeActivated(event)] => {
            assert_eq!(
                (event.epoch, event.reason, event.height),
                (1, REASON_HAND_OVER, 3)
            );
            assert_eq!(
                (event.hash, event.committee),
                (next.hash, next.address.to_bytes())
            );
            assert_eq!((event.total_stake, event.quorum), (18, 13));
        }
        ref other => panic!("{other:?}"),
    }
    for blocks in [1, 5] {
        let post = rig.chain.post(blocks);
        rig.submit(&post).expect("the new committee's blocks");
    }
    rig.rollup(|rollup| {
        let state = &rollup.state;
        assert_eq!((state.epoch, state.last.height), (1, 9));
        assert_eq!(state.last.roots_acc, rig.chain.acc);
        assert_eq!(state.committee, next.address.to_bytes());
    });
}

#[test]
fn repeating_a_hand_over_or_an_old_post_has_no_effect() {
    let (mut rig, next) = staged();
    let first = rig.chain.post(1);
    let last = rig.chain.post_last(1, next.hash);
    rig.submit(&first).expect("first");
    rig.submit(&last).expect("last");
    without_effect(&mut rig, &last, "the last block again");
    rig.hand_over(&next).expect("hand_over");
    let before = rig.rollup_data();
    let landed = rig.hand_over(&next).expect("hand_over, again");
    assert!(landed.events().is_empty());
    assert_eq!(rig.rollup_data(), before);
    without_effect(&mut rig, &first, "a post of the old epoch");
    without_effect(&mut rig, &last, "the old epoch's last block");
}

/// The last block was proposed again, and so certified in a later view than its header's. The next epoch's first view may lie
/// before that one.
#[test]
fn a_last_block_may_be_certified_in_a_later_view() {
    let (mut rig, next) = staged();
    let (header, roots) = rig.chain.advance_to(2, next.hash);
    let again = rig.chain.certify_in(header.view + 4, &header, &[0, 2, 3], roots);
    rig.submit(&again).expect("certified in a later view");
    assert_eq!(rig.rollup(|rollup| rollup.state.newest.view), header.view + 4);
    rig.hand_over(&next).expect("hand_over");
    let post = rig.chain.post(1);
    rig.submit(&post).expect("the next view after the header's");
}

#[test]
fn a_hundred_epochs() {
    let mut rig = Rig::active(&[1, 1, 1]);
    for epoch in 1..=100 {
        let next = rig.stage(epoch % 7, &[epoch, 1, 2]);
        let last = rig.chain.post_last(2, next.hash);
        rig.submit(&last).expect("the last block");
        rig.hand_over(&next).expect("hand_over");
        let governance = rig.roles.governance.insecure_clone();
        let old = rig.committee_address(epoch - 1);
        rig.call_on(&governance, old, &CloseCommittee { epoch: epoch - 1 })
            .expect("nobody needs the old one");
    }
    assert_eq!(
        rig.rollup(|rollup| (rollup.state.epoch, rollup.state.last.height)),
        (100, 200)
    );
}

#[test]
fn a_closed_committee_gives_its_rent_back_and_can_be_opened_anew() {
    let (mut rig, next) = staged();
    let rent = rig.svm.get_balance(&next.address).expect("open");
    let governance = rig.roles.governance.pubkey();
    let before = rig.svm.get_balance(&governance).expect("funded");
    let landed = rig.unstage().expect("close_committee");
    assert!(matches!(landed.events()[..], [Event::CommitteeClosed(event)] if event.epoch == 1));
    let after = rig.svm.get_balance(&governance).expect("funded");
    assert_eq!(after + 5_000, before + rent);
    let other = rig.stage(20, &[1, 2]);
    assert_eq!(other.address, next.address);
    assert_ne!(other.hash, next.hash);
}

#[test]
fn an_open_committee_cannot_be_opened_again() {
    let mut rig = four();
    let again = rig.govern(&OpenCommittee { epoch: 0 });
    assert!(matches!(again, Err(Failure::Other(_))), "{again:?}");
    let stranger = rig.roles.stranger.insecure_clone();
    let theirs = rig.call(&stranger, &OpenCommittee { epoch: 0 });
    assert!(
        matches!(theirs, Err(Failure::Other(_))),
        "another's address: {theirs:?}"
    );
    let post = rig.chain.post(1);
    rig.submit(&post).expect("nothing has changed");
}
