//! The proof that a libp2p peer id belongs to a committee member: a signature of the member's consensus key.
//!
//! The connection's own handshake (noise, or TLS in QUIC) proves that the other side holds the peer id's secret key. So a
//! binding that somebody copies is worthless to him: it names a peer id that his connection does not have.

use borsh::{BorshDeserialize, BorshSerialize};
use hotshot_engine::ports::{Signer, SignerError};
use hotshot_types::{NodeId, PublicKey, Signature};
use libp2p::PeerId;
use rollup_abi::{Digest, domain, sha256};

/// Longest encoding of a peer id: a multihash of up to 64 bytes, and ours (ed25519) has 38.
pub const MAX_PEER_ID: usize = 64;

/// A member's consensus key says: this peer id is mine.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PeerBinding {
    /// The member.
    pub node: NodeId,
    /// Its peer id, as the bytes of the multihash.
    pub peer_id: Vec<u8>,
    /// Over [`PeerBinding::digest`].
    pub signature: Signature,
}

impl PeerBinding {
    /// Binds `peer` to `node`, whose key `signer` holds. Signed once, at a node's start.
    ///
    /// # Errors
    /// If the signer does not sign.
    pub fn sign(
        signer: &dyn Signer,
        chain_id: &Digest,
        node: NodeId,
        peer: &PeerId,
    ) -> Result<Self, SignerError> {
        let peer_id = peer.to_bytes();
        let signature = signer.sign(&Self::digest(chain_id, &node, &peer_id))?;
        Ok(Self {
            node,
            peer_id,
            signature,
        })
    }

    /// What is signed. Nothing in it varies in length but the peer id, which stands last.
    pub fn digest(chain_id: &Digest, node: &NodeId, peer_id: &[u8]) -> Digest {
        sha256(&[domain::PEER, chain_id, &node.0, peer_id])
    }

    /// Whether `key` signed this binding for `chain_id`. Costs a pairing.
    pub fn verify(&self, chain_id: &Digest, key: &PublicKey) -> bool {
        let digest = Self::digest(chain_id, &self.node, &self.peer_id);
        key.verify(&digest, &self.signature)
    }
}
