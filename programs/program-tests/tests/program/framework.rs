//! rollup-abi writes by hand what Anchor generates: the two must agree, and Anchor must refuse what is not ours.

use anchor_lang::{Discriminator, InstructionData};
use asset_rollup_program::{accounts_data, instruction as generated};
use program_tests::{Failure, Rig};
use rollup_abi::account::{COMMITTEE_DISCRIMINATOR, ROLLUP_DISCRIMINATOR};
use rollup_abi::instruction::{self, Initialize, RegisterMember};
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

#[test]
fn discriminators_are_anchors() {
    let ours = instruction::ALL.map(|instruction| instruction.discriminator.to_vec());
    let anchors = [
        generated::Initialize::DISCRIMINATOR,
        generated::RegisterMember::DISCRIMINATOR,
        generated::ActivateCommittee::DISCRIMINATOR,
        generated::SubmitRoots::DISCRIMINATOR,
        generated::Pause::DISCRIMINATOR,
        generated::Resume::DISCRIMINATOR,
    ];
    assert_eq!(ours.as_slice(), anchors.map(<[u8]>::to_vec));
    assert_eq!(accounts_data::Rollup::DISCRIMINATOR, ROLLUP_DISCRIMINATOR);
    assert_eq!(accounts_data::Committee::DISCRIMINATOR, COMMITTEE_DISCRIMINATOR);
}

#[test]
fn instruction_data_is_anchors() {
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|byte: u8| [byte; 32]);
    let ours = Initialize {
        chain_id: a,
        genesis_root: b,
        governance: c,
        guardian: d,
        posters: [e; 8],
    };
    let anchors = generated::Initialize {
        chain_id: a,
        genesis_root: b,
        governance: c,
        guardian: d,
        posters: [e; 8],
    };
    assert_eq!(ours.encode().to_vec(), anchors.data());
    let ours = RegisterMember {
        epoch: 1,
        owner: a,
        stake: 2,
        pk1: [3; 64],
        pk2: [4; 128],
        signature: [5; 64],
        ctr: 6,
    };
    let anchors = generated::RegisterMember {
        epoch: 1,
        owner: a,
        stake: 2,
        pk1: [3; 64],
        pk2: [4; 128],
        signature: [5; 64],
        ctr: 6,
    };
    assert_eq!(ours.encode().to_vec(), anchors.data());
    assert_eq!(
        instruction::activate_committee(7).to_vec(),
        generated::ActivateCommittee { epoch: 7 }.data()
    );
    let post = program_tests::Post {
        header: vec![1; 330],
        certificate: vec![2; 67],
        roots: vec![[3; 32], [4; 32]],
    };
    let anchors = generated::SubmitRoots {
        header: post.header.clone(),
        certificate: post.certificate.clone(),
        roots: post.roots.clone(),
    };
    assert_eq!(program_tests::rig::submit_data(&post), anchors.data());
}

#[test]
fn the_release_is_for_the_declared_address() {
    let release = registry::embedded().expect("the registry holds the program");
    assert_eq!(release.manifest.program_id, asset_rollup_program::ID.to_string());
    let keypair = registry::local_program_keypair().expect("the registry holds its key");
    assert_eq!(
        bs58::encode(&keypair[32..]).into_string(),
        release.manifest.program_id
    );
}

/// Accounts that are not the program's own, missing signatures, and data that is no instruction.
#[test]
fn foreign_accounts_and_data_are_refused() {
    let mut rig = Rig::active(&[1]);
    let poster = rig.roles.poster.insecure_clone();
    let post = rig.chain.post(1);
    let honest = rig.submit_instruction(poster.pubkey(), &post);

    let mut unsigned = honest.clone();
    unsigned.accounts[0].is_signer = false;
    let mut copy = rig.svm.get_account(&rig.committee_address()).unwrap();
    copy.owner = solana_sdk_ids::system_program::ID;
    let forged = solana_pubkey::Pubkey::new_from_array([9; 32]);
    rig.svm.set_account(forged, copy).unwrap();
    let mut foreign_committee = honest.clone();
    foreign_committee.accounts[2].pubkey = forged;
    let mut foreign_rollup = honest.clone();
    foreign_rollup.accounts[1].pubkey = forged;
    let mut swapped = honest.clone();
    swapped.accounts.swap(1, 2);
    let mut read_only = honest.clone();
    read_only.accounts[1].is_writable = false;
    let mut too_few = honest.clone();
    too_few.accounts.pop();
    let mut unknown = honest.clone();
    unknown.data[0] ^= 1;
    let mut truncated = honest.clone();
    truncated.data.truncate(300);
    let mut boundless = honest.clone();
    let count = boundless.data.len() - 36;
    boundless.data[count..count + 4].copy_from_slice(&u32::MAX.to_le_bytes());

    let before = rig.rollup_data();
    let governance = rig.roles.governance.insecure_clone();
    for (name, instruction) in [
        ("unsigned", unsigned),
        ("foreign committee", foreign_committee),
        ("foreign rollup", foreign_rollup),
        ("swapped", swapped),
        ("read-only", read_only),
        ("too few", too_few),
        ("unknown instruction", unknown),
        ("truncated", truncated),
        ("a count of four billion roots", boundless),
    ] {
        let signers = if name == "unsigned" {
            [&governance]
        } else {
            [&poster]
        };
        match rig.send(&[instruction], &signers) {
            Err(Failure::Other(TransactionError::InstructionError(0, _))) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(rig.rollup_data(), before);
    rig.submit(&post).expect("the honest one still works");
}
