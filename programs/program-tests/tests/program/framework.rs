//! rollup-abi writes by hand what Anchor generates: the two must agree, and Anchor must refuse what is not ours.

use anchor_lang::{Discriminator, InstructionData};
use asset_rollup_program::{accounts_data, instruction as generated};
use program_tests::{Failure, Rig};
use rollup_abi::account::{COMMITTEE_DISCRIMINATOR, ROLLUP_DISCRIMINATOR};
use rollup_abi::instruction::{self, Call};
use rollup_abi::post;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

#[test]
fn discriminators_are_anchors() {
    let ours: Vec<_> = instruction::ALL
        .iter()
        .map(|instruction| instruction.discriminator.to_vec())
        .collect();
    let anchors = [
        generated::SubmitRoots::DISCRIMINATOR,
        generated::HandOver::DISCRIMINATOR,
        generated::AddEvidence::DISCRIMINATOR,
        generated::Initialize::DISCRIMINATOR,
        generated::GrowRollup::DISCRIMINATOR,
        generated::OpenCommittee::DISCRIMINATOR,
        generated::RegisterMember::DISCRIMINATOR,
        generated::SealCommittee::DISCRIMINATOR,
        generated::CloseCommittee::DISCRIMINATOR,
        generated::ActivateCommittee::DISCRIMINATOR,
        generated::Pause::DISCRIMINATOR,
        generated::Resume::DISCRIMINATOR,
        generated::AddPoster::DISCRIMINATOR,
        generated::RevokePoster::DISCRIMINATOR,
        generated::ProposeRole::DISCRIMINATOR,
        generated::AcceptRole::DISCRIMINATOR,
        generated::ScheduleReplacement::DISCRIMINATOR,
        generated::VetoReplacement::DISCRIMINATOR,
        generated::ExecuteReplacement::DISCRIMINATOR,
        generated::RecordRelease::DISCRIMINATOR,
        generated::Migrate::DISCRIMINATOR,
        generated::VerifyBlock::DISCRIMINATOR,
        generated::VerifyAccount::DISCRIMINATOR,
    ];
    assert_eq!(ours, anchors.map(<[u8]>::to_vec));
    assert_eq!(accounts_data::Rollup::DISCRIMINATOR, ROLLUP_DISCRIMINATOR);
    assert_eq!(accounts_data::Committee::DISCRIMINATOR, COMMITTEE_DISCRIMINATOR);
}

/// Our encoding of a call, and Anchor's.
fn same<C: Call>(ours: &C, anchors: &impl InstructionData) {
    let mut data = vec![0; ours.encoded_len()];
    ours.encode(&mut data).expect("as long as it says");
    assert_eq!(data, anchors.data(), "{}", C::INSTRUCTION.name);
}

#[test]
fn fixed_instruction_data_is_anchors() {
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|byte: u8| [byte; 32]);
    same(
        &instruction::Initialize {
            chain_id: a,
            genesis_root: b,
            governance: c,
            guardian: d,
            delay: 6,
            posters: [e; 8],
        },
        &generated::Initialize {
            chain_id: a,
            genesis_root: b,
            governance: c,
            guardian: d,
            delay: 6,
            posters: [e; 8],
        },
    );
    same(
        &instruction::RegisterMember {
            epoch: 1,
            owner: a,
            stake: 2,
            pk1: [3; 64],
            pk2: [4; 128],
            signature: [5; 64],
            ctr: 6,
        },
        &generated::RegisterMember {
            epoch: 1,
            owner: a,
            stake: 2,
            pk1: [3; 64],
            pk2: [4; 128],
            signature: [5; 64],
            ctr: 6,
        },
    );
}

#[test]
fn short_instruction_data_is_anchors() {
    let (role, key, poster, epoch) = (1, [1; 32], [2; 32], 7);
    same(
        &instruction::ProposeRole { role, key },
        &generated::ProposeRole { role, key },
    );
    same(&instruction::AcceptRole { role }, &generated::AcceptRole { role });
    same(
        &instruction::AddPoster { poster },
        &generated::AddPoster { poster },
    );
    same(
        &instruction::RevokePoster { poster },
        &generated::RevokePoster { poster },
    );
    same(
        &instruction::OpenCommittee { epoch },
        &generated::OpenCommittee { epoch },
    );
    same(
        &instruction::SealCommittee { epoch },
        &generated::SealCommittee { epoch },
    );
    same(
        &instruction::CloseCommittee { epoch },
        &generated::CloseCommittee { epoch },
    );
    let (program_len, idl_hash) = (9, [3; 32]);
    same(
        &instruction::RecordRelease {
            program_len,
            idl_hash,
        },
        &generated::RecordRelease {
            program_len,
            idl_hash,
        },
    );
}

#[test]
fn bare_instruction_data_is_anchors() {
    same(&instruction::HandOver {}, &generated::HandOver {});
    same(&instruction::GrowRollup {}, &generated::GrowRollup {});
    same(
        &instruction::ActivateCommittee {},
        &generated::ActivateCommittee {},
    );
    same(&instruction::Pause {}, &generated::Pause {});
    same(&instruction::Resume {}, &generated::Resume {});
    same(
        &instruction::ScheduleReplacement {},
        &generated::ScheduleReplacement {},
    );
    same(&instruction::VetoReplacement {}, &generated::VetoReplacement {});
    same(
        &instruction::ExecuteReplacement {},
        &generated::ExecuteReplacement {},
    );
    same(&instruction::Migrate {}, &generated::Migrate {});
}

#[test]
fn long_instruction_data_is_anchors() {
    let (view, header) = (5, [1; post::LEN]);
    let (certificate, roots) = (vec![2; 67], vec![[3; 32], [4; 32]]);
    same(
        &instruction::AddEvidence {
            view,
            header: &header,
            certificate: &certificate,
        },
        &generated::AddEvidence {
            view,
            header,
            certificate: certificate.clone(),
        },
    );
    same(
        &instruction::SubmitRoots {
            view,
            header: &header,
            certificate: &certificate,
            roots: &roots,
        },
        &generated::SubmitRoots {
            view,
            header,
            certificate: certificate.clone(),
            roots: roots.clone(),
        },
    );
    let (anchor, height, leaf, path) = (6, 7, [8; 32], vec![9; 64]);
    same(
        &instruction::VerifyBlock {
            anchor,
            height,
            leaf,
            path: &path,
        },
        &generated::VerifyBlock {
            anchor,
            height,
            leaf,
            path: path.clone(),
        },
    );
    let (address, value, proof) = ([10; 32], vec![11; 16], vec![12; 99]);
    same(
        &instruction::VerifyAccount {
            height,
            address,
            value: &value,
            proof: &proof,
        },
        &generated::VerifyAccount {
            height,
            address,
            value: value.clone(),
            proof: proof.clone(),
        },
    );
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
    let mut copy = rig.svm.get_account(&rig.committee_address(0)).unwrap();
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
    let count = boundless.data.len() - 4;
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
