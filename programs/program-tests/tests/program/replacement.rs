//! A committee in place of the next one: announced, vetoed, executed.

use program_tests::rig::DELAY;
use program_tests::{Failure, Landed, Rig, Staged};
use rollup_abi::ProgramError;
use rollup_abi::event::{Event, REASON_REPLACEMENT};
use rollup_abi::instruction::{Pause, Resume, VetoReplacement};
use solana_signer::Signer;

use crate::case::{Case, Table, check, four, refused};
use crate::conflict::frozen;

/// Four members, and three others announced in their place.
fn scheduled() -> (Rig, Staged) {
    let mut rig = four();
    let next = rig.stage(10, &[5, 6, 7]);
    rig.schedule(next.address).expect("schedule_replacement");
    (rig, next)
}

fn veto(rig: &mut Rig) -> Result<Landed, Failure> {
    let guardian = rig.roles.guardian.insecure_clone();
    rig.call(&guardian, &VetoReplacement {})
}

pub const TABLES: [Table; 3] = [
    Table {
        instruction: "schedule_replacement",
        cases: &[
            Case {
                name: "a committee that is not sealed",
                expect: ProgramError::CommitteeNotSealed,
                run: || {
                    let mut rig = four();
                    rig.fill(1, 10, &[1]);
                    rig.schedule(rig.committee_address(1))
                },
            },
            Case {
                name: "a committee of another epoch",
                expect: ProgramError::WrongEpoch,
                run: || {
                    let mut rig = four();
                    rig.schedule(rig.committee_address(0))
                },
            },
            Case {
                name: "a second one beside the first",
                expect: ProgramError::AlreadyScheduled,
                run: || {
                    let (mut rig, next) = scheduled();
                    rig.schedule(next.address)
                },
            },
            Case {
                name: "before the first committee",
                expect: ProgramError::RollupNotActive,
                run: || {
                    let mut rig = Rig::registered(&[1]);
                    rig.seal(0)?;
                    rig.schedule(rig.committee_address(0))
                },
            },
        ],
    },
    Table {
        instruction: "veto_replacement",
        cases: &[Case {
            name: "nothing is scheduled",
            expect: ProgramError::NothingScheduled,
            run: || veto(&mut four()),
        }],
    },
    Table {
        instruction: "execute_replacement",
        cases: &[
            Case {
                name: "nothing is scheduled",
                expect: ProgramError::NothingScheduled,
                run: || {
                    let mut rig = four();
                    let next = rig.stage(10, &[1]);
                    rig.execute(next.address)
                },
            },
            Case {
                name: "before the delay is over",
                expect: ProgramError::TooEarly,
                run: || {
                    let (mut rig, next) = scheduled();
                    rig.pass(DELAY - 1);
                    rig.execute(next.address)
                },
            },
            Case {
                name: "after a veto",
                expect: ProgramError::NothingScheduled,
                run: || {
                    let (mut rig, next) = scheduled();
                    rig.pass(DELAY - 1);
                    veto(&mut rig)?;
                    rig.pass(DELAY);
                    rig.execute(next.address)
                },
            },
            Case {
                name: "another committee than the announced one",
                expect: ProgramError::WrongCommittee,
                run: || {
                    let (mut rig, _) = scheduled();
                    rig.pass(DELAY);
                    rig.execute(rig.committee_address(0))
                },
            },
            Case {
                name: "after the epoch handed over by itself",
                expect: ProgramError::WrongEpoch,
                run: || {
                    let (mut rig, next) = scheduled();
                    let last = rig.chain.post_last(1, next.hash);
                    rig.submit(&last)?;
                    rig.hand_over(&next)?;
                    rig.pass(DELAY);
                    rig.execute(next.address)
                },
            },
        ],
    },
];

#[test]
fn wrong_replacements_are_refused() {
    TABLES.iter().for_each(check);
}

#[test]
fn an_announced_committee_takes_over_after_the_delay() {
    let (mut rig, next) = scheduled();
    let post = rig.chain.post(2);
    rig.submit(&post).expect("the old committee goes on until then");
    rig.pass(DELAY);
    let landed = rig.execute(next.address).expect("execute_replacement");
    match landed.events()[..] {
        [Event::CommitteeActivated(event)] => {
            assert_eq!(
                (event.epoch, event.reason, event.height),
                (1, REASON_REPLACEMENT, 2)
            );
            assert_eq!(event.hash, next.hash);
        }
        ref other => panic!("{other:?}"),
    }
    let old = rig.chain.post(1);
    assert_eq!(rig.submit(&old).err(), refused(ProgramError::WrongCommittee));
    rig.chain.height -= 1;
    rig.chain.leaves.pop();
    rig.chain.acc = rig.rollup(|rollup| rollup.state.last.roots_acc);
    rig.follow(&next);
    let new = rig.chain.post(3);
    rig.submit(&new)
        .expect("the new committee goes on from the last accepted block");
}

#[test]
fn a_replacement_ends_a_freeze_and_keeps_the_evidence() {
    let mut rig = frozen();
    let next = rig.stage(10, &[5, 6, 7]);
    rig.schedule(next.address).expect("schedule_replacement");
    rig.pass(DELAY);
    rig.execute(next.address).expect("execute_replacement");
    rig.follow(&next);
    let post = rig.chain.post(1);
    rig.submit(&post).expect("the rollup moves again");
    rig.rollup(|rollup| {
        assert_eq!((rollup.state.frozen, rollup.state.conflict.height), (0, 1));
        assert!(rollup.state.conflict.recorded.is_set() && rollup.state.conflict.conflicting.is_set());
    });
}

#[test]
fn a_replacement_takes_over_from_an_epoch_that_ended() {
    let (mut rig, _) = crate::epochs::ended();
    rig.unstage().expect("close_committee");
    let other = rig.stage(20, &[1, 1]);
    rig.schedule(other.address).expect("schedule_replacement");
    rig.pass(DELAY);
    rig.execute(other.address).expect("execute_replacement");
    rig.follow(&other);
    let post = rig.chain.post(1);
    rig.submit(&post).expect("the other committee's block");
}

#[test]
fn a_pause_outlasts_a_replacement_and_only_governance_ends_it() {
    let (mut rig, next) = scheduled();
    let guardian = rig.roles.guardian.insecure_clone();
    rig.call(&guardian, &Pause {}).expect("pause");
    rig.pass(DELAY);
    rig.execute(next.address).expect("execute_replacement");
    rig.follow(&next);
    let post = rig.chain.post(1);
    assert_eq!(rig.submit(&post).err(), refused(ProgramError::Paused));
    rig.govern(&Resume {}).expect("resume");
    rig.submit(&post).expect("after resume");
}

#[test]
fn governance_may_veto_itself_and_announce_another() {
    let (mut rig, next) = scheduled();
    let landed = rig.govern(&VetoReplacement {}).expect("veto_replacement");
    let governance = rig.roles.governance.pubkey().to_bytes();
    assert!(matches!(landed.events()[..], [Event::ReplacementVetoed(event)] if event.by == governance));
    let landed = rig.schedule(next.address).expect("schedule_replacement");
    let now = rig.now().unix_timestamp;
    match landed.events()[..] {
        [Event::ReplacementScheduled(event)] => {
            assert_eq!((event.epoch, event.hash), (1, next.hash));
            assert_eq!(event.ready_at, now + DELAY as i64);
        }
        ref other => panic!("{other:?}"),
    }
}
