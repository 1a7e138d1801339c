//! A committee: who votes in an epoch, with what weight, and who leads.

mod schedule;

use std::sync::{Arc, OnceLock};

use ark_bn254::{G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::Zero;
use rollup_abi::{Digest, MAX_MEMBERS, committee};

use crate::{Epoch, NodeId, PublicKey, Signers, Stake, View, dispersal::Layout};

/// A member, in the order of the committee's account on Solana.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who it is: its owner's Solana public key.
    pub node: NodeId,
    /// Its consensus key; possession has been proven at registration.
    pub key: PublicKey,
    /// Its voting weight.
    pub stake: Stake,
}

/// Why members are not a committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeError {
    /// None, or more than [`MAX_MEMBERS`].
    #[error("committee of {got} members, expected 1 to {MAX_MEMBERS}")]
    Size {
        /// How many there were.
        got: usize,
    },
    /// A member without stake.
    #[error("member {node} has no stake")]
    NoStake {
        /// Which.
        node: NodeId,
    },
    /// The same node or key twice.
    #[error("member {node} stands twice, or its key does")]
    Duplicate {
        /// Which.
        node: NodeId,
    },
    /// The stakes' sum exceeds `u64`.
    #[error("the total stake exceeds 64 bits")]
    StakeOverflow,
}

#[derive(Debug)]
struct Inner {
    chain_id: Digest,
    epoch: Epoch,
    members: Vec<Member>,
    total: u64,
    total_key: G2Projective,
    hash: Digest,
    /// Member indices, in the order of their turns.
    schedule: Vec<u16>,
    layout: OnceLock<Layout>,
}

/// The committee of one epoch of one chain. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Committee(Arc<Inner>);

impl Committee {
    /// Puts a committee together; the members keep their order.
    pub fn new(chain_id: Digest, epoch: Epoch, members: Vec<Member>) -> Result<Self, CommitteeError> {
        Self::build(chain_id, epoch, members, None)
    }

    /// The same with turns in an order that `seed` draws.
    pub fn seeded(
        chain_id: Digest,
        epoch: Epoch,
        members: Vec<Member>,
        seed: &Digest,
    ) -> Result<Self, CommitteeError> {
        Self::build(chain_id, epoch, members, Some(seed))
    }

    fn build(
        chain_id: Digest,
        epoch: Epoch,
        members: Vec<Member>,
        seed: Option<&Digest>,
    ) -> Result<Self, CommitteeError> {
        let got = members.len();
        let size = match u16::try_from(got) {
            Ok(size) if got != 0 && got <= MAX_MEMBERS => size,
            _ => return Err(CommitteeError::Size { got }),
        };
        let mut total = 0u64;
        let mut total_key = G2Projective::zero();
        let mut hash = committee::hash_start(epoch.get(), size);
        for (index, member) in members.iter().enumerate() {
            let node = member.node;
            if member.stake == Stake::ZERO {
                return Err(CommitteeError::NoStake { node });
            }
            if members[..index]
                .iter()
                .any(|m| m.node == node || m.key == member.key)
            {
                return Err(CommitteeError::Duplicate { node });
            }
            total = total
                .checked_add(member.stake.get())
                .ok_or(CommitteeError::StakeOverflow)?;
            total_key += member.key.g2();
            hash = committee::extend_hash(&hash, member.key.pk2(), member.stake.get(), &node.0);
        }
        let stakes: Vec<u64> = members.iter().map(|member| member.stake.get()).collect();
        Ok(Self(Arc::new(Inner {
            chain_id,
            epoch,
            members,
            total,
            total_key,
            hash,
            schedule: schedule::turns(&stakes, seed),
            layout: OnceLock::new(),
        })))
    }

    /// The chain that it votes for.
    pub fn chain_id(&self) -> &Digest {
        &self.0.chain_id
    }

    /// Its epoch.
    pub fn epoch(&self) -> Epoch {
        self.0.epoch
    }

    /// Its members, in order.
    pub fn members(&self) -> &[Member] {
        &self.0.members
    }

    /// The committee's hash, as the program computes it.
    pub fn hash(&self) -> &Digest {
        &self.0.hash
    }

    /// All stake.
    pub fn total_stake(&self) -> Stake {
        Stake::new(self.0.total)
    }

    /// Stake that a certificate needs: ⌊2T/3⌋+1.
    pub fn quorum(&self) -> Stake {
        Stake::new(committee::quorum(self.0.total))
    }

    /// Stake of which some holder must be honest: ⌊T/3⌋+1.
    pub fn one_honest(&self) -> Stake {
        Stake::new(committee::one_honest(self.0.total))
    }

    /// Stake that an upgrade needs: ⌈9T/10⌉, which is never below a quorum.
    pub fn nine_tenths(&self) -> Stake {
        Stake::new(self.0.total - self.0.total / 10)
    }

    /// How its payloads are cut into shards and dealt.
    pub fn layout(&self) -> &Layout {
        self.0.layout.get_or_init(|| Layout::of(self))
    }

    /// The member's index.
    pub fn index_of(&self, node: &NodeId) -> Option<usize> {
        self.0.members.iter().position(|member| member.node == *node)
    }

    /// The leader of a view, by the schedule of [`schedule`].
    pub fn leader(&self, view: View) -> &Member {
        let turn = view.get() % self.0.schedule.len() as u64;
        let turn = usize::try_from(turn).expect("below the schedule's length");
        &self.0.members[usize::from(self.0.schedule[turn])]
    }

    /// The signers' stake; `None` if they name somebody beyond the committee.
    pub fn stake_of(&self, signers: &Signers) -> Option<Stake> {
        if !signers.fits(self.0.members.len()) {
            return None;
        }
        // Bounded by the total, which fits.
        let stake = signers
            .iter()
            .map(|index| self.0.members[index].stake.get())
            .sum();
        Some(Stake::new(stake))
    }

    /// The sum of the signers' keys in G2: of them, or of all minus the absent, whichever is shorter. `None` if the sum is
    /// infinity or a signer is beyond the committee.
    pub(crate) fn key_of(&self, signers: &Signers) -> Option<G2Affine> {
        let count = self.0.members.len();
        if !signers.fits(count) {
            return None;
        }
        let sum = if signers.count() * 2 > count {
            (0..count)
                .filter(|index| !signers.contains(*index))
                .fold(self.0.total_key, |sum, index| {
                    sum - self.0.members[index].key.g2()
                })
        } else {
            signers.iter().fold(G2Projective::zero(), |sum, index| {
                sum + self.0.members[index].key.g2()
            })
        };
        (!sum.is_zero()).then(|| sum.into_affine())
    }
}
