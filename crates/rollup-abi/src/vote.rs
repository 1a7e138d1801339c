//! What is signed: votes, timeouts, proofs of possession; and the payload's hash.

use crate::{Digest, domain, sha256};

/// Digest of a Vote1 for a leaf.
#[inline(always)]
pub fn vote1_digest(chain_id: &Digest, epoch: u64, view: u64, height: u64, leaf: &Digest) -> Digest {
    vote_digest(domain::VOTE1, chain_id, epoch, view, height, leaf)
}

/// Digest of a Vote2 for a leaf: what a finality certificate signs and the program checks.
#[inline(always)]
pub fn vote2_digest(chain_id: &Digest, epoch: u64, view: u64, height: u64, leaf: &Digest) -> Digest {
    vote_digest(domain::VOTE2, chain_id, epoch, view, height, leaf)
}

#[inline(always)]
fn vote_digest(
    domain: &domain::Domain,
    chain_id: &Digest,
    epoch: u64,
    view: u64,
    height: u64,
    leaf: &Digest,
) -> Digest {
    sha256(&[
        domain,
        chain_id,
        &epoch.to_le_bytes(),
        &view.to_le_bytes(),
        &height.to_le_bytes(),
        leaf,
    ])
}

/// Digest of a timeout vote: the view given up, and epoch and view of the signer's lock.
pub fn timeout_digest(chain_id: &Digest, epoch: u64, view: u64, lock: (u64, u64)) -> Digest {
    sha256(&[
        domain::TIMEOUT,
        chain_id,
        &epoch.to_le_bytes(),
        &view.to_le_bytes(),
        &lock.0.to_le_bytes(),
        &lock.1.to_le_bytes(),
    ])
}

/// Digest of a proof of possession: the owner's Solana key and both halves of the BLS key, for this chain.
#[inline(always)]
pub fn possession_digest(chain_id: &Digest, owner: &[u8; 32], pk1: &[u8; 64], pk2: &[u8; 128]) -> Digest {
    sha256(&[domain::POSSESSION, chain_id, owner, pk1, pk2])
}

/// Hash of a block's payload bytes.
pub fn payload_commitment(payload: &[u8]) -> Digest {
    sha256(&[domain::PAYLOAD, payload])
}
