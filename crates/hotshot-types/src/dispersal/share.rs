//! A member's shards with the proof that the commitment holds them.

use std::{ops::Range, sync::Arc};

use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::Digest;

use super::{MAX_SHARDS, encode::Shape, merkle};
use crate::Committee;

/// Most digests in a proof: two for each level below the root.
const MAX_PROOF: usize = 2 * MAX_SHARDS.ilog2() as usize;

/// Why a share is not the one that a member is due.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Nobody has this index.
    #[error("member {got} of a committee of {members}")]
    Member {
        /// The index.
        got: usize,
        /// The committee's size.
        members: usize,
    },
    /// Of another payload.
    #[error("share of payload {}, expected {}", hex::encode(got), hex::encode(expected))]
    Commitment {
        /// The commitment of what it is a share of.
        got: Digest,
        /// The header's.
        expected: Digest,
    },
    /// Cut otherwise than this committee's payloads are.
    #[error("{got_k} of {got_n} shards recover, expected {k} of {n}")]
    Layout {
        /// The share's.
        got_k: usize,
        /// The share's.
        got_n: usize,
        /// The committee's.
        k: usize,
        /// The committee's.
        n: usize,
    },
    /// Not the member's shards.
    #[error("shards {got:?}, expected {expected:?}")]
    Range {
        /// The share's.
        got: Range<usize>,
        /// The member's.
        expected: Range<usize>,
    },
    /// The proof does not lead to the root.
    #[error("the shards are not what the leader committed to")]
    Proof,
}

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    shape: Shape,
    root: Digest,
    /// Index of the first shard.
    first: usize,
    /// Whole shards, 1 to `k` of them, none beyond `n`.
    shards: Arc<[u8]>,
    proof: Vec<Digest>,
}

/// A member's shards of a payload, with the proof that they belong to its commitment. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share(Arc<Inner>);

impl Share {
    pub(super) fn new(
        shape: Shape,
        root: Digest,
        first: usize,
        shards: Arc<[u8]>,
        proof: Vec<Digest>,
    ) -> Self {
        Self(Arc::new(Inner {
            shape,
            root,
            first,
            shards,
            proof,
        }))
    }

    /// The commitment of the payload that it claims to be a share of.
    pub fn commitment(&self) -> Digest {
        self.0.shape.commitment(&self.0.root)
    }

    /// Bytes of the whole payload.
    pub fn payload_len(&self) -> usize {
        self.0.shape.payload
    }

    /// Indices of its shards.
    pub fn range(&self) -> Range<usize> {
        self.0.first..self.0.first + self.0.shards.len() / self.0.shape.shard()
    }

    /// Bytes of its shards.
    pub fn len(&self) -> usize {
        self.0.shards.len()
    }

    /// Never: a share has a shard.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Checks that it is what member `member` is due of the payload with this commitment.
    pub fn verify(
        &self,
        committee: &Committee,
        member: usize,
        commitment: &Digest,
    ) -> Result<VerifiedShare, ShareError> {
        let layout = committee.layout();
        let expected = layout.range(member).ok_or(ShareError::Member {
            got: member,
            members: committee.members().len(),
        })?;
        let got = self.commitment();
        if got != *commitment {
            let expected = *commitment;
            return Err(ShareError::Commitment { got, expected });
        }
        let (k, n) = (layout.k(), layout.n());
        let Shape {
            k: got_k, n: got_n, ..
        } = self.0.shape;
        if (got_k, got_n) != (k, n) {
            return Err(ShareError::Layout { got_k, got_n, k, n });
        }
        let got = self.range();
        if got != expected {
            return Err(ShareError::Range { got, expected });
        }
        let leaves = self.shards().map(|(index, shard)| merkle::leaf(index, shard));
        match merkle::root_of(n, got.start, leaves.collect(), &self.0.proof) {
            Some(root) if root == self.0.root => Ok(VerifiedShare {
                member,
                commitment: *commitment,
                share: self.clone(),
            }),
            _ => Err(ShareError::Proof),
        }
    }

    pub(super) fn shape(&self) -> Shape {
        self.0.shape
    }

    /// Its shards with their indices.
    pub(super) fn shards(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let shards = self.0.shards.chunks_exact(self.0.shape.shard());
        (self.0.first..).zip(shards)
    }
}

/// A share that has been checked against a committee and a header's commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedShare {
    member: usize,
    commitment: Digest,
    share: Share,
}

impl VerifiedShare {
    /// Whose it is.
    pub fn member(&self) -> usize {
        self.member
    }

    /// The commitment of the payload.
    pub fn commitment(&self) -> &Digest {
        &self.commitment
    }

    /// The share.
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// How many shards recover its payload.
    pub fn k(&self) -> usize {
        self.share.0.shape.k
    }
}

impl BorshSerialize for Share {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let Inner {
            shape,
            root,
            first,
            shards,
            proof,
        } = &*self.0;
        let two = |n: usize| u16::try_from(n).expect("at most MAX_SHARDS");
        let length = u32::try_from(shape.payload).expect("at most MAX_PAYLOAD");
        length.serialize(writer)?;
        for number in [shape.k, shape.n, *first, self.range().len()] {
            two(number).serialize(writer)?;
        }
        root.serialize(writer)?;
        writer.write_all(shards)?;
        writer.write_all(&[u8::try_from(proof.len()).expect("at most MAX_PROOF")])?;
        proof.iter().try_for_each(|digest| digest.serialize(writer))
    }
}

impl BorshDeserialize for Share {
    /// Everything that says how much is to come is checked before that is allocated.
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let payload = u32::deserialize_reader(reader)? as usize;
        let [k, n, first, count] = <[u16; 4]>::deserialize_reader(reader)?.map(usize::from);
        if !(1..=n).contains(&k) || n > MAX_SHARDS || !(1..=k).contains(&count) || first + count > n {
            return Err(malformed(format!("shards {first}+{count} of {k} of {n}")));
        }
        let shape = Shape::new(payload, k, n).map_err(malformed)?;
        let root = Digest::deserialize_reader(reader)?;
        let mut shards: Arc<[u8]> = std::iter::repeat_n(0, count * shape.shard()).collect();
        reader.read_exact(Arc::get_mut(&mut shards).expect("nobody else has it yet"))?;
        let length = usize::from(u8::deserialize_reader(reader)?);
        if length > MAX_PROOF {
            return Err(malformed(format!(
                "proof of {length} digests, at most {MAX_PROOF}"
            )));
        }
        let proof = (0..length).map(|_| Digest::deserialize_reader(reader));
        Ok(Self::new(
            shape,
            root,
            first,
            shards,
            proof.collect::<Result<_, _>>()?,
        ))
    }
}

pub(super) fn malformed(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
