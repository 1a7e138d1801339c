//! Who may do what: genesis, governance, guardian, posters.

use program_tests::rig::{CHAIN_ID, DELAY, GENESIS_ROOT};
use program_tests::{Failure, Landed, Rig};
use rollup_abi::ProgramError;
use rollup_abi::account::{MAX_DELAY, MAX_GROWTH, ROLLUP_LEN, STATE_VERSION};
use rollup_abi::event::Event;
use rollup_abi::instruction::{
    AcceptRole, AddPoster, Call, GOVERNANCE, GUARDIAN, Initialize, Pause, ProposeRole, Resume, RevokePoster,
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

use crate::case::{Case, Table, check, four, refused};

/// `initialize` by the upgrade authority with spoiled arguments.
fn initialize(spoil: impl FnOnce(&mut Initialize)) -> Result<Landed, Failure> {
    let mut rig = Rig::deployed();
    let mut args = rig.genesis();
    spoil(&mut args);
    let authority = rig.roles.authority.insecure_clone();
    rig.call(&authority, &args)
}

fn propose(rig: &mut Rig, role: u8, key: &Keypair) -> Result<Landed, Failure> {
    let key = key.pubkey().to_bytes();
    rig.govern(&ProposeRole { role, key })
}

fn accept(rig: &mut Rig, role: u8, key: &Keypair) -> Result<Landed, Failure> {
    rig.call(key, &AcceptRole { role })
}

pub const TABLES: [Table; 6] = [
    Table {
        instruction: "initialize",
        cases: &[
            Case {
                name: "by a stranger",
                expect: ProgramError::NotUpgradeAuthority,
                run: || {
                    let mut rig = Rig::deployed();
                    let stranger = rig.roles.stranger.insecure_clone();
                    rig.call(&stranger, &rig.genesis())
                },
            },
            Case {
                name: "the program has no upgrade authority any more",
                expect: ProgramError::NotUpgradeAuthority,
                run: || {
                    let mut rig = Rig::deployed();
                    rig.set_upgrade_authority(None);
                    let authority = rig.roles.authority.insecure_clone();
                    rig.call(&authority, &rig.genesis())
                },
            },
            Case {
                name: "a forged account in place of the program's data",
                expect: ProgramError::NotUpgradeAuthority,
                run: || with_forged_program_data(&Rig::deployed().genesis()),
            },
            Case {
                name: "no chain id",
                expect: ProgramError::RoleZero,
                run: || initialize(|args| args.chain_id = [0; 32]),
            },
            Case {
                name: "no governance",
                expect: ProgramError::RoleZero,
                run: || initialize(|args| args.governance = [0; 32]),
            },
            Case {
                name: "no guardian",
                expect: ProgramError::RoleZero,
                run: || initialize(|args| args.guardian = [0; 32]),
            },
            Case {
                name: "no delay",
                expect: ProgramError::DelayRange,
                run: || initialize(|args| args.delay = 0),
            },
            Case {
                name: "a delay that never ends",
                expect: ProgramError::DelayRange,
                run: || initialize(|args| args.delay = MAX_DELAY + 1),
            },
        ],
    },
    Table {
        instruction: "submit_roots",
        cases: &[
            Case {
                name: "by a stranger",
                expect: ProgramError::PosterNotAllowed,
                run: || {
                    let mut rig = four();
                    let stranger = rig.roles.stranger.insecure_clone();
                    let post = rig.chain.post(1);
                    rig.submit_by(&stranger, &post)
                },
            },
            Case {
                name: "by a revoked poster",
                expect: ProgramError::PosterNotAllowed,
                run: || {
                    let mut rig = four();
                    rig.govern(&AddPoster { poster: [9; 32] })?;
                    let poster = rig.roles.poster.pubkey().to_bytes();
                    rig.govern(&RevokePoster { poster })?;
                    let post = rig.chain.post(1);
                    rig.submit(&post)
                },
            },
            Case {
                name: "while paused",
                expect: ProgramError::Paused,
                run: || {
                    let mut rig = four();
                    let guardian = rig.roles.guardian.insecure_clone();
                    rig.call(&guardian, &Pause {})?;
                    let post = rig.chain.post(1);
                    rig.submit(&post)
                },
            },
            Case {
                name: "after a conflict",
                expect: ProgramError::Frozen,
                run: || {
                    let mut rig = crate::conflict::frozen();
                    let post = rig.chain.post(1);
                    rig.submit(&post)
                },
            },
        ],
    },
    Table {
        instruction: "add_poster",
        cases: &[
            Case {
                name: "the zero key",
                expect: ProgramError::PosterZero,
                run: || four().govern(&AddPoster { poster: [0; 32] }),
            },
            Case {
                name: "a ninth poster",
                expect: ProgramError::PostersFull,
                run: || {
                    let mut rig = four();
                    for number in 1..8 {
                        rig.govern(&AddPoster { poster: [number; 32] })?;
                    }
                    rig.govern(&AddPoster { poster: [8; 32] })
                },
            },
        ],
    },
    Table {
        instruction: "revoke_poster",
        cases: &[Case {
            name: "the zero key",
            expect: ProgramError::PosterZero,
            run: || four().govern(&RevokePoster { poster: [0; 32] }),
        }],
    },
    Table {
        instruction: "propose_role",
        cases: &[Case {
            name: "a role that there is not",
            expect: ProgramError::RoleUnknown,
            run: || {
                let key = [5; 32];
                four().govern(&ProposeRole { role: 2, key })
            },
        }],
    },
    Table {
        instruction: "accept_role",
        cases: &[
            Case {
                name: "nobody was proposed",
                expect: ProgramError::NotProposed,
                run: || {
                    let mut rig = four();
                    let stranger = rig.roles.stranger.insecure_clone();
                    accept(&mut rig, GOVERNANCE, &stranger)
                },
            },
            Case {
                name: "proposed for the other role",
                expect: ProgramError::NotProposed,
                run: || {
                    let mut rig = four();
                    let stranger = rig.roles.stranger.insecure_clone();
                    propose(&mut rig, GUARDIAN, &stranger)?;
                    rig.pass(DELAY);
                    accept(&mut rig, GOVERNANCE, &stranger)
                },
            },
            Case {
                name: "the proposal was taken back",
                expect: ProgramError::NotProposed,
                run: || {
                    let mut rig = four();
                    let stranger = rig.roles.stranger.insecure_clone();
                    propose(&mut rig, GOVERNANCE, &stranger)?;
                    let (role, key) = (GOVERNANCE, [0; 32]);
                    rig.govern(&ProposeRole { role, key })?;
                    accept(&mut rig, GOVERNANCE, &stranger)
                },
            },
            Case {
                name: "a guardian before the delay is over",
                expect: ProgramError::TooEarly,
                run: || {
                    let mut rig = four();
                    let stranger = rig.roles.stranger.insecure_clone();
                    propose(&mut rig, GUARDIAN, &stranger)?;
                    rig.pass(DELAY - 1);
                    accept(&mut rig, GUARDIAN, &stranger)
                },
            },
            Case {
                name: "a role that there is not",
                expect: ProgramError::RoleUnknown,
                run: || {
                    let mut rig = four();
                    let stranger = rig.roles.stranger.insecure_clone();
                    accept(&mut rig, 2, &stranger)
                },
            },
        ],
    },
];

fn with_forged_program_data(args: &Initialize) -> Result<Landed, Failure> {
    let mut rig = Rig::deployed();
    let stranger = rig.roles.stranger.insecure_clone();
    let mut forged = rig.svm.get_account(&rig.program_data()).unwrap();
    forged.data.truncate(100);
    forged.data[13..45].copy_from_slice(&stranger.pubkey().to_bytes());
    forged.owner = Pubkey::new_from_array([5; 32]);
    let address = Pubkey::new_from_array([6; 32]);
    rig.svm.set_account(address, forged).unwrap();
    let mut instruction = rig.instruction(stranger.pubkey(), Pubkey::default(), args);
    instruction.accounts[2].pubkey = address;
    rig.send(&[instruction], &[&stranger])
}

#[test]
fn the_wrong_people_are_refused() {
    TABLES.iter().for_each(check);
}

/// An instruction that only some may sign.
struct Guarded {
    name: &'static str,
    instruction: fn(&Rig, Pubkey) -> Instruction,
    guardian_may: bool,
    refusal: ProgramError,
}

fn guarded<C: Call>(call: &C, rig: &Rig, signer: Pubkey) -> Instruction {
    rig.instruction(signer, rig.committee_address(0), call)
}

/// Every instruction that asks for governance or the guardian.
const GUARDED: [Guarded; 10] = {
    use rollup_abi::instruction as abi;
    const fn of(name: &'static str, instruction: fn(&Rig, Pubkey) -> Instruction) -> Guarded {
        Guarded {
            name,
            instruction,
            guardian_may: false,
            refusal: ProgramError::NotGovernance,
        }
    }
    const fn or_guardian(name: &'static str, instruction: fn(&Rig, Pubkey) -> Instruction) -> Guarded {
        Guarded {
            name,
            instruction,
            guardian_may: true,
            refusal: ProgramError::NotGuardian,
        }
    }
    [
        or_guardian("pause", |rig, by| guarded(&abi::Pause {}, rig, by)),
        or_guardian("veto_replacement", |rig, by| {
            guarded(&abi::VetoReplacement {}, rig, by)
        }),
        of("resume", |rig, by| guarded(&abi::Resume {}, rig, by)),
        of("add_poster", |rig, by| {
            guarded(&abi::AddPoster { poster: [7; 32] }, rig, by)
        }),
        of("revoke_poster", |rig, by| {
            guarded(&abi::RevokePoster { poster: [7; 32] }, rig, by)
        }),
        of("propose_role", |rig, by| {
            let key = by.to_bytes();
            guarded(
                &abi::ProposeRole {
                    role: GOVERNANCE,
                    key,
                },
                rig,
                by,
            )
        }),
        of("activate_committee", |rig, by| {
            guarded(&abi::ActivateCommittee {}, rig, by)
        }),
        of("schedule_replacement", |rig, by| {
            guarded(&abi::ScheduleReplacement {}, rig, by)
        }),
        of("execute_replacement", |rig, by| {
            guarded(&abi::ExecuteReplacement {}, rig, by)
        }),
        of("record_release", |rig, by| {
            let call = abi::RecordRelease {
                program_len: 1_000,
                idl_hash: [1; 32],
            };
            guarded(&call, rig, by)
        }),
    ]
};

#[test]
fn every_guarded_instruction_refuses_every_other_signer() {
    let mut rig = four();
    for guarded in &GUARDED {
        let roles = &rig.roles;
        let mut wrong = vec![
            roles.authority.insecure_clone(),
            roles.poster.insecure_clone(),
            roles.stranger.insecure_clone(),
        ];
        if !guarded.guardian_may {
            wrong.push(roles.guardian.insecure_clone());
        }
        let before = rig.rollup_data();
        for signer in wrong {
            let instruction = (guarded.instruction)(&rig, signer.pubkey());
            assert_eq!(
                rig.send(&[instruction], &[&signer]).err(),
                refused(guarded.refusal),
                "{}",
                guarded.name
            );
        }
        let governance = rig.roles.governance.pubkey();
        let stranger = rig.roles.stranger.insecure_clone();
        let mut unsigned = (guarded.instruction)(&rig, governance);
        unsigned.accounts[0].is_signer = false;
        unsigned.accounts[0].is_writable = false;
        match rig.send(&[unsigned], &[&stranger]) {
            Err(Failure::Other(TransactionError::InstructionError(0, _))) => {}
            other => panic!("{} without governance's signature: {other:?}", guarded.name),
        }
        assert_eq!(rig.rollup_data(), before, "{}", guarded.name);
    }
}

/// Whatever the program knows is either guarded, or safe in anybody's hands, or bound to its own stager or poster.
#[test]
fn every_instruction_has_its_guard() {
    let own = [
        "open_committee",
        "register_member",
        "seal_committee",
        "close_committee",
    ];
    let anybody = [
        "hand_over",
        "add_evidence",
        "grow_rollup",
        "migrate",
        "verify_block",
        "verify_account",
    ];
    let others = ["initialize", "submit_roots", "accept_role"];
    for instruction in rollup_abi::instruction::ALL {
        let guarded = GUARDED.iter().any(|guarded| guarded.name == instruction.name);
        let otherwise = [&own[..], &anybody, &others].concat().contains(&instruction.name);
        assert!(guarded != otherwise, "{}", instruction.name);
        let asks = instruction
            .accounts
            .iter()
            .any(|role| matches!(role.name, "governance" | "authority"));
        assert_eq!(asks, guarded, "{}", instruction.name);
    }
}

#[test]
fn genesis_is_height_zero() {
    let mut rig = Rig::deployed();
    let authority = rig.roles.authority.insecure_clone();
    let landed = rig.call(&authority, &rig.genesis()).expect("initialize");
    assert!(matches!(landed.events()[..], [Event::RollupInitialized(event)] if event.delay == DELAY));
    assert_eq!(rig.rollup_data().len(), MAX_GROWTH);
    let governance = rig.roles.governance.pubkey().to_bytes();
    rig.rollup(|rollup| {
        let state = &rollup.state;
        assert_eq!((state.state_version, state.delay), (STATE_VERSION, DELAY));
        assert_eq!(
            (state.chain_id, state.genesis_root, state.governance),
            (CHAIN_ID, GENESIS_ROOT, governance)
        );
        assert_eq!(
            (state.last.height, state.last.view, state.epoch, state.accepted),
            (0, 0, 0, 0)
        );
        assert_eq!(
            (state.last.state_root, state.last.roots_acc),
            (GENESIS_ROOT, rig.chain.acc)
        );
        assert_eq!((state.paused, state.frozen, state.active), (0, 0, 0));
        assert_eq!(rollup.root_at(0).unwrap().state_root, GENESIS_ROOT);
    });
    let again = rig.call(&authority, &rig.genesis());
    assert!(
        matches!(again, Err(Failure::Other(_))),
        "the account is taken: {again:?}"
    );
}

#[test]
fn the_account_grows_to_its_length_and_no_further() {
    let mut rig = Rig::deployed();
    let authority = rig.roles.authority.insecure_clone();
    rig.call(&authority, &rig.genesis()).expect("initialize");
    let landed = rig.grow();
    assert_eq!(landed.events().len(), 3);
    let account = rig.svm.get_account(&rig.rollup_address()).unwrap();
    assert_eq!(account.data.len(), ROLLUP_LEN);
    assert!(account.lamports >= rig.svm.minimum_balance_for_rent_exemption(ROLLUP_LEN));
    assert!(rig.grow().events().is_empty());
    assert_eq!(rig.rollup_data(), account.data);
}

#[test]
fn pause_and_resume() {
    let mut rig = four();
    let (guardian, governance) = (
        rig.roles.guardian.insecure_clone(),
        rig.roles.governance.insecure_clone(),
    );
    for pauser in [&guardian, &governance] {
        for _ in 0..2 {
            let landed = rig.call(pauser, &Pause {}).expect("pause, twice");
            assert!(matches!(landed.events()[..], [Event::PauseChanged(event)] if event.paused == 1));
        }
        assert_eq!(rig.rollup(|rollup| rollup.state.paused), 1);
        let landed = rig.govern(&Resume {}).expect("resume");
        assert!(matches!(landed.events()[..], [Event::PauseChanged(event)] if event.paused == 0));
        let post = rig.chain.post(1);
        rig.submit(&post).expect("after resume");
    }
}

#[test]
fn without_a_list_anybody_may_post() {
    let mut rig = four();
    let poster = rig.roles.poster.pubkey().to_bytes();
    let landed = rig.govern(&RevokePoster { poster }).expect("revoke_poster");
    assert!(matches!(landed.events()[..], [Event::PosterChanged(event)] if event.listed == 0));
    assert!(rig.rollup(|rollup| rollup.state.is_open()));
    let stranger = rig.roles.stranger.insecure_clone();
    let post = rig.chain.post(1);
    rig.submit_by(&stranger, &post)
        .expect("the certificate is the authority");
    rig.govern(&AddPoster { poster }).expect("add_poster");
    let post = rig.chain.post(1);
    assert_eq!(
        rig.submit_by(&stranger, &post).err(),
        refused(ProgramError::PosterNotAllowed)
    );
    rig.submit(&post).expect("the listed one");
}

#[test]
fn roles_pass_on_in_two_steps() {
    let mut rig = four();
    let (old, new, guardian) = (
        rig.roles.governance.insecure_clone(),
        rig.roles.stranger.insecure_clone(),
        rig.roles.poster.insecure_clone(),
    );
    propose(&mut rig, GOVERNANCE, &new).expect("propose_role");
    rig.govern(&Resume {}).expect("the old one still governs");
    let landed = accept(&mut rig, GOVERNANCE, &new).expect("accept_role");
    assert!(matches!(landed.events()[..], [Event::RoleTransferred(event)] if event.role == 0));
    assert_eq!(
        rig.call(&old, &Resume {}).err(),
        refused(ProgramError::NotGovernance)
    );
    assert_eq!(
        accept(&mut rig, GOVERNANCE, &new).err(),
        refused(ProgramError::NotProposed)
    );
    let key = guardian.pubkey().to_bytes();
    rig.call(&new, &ProposeRole { role: GUARDIAN, key })
        .expect("propose_role");
    rig.pass(DELAY);
    accept(&mut rig, GUARDIAN, &guardian).expect("accept_role");
    rig.call(&guardian, &Pause {}).expect("the new guardian pauses");
    let former = rig.roles.guardian.insecure_clone();
    assert_eq!(
        rig.call(&former, &Pause {}).err(),
        refused(ProgramError::NotGuardian)
    );
}
