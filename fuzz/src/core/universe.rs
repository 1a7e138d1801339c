//! The committees, blocks and certificates of the little universe.

use std::sync::{Arc, LazyLock};

use hotshot_testing::fixtures::{PLACEHOLDER, child, committee_of};
use hotshot_types::{
    Certificate, Committee, Epoch, Epochs, Height, Justify, Phase, Signers, TimeoutCertificate, Upgrade,
    UpgradeCertificate, UpgradeData, View, VoteData, timeout::LockGroup,
};
use rollup_abi::Header;

use crate::entropy::Entropy;

/// Epochs whose committees are known.
pub const EPOCHS: u64 = 8;

/// By epoch: a member leaves, one comes, stakes change.
const STAKES: [&[u64]; 3] = [&[1, 1, 1, 1], &[0, 2, 1, 1, 1], &[1, 1, 3, 1, 0, 1]];

static COMMITTEES: LazyLock<Vec<Committee>> = LazyLock::new(|| {
    let stakes = STAKES.iter().cycle();
    (0..EPOCHS)
        .zip(stakes)
        .map(|(epoch, stakes)| committee_of(epoch, stakes, None))
        .collect()
});

/// Another committee of the same epoch.
static RIVALS: LazyLock<Vec<Committee>> = LazyLock::new(|| {
    (0..EPOCHS)
        .map(|epoch| committee_of(epoch, &[1, 0, 0, 1], None))
        .collect()
});

pub fn committee(epoch: u64) -> Committee {
    COMMITTEES[usize::try_from(epoch % EPOCHS).expect("small")].clone()
}

pub fn rival_committee(epoch: u64) -> Committee {
    RIVALS[usize::try_from(epoch % EPOCHS).expect("small")].clone()
}

/// A block on `parent` as an honest leader makes it.
pub fn on(parent: &Header, view: View, epochs: Epochs, now_ms: u64, payload: &[u8]) -> Header {
    let height = Height::new(parent.height).next();
    let epoch = epochs.of(height);
    let next_committee = if epochs.is_last(height) {
        *committee(epoch.next().get()).hash()
    } else {
        [0; 32]
    };
    Header {
        epoch: epoch.get(),
        next_committee,
        ..child(parent, view, now_ms, payload)
    }
}

/// What a quorum says of this block.
pub fn data(header: &Header) -> VoteData {
    VoteData::of(header, header.commitment())
}

pub fn certificate<P: Phase>(data: VoteData) -> Certificate<P> {
    Certificate::from_parts(data, quorum(), 0, *PLACEHOLDER)
}

pub fn justify(header: &Header) -> Justify {
    if header.height == 0 {
        Justify::Genesis(header.commitment())
    } else {
        Justify::Certified(certificate(data(header)))
    }
}

/// A quorum gave this view up; all of its locks are this one.
pub fn timed_out(epoch: Epoch, view: View, lock: Justify) -> Arc<TimeoutCertificate> {
    let (lock_epoch, lock_view) = lock.rank();
    let group = LockGroup {
        lock_epoch,
        lock_view,
        signers: quorum(),
    };
    let parts = (epoch, view, vec![group], *PLACEHOLDER, lock);
    let bytes = borsh::to_vec(&parts).expect("a Vec takes all");
    Arc::new(borsh::from_slice(&bytes).expect("these are its parts"))
}

/// An upgrade to the version after this block's, about now.
pub fn upgrade(epoch: Epoch, above: &Header, entropy: &mut Entropy) -> UpgradeData {
    let first = Height::new(above.height).next().plus(entropy.number() % 3);
    let last = first.plus(entropy.number() % 8);
    let upgrade = Upgrade::new(above.version, above.version + 1, first, last);
    let upgrade = upgrade.expect("a later version, a window");
    UpgradeData { epoch, upgrade }
}

/// A committee agreed on it.
pub fn agreed(data: UpgradeData) -> UpgradeCertificate {
    UpgradeCertificate::from_parts(data, quorum(), *PLACEHOLDER)
}

fn quorum() -> Signers {
    let mut signers = Signers::none(4);
    (0..3).for_each(|index| assert!(signers.insert(index)));
    signers
}
