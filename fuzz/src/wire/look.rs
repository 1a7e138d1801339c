//! What is done with a value before it is believed: all checks that need no pairing. None of them may panic.

use std::sync::LazyLock;

use borsh::BorshDeserialize;
use hotshot::{Record, Recovery, rules};
use hotshot_testing::fixtures::{CHAIN, committee, genesis};
use hotshot_types::{
    Certificate, Committee, Epochs, Justify, Message, Phase, Share, SignedProposal, TimeoutCertificate,
    TimeoutVote, UpgradeCertificate, UpgradeData, UpgradeVote, View, Vote, VoteData, WrongEncoding,
    message::{Dispersed, FetchedBlocks},
};
use rollup_abi::Header;

use super::values::SHARES;

static COMMITTEES: LazyLock<[Committee; 2]> =
    LazyLock::new(|| [committee(&[1; 4]), committee(&[3, 1, 1, 5, 2])]);

fn epochs() -> [Epochs; 3] {
    [0, 1, 3].map(Epochs::of_length)
}

pub fn message(message: &Message) {
    assert!(!message.name().is_empty());
    match message {
        Message::Proposal(signed) | Message::FetchedProposal(signed) => proposal(signed),
        Message::Vote1(one) => vote(one),
        Message::Vote2(one) => vote(one),
        Message::Certificate1(one) => certificate(one),
        Message::Certificate2(one) => certificate(one),
        Message::Timeout(one) => timeout_vote(one),
        Message::TimeoutCertificate(one) => timeout_certificate(one),
        Message::FetchedBlocks(fetched) => fetched_blocks(fetched),
        Message::Dispersed(one) => dispersed(one),
        Message::UpgradeVote(vote) => upgrade_vote(vote),
        Message::UpgradeCertificate(certificate) => upgrade_certificate(certificate),
        Message::FetchProposal(_) | Message::FetchBlocks(_) => {}
    }
}

pub fn proposal(signed: &SignedProposal) {
    let proposal = &*signed.proposal;
    let _ = (proposal.payload_matches(&COMMITTEES[0]), proposal.is_again());
    let genesis = Justify::Genesis(genesis().commitment());
    let _ = rules::is_safe(&proposal.justify, &genesis) && rules::is_safe(&genesis, &proposal.justify);
    for epochs in epochs() {
        let names = proposal.data().names(&proposal.header, epochs);
        let sound = rules::well_formed(proposal, &CHAIN, epochs).is_ok();
        assert!(
            !sound || names || proposal.is_again(),
            "a sound proposal is not what its vote names"
        );
    }
    justify(&proposal.justify);
    proposal.timeout.iter().for_each(timeout_certificate);
    proposal.hand_over.iter().for_each(certificate);
    proposal.upgrade.iter().for_each(upgrade_certificate);
}

fn justify(justify: &Justify) {
    assert_eq!(justify.rank(), justify.data().rank());
    justify.certificate().into_iter().for_each(certificate);
}

pub fn vote<P: Phase>(vote: &Vote<P>) {
    place(&vote.data);
    let _ = vote.data.digest::<P>(&CHAIN);
}

fn place(data: &VoteData) {
    for epochs in epochs() {
        let (of, last) = (epochs.of(data.height), epochs.is_last(data.height));
        assert!(
            !last || epochs.last_of(of) == Some(data.height),
            "{of} ends twice"
        );
    }
    assert!(
        COMMITTEES
            .iter()
            .all(|c| c.index_of(&c.leader(data.view).node).is_some())
    );
}

pub fn certificate<P: Phase>(certificate: &Certificate<P>) {
    place(certificate.data());
    for committee in COMMITTEES.iter() {
        let counted = certificate.signers().iter().count();
        assert_eq!(counted, certificate.signers().count());
        if certificate.check_quorum(committee).is_ok() {
            assert!(counted <= committee.members().len());
            assert!(certificate.view() > View::ZERO);
        }
    }
    assert!(certificate.to_wire().len() <= rollup_abi::certificate::MAX_LEN);
}

pub fn timeout_vote(vote: &TimeoutVote) {
    let _ = (vote.data.digest(&CHAIN), vote.data.lock_rank());
    justify(&vote.lock);
}

pub fn timeout_certificate(certificate: &TimeoutCertificate) {
    justify(certificate.lock());
    for committee in COMMITTEES.iter() {
        if certificate.check_quorum(committee).is_ok() {
            assert!(certificate.lock().view() < certificate.view());
        }
    }
}

pub fn upgrade_vote(vote: &UpgradeVote) {
    upgrade(&vote.data);
    let _ = vote.data.digest(&CHAIN);
}

fn upgrade(data: &UpgradeData) {
    let plan = data.upgrade;
    assert!(plan.from() < plan.to() && plan.is_open_at(plan.first()) && plan.is_open_at(plan.last()));
    assert!(!data.may_begin_with(&genesis()), "genesis begins nothing");
}

pub fn upgrade_certificate(certificate: &UpgradeCertificate) {
    upgrade(certificate.data());
    for committee in COMMITTEES.iter() {
        if certificate.check_stake(committee).is_ok() {
            let stake = committee.stake_of(certificate.signers());
            assert!(stake.is_some_and(|stake| stake >= committee.quorum()));
        }
    }
}

pub fn fetched_blocks(fetched: &FetchedBlocks) {
    certificate(&fetched.certificate);
    let last = fetched
        .tail
        .last()
        .or(fetched.blocks.last().map(|block| &block.header));
    if let Some(last) = last {
        let _ = fetched.certificate.data().names(last, Epochs::of_length(3));
    }
}

pub fn dispersed(dispersed: &Dispersed) {
    proposal(&dispersed.proposal);
    share(&dispersed.share);
}

pub fn share(share: &Share) {
    assert!(!share.is_empty() && !share.range().is_empty());
    for committee in COMMITTEES.iter() {
        for member in 0..=committee.members().len() {
            if let Ok(verified) = share.verify(committee, member, &share.commitment()) {
                assert_eq!(committee.layout().range(member), Some(share.range()));
                assert_eq!(verified.member(), member);
            }
        }
    }
}

/// A leader that cut a payload is never blamed; what a proof claims of others is checked without a panic.
pub fn wrong_encoding(proof: &WrongEncoding) {
    let bytes = borsh::to_vec(proof).expect("a Vec takes all");
    let claimed = Share::deserialize(&mut &bytes[4..]).map(|share| share.commitment());
    let honest = SHARES.iter().map(Share::commitment);
    for commitment in honest.clone().chain(claimed.ok()) {
        let header = Header {
            payload_commitment: commitment,
            ..genesis()
        };
        for committee in COMMITTEES.iter() {
            let proven = proof.verify(committee, &header).is_ok();
            assert!(
                !proven || honest.clone().all(|other| other != commitment),
                "an honest leader is blamed"
            );
        }
    }
}

pub fn record(record: &Record) {
    let mut recovery = Recovery::genesis(genesis());
    recovery.apply(record.clone());
    let once = recovery.clone();
    recovery.apply(record.clone());
    assert_eq!(recovery, once, "a record that comes again changes something");
    let _ = record.is_obsolete(View::ZERO) && record.is_obsolete(View::new(u64::MAX));
}
