//! The domain tags of what is hashed here. The program never sees any of it, so they are not in [`rollup_abi::domain`].

use rollup_abi::domain::Domain;

/// Commitment to a dispersed payload.
pub(super) const DISPERSAL: &Domain = b"asset-l2:dispers";
/// Leaf of the tree over the shards.
pub(super) const SHARD: &Domain = b"asset-l2:shard:1";
/// Inner node of the tree over the shards.
pub(super) const SHARD_NODE: &Domain = b"asset-l2:sh-node";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_differ() {
        let ours = [DISPERSAL, SHARD, SHARD_NODE];
        let all: Vec<_> = ours.iter().chain(rollup_abi::domain::ALL).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a != b), "{a:?} stands twice");
        }
    }
}
