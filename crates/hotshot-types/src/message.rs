//! What members say to each other, and its encoding: Borsh, every length checked before it is allocated.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::{Digest, Header};

use crate::{
    Block, Certificate1, Certificate2, Height, Share, SignedProposal, TimeoutCertificate, TimeoutVote,
    Unvalidated, UpgradeCertificate, UpgradeVote, Vote1, Vote2,
    proposal::{read_header, write_header},
};

/// Largest payload of a block in bytes.
pub const MAX_PAYLOAD: usize = 1 << 20;
/// Largest message in bytes: a payload and what comes with it.
pub const MAX_LEN: usize = MAX_PAYLOAD + (64 << 10);
/// Most blocks in one answer.
pub const MAX_FETCH_BLOCKS: usize = 256;
/// Most headers between the last block of an answer and the certified one.
pub const MAX_FETCH_TAIL: usize = 128;

/// A message between committee members.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// The leader proposes.
    Proposal(SignedProposal),
    /// First vote.
    Vote1(Vote1),
    /// Second vote.
    Vote2(Vote2),
    /// A quorum of first votes.
    Certificate1(Certificate1),
    /// A quorum of second votes.
    Certificate2(Certificate2),
    /// The sender gives a view up.
    Timeout(TimeoutVote),
    /// A quorum gave a view up.
    TimeoutCertificate(Arc<TimeoutCertificate>),
    /// Asks for the proposal of a leaf.
    FetchProposal(FetchProposal),
    /// Answers [`Message::FetchProposal`].
    FetchedProposal(SignedProposal),
    /// Asks for decided blocks.
    FetchBlocks(FetchBlocks),
    /// Answers [`Message::FetchBlocks`].
    FetchedBlocks(Arc<FetchedBlocks>),
    /// A proposal whose payload travels in shares, with one of them.
    Dispersed(Arc<Dispersed>),
    /// The sender agrees on an upgrade.
    UpgradeVote(UpgradeVote),
    /// Nine tenths of the stake agreed on an upgrade.
    UpgradeCertificate(UpgradeCertificate),
}

/// A proposal without its payload, and a share of it: from the leader, the receiver's; from everybody, the sender's own, passed
/// on to all.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Dispersed {
    /// The proposal; its payload is empty.
    pub proposal: SignedProposal,
    /// The share.
    pub share: Share,
}

/// Asks for the proposal of a leaf that a certificate or a child names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct FetchProposal {
    /// Its commitment.
    pub leaf: Digest,
}

/// Asks for decided blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FetchBlocks {
    /// The first height wanted.
    pub from: Height,
}

/// Decided blocks, oldest first, with the certificate that proves the last of them and so all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedBlocks {
    /// The blocks, each the parent of the next.
    pub blocks: Vec<Block>,
    /// The headers after the last block, up to the certified one; empty if the last block is certified itself.
    pub tail: Vec<Header>,
    /// Certifies the last header.
    pub certificate: Certificate2,
}

impl BorshSerialize for FetchedBlocks {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.blocks.serialize(writer)?;
        u32::try_from(self.tail.len())
            .unwrap_or(u32::MAX)
            .serialize(writer)?;
        for header in &self.tail {
            write_header(header, writer)?;
        }
        self.certificate.serialize(writer)
    }
}

impl BorshDeserialize for FetchedBlocks {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        Ok(Self {
            blocks: read_list(reader, MAX_FETCH_BLOCKS, Block::deserialize_reader)?,
            tail: read_list(reader, MAX_FETCH_TAIL, read_header)?,
            certificate: Certificate2::deserialize_reader(reader)?,
        })
    }
}

fn read_list<R: io::Read, T>(
    reader: &mut R,
    limit: usize,
    read: impl Fn(&mut R) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    let count = u32::deserialize_reader(reader)? as usize;
    if count > limit {
        let message = format!("list of {count}, at most {limit}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        list.push(read(reader)?);
    }
    Ok(list)
}

/// Why bytes are not a message, or a message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Longer than [`MAX_LEN`].
    #[error("message of {got} bytes, at most {MAX_LEN}")]
    TooLong {
        /// Its length.
        got: usize,
    },
    /// Not the encoding of a message.
    #[error("malformed message: {0}")]
    Malformed(#[from] io::Error),
}

impl Message {
    /// The message's bytes.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        let bytes = borsh::to_vec(self)?;
        if bytes.len() > MAX_LEN {
            return Err(MessageError::TooLong { got: bytes.len() });
        }
        Ok(bytes)
    }

    /// Reads a message: all of the bytes, nothing after it. Points are checked, signatures are not.
    pub fn decode(bytes: &[u8]) -> Result<Unvalidated<Self>, MessageError> {
        if bytes.len() > MAX_LEN {
            return Err(MessageError::TooLong { got: bytes.len() });
        }
        Ok(Unvalidated::new(borsh::from_slice(bytes)?))
    }

    /// Its name in logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Proposal(_) => "proposal",
            Self::Vote1(_) => "vote1",
            Self::Vote2(_) => "vote2",
            Self::Certificate1(_) => "certificate1",
            Self::Certificate2(_) => "certificate2",
            Self::Timeout(_) => "timeout",
            Self::TimeoutCertificate(_) => "timeout_certificate",
            Self::FetchProposal(_) => "fetch_proposal",
            Self::FetchedProposal(_) => "fetched_proposal",
            Self::FetchBlocks(_) => "fetch_blocks",
            Self::FetchedBlocks(_) => "fetched_blocks",
            Self::Dispersed(_) => "dispersed",
            Self::UpgradeVote(_) => "upgrade_vote",
            Self::UpgradeCertificate(_) => "upgrade_certificate",
        }
    }
}
