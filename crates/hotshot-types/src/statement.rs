//! What a consensus key says: everything that it ever signs, so that whoever holds it can judge what it is asked.

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::{Digest, domain, sha256};

use crate::{NodeId, Phase1, Phase2, Proposal, TimeoutData, UpgradeData, View, VoteData};

/// Something to be signed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Statement {
    /// This node, the leader, proposes this leaf.
    Proposal {
        /// The view.
        view: View,
        /// The leaf commitment.
        leaf: Digest,
    },
    /// A vote of the first phase.
    Vote1(VoteData),
    /// A vote of the second phase.
    Vote2(VoteData),
    /// This node gives a view up.
    Timeout(TimeoutData),
    /// A vote for an upgrade.
    Upgrade(UpgradeData),
    /// A libp2p peer id is this node's.
    Peer {
        /// The node.
        node: NodeId,
        /// The bytes of the peer id's multihash.
        peer_id: Vec<u8>,
    },
}

impl Statement {
    /// What is signed.
    pub fn digest(&self, chain_id: &Digest) -> Digest {
        match self {
            Self::Proposal { view, leaf } => Proposal::digest(*view, leaf),
            Self::Vote1(data) => data.digest::<Phase1>(chain_id),
            Self::Vote2(data) => data.digest::<Phase2>(chain_id),
            Self::Timeout(data) => data.digest(chain_id),
            Self::Upgrade(data) => data.digest(chain_id),
            // Nothing in it varies in length but the peer id, which stands last.
            Self::Peer { node, peer_id } => sha256(&[domain::PEER, chain_id, &node.0, peer_id]),
        }
    }
}
