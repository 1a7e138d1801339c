//! Certificates: a quorum's votes for one leaf in one phase, as one signature.

use std::marker::PhantomData;

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::Digest;

use crate::{
    Committee, Epoch, Height, Phase, Phase1, Phase2, Signature, Signers, View, VoteData,
    bls::{hash_to_curve, pairing_holds},
};

/// Why a certificate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Of another epoch than the committee.
    #[error("certificate of epoch {got}, expected {expected}")]
    Epoch {
        /// The certificate's.
        got: Epoch,
        /// The committee's.
        expected: Epoch,
    },
    /// Nobody votes in genesis' view or for genesis' height.
    #[error("certificate for genesis")]
    Genesis,
    /// The signers are not members of the committee.
    #[error("the signers do not fit the committee")]
    Signers,
    /// Too little stake signed.
    #[error("signers hold {got} stake, expected at least {expected}")]
    Quorum {
        /// What the signers hold.
        got: u64,
        /// What is needed.
        expected: u64,
    },
    /// The counter of the hash to curve is not the smallest.
    #[error("hash to curve counter {got}, expected {expected}")]
    Counter {
        /// The certificate's.
        got: u8,
        /// The smallest.
        expected: u8,
    },
    /// The pairing check failed.
    #[error("the aggregate signature does not hold")]
    Signature,
    /// Timeouts: the groups are empty, not in descending order, overlap, or claim a lock at or above their view.
    #[error("the groups of a timeout certificate are malformed")]
    Groups,
    /// Timeouts: the attached lock is not the highest claimed.
    #[error("lock of view {got} is attached, the highest claimed is {expected}")]
    Lock {
        /// The attached lock's view.
        got: View,
        /// The highest claimed view.
        expected: View,
    },
    /// A genesis lock that names another genesis.
    #[error("another genesis")]
    OtherGenesis,
}

/// A quorum's votes for `data` in phase `P`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate<P: Phase> {
    data: VoteData,
    signers: Signers,
    ctr: u8,
    signature: Signature,
    phase: PhantomData<P>,
}

/// A quorum of first votes: it locks.
pub type Certificate1 = Certificate<Phase1>;
/// A quorum of second votes: it decides, and the program on Solana believes it.
pub type Certificate2 = Certificate<Phase2>;

impl<P: Phase> Certificate<P> {
    /// Puts votes for `data` together: `(member index, signature)`. Checks nothing; `None` if there is no vote, a member
    /// stands twice or beyond the committee, or the sum is infinity.
    pub fn assemble(
        committee: &Committee,
        data: VoteData,
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
        let ctr = hash_to_curve(&data.digest::<P>(committee.chain_id())).ctr();
        Some(Self::from_parts(
            data,
            signers,
            ctr,
            Signature::aggregate(&signatures)?,
        ))
    }

    /// A certificate of its parts, unchecked.
    pub fn from_parts(data: VoteData, signers: Signers, ctr: u8, signature: Signature) -> Self {
        let phase = PhantomData;
        Self {
            data,
            signers,
            ctr,
            signature,
            phase,
        }
    }

    /// What it certifies.
    pub fn data(&self) -> &VoteData {
        &self.data
    }

    /// The certified leaf's view.
    pub fn view(&self) -> View {
        self.data.view
    }

    /// The certified leaf's height.
    pub fn height(&self) -> Height {
        self.data.height
    }

    /// The certified leaf.
    pub fn leaf(&self) -> &Digest {
        &self.data.leaf
    }

    /// Who signed.
    pub fn signers(&self) -> &Signers {
        &self.signers
    }

    /// The exact bytes that [`rollup_abi::CertificateRef`] reads and the program takes.
    pub fn to_wire(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(rollup_abi::certificate::MAX_LEN);
        self.signers.serialize(&mut out).expect("a Vec takes all");
        out.push(self.ctr);
        out.extend_from_slice(&self.signature.to_bytes());
        out
    }

    /// Checks everything: epoch, bounds, quorum by stake, and the one pairing.
    pub fn verify(&self, committee: &Committee) -> Result<(), CertificateError> {
        self.check_quorum(committee)?;
        let message = hash_to_curve(&self.data.digest::<P>(committee.chain_id()));
        if message.ctr() != self.ctr {
            return Err(CertificateError::Counter {
                got: self.ctr,
                expected: message.ctr(),
            });
        }
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
    pub fn check_quorum(&self, committee: &Committee) -> Result<(), CertificateError> {
        if self.data.epoch != committee.epoch() {
            return Err(CertificateError::Epoch {
                got: self.data.epoch,
                expected: committee.epoch(),
            });
        }
        if self.data.view == View::ZERO || self.data.height == Height::ZERO {
            return Err(CertificateError::Genesis);
        }
        let stake = committee
            .stake_of(&self.signers)
            .ok_or(CertificateError::Signers)?;
        if stake < committee.quorum() {
            return Err(CertificateError::Quorum {
                got: stake.get(),
                expected: committee.quorum().get(),
            });
        }
        Ok(())
    }
}

/// What a proposal builds on and a node is locked on: genesis, or a certified leaf.
///
/// Genesis is its own case: it is compared with the genesis that this node knows, and no certificate is ever believed
/// because its view is 0.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Justify {
    /// The genesis leaf.
    Genesis(Digest),
    /// A leaf with its certificate.
    Certified(Certificate1),
}

impl Justify {
    /// The leaf that it stands for and its place; genesis is view 0, height 0 of epoch 0.
    pub fn data(&self) -> VoteData {
        match self {
            Self::Genesis(leaf) => VoteData {
                epoch: Epoch::ZERO,
                view: View::ZERO,
                height: Height::ZERO,
                leaf: *leaf,
            },
            Self::Certified(certificate) => *certificate.data(),
        }
    }

    /// The leaf's view.
    pub fn view(&self) -> View {
        self.data().view
    }

    /// The order of locks, see [`VoteData::rank`].
    pub fn rank(&self) -> (Epoch, View) {
        self.data().rank()
    }

    /// The certificate, except for genesis.
    pub fn certificate(&self) -> Option<&Certificate1> {
        match self {
            Self::Genesis(_) => None,
            Self::Certified(certificate) => Some(certificate),
        }
    }

    /// Checks it against the known genesis leaf, or the certificate against the committee.
    pub fn verify(&self, committee: &Committee, genesis: &Digest) -> Result<(), CertificateError> {
        match self {
            Self::Genesis(leaf) if leaf == genesis => Ok(()),
            Self::Genesis(_) => Err(CertificateError::OtherGenesis),
            Self::Certified(certificate) => certificate.verify(committee),
        }
    }
}
