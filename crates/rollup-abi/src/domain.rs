//! The domain tag of every digest: 16 bytes, first in what is hashed, so that no digest can be taken for another.

/// A domain tag.
pub type Domain = [u8; 16];

/// Leaf commitment: the hash of a block header.
pub const LEAF: &Domain = b"asset-l2:leaf:v1";
/// Message of a Vote1 (Certificate1, the lock).
pub const VOTE1: &Domain = b"asset-l2:vote1:1";
/// Message of a Vote2 (Certificate2, finality).
pub const VOTE2: &Domain = b"asset-l2:vote2:1";
/// Message of a timeout vote.
pub const TIMEOUT: &Domain = b"asset-l2:timeout";
/// Message of an upgrade vote.
pub const UPGRADE: &Domain = b"asset-l2:upgrade";
/// Proof of possession of a BLS key.
pub const POSSESSION: &Domain = b"asset-l2:bls-pop";
/// Candidates of the hash to curve.
pub const HASH_TO_CURVE: &Domain = b"asset-l2:h2c:v01";
/// The scalar of the random combination in the proof-of-possession check.
pub const COMBINE: &Domain = b"asset-l2:combine";
/// Hash of a committee.
pub const COMMITTEE: &Domain = b"asset-l2:committ";
/// Hash of a block's payload.
pub const PAYLOAD: &Domain = b"asset-l2:payload";
/// What a user signs of a transaction.
pub const TRANSACTION: &Domain = b"asset-l2:tx:sign";
/// A transaction's id.
pub const TRANSACTION_ID: &Domain = b"asset-l2:tx:id:1";
/// The chain id: hash of the genesis.
pub const GENESIS: &Domain = b"asset-l2:genesis";
/// Signature of a proposal by its leader.
pub const PROPOSAL: &Domain = b"asset-l2:propose";
/// The order of leaders in an epoch.
pub const LEADER: &Domain = b"asset-l2:leaders";
/// Binding of a libp2p peer id to a consensus key.
pub const PEER: &Domain = b"asset-l2:peer-id";
/// Key of a cell in the state tree.
pub const TREE_KEY: &Domain = b"asset-l2:st-key1";
/// Value of a cell in the state tree.
pub const TREE_VALUE: &Domain = b"asset-l2:st-val1";
/// Leaf of the state tree.
pub const TREE_LEAF: &Domain = b"asset-l2:st-leaf";
/// Inner node of the state tree.
pub const TREE_NODE: &Domain = b"asset-l2:st-node";
/// Inner node of the history range.
pub const MMR_NODE: &Domain = b"asset-l2:mmrnode";
/// Address of a program on the rollup.
pub const PROGRAM: &Domain = b"asset-l2:program";
/// The bagging of the history range's peaks.
pub const MMR_ROOT: &Domain = b"asset-l2:mmrroot";

/// All of them, for the test that they differ.
pub const ALL: &[&Domain] = &[
    LEAF,
    VOTE1,
    VOTE2,
    TIMEOUT,
    UPGRADE,
    POSSESSION,
    HASH_TO_CURVE,
    COMBINE,
    COMMITTEE,
    PAYLOAD,
    TRANSACTION,
    TRANSACTION_ID,
    GENESIS,
    PROPOSAL,
    LEADER,
    PEER,
    TREE_KEY,
    TREE_VALUE,
    TREE_LEAF,
    TREE_NODE,
    PROGRAM,
    MMR_NODE,
    MMR_ROOT,
];

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn domains_differ() {
        for (i, a) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|b| a != b), "{a:?} stands twice");
        }
    }
}
