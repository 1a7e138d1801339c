//! Who validates: the roster, which transactions change, and the committees that it has fixed.
//!
//! ```text
//!  Admit, Retire, Rotate ──▶ validators ──last block of epoch e──▶ committee of epoch e + 2
//! ```
//!
//! All of it is one cell of the state tree, so that whoever has the state knows who certifies now and next. A chain without
//! epochs has an empty roster, and no such cell.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use hotshot_types::{Epoch, Epochs, NodeId, PublicKey, Signature};
use rollup_abi::{Digest, tree};

use crate::{Address, Reason, Text};

/// Most validators, those without stake included: as many as one certificate on Solana can name.
pub const MAX_VALIDATORS: usize = 100;
/// Fewest validators with stake that a retirement leaves: one of four may fail.
pub const MIN_VOTERS: usize = 4;
/// Most stake of one validator: that of all fits 64 bits.
pub const MAX_STAKE: u64 = u64::MAX / 128;
/// Longest [`Validator::address`] in bytes.
pub const MAX_PEER_ADDRESS_BYTES: usize = 160;
/// Bytes of an encoded validator, at most.
pub const MAX_VALIDATOR_BYTES: usize = 32 + PublicKey::LEN + 64 + 8 + 1 + MAX_PEER_ADDRESS_BYTES;
/// Largest encoded roster: all validators, and as many in each committee.
pub const MAX_ROSTER_BYTES: usize = (1 + KEPT) * (16 + MAX_VALIDATORS * MAX_VALIDATOR_BYTES);
/// Committees kept: while an epoch lasts, that of the epoch before, its own, and the next.
const KEPT: usize = 3;

/// Where a validator is reached: a multiaddress that ends in its peer id.
pub type PeerAddress = Text<MAX_PEER_ADDRESS_BYTES>;

/// A validator. One without stake has no vote: it is in no committee, and follows.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    /// Its owner's Solana key, its name in committees.
    pub node: Address,
    /// Its consensus key in both groups: [`PublicKey::to_bytes`].
    pub key: [u8; PublicKey::LEN],
    /// The proof that the owner holds this key, for this chain.
    pub possession: [u8; 64],
    /// Its voting weight.
    pub stake: u64,
    /// Where it is reached.
    pub address: PeerAddress,
}

/// What a transaction does to the roster. Committees that are fixed already stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum RosterChange {
    /// A new validator; only by the roster's authority.
    Admit(Box<Validator>),
    /// A validator leaves; only by the roster's authority.
    Retire(Address),
    /// A validator's new key and address, by itself; by the roster's authority also its stake.
    Rotate(Box<Validator>),
}

impl RosterChange {
    /// Whether a key has to be checked, which costs pairings.
    pub const fn brings_key(&self) -> bool {
        matches!(self, Self::Admit(_) | Self::Rotate(_))
    }
}

/// Why the roster stays as it is. Codes 230 to 239; a code never changes its meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, BorshSerialize, BorshDeserialize)]
pub enum RosterFault {
    /// Neither the roster's authority nor, for a rotation, the validator itself.
    #[error("the sender may not change this entry of the roster")]
    NotAuthorized,
    /// There are as many as there may be.
    #[error("the roster has {MAX_VALIDATORS} validators, expected fewer")]
    Full,
    /// It is on the roster.
    #[error("{node} is on the roster already")]
    Known {
        /// Which.
        node: Address,
    },
    /// It is not on the roster.
    #[error("{node} is not on the roster")]
    Unknown {
        /// Which.
        node: Address,
    },
    /// Too few would remain to vote.
    #[error("{left} validators with stake would be left, expected at least {MIN_VOTERS}")]
    TooFew {
        /// How many.
        left: u64,
    },
    /// The key is another validator's.
    #[error("the key is that of {node}")]
    KeyInUse {
        /// Whose.
        node: Address,
    },
    /// The key is none.
    #[error("consensus key: {reason}")]
    Key {
        /// What is wrong with it.
        reason: Reason,
    },
    /// Nobody has shown to hold the key.
    #[error("the proof of possession is not of this key, owner and chain")]
    Possession,
    /// More than one may have.
    #[error("stake {got}, expected at most {MAX_STAKE}")]
    Stake {
        /// The stake.
        got: u64,
    },
    /// A validator does not change its own stake.
    #[error("stake {got}, expected the {expected} that the roster's authority gave it")]
    OwnStake {
        /// The stake.
        got: u64,
        /// What it has.
        expected: u64,
    },
}

impl RosterFault {
    /// The stable code.
    pub const fn code(&self) -> u16 {
        match self {
            Self::NotAuthorized => 230,
            Self::Full => 231,
            Self::Known { .. } => 232,
            Self::Unknown { .. } => 233,
            Self::TooFew { .. } => 234,
            Self::KeyInUse { .. } => 235,
            Self::Key { .. } => 236,
            Self::Possession => 237,
            Self::Stake { .. } => 238,
            Self::OwnStake { .. } => 239,
        }
    }
}

impl Validator {
    /// Whether it votes in the committees that it will be in.
    pub const fn votes(&self) -> bool {
        self.stake > 0
    }

    /// Checks stake, key and proof; two pairings.
    fn check(&self, chain_id: &Digest) -> Result<(), RosterFault> {
        if self.stake > MAX_STAKE {
            return Err(RosterFault::Stake { got: self.stake });
        }
        let bad = |error| RosterFault::Key {
            reason: Reason::new(&error),
        };
        let key = PublicKey::from_bytes(&self.key).map_err(bad)?;
        let proof = Signature::from_bytes(&self.possession).map_err(|_| RosterFault::Possession)?;
        if key.verify_possession(chain_id, &NodeId(*self.node.as_bytes()), &proof) {
            Ok(())
        } else {
            Err(RosterFault::Possession)
        }
    }
}

/// The committee of an epoch, as the roster was when it was fixed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Seats {
    /// The epoch.
    pub epoch: u64,
    /// Its members, in the order of their bits in a certificate.
    pub validators: Vec<Validator>,
}

/// The roster, and the committees that are fixed: while an epoch lasts, that of the epoch before, its own, and the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Roster {
    /// The validators, in the order of their admission.
    pub validators: Vec<Validator>,
    /// The committees, by epoch.
    pub committees: Vec<Seats>,
}

/// Who may change the roster, and how.
pub(crate) struct Rules<'a> {
    pub chain_id: &'a Digest,
    pub authority: &'a Address,
}

impl Roster {
    /// The roster of height 0: these validators are the committees of the first two epochs.
    pub(crate) fn genesis(validators: &[Validator], chain_id: &Digest) -> Result<Self, (usize, RosterFault)> {
        let mut roster = Self::default();
        for (index, validator) in validators.iter().enumerate() {
            roster
                .admit(validator.clone(), chain_id)
                .map_err(|fault| (index, fault))?;
        }
        if !roster.is_empty() {
            roster.fix(Epoch::ZERO);
            roster.fix(Epoch::ZERO.next());
        }
        Ok(roster)
    }

    /// Whether nobody is on it: the chain has no epochs.
    pub fn is_empty(&self) -> bool {
        self.validators.is_empty()
    }

    /// The validator of a node.
    pub fn validator(&self, node: &Address) -> Option<&Validator> {
        self.validators.iter().find(|validator| validator.node == *node)
    }

    /// The members of an epoch's committee, if it is fixed and not long over.
    pub fn committee(&self, epoch: u64) -> Option<&[Validator]> {
        let seats = self.committees.iter().find(|seats| seats.epoch == epoch);
        seats.map(|seats| seats.validators.as_slice())
    }

    /// The hash of its value in the state tree.
    pub fn value_hash(&self) -> Digest {
        tree::value_hash(&borsh::to_vec(self).expect("writing to memory does not fail"))
    }

    /// Does what `sender` asks for. Every check comes before the first change, the cheap ones first.
    pub(crate) fn change(
        &mut self,
        change: &RosterChange,
        sender: &Address,
        rules: &Rules<'_>,
    ) -> Result<(), RosterFault> {
        let governed = sender == rules.authority;
        match change {
            RosterChange::Admit(_) | RosterChange::Retire(_) if !governed => Err(RosterFault::NotAuthorized),
            RosterChange::Rotate(new) if !governed && *sender != new.node => Err(RosterFault::NotAuthorized),
            RosterChange::Admit(new) => self.admit((**new).clone(), rules.chain_id),
            RosterChange::Retire(node) => self.retire(node),
            RosterChange::Rotate(new) => self.rotate(new, governed, rules.chain_id),
        }
    }

    fn admit(&mut self, new: Validator, chain_id: &Digest) -> Result<(), RosterFault> {
        let node = new.node;
        if self.validators.len() >= MAX_VALIDATORS {
            return Err(RosterFault::Full);
        }
        if self.validator(&node).is_some() {
            return Err(RosterFault::Known { node });
        }
        self.check_key(&new, chain_id)?;
        self.validators.push(new);
        Ok(())
    }

    fn retire(&mut self, node: &Address) -> Result<(), RosterFault> {
        let leaving = self.validator(node).ok_or(RosterFault::Unknown { node: *node })?;
        let others = self.validators.iter().filter(|v| v.votes() && v.node != *node);
        let left = others.count();
        if leaving.votes() && left < MIN_VOTERS {
            return Err(RosterFault::TooFew { left: left as u64 });
        }
        self.validators.retain(|validator| validator.node != *node);
        Ok(())
    }

    fn rotate(&mut self, new: &Validator, governed: bool, chain_id: &Digest) -> Result<(), RosterFault> {
        let node = new.node;
        let old = self.validator(&node).ok_or(RosterFault::Unknown { node })?;
        let (got, expected) = (new.stake, old.stake);
        if got != expected && !governed {
            return Err(RosterFault::OwnStake { got, expected });
        }
        let others = self.validators.iter().filter(|v| v.votes() && v.node != node);
        let left = others.count();
        if old.votes() && !new.votes() && left < MIN_VOTERS {
            return Err(RosterFault::TooFew { left: left as u64 });
        }
        self.check_key(new, chain_id)?;
        for validator in &mut self.validators {
            if validator.node == node {
                *validator = new.clone();
            }
        }
        Ok(())
    }

    /// A key has one owner, who holds it.
    fn check_key(&self, new: &Validator, chain_id: &Digest) -> Result<(), RosterFault> {
        let mut others = self.validators.iter().filter(|other| other.node != new.node);
        if let Some(other) = others.find(|other| shares_key(other, new)) {
            return Err(RosterFault::KeyInUse { node: other.node });
        }
        new.check(chain_id)
    }

    /// After an epoch's last block: the committee of the epoch after the next is what the roster is now.
    pub(crate) fn after(self: &Arc<Self>, height: u64, epochs: Epochs) -> Option<Arc<Self>> {
        let height = hotshot_types::Height::new(height);
        if self.is_empty() || !epochs.is_last(height) {
            return None;
        }
        let mut fixed = Self::clone(self);
        fixed.fix(epochs.of(height).plus(2));
        Some(Arc::new(fixed))
    }

    fn fix(&mut self, epoch: Epoch) {
        if self.committees.len() >= KEPT {
            self.committees.remove(0);
        }
        let voters = self.validators.iter().filter(|validator| validator.votes());
        self.committees.push(Seats {
            epoch: epoch.get(),
            validators: voters.cloned().collect(),
        });
    }
}

/// Either half: a certificate's signature is checked against the halves in G2, and possession is proven with both.
fn shares_key(one: &Validator, other: &Validator) -> bool {
    let (pk1, pk2) = one.key.split_at(64);
    let (other1, other2) = other.key.split_at(64);
    pk1 == other1 || pk2 == other2
}
