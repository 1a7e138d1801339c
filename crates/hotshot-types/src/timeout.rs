//! Giving a view up: timeout votes, and the certificate that proves the highest lock among its signers.

use ark_bn254::{G1Affine, G2Affine};
use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::{Digest, MAX_MEMBERS, vote::timeout_digest};

use crate::{
    CertificateError, Committee, Epoch, Justify, Signature, Signers, Stake, View,
    bls::{hash_to_curve, products_hold},
};

/// What a timeout vote signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct TimeoutData {
    /// The committee's epoch.
    pub epoch: Epoch,
    /// The view given up.
    pub view: View,
    /// The epoch of the signer's lock.
    pub lock_epoch: Epoch,
    /// The view of the signer's lock.
    pub lock_view: View,
}

impl TimeoutData {
    /// What is signed.
    pub fn digest(&self, chain_id: &Digest) -> Digest {
        let lock = (self.lock_epoch.get(), self.lock_view.get());
        timeout_digest(chain_id, self.epoch.get(), self.view.get(), lock)
    }

    /// The order of the signer's lock, see [`crate::VoteData::rank`].
    pub fn lock_rank(&self) -> (Epoch, View) {
        (self.lock_epoch, self.lock_view)
    }
}

/// One member gives a view up, and shows its lock. The voter is whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TimeoutVote {
    /// What is signed.
    pub data: TimeoutData,
    /// Over the digest of `data`.
    pub signature: Signature,
    /// The signer's lock; its place is `data.lock_rank()`.
    pub lock: Justify,
}

/// The signers whose locks are of the same view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LockGroup {
    /// The epoch of their locks.
    pub lock_epoch: Epoch,
    /// The view of their locks.
    pub lock_view: View,
    /// Who they are.
    pub signers: Signers,
}

impl LockGroup {
    fn rank(&self) -> (Epoch, View) {
        (self.lock_epoch, self.lock_view)
    }
}

/// A quorum gave a view up. Each signer signed its own lock's view, so the certificate proves the highest lock among
/// them: a leader cannot propose below it, and everybody can check that.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct TimeoutCertificate {
    epoch: Epoch,
    view: View,
    /// Highest lock first.
    groups: Vec<LockGroup>,
    /// The sum of all groups' signatures.
    signature: Signature,
    /// The lock of the first group.
    lock: Justify,
}

impl BorshDeserialize for TimeoutCertificate {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let epoch = Epoch::deserialize_reader(reader)?;
        let view = View::deserialize_reader(reader)?;
        let count = u32::deserialize_reader(reader)? as usize;
        if count > MAX_MEMBERS {
            let message = format!("{count} groups, at most {MAX_MEMBERS}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let mut groups = Vec::with_capacity(count);
        for _ in 0..count {
            groups.push(LockGroup::deserialize_reader(reader)?);
        }
        Ok(Self {
            epoch,
            view,
            groups,
            signature: Signature::deserialize_reader(reader)?,
            lock: Justify::deserialize_reader(reader)?,
        })
    }
}

impl TimeoutCertificate {
    /// Puts verified votes for one view together: `(member index, vote)`. `None` if there is none, they are of different
    /// views or epochs, or a member stands twice or beyond the committee.
    pub fn assemble<'a>(
        committee: &Committee,
        votes: impl IntoIterator<Item = (usize, &'a TimeoutVote)>,
    ) -> Option<Self> {
        let mut votes: Vec<_> = votes.into_iter().collect();
        votes.sort_by_key(|(index, vote)| (std::cmp::Reverse(vote.data.lock_rank()), *index));
        let (_, first) = votes.first()?;
        let TimeoutData { epoch, view, .. } = first.data;
        let mut seen = Signers::none(committee.members().len());
        let mut groups: Vec<LockGroup> = Vec::new();
        for (index, vote) in &votes {
            if (vote.data.epoch, vote.data.view) != (epoch, view) || !seen.insert(*index) {
                return None;
            }
            let (lock_epoch, lock_view) = vote.data.lock_rank();
            if groups
                .last()
                .is_none_or(|group| group.rank() != vote.data.lock_rank())
            {
                groups.push(LockGroup {
                    lock_epoch,
                    lock_view,
                    signers: Signers::none(committee.members().len()),
                });
            }
            groups.last_mut()?.signers.insert(*index);
        }
        Some(Self {
            epoch,
            view,
            groups,
            signature: Signature::aggregate(votes.iter().map(|(_, vote)| &vote.signature))?,
            lock: first.lock.clone(),
        })
    }

    /// Its committee's epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The view given up.
    pub fn view(&self) -> View {
        self.view
    }

    /// The order of timeout certificates: a later epoch's counts, whatever its view.
    pub fn rank(&self) -> (Epoch, View) {
        (self.epoch, self.view)
    }

    /// The highest lock among the signers.
    pub fn lock(&self) -> &Justify {
        &self.lock
    }

    /// Checks everything: epoch, shape of the groups, quorum by stake, the lock, and the signatures in one product. The lock
    /// may be of the epoch before: `of_lock` is its committee.
    pub fn verify(
        &self,
        committee: &Committee,
        of_lock: &Committee,
        genesis: &Digest,
    ) -> Result<(), CertificateError> {
        self.check_quorum(committee)?;
        self.lock.verify(of_lock, genesis)?;
        self.verify_signatures(committee)
    }

    /// The signatures alone, for a caller that knows the lock to hold.
    pub fn verify_signatures(&self, committee: &Committee) -> Result<(), CertificateError> {
        let mut pairs: Vec<(G1Affine, G2Affine)> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let data = TimeoutData {
                epoch: self.epoch,
                view: self.view,
                lock_epoch: group.lock_epoch,
                lock_view: group.lock_view,
            };
            let key = committee
                .key_of(&group.signers)
                .ok_or(CertificateError::Signature)?;
            pairs.push((hash_to_curve(&data.digest(committee.chain_id())).point(), key));
        }
        if products_hold(&pairs, &self.signature) {
            Ok(())
        } else {
            Err(CertificateError::Signature)
        }
    }

    /// What can be checked without cryptography: the groups are in descending order of locks below the view, do not
    /// overlap, hold a quorum together, and the attached lock is the highest one claimed.
    pub fn check_quorum(&self, committee: &Committee) -> Result<(), CertificateError> {
        if self.epoch != committee.epoch() {
            return Err(CertificateError::Epoch {
                got: self.epoch,
                expected: committee.epoch(),
            });
        }
        let highest = self.groups.first().ok_or(CertificateError::Groups)?.rank();
        let mut all = Signers::none(committee.members().len());
        let mut above = None;
        for group in &self.groups {
            let descends = above.is_none_or(|above| group.rank() < above);
            let before = group.lock_view < self.view && group.lock_epoch <= self.epoch;
            if !descends || !before || group.signers.count() == 0 || all.overlaps(&group.signers) {
                return Err(CertificateError::Groups);
            }
            above = Some(group.rank());
            all = all.union(&group.signers);
        }
        let got = committee.stake_of(&all).ok_or(CertificateError::Signers)?;
        let expected: Stake = committee.quorum();
        if got < expected {
            return Err(CertificateError::Quorum {
                got: got.get(),
                expected: expected.get(),
            });
        }
        if self.lock.rank() != highest {
            return Err(CertificateError::Lock {
                got: self.lock.view(),
                expected: highest.1,
            });
        }
        Ok(())
    }
}
