//! What a node's network is told at its start.

use std::time::Duration;

use hotshot_engine::ports::Priority;
use hotshot_types::NodeId;
use libp2p::{Multiaddr, PeerId, identity::Keypair, multiaddr::Protocol};
use rollup_abi::Digest;

use crate::queue::QueueLimit;

/// Where a member is reached. TCP (`/ip4/…/tcp/…`) measured best; QUIC (`/ip4/…/udp/…/quic-v1`) works as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// The member.
    pub node: NodeId,
    /// Where it listens.
    pub address: Multiaddr,
    /// The only peer id to accept for it, if that is known beforehand.
    pub peer_id: Option<PeerId>,
}

/// Why a text is no address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not a multiaddress.
    #[error("address {text}: {source}")]
    Multiaddr {
        /// What came.
        text: String,
        /// What is wrong with it.
        source: libp2p::multiaddr::Error,
    },
    /// It does not say who is there.
    #[error("address {text}, expected /p2p/<peer id> at its end")]
    PeerId {
        /// What came.
        text: String,
    },
}

impl PeerAddress {
    /// Of a multiaddress that ends in the peer id.
    ///
    /// # Errors
    /// The text is none.
    pub fn parse(node: NodeId, text: &str) -> Result<Self, AddressError> {
        let parsed = text.parse::<Multiaddr>();
        let mut address = parsed.map_err(|source| AddressError::Multiaddr {
            text: text.to_owned(),
            source,
        })?;
        match address.pop() {
            Some(Protocol::P2p(peer_id)) => Ok(Self {
                node,
                address,
                peer_id: Some(peer_id),
            }),
            _ => Err(AddressError::PeerId {
                text: text.to_owned(),
            }),
        }
    }
}

/// The configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The deployment: nothing of another chain is accepted.
    pub chain_id: Digest,
    /// The key behind our peer id.
    pub identity: Keypair,
    /// Where to listen. The addresses choose the transport. Port 0 takes a free one.
    pub listen: Vec<Multiaddr>,
    /// Whom to connect to. Our own entry is skipped.
    pub peers: Vec<PeerAddress>,
    /// Bounds.
    pub limits: Limits,
}

/// Bounds, with the defaults that suit a committee of up to 100.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest vote: certificates carry a bitmap of the committee and one signature, some 500 bytes.
    pub vote_len: usize,
    /// Largest proposal.
    pub proposal_len: usize,
    /// Largest fetch or answer.
    pub sync_len: usize,
    /// Votes that wait for one member.
    pub vote_queue: QueueLimit,
    /// Proposals that wait for one member.
    pub proposal_queue: QueueLimit,
    /// Fetches and answers that wait for one member.
    pub sync_queue: QueueLimit,
    /// Received frames of each class that wait for the engine; then the senders are slowed down.
    pub inbox_frames: usize,
    /// Inbound connections of nodes that are not known members.
    pub public_connections: usize,
    /// Largest gossip message.
    pub gossip_len: usize,
    /// Received gossip messages that wait for the subscriber; then new ones are dropped and counted.
    pub gossip_inbox: usize,
    /// How long a member that breaks the protocol is shut out.
    pub penalty: Duration,
    /// An idle stream says that it is alive this often.
    pub keep_alive: Duration,
    /// A stream that is silent, or takes nothing, for so long is given up.
    pub patience: Duration,
    /// First wait before a connection is tried again; doubles up to [`Limits::backoff_max`], with jitter.
    pub backoff_min: Duration,
    /// Longest wait before a connection is tried again.
    pub backoff_max: Duration,
}

const MIB: usize = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            vote_len: MIB / 16,
            proposal_len: hotshot_types::message::MAX_LEN,
            sync_len: hotshot_types::message::MAX_LEN,
            vote_queue: QueueLimit {
                frames: 1024,
                bytes: 4 * MIB,
            },
            proposal_queue: QueueLimit {
                frames: 16,
                bytes: 16 * MIB,
            },
            sync_queue: QueueLimit {
                frames: 64,
                bytes: 32 * MIB,
            },
            inbox_frames: 64,
            public_connections: 64,
            gossip_len: MIB / 4,
            gossip_inbox: 1024,
            penalty: Duration::from_secs(30),
            keep_alive: Duration::from_secs(5),
            patience: Duration::from_secs(20),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// Largest frame of a class.
    pub const fn frame_len(&self, class: Priority) -> usize {
        match class {
            Priority::Vote => self.vote_len,
            Priority::Proposal => self.proposal_len,
            Priority::Sync => self.sync_len,
        }
    }

    /// Frames of a class that wait for one member.
    pub const fn queue(&self, class: Priority) -> QueueLimit {
        match class {
            Priority::Vote => self.vote_queue,
            Priority::Proposal => self.proposal_queue,
            Priority::Sync => self.sync_queue,
        }
    }
}

/// The identity that belongs to 32 secret bytes: always the same for the same bytes.
pub fn identity_from_seed(mut seed: [u8; 32]) -> Keypair {
    Keypair::ed25519_from_bytes(&mut seed).expect("any 32 bytes are an ed25519 secret key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_depends_on_the_seed_alone() {
        let peer = |seed| identity_from_seed([seed; 32]).public().to_peer_id();
        assert_eq!(peer(1), peer(1));
        assert_ne!(peer(1), peer(2));
    }

    #[test]
    fn an_address_says_who_is_there() {
        let (node, peer_id) = (NodeId([1; 32]), PeerId::random());
        let parsed = PeerAddress::parse(node, &format!("/dns4/one.example/tcp/7845/p2p/{peer_id}")).unwrap();
        let address = "/dns4/one.example/tcp/7845".parse().unwrap();
        let expected = PeerAddress {
            node,
            address,
            peer_id: Some(peer_id),
        };
        assert_eq!(parsed, expected);
        let nobody = PeerAddress::parse(node, "/ip4/127.0.0.1/tcp/1").unwrap_err();
        assert!(matches!(nobody, AddressError::PeerId { .. }), "{nobody}");
        for text in ["", "somewhere", "/ip4/1/tcp/1"] {
            assert!(PeerAddress::parse(node, text).is_err(), "{text}");
        }
    }
}
