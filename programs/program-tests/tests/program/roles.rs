//! Who may do what: genesis, governance, guardian, posters.

use program_tests::rig::{CHAIN_ID, GENESIS_ROOT};
use program_tests::{Failure, Landed, Rig};
use rollup_abi::ProgramError;
use rollup_abi::account::{MAX_GROWTH, ROLLUP_LEN};
use rollup_abi::event::Event;
use rollup_abi::instruction::{INITIALIZE_ACCOUNTS, Initialize};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::case::{Case, check, four};

/// `initialize` by the upgrade authority with spoiled arguments.
fn initialize(spoil: impl FnOnce(&mut Initialize)) -> Result<Landed, Failure> {
    let mut rig = Rig::deployed();
    let mut args = rig.genesis();
    spoil(&mut args);
    let authority = rig.roles.authority.insecure_clone();
    rig.send(&[rig.initialize(&args)], &[&authority])
}

/// `initialize` with these accounts for authority and program data.
fn initialize_with(rig: &mut Rig, signer: &Keypair, program_data: Pubkey) -> Result<Landed, Failure> {
    let addresses = [
        signer.pubkey(),
        rig.rollup_address(),
        rig.committee_address(),
        program_data,
        solana_sdk_ids::system_program::ID,
    ];
    let data = rig.genesis().encode();
    let instruction = rig.instruction(&INITIALIZE_ACCOUNTS, &addresses, &data);
    rig.send(&[instruction], &[signer])
}

pub const CASES: &[Case] = &[
    Case {
        name: "a stranger initializes",
        expect: ProgramError::NotUpgradeAuthority,
        run: || {
            let mut rig = Rig::deployed();
            let (stranger, data) = (rig.roles.stranger.insecure_clone(), rig.program_data());
            initialize_with(&mut rig, &stranger, data)
        },
    },
    Case {
        name: "the program has no upgrade authority any more",
        expect: ProgramError::NotUpgradeAuthority,
        run: || {
            let mut rig = Rig::deployed();
            rig.set_upgrade_authority(None);
            let (authority, data) = (rig.roles.authority.insecure_clone(), rig.program_data());
            initialize_with(&mut rig, &authority, data)
        },
    },
    Case {
        name: "a forged account in place of the program's data",
        expect: ProgramError::NotUpgradeAuthority,
        run: || {
            let mut rig = Rig::deployed();
            let stranger = rig.roles.stranger.insecure_clone();
            let mut forged = rig.svm.get_account(&rig.program_data()).unwrap();
            forged.data.truncate(100);
            forged.data[13..45].copy_from_slice(&stranger.pubkey().to_bytes());
            forged.owner = Pubkey::new_from_array([5; 32]);
            let address = Pubkey::new_from_array([6; 32]);
            rig.svm.set_account(address, forged).unwrap();
            initialize_with(&mut rig, &stranger, address)
        },
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
        name: "no poster",
        expect: ProgramError::NoPoster,
        run: || initialize(|args| args.posters = [[0; 32]; 8]),
    },
    Case {
        name: "a stranger activates",
        expect: ProgramError::NotGovernance,
        run: || {
            let mut rig = Rig::registered(&[1]);
            let stranger = rig.roles.stranger.insecure_clone();
            rig.activate_by(&stranger, 0)
        },
    },
    Case {
        name: "activation of another epoch",
        expect: ProgramError::WrongEpoch,
        run: || Rig::registered(&[1]).activate(1),
    },
    Case {
        name: "activation without a member",
        expect: ProgramError::CommitteeEmpty,
        run: || Rig::initialized().activate(0),
    },
    Case {
        name: "second activation",
        expect: ProgramError::CommitteeActive,
        run: || Rig::active(&[1]).activate(0),
    },
    Case {
        name: "a stranger posts",
        expect: ProgramError::PosterNotAllowed,
        run: || {
            let mut rig = four();
            let stranger = rig.roles.stranger.insecure_clone();
            let post = rig.chain.post(1);
            rig.submit_by(&stranger, &post)
        },
    },
    Case {
        name: "posting while paused",
        expect: ProgramError::Paused,
        run: || {
            let mut rig = four();
            let guardian = rig.roles.guardian.insecure_clone();
            rig.pause(&guardian)?;
            let post = rig.chain.post(1);
            rig.submit(&post)
        },
    },
    Case {
        name: "the poster pauses",
        expect: ProgramError::NotGuardian,
        run: || {
            let mut rig = four();
            let poster = rig.roles.poster.insecure_clone();
            rig.pause(&poster)
        },
    },
    Case {
        name: "the guardian resumes",
        expect: ProgramError::NotGovernance,
        run: || {
            let mut rig = four();
            let guardian = rig.roles.guardian.insecure_clone();
            rig.resume(&guardian)
        },
    },
];

#[test]
fn the_wrong_people_are_refused() {
    check(CASES);
}

#[test]
fn genesis_is_height_zero() {
    let mut rig = Rig::initialized();
    assert_eq!(rig.rollup_data().len(), MAX_GROWTH);
    let governance = rig.roles.governance.pubkey().to_bytes();
    rig.rollup(|rollup| {
        let state = &rollup.state;
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
    let authority = rig.roles.authority.insecure_clone();
    let again = rig.send(&[rig.initialize(&rig.genesis())], &[&authority]);
    assert!(
        matches!(again, Err(Failure::Other(_))),
        "the account is taken: {again:?}"
    );
}

#[test]
fn activation_fixes_the_quorum_and_completes_the_rollup_account() {
    let mut rig = Rig::registered(&[3, 4, 5]);
    let landed = rig.activate(0).expect("activate");
    let expected_hash = rig.committee(|committee| {
        assert_eq!(
            (
                committee.state.active,
                committee.state.total_stake,
                committee.state.quorum
            ),
            (1, 12, 9)
        );
        let members: Vec<_> = committee.members().collect();
        let records = members
            .iter()
            .map(|member| (&member.pk2, member.stake, &member.owner));
        assert_eq!(
            committee.state.hash,
            rollup_abi::committee::committee_hash(0, records)
        );
        committee.state.hash
    });
    match landed.events()[..] {
        [Event::CommitteeActivated(event)] => {
            assert_eq!((event.members, event.total_stake, event.quorum), (3, 12, 9));
            assert_eq!(event.hash, expected_hash);
        }
        ref other => panic!("{other:?}"),
    }
    let account = rig.svm.get_account(&rig.rollup_address()).unwrap();
    assert_eq!(account.data.len(), ROLLUP_LEN);
    assert!(account.lamports >= rig.svm.minimum_balance_for_rent_exemption(ROLLUP_LEN));
    assert_eq!(rig.rollup(|rollup| rollup.state.active), 1);
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
            let landed = rig.pause(pauser).expect("pause, twice");
            assert!(matches!(landed.events()[..], [Event::PauseChanged(event)] if event.paused == 1));
        }
        assert_eq!(rig.rollup(|rollup| rollup.state.paused), 1);
        let landed = rig.resume(&governance).expect("resume");
        assert!(matches!(landed.events()[..], [Event::PauseChanged(event)] if event.paused == 0));
        let post = rig.chain.post(1);
        rig.submit(&post).expect("after resume");
    }
}
