//! Upgrades: at some height, blocks begin to follow the rules of another version, if nine tenths of the stake agreed on it.
//!
//! ```text
//! plan, by the operators ──▶ UpgradeVote ×90 % ──▶ UpgradeCertificate ──▶ in the first proposal of the new version
//! ```
//!
//! What is agreed on is the plan: from which version to which, and in which window of heights. The votes are those of one
//! epoch's committee and count for blocks of that epoch only.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::{Digest, Header, domain, header::FIRST_VERSION, sha256};

use crate::{
    CertificateError, Committee, Epoch, Height, Signature, Signers,
    bls::{hash_to_curve, pairing_holds},
};

/// The versions that a node speaks: it can execute their blocks. They are all up to a last one, for whoever joins late executes
/// all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    last: u16,
}

impl Versions {
    /// From the first version up to `last`.
    pub const fn up_to(last: u16) -> Self {
        Self { last }
    }

    /// Whether `version` is one of them.
    pub fn contains(self, version: u16) -> bool {
        (FIRST_VERSION..=self.last).contains(&version)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "versions {FIRST_VERSION} to {}", self.last)
    }
}

/// Why numbers are not an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeError {
    /// Not to a later version, or from none.
    #[error("an upgrade from version {from} to {to}, expected to a later one, from {FIRST_VERSION} on")]
    Versions {
        /// From which.
        from: u16,
        /// To which.
        to: u16,
    },
    /// The window is empty, or begins at genesis.
    #[error("an upgrade between heights {first} and {last}, expected a window above genesis")]
    Window {
        /// Its first height.
        first: Height,
        /// Its last height.
        last: Height,
    },
}

/// A plan: within a window of heights, a block of version `to` may follow one of version `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct Upgrade {
    from: u16,
    to: u16,
    first: Height,
    last: Height,
}

impl Upgrade {
    /// From version `from` to version `to`, at a height from `first` to `last`.
    pub fn new(from: u16, to: u16, first: Height, last: Height) -> Result<Self, UpgradeError> {
        if from < FIRST_VERSION || to <= from {
            return Err(UpgradeError::Versions { from, to });
        }
        if first == Height::ZERO || last < first {
            return Err(UpgradeError::Window { first, last });
        }
        Ok(Self {
            from,
            to,
            first,
            last,
        })
    }

    /// The version before.
    pub fn from(&self) -> u16 {
        self.from
    }

    /// The version after.
    pub fn to(&self) -> u16 {
        self.to
    }

    /// The lowest height at which it may come.
    pub fn first(&self) -> Height {
        self.first
    }

    /// The highest height at which it may come; beyond, it is void.
    pub fn last(&self) -> Height {
        self.last
    }

    /// Whether it may come at `height`.
    pub fn is_open_at(&self, height: Height) -> bool {
        (self.first..=self.last).contains(&height)
    }
}

impl fmt::Display for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            first,
            last,
        } = self;
        write!(
            f,
            "from version {from} to {to} between heights {first} and {last}"
        )
    }
}

impl BorshDeserialize for Upgrade {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let (from, to) = BorshDeserialize::deserialize_reader(reader)?;
        let (first, last) = BorshDeserialize::deserialize_reader(reader)?;
        Self::new(from, to, first, last).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// What an upgrade vote signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct UpgradeData {
    /// The epoch of the committee that votes, and of the blocks that its votes count for.
    pub epoch: Epoch,
    /// The plan.
    pub upgrade: Upgrade,
}

impl UpgradeData {
    /// What is signed.
    pub fn digest(&self, chain_id: &Digest) -> Digest {
        let Upgrade {
            from,
            to,
            first,
            last,
        } = self.upgrade;
        sha256(&[
            domain::UPGRADE,
            chain_id,
            &self.epoch.get().to_le_bytes(),
            &from.to_le_bytes(),
            &to.to_le_bytes(),
            &first.get().to_le_bytes(),
            &last.get().to_le_bytes(),
        ])
    }

    /// Whether the block with this header may be the first of the new version: that its parent is of the version before is
    /// for the caller to know.
    pub fn may_begin_with(&self, header: &Header) -> bool {
        self.epoch.get() == header.epoch
            && self.upgrade.to == header.version
            && self.upgrade.is_open_at(Height::new(header.height))
    }
}

/// One member agrees on an upgrade. The voter is whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UpgradeVote {
    /// What is signed.
    pub data: UpgradeData,
    /// Over the digest of `data`.
    pub signature: Signature,
}

/// Nine tenths of a committee's stake agreed on an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UpgradeCertificate {
    data: UpgradeData,
    signers: Signers,
    signature: Signature,
}

impl UpgradeCertificate {
    /// Puts votes for `data` together: `(member index, signature)`. Checks nothing; `None` if there is no vote, a member
    /// stands twice or beyond the committee, or the sum is infinity.
    pub fn assemble(
        committee: &Committee,
        data: UpgradeData,
        votes: impl IntoIterator<Item = (usize, Signature)>,
    ) -> Option<Self> {
        let mut signers = Signers::none(committee.members().len());
        let mut signatures = Vec::with_capacity(committee.members().len());
        for (index, signature) in votes {
            if !signers.insert(index) {
                return None;
            }
            signatures.push(signature);
        }
        let signature = Signature::aggregate(&signatures)?;
        Some(Self::from_parts(data, signers, signature))
    }

    /// A certificate of its parts, unchecked.
    pub fn from_parts(data: UpgradeData, signers: Signers, signature: Signature) -> Self {
        Self {
            data,
            signers,
            signature,
        }
    }

    /// What it certifies.
    pub fn data(&self) -> &UpgradeData {
        &self.data
    }

    /// The plan.
    pub fn upgrade(&self) -> &Upgrade {
        &self.data.upgrade
    }

    /// Its committee's epoch.
    pub fn epoch(&self) -> Epoch {
        self.data.epoch
    }

    /// Who signed.
    pub fn signers(&self) -> &Signers {
        &self.signers
    }

    /// Checks everything: epoch, nine tenths of the stake, and the one pairing.
    pub fn verify(&self, committee: &Committee) -> Result<(), CertificateError> {
        self.check_stake(committee)?;
        let message = hash_to_curve(&self.data.digest(committee.chain_id()));
        let key = committee
            .key_of(&self.signers)
            .ok_or(CertificateError::Signature)?;
        if pairing_holds(&message, &key, &self.signature) {
            Ok(())
        } else {
            Err(CertificateError::Signature)
        }
    }

    /// What can be checked without cryptography.
    pub fn check_stake(&self, committee: &Committee) -> Result<(), CertificateError> {
        if self.data.epoch != committee.epoch() {
            return Err(CertificateError::Epoch {
                got: self.data.epoch,
                expected: committee.epoch(),
            });
        }
        let got = committee
            .stake_of(&self.signers)
            .ok_or(CertificateError::Signers)?;
        let expected = committee.nine_tenths();
        if got < expected {
            return Err(CertificateError::Quorum {
                got: got.get(),
                expected: expected.get(),
            });
        }
        Ok(())
    }
}
