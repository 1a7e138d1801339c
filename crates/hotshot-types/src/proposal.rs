//! Proposals: a block, what it builds on, and the leader's signature.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize, io};
use rollup_abi::{Digest, Header, domain, sha256};

use crate::{
    Certificate2, Committee, Epoch, Height, Justify, Signature, TimeoutCertificate, UpgradeCertificate, View,
    VoteData, dispersal, message::MAX_PAYLOAD,
};

/// A block with what justifies it, as its leader made it.
///
/// An epoch's last block may be proposed again: in a later view, justified by a certificate of its own. No block can follow it
/// before it is known to be final, so this is how a new quorum can come to decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The view it is proposed in: the header's, or a later one if it is proposed again.
    pub view: View,
    /// The block's header.
    pub header: Header,
    /// The parent, certified.
    pub justify: Justify,
    /// That the view before was given up, unless the parent is of the view before.
    pub timeout: Option<TimeoutCertificate>,
    /// In an epoch's first block: that the parent, the last block of the epoch before, is final.
    pub hand_over: Option<Certificate2>,
    /// In the first block of a new version: that nine tenths of the stake agreed on it.
    pub upgrade: Option<UpgradeCertificate>,
    /// The block's payload; `header.payload_commitment` is [`dispersal::commit`] of it.
    pub payload: Arc<[u8]>,
}

impl Proposal {
    /// The leaf commitment. It is a hash: keep it.
    pub fn leaf(&self) -> Digest {
        self.header.commitment()
    }

    /// The view in which its block was proposed first.
    pub fn block_view(&self) -> View {
        View::new(self.header.view)
    }

    /// Whether the block has been proposed before, in the header's view.
    pub fn is_again(&self) -> bool {
        self.view.get() != self.header.view
    }

    /// Its height.
    pub fn height(&self) -> Height {
        Height::new(self.header.height)
    }

    /// Its epoch.
    pub fn epoch(&self) -> Epoch {
        Epoch::new(self.header.epoch)
    }

    /// What a vote for it names.
    pub fn data(&self) -> VoteData {
        VoteData {
            view: self.view,
            ..VoteData::of(&self.header, self.leaf())
        }
    }

    /// What the leader signs: the view, and the leaf, which binds chain, parent and payload.
    pub fn digest(view: View, leaf: &Digest) -> Digest {
        sha256(&[domain::PROPOSAL, &view.get().to_le_bytes(), leaf])
    }

    /// Whether the payload is the one that the header names. Hashes the payload, and cuts it into shares if it is large.
    pub fn payload_matches(&self, committee: &Committee) -> bool {
        dispersal::matches(committee, &self.payload, &self.header.payload_commitment)
    }

    /// The same without its payload, which travels in shares.
    pub fn bare(&self) -> Self {
        Self {
            payload: Arc::default(),
            ..self.clone()
        }
    }
}

/// A proposal as it travels.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedProposal {
    /// The proposal.
    pub proposal: Arc<Proposal>,
    /// The leader's signature over [`Proposal::digest`].
    pub signature: Signature,
}

impl BorshSerialize for Proposal {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        self.view.serialize(writer)?;
        write_header(&self.header, writer)?;
        self.justify.serialize(writer)?;
        self.timeout.serialize(writer)?;
        self.hand_over.serialize(writer)?;
        self.upgrade.serialize(writer)?;
        write_payload(&self.payload, writer)
    }
}

impl BorshDeserialize for Proposal {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        Ok(Self {
            view: View::deserialize_reader(reader)?,
            header: read_header(reader)?,
            justify: Justify::deserialize_reader(reader)?,
            timeout: Option::deserialize_reader(reader)?,
            hand_over: Option::deserialize_reader(reader)?,
            upgrade: Option::deserialize_reader(reader)?,
            payload: read_payload(reader)?,
        })
    }
}

/// A block on its own: header and payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: Arc<[u8]>,
}

impl BorshSerialize for Block {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        write_header(&self.header, writer)?;
        write_payload(&self.payload, writer)
    }
}

impl BorshDeserialize for Block {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        Ok(Self {
            header: read_header(reader)?,
            payload: read_payload(reader)?,
        })
    }
}

/// A header in its canonical bytes.
pub fn write_header<W: io::Write>(header: &Header, writer: &mut W) -> io::Result<()> {
    writer.write_all(&header.encode())
}

/// Reads what [`write_header`] wrote.
pub fn read_header<R: io::Read>(reader: &mut R) -> io::Result<Header> {
    let mut bytes = [0; rollup_abi::header::LEN];
    reader.read_exact(&mut bytes)?;
    Header::decode(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn write_payload<W: io::Write>(payload: &[u8], writer: &mut W) -> io::Result<()> {
    let length = u32::try_from(payload.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "payload beyond 32 bits"))?;
    length.serialize(writer)?;
    writer.write_all(payload)
}

/// The length is checked before anything is allocated.
fn read_payload<R: io::Read>(reader: &mut R) -> io::Result<Arc<[u8]>> {
    let length = u32::deserialize_reader(reader)? as usize;
    if length > MAX_PAYLOAD {
        let message = format!("payload of {length} bytes, at most {MAX_PAYLOAD}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut payload: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
    let bytes = Arc::get_mut(&mut payload).expect("nobody else has it yet");
    reader.read_exact(bytes)?;
    Ok(payload)
}
