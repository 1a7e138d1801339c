//! Any value of each type that has an encoding. Curve points are few and sound, for a decoder refuses others; all else is
//! as wild as the type lets it be.

use std::sync::{Arc, LazyLock};

use borsh::BorshDeserialize;
use hotshot::{Anchor, Record, StoredProposal};
use hotshot_testing::fixtures::{CHAIN, PLACEHOLDER, committee};
use hotshot_types::{
    Block, Certificate, Epoch, Height, Justify, Message, Phase, Proposal, Share, Signature, SignedProposal,
    Signers, TimeoutCertificate, TimeoutData, TimeoutVote, Upgrade, UpgradeCertificate, UpgradeData,
    UpgradeVote, View, Vote, VoteData, WrongEncoding,
    dispersal::{THRESHOLD, disperse},
    message::{Dispersed, FetchBlocks, FetchProposal, FetchedBlocks},
    timeout::LockGroup,
};
use rollup_abi::Header;

use crate::entropy::Entropy;

static SIGNATURES: LazyLock<[Signature; 2]> = LazyLock::new(|| {
    let sum = Signature::aggregate([&*PLACEHOLDER, &*PLACEHOLDER]);
    [*PLACEHOLDER, sum.expect("the order of the group is not two")]
});

/// Shares of three payloads, by two committees.
pub static SHARES: LazyLock<Vec<Share>> = LazyLock::new(|| {
    let payloads = [1, 2, 1000].map(|more| vec![7; THRESHOLD + more]);
    let committees = [committee(&[1; 4]), committee(&[3, 1, 1, 5, 2])];
    let all = committees.iter().flat_map(|committee| {
        let cut = |payload: &Vec<u8>| disperse(committee, payload).expect("within the limits");
        payloads
            .iter()
            .map(cut)
            .flat_map(|cut| cut.shares().collect::<Vec<_>>())
            .collect::<Vec<_>>()
    });
    all.collect()
});

pub fn message(entropy: &mut Entropy) -> Message {
    match entropy.byte() % 14 {
        0 => Message::Proposal(signed(entropy)),
        1 => Message::Vote1(vote(entropy)),
        2 => Message::Vote2(vote(entropy)),
        3 => Message::Certificate1(certificate(entropy)),
        4 => Message::Certificate2(certificate(entropy)),
        5 => Message::Timeout(timeout_vote(entropy)),
        6 => Message::TimeoutCertificate(Arc::new(timeout_certificate(entropy))),
        7 => Message::FetchProposal(fetch_proposal(entropy)),
        8 => Message::FetchedProposal(signed(entropy)),
        9 => Message::FetchBlocks(fetch_blocks(entropy)),
        10 => Message::FetchedBlocks(Arc::new(fetched_blocks(entropy))),
        11 => Message::UpgradeVote(upgrade_vote(entropy)),
        12 => Message::UpgradeCertificate(upgrade_certificate(entropy)),
        _ => Message::Dispersed(Arc::new(dispersed(entropy))),
    }
}

fn signature(entropy: &mut Entropy) -> Signature {
    SIGNATURES[entropy.below(2)]
}

fn vote_data(entropy: &mut Entropy) -> VoteData {
    VoteData {
        epoch: Epoch::new(entropy.number()),
        view: View::new(entropy.number()),
        height: Height::new(entropy.number()),
        leaf: entropy.digest(),
    }
}

pub fn vote<P: Phase>(entropy: &mut Entropy) -> Vote<P> {
    Vote::new(vote_data(entropy), signature(entropy))
}

fn signers(entropy: &mut Entropy) -> Signers {
    let mut signers = Signers::none(if entropy.once_in(4) { entropy.below(129) } else { 4 });
    for index in 0..entropy.below(6) {
        signers.insert(if entropy.once_in(8) {
            entropy.below(130)
        } else {
            index
        });
    }
    signers
}

pub fn certificate<P: Phase>(entropy: &mut Entropy) -> Certificate<P> {
    let ctr = if entropy.once_in(4) { entropy.byte() } else { 0 };
    Certificate::from_parts(vote_data(entropy), signers(entropy), ctr, signature(entropy))
}

fn justify(entropy: &mut Entropy) -> Justify {
    if entropy.once_in(4) {
        Justify::Genesis(entropy.digest())
    } else {
        Justify::Certified(certificate(entropy))
    }
}

pub fn timeout_vote(entropy: &mut Entropy) -> TimeoutVote {
    let lock = justify(entropy);
    let (lock_epoch, lock_view) = if entropy.once_in(4) {
        (Epoch::new(entropy.number()), View::new(entropy.number()))
    } else {
        lock.rank()
    };
    TimeoutVote {
        data: TimeoutData {
            epoch: Epoch::new(entropy.number()),
            view: View::new(entropy.number()),
            lock_epoch,
            lock_view,
        },
        signature: signature(entropy),
        lock,
    }
}

fn upgrade_data(entropy: &mut Entropy) -> UpgradeData {
    let epoch = Epoch::new(entropy.number());
    let (from, first) = (u16::from(entropy.byte()) + 1, entropy.number().max(1));
    let to = from.saturating_add(u16::from(entropy.byte()) + 1);
    let last = Height::new(first).plus(entropy.number());
    let upgrade = Upgrade::new(from, to, Height::new(first), last).expect("a later version, a window");
    UpgradeData { epoch, upgrade }
}

pub fn upgrade_vote(entropy: &mut Entropy) -> UpgradeVote {
    UpgradeVote {
        data: upgrade_data(entropy),
        signature: signature(entropy),
    }
}

pub fn upgrade_certificate(entropy: &mut Entropy) -> UpgradeCertificate {
    UpgradeCertificate::from_parts(upgrade_data(entropy), signers(entropy), signature(entropy))
}

/// Any, by its encoding: it is not put together from votes.
pub fn timeout_certificate(entropy: &mut Entropy) -> TimeoutCertificate {
    let place = (Epoch::new(entropy.number()), View::new(entropy.number()));
    let count = if entropy.once_in(16) {
        128
    } else {
        entropy.below(5)
    };
    let groups = (0..count).map(|_| LockGroup {
        lock_epoch: Epoch::new(entropy.number()),
        lock_view: View::new(entropy.number()),
        signers: signers(entropy),
    });
    let groups: Vec<LockGroup> = groups.collect();
    let parts = (place, groups, signature(entropy), justify(entropy));
    recoded(&parts)
}

fn recoded<T: BorshDeserialize>(parts: &impl borsh::BorshSerialize) -> T {
    let bytes = borsh::to_vec(parts).expect("a Vec takes all");
    borsh::from_slice(&bytes).expect("these are its parts")
}

fn header(entropy: &mut Entropy) -> Header {
    let chain_id = if entropy.once_in(8) {
        entropy.digest()
    } else {
        CHAIN
    };
    let [epoch, view, height, timestamp_ms] = [(); 4].map(|()| entropy.number());
    Header {
        version: 1 | u16::from(entropy.byte()) << 8,
        chain_id,
        epoch,
        view,
        height,
        timestamp_ms,
        parent: entropy.digest(),
        payload_commitment: entropy.digest(),
        state_root: entropy.digest(),
        roots_acc: entropy.digest(),
        history_root: entropy.digest(),
        next_committee: entropy.digest(),
        inbox_count: entropy.number(),
        inbox_hash: entropy.digest(),
        outbox_root: entropy.digest(),
    }
}

fn payload(entropy: &mut Entropy) -> Arc<[u8]> {
    let length = if entropy.once_in(16) {
        entropy.below(40_000)
    } else {
        entropy.below(40)
    };
    vec![entropy.byte(); length].into()
}

/// Half of them justified by what their headers name, as rules look at that first.
fn proposal(entropy: &mut Entropy) -> Proposal {
    let (mut header, justify) = (header(entropy), justify(entropy));
    if !entropy.once_in(2) {
        let parent = justify.data();
        header.parent = parent.leaf;
        header.height = parent.height.get().wrapping_add(1);
        header.view = parent.view.get().wrapping_add(1);
        header.epoch = parent.epoch.get();
    }
    let view = if entropy.once_in(4) {
        entropy.number()
    } else {
        header.view
    };
    Proposal {
        view: View::new(view),
        header,
        justify,
        timeout: entropy.once_in(2).then(|| timeout_certificate(entropy)),
        hand_over: entropy.once_in(2).then(|| certificate(entropy)),
        upgrade: entropy.once_in(4).then(|| upgrade_certificate(entropy)),
        payload: payload(entropy),
    }
}

pub fn signed(entropy: &mut Entropy) -> SignedProposal {
    SignedProposal {
        proposal: Arc::new(proposal(entropy)),
        signature: signature(entropy),
    }
}

pub fn fetch_proposal(entropy: &mut Entropy) -> FetchProposal {
    let leaf = entropy.bytes();
    FetchProposal { leaf }
}

pub fn fetch_blocks(entropy: &mut Entropy) -> FetchBlocks {
    let from = Height::new(entropy.number());
    FetchBlocks { from }
}

pub fn fetched_blocks(entropy: &mut Entropy) -> FetchedBlocks {
    let (blocks, tail) = (entropy.below(4), entropy.below(3));
    let mut block = || Block {
        header: header(entropy),
        payload: payload(entropy),
    };
    FetchedBlocks {
        blocks: (0..blocks).map(|_| block()).collect(),
        tail: (0..tail).map(|_| header(entropy)).collect(),
        certificate: certificate(entropy),
    }
}

pub fn dispersed(entropy: &mut Entropy) -> Dispersed {
    Dispersed {
        proposal: signed(entropy),
        share: share(entropy),
    }
}

pub fn share(entropy: &mut Entropy) -> Share {
    SHARES[entropy.below(SHARES.len())].clone()
}

pub fn wrong_encoding(entropy: &mut Entropy) -> WrongEncoding {
    let first = entropy.below(SHARES.len());
    let count = entropy.below(5);
    let next = |i: usize| {
        if entropy.once_in(4) {
            share(entropy)
        } else {
            SHARES[(first + i) % SHARES.len()].clone()
        }
    };
    let shares: Vec<Share> = (0..count).map(next).collect();
    recoded(&shares)
}

pub fn record(entropy: &mut Entropy) -> Record {
    match entropy.byte() % 7 {
        0 => Record::Proposal(StoredProposal {
            proposal: Arc::new(proposal(entropy)),
            signature: entropy.once_in(2).then(|| signature(entropy)),
        }),
        1 => Record::Proposed {
            view: View::new(entropy.number()),
            leaf: entropy.digest(),
        },
        2 => Record::Vote1 {
            view: View::new(entropy.number()),
            leaf: entropy.digest(),
        },
        3 => Record::Vote2 {
            lock: certificate(entropy),
        },
        4 => Record::TimedOut {
            epoch: Epoch::new(entropy.number()),
            view: View::new(entropy.number()),
            lock: justify(entropy),
        },
        5 => Record::Decided(Anchor {
            header: header(entropy),
            certificate: entropy.once_in(2).then(|| certificate(entropy)),
        }),
        _ => Record::Ended(Arc::new(timeout_certificate(entropy))),
    }
}
