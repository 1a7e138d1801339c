//! From shares back to the payload, or to the proof that there is none.

use std::{collections::BTreeMap, sync::Arc};

use borsh::{BorshDeserialize, BorshSerialize, io};
use reed_solomon_simd::ReedSolomonDecoder;
use rollup_abi::{Digest, Header, MAX_MEMBERS};

use super::{MAX_SHARDS, Share, ShareError, VerifiedShare, encode::Shape, share::malformed};
use crate::{Committee, Epoch, message::MAX_PAYLOAD};

/// Most bytes of shards in a proof: less than two payloads, each filled up to whole shards.
const MAX_PROVEN: usize = 2 * (MAX_PAYLOAD + 2 * MAX_SHARDS);

/// Too few shards to recover a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{got} shards, expected at least {expected}")]
pub struct NotEnough {
    /// What the shares hold.
    pub got: usize,
    /// What recovers.
    pub expected: usize,
}

/// Why shares do not give a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReconstructError {
    /// More shares are needed.
    #[error(transparent)]
    NotEnough(#[from] NotEnough),
    /// A share is of another payload, or of another committee's.
    #[error("the share of member {member} belongs to something else")]
    Foreign {
        /// Whose share.
        member: usize,
    },
    /// The leader committed to something that is not the encoding of any payload.
    #[error("the shards are not the encoding of a payload")]
    WrongEncoding(Box<WrongEncoding>),
}

/// Puts a payload together from shares. What comes back is the one payload that the commitment stands for: it has been
/// encoded again, and everybody gets it, or the proof, from whatever shares.
pub fn reconstruct<'a>(
    committee: &Committee,
    commitment: &Digest,
    shares: impl IntoIterator<Item = &'a VerifiedShare>,
) -> Result<Arc<[u8]>, ReconstructError> {
    let mut members = BTreeMap::new();
    for share in shares {
        let member = share.member();
        let range = committee.layout().range(member);
        if share.commitment() != commitment || range != Some(share.share().range()) {
            return Err(ReconstructError::Foreign { member });
        }
        members.entry(member).or_insert_with(|| share.share());
    }
    let k = committee.layout().k();
    recover(k, commitment, members.values().copied())?.ok_or_else(|| {
        let proof = WrongEncoding::of(k, members.into_values());
        ReconstructError::WrongEncoding(Box::new(proof))
    })
}

/// The payload behind checked shares, in the order of their members; `None` if there is none.
fn recover<'a>(
    k: usize,
    commitment: &Digest,
    shares: impl Iterator<Item = &'a Share>,
) -> Result<Option<Arc<[u8]>>, NotEnough> {
    let mut shape = None;
    let mut shards = Vec::new();
    for share in shares {
        shape = Some(share.shape());
        shards.extend(share.shards());
    }
    let (got, expected) = (shards.len(), k);
    let shape = shape.filter(|_| got >= k).ok_or(NotEnough { got, expected })?;
    shards.truncate(k);
    let mut payload = data(&shape, &shards);
    payload.truncate(shape.payload);
    let sound = shape.commit(&payload) == *commitment;
    Ok(sound.then(|| payload.into()))
}

/// The data shards, one after the other, from any `k` different shards in ascending order.
fn data(shape: &Shape, shards: &[(usize, &[u8])]) -> Vec<u8> {
    let (data, parity) = shards.split_at(shards.partition_point(|(index, _)| *index < shape.k));
    if parity.is_empty() {
        return concat(data.iter().map(|(_, shard)| *shard));
    }
    let valid = "k different shards of one even length";
    let mut decoder = ReedSolomonDecoder::new(shape.k, shape.n - shape.k, shape.shard()).expect(valid);
    for (index, shard) in data {
        decoder.add_original_shard(*index, shard).expect(valid);
    }
    for (index, shard) in parity {
        decoder.add_recovery_shard(index - shape.k, shard).expect(valid);
    }
    let decoded = decoder.decode().expect(valid);
    let mut all: BTreeMap<usize, &[u8]> = decoded.restored_original_iter().collect();
    all.extend(data.iter().copied());
    concat(all.into_values())
}

fn concat<'a>(shards: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    shards.collect::<Vec<_>>().concat()
}

/// Why a proof of wrong encoding proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The header is of another chain.
    #[error("header of another chain")]
    Chain,
    /// The header is of another epoch than the committee.
    #[error("header of epoch {got}, expected {expected}")]
    Epoch {
        /// The header's.
        got: Epoch,
        /// The committee's.
        expected: Epoch,
    },
    /// A share begins where no member's does, or the shares are not in order.
    #[error("no member, or none in order, has shards from {first}")]
    Order {
        /// The share's first shard.
        first: usize,
    },
    /// A share is not its member's.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// Too few shards to tell.
    #[error(transparent)]
    NotEnough(#[from] NotEnough),
    /// The shards are the encoding of a payload.
    #[error("the payload is encoded soundly")]
    Sound,
}

/// The proof that a leader committed to shards that encode no payload: enough of them, each proven. With the leader's signed
/// proposal it convinces anybody, offline.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize)]
pub struct WrongEncoding {
    /// In the order of their members.
    shares: Vec<Share>,
}

impl WrongEncoding {
    /// From the first shares that together have `k` shards; no share has more than `k`, so there are fewer than `2k`.
    fn of<'a>(k: usize, shares: impl Iterator<Item = &'a Share>) -> Self {
        let enough = shares.scan(0, |shards, share| {
            let missing = *shards < k;
            *shards += share.range().len();
            missing.then(|| share.clone())
        });
        let shares = enough.collect();
        Self { shares }
    }

    /// Checks that the leader of this header committed to an encoding of nothing. No such proof exists against a leader that
    /// encoded a payload.
    pub fn verify(&self, committee: &Committee, header: &Header) -> Result<(), EvidenceError> {
        if header.chain_id != *committee.chain_id() {
            return Err(EvidenceError::Chain);
        }
        let (got, expected) = (Epoch::new(header.epoch), committee.epoch());
        if got != expected {
            return Err(EvidenceError::Epoch { got, expected });
        }
        let mut least = 0;
        for share in &self.shares {
            let first = share.range().start;
            let member = committee.layout().member_at(first).filter(|_| first >= least);
            let member = member.ok_or(EvidenceError::Order { first })?;
            share.verify(committee, member, &header.payload_commitment)?;
            least = share.range().end;
        }
        let k = committee.layout().k();
        match recover(k, &header.payload_commitment, self.shares.iter())? {
            Some(_) => Err(EvidenceError::Sound),
            None => Ok(()),
        }
    }
}

impl BorshDeserialize for WrongEncoding {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let count = u32::deserialize_reader(reader)? as usize;
        if count > MAX_MEMBERS {
            return Err(malformed(format!("{count} shares, at most {MAX_MEMBERS}")));
        }
        let mut shares = Vec::with_capacity(count);
        let mut bytes = 0;
        for _ in 0..count {
            let share = Share::deserialize_reader(reader)?;
            bytes += share.len();
            if bytes > MAX_PROVEN {
                return Err(malformed(format!(
                    "shards of {bytes} bytes, at most {MAX_PROVEN}"
                )));
            }
            shares.push(share);
        }
        Ok(Self { shares })
    }
}
