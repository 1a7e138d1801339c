//! Releases are recorded, and state of an older version is migrated.

use program_tests::oracle::sha256;
use program_tests::rig::{CHAIN_ID, DELAY};
use program_tests::{Chain, Failure, Key, Landed, Rig};
use rollup_abi::account::{AccountError, ROLLUP_LEN, RollupRef, STATE_VERSION};
use rollup_abi::event::Event;
use rollup_abi::instruction::{
    AcceptRole, Call, GOVERNANCE, GrowRollup, HandOver, Migrate, Pause, RecordRelease, Resume, VerifyBlock,
};
use rollup_abi::{ProgramError, release};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::case::{Case, Table, check, four, refused};

fn record(rig: &mut Rig, program_len: u32) -> Result<Landed, Failure> {
    let governance = rig.roles.governance.insecure_clone();
    let call = RecordRelease {
        program_len,
        idl_hash: [0x1D; 32],
    };
    let instruction = rig.instruction(governance.pubkey(), Pubkey::default(), &call);
    let limit = solana_compute_budget_interface::ComputeBudgetInstruction::set_compute_unit_limit(400_000);
    rig.send(&[limit, instruction], &[&governance])
}

pub const RECORD: Table = Table {
    instruction: "record_release",
    cases: &[
        Case {
            name: "another account than the program's data",
            expect: ProgramError::ProgramData,
            run: || {
                let mut rig = four();
                let governance = rig.roles.governance.insecure_clone();
                let call = RecordRelease {
                    program_len: 10,
                    idl_hash: [1; 32],
                };
                let mut instruction = rig.instruction(governance.pubkey(), Pubkey::default(), &call);
                instruction.accounts[2].pubkey = rig.committee_address(0);
                rig.send(&[instruction], &[&governance])
            },
        },
        Case {
            name: "longer than the account",
            expect: ProgramError::ProgramData,
            run: || record(&mut four(), u32::MAX),
        },
        Case {
            name: "only a part of the program",
            expect: ProgramError::ProgramData,
            run: || record(&mut four(), 1_000),
        },
        Case {
            name: "no bytes at all",
            expect: ProgramError::ProgramData,
            run: || record(&mut four(), 0),
        },
    ],
};

#[test]
fn false_releases_are_refused() {
    check(&RECORD);
}

#[test]
fn a_release_records_what_runs() {
    let mut rig = four();
    let program = registry::embedded()
        .expect("the registry holds the program")
        .program;
    let landed = record(&mut rig, program.len() as u32).expect("record_release");
    println!("record_release of {} bytes: {} CU", program.len(), landed.units);
    let hash = sha256(&[&program]);
    assert!(matches!(landed.events()[..], [Event::ReleaseRecorded(event)] if event.program_hash == hash));
    rig.rollup(|rollup| {
        let running = rollup.state.running().expect("recorded");
        assert_eq!((running.program_hash, running.idl_hash), (hash, [0x1D; 32]));
        assert_eq!(
            (running.version, running.state_version),
            (release::parse(env!("CARGO_PKG_VERSION")), STATE_VERSION)
        );
    });
}

/// A rollup as version 1 left it, by the bytecode of then: four members with stakes 10 to 40, and 300 blocks. Its people are
/// today's.
fn of_version_1() -> Rig {
    let mut rig = Rig::deployed();
    let mut rollup = include_bytes!("fixtures/rollup_v1.bin").to_vec();
    let committee = include_bytes!("fixtures/committee_v1.bin").to_vec();
    for (at, key) in [
        (72, &rig.roles.governance),
        (104, &rig.roles.guardian),
        (136, &rig.roles.poster),
    ] {
        rollup[at..at + 32].copy_from_slice(&key.pubkey().to_bytes());
    }
    let first = Pubkey::find_program_address(&[b"committee", &[0; 8]], &rig.program).0;
    for (address, data) in [(rig.rollup_address(), rollup), (first, committee)] {
        let mut account = rig.svm.get_account(&rig.program).expect("deployed");
        (account.owner, account.executable) = (rig.program, false);
        account.lamports = rig.svm.minimum_balance_for_rent_exemption(data.len());
        account.data = data;
        rig.svm.set_account(address, account).expect("rent-exempt");
    }
    rig.chain.keys = (0..4).map(Key::numbered).collect();
    rig.chain.advance(300);
    rig
}

fn migrate(rig: &mut Rig) -> Result<Landed, Failure> {
    let stranger = rig.roles.stranger.insecure_clone();
    rig.call(&stranger, &Migrate {})
}

/// Puts another number where the state version stands.
fn with_version(rig: &mut Rig, version: u64) {
    let address = rig.rollup_address();
    let mut account = rig.svm.get_account(&address).expect("initialized");
    account.data[8..16].copy_from_slice(&version.to_le_bytes());
    rig.svm.set_account(address, account).expect("rent-exempt");
}

pub const MIGRATE: Table = Table {
    instruction: "migrate",
    cases: &[
        Case {
            name: "a state version that this program does not know",
            expect: ProgramError::StateVersion,
            run: || {
                let mut rig = four();
                with_version(&mut rig, STATE_VERSION + 1);
                migrate(&mut rig)
            },
        },
        Case {
            name: "a state version that there never was",
            expect: ProgramError::StateVersion,
            run: || {
                let mut rig = four();
                with_version(&mut rig, 0);
                migrate(&mut rig)
            },
        },
    ],
};

#[test]
fn unknown_versions_are_not_migrated() {
    check(&MIGRATE);
}

/// One refusal for each instruction that reads the rollup's account.
fn expect_version_refusal<C: Call>(rig: &mut Rig, signer: &Keypair, call: &C) {
    assert_eq!(
        rig.call(signer, call).err(),
        refused(ProgramError::StateVersion),
        "{}",
        C::INSTRUCTION.name
    );
}

#[test]
fn another_state_version_is_refused_by_name() {
    for mut rig in [of_version_1(), four()] {
        if rig.rollup_data().len() == ROLLUP_LEN {
            with_version(&mut rig, STATE_VERSION + 1);
        }
        let governance = rig.roles.governance.insecure_clone();
        expect_version_refusal(&mut rig, &governance, &Pause {});
        expect_version_refusal(&mut rig, &governance, &Resume {});
        expect_version_refusal(&mut rig, &governance, &GrowRollup {});
        expect_version_refusal(&mut rig, &governance, &AcceptRole { role: GOVERNANCE });
        let leaf = [0; 32];
        let view = VerifyBlock {
            anchor: 1,
            height: 0,
            leaf,
            path: &[],
        };
        expect_version_refusal(&mut rig, &governance, &view);
    }
    let mut rig = four();
    with_version(&mut rig, STATE_VERSION + 1);
    let governance = rig.roles.governance.insecure_clone();
    expect_version_refusal(&mut rig, &governance, &HandOver {});
    let post = rig.chain.post(1);
    assert_eq!(rig.submit(&post).err(), refused(ProgramError::StateVersion));
}

#[test]
fn state_of_version_1_is_migrated_and_goes_on() {
    let mut rig = of_version_1();
    assert_eq!(
        RollupRef::read(&rig.rollup_data()).err(),
        Some(AccountError::Version { got: 1 })
    );
    let first = migrate(&mut rig).expect("migrate");
    assert!(matches!(first.events()[..], [Event::RollupGrown(event)] if event.bytes == 25_240));
    assert_eq!(
        RollupRef::read(&rig.rollup_data()).err(),
        Some(AccountError::Version { got: 1 })
    );
    let second = migrate(&mut rig).expect("migrate");
    assert!(
        matches!(second.events()[..], [Event::RollupGrown(_), Event::StateMigrated(event)] if (event.from, event.to) == (1, 2))
    );
    println!("migrate, last call: {} CU", second.units);
    assert!(migrate(&mut rig).expect("migrate, again").events().is_empty());

    let governance = rig.roles.governance.pubkey().to_bytes();
    rig.rollup(|rollup| {
        let state = &rollup.state;
        assert_eq!((state.chain_id, state.governance), (CHAIN_ID, governance));
        assert_eq!((state.last.height, state.epoch, state.active), (300, 0, 1));
        assert_eq!(state.last.roots_acc, rig.chain.acc);
        assert!(state.delay > DELAY && state.accepted == 25);
        for height in 45..=300 {
            assert_eq!(
                rollup.root_at(height).unwrap().state_root,
                Chain::root(height),
                "{height}"
            );
        }
        assert_eq!(rollup.root_at(44), None);
    });
    let account = rig.svm.get_account(&rig.rollup_address()).unwrap();
    assert_eq!(account.data.len(), ROLLUP_LEN);
    assert!(account.lamports >= rig.svm.minimum_balance_for_rent_exemption(ROLLUP_LEN));

    let committee = Pubkey::new_from_array(rig.rollup(|rollup| rollup.state.committee));
    let post = rig.chain.post(2);
    let poster = rig.roles.poster.insecure_clone();
    let instruction = rig.submit_to(poster.pubkey(), committee, &post);
    rig.send(&[instruction], &[&poster])
        .expect("the first committee goes on certifying");
    let next = rig.stage(10, &[1, 2, 3]);
    let last = rig.chain.post_last(1, next.hash);
    let instruction = rig.submit_to(poster.pubkey(), committee, &last);
    rig.send(&[instruction], &[&poster]).expect("its last block");
    rig.hand_over(&next).expect("hand_over");
    let post = rig.chain.post(1);
    rig.submit(&post).expect("the next epoch");
}
