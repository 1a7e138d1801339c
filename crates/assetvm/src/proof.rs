//! Proofs of single cells against a state root, checked by [`rollup_abi::tree::verify`].

use borsh::{BorshDeserialize, BorshSerialize};
use rollup_abi::{
    Digest,
    tree::{self, MAX_DEPTH, Terminal},
};

use crate::{Account, Address, Metadata, state::Cell, tree::End};

/// Largest encoded proof: the deepest path, and room for what ends it.
pub const MAX_PROOF_BYTES: usize = MAX_DEPTH * 32 + 256;

/// Why bytes are not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Over the limit.
    #[error("proof of {got} bytes, expected at most {MAX_PROOF_BYTES}")]
    TooLarge {
        /// Bytes that came.
        got: usize,
    },
    /// Not the encoding of a proof, or more than one.
    #[error("malformed proof")]
    Malformed,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Finding {
    Account(Account),
    Empty,
    Other { key: Digest, value_hash: Digest },
}

/// Proves what is at an address, or that nothing is. Says nothing until [`AccountProof::verify`] holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AccountProof {
    address: Address,
    siblings: Vec<Digest>,
    finding: Finding,
}

impl AccountProof {
    pub(crate) fn new(address: Address, siblings: Vec<Digest>, end: End<'_, Cell>) -> Self {
        let finding = match end {
            End::Value(Cell::Account(_, account)) => Finding::Account(*account),
            End::Value(Cell::Metadata(_)) => unreachable!("an account's key is not the metadata's: SHA-256"),
            End::Empty => Finding::Empty,
            End::Other { key, value_hash } => Finding::Other { key, value_hash },
        };
        Self {
            address,
            siblings,
            finding,
        }
    }

    /// The address that it is about.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The account that it claims; `None` claims that there is none.
    pub fn account(&self) -> Option<Account> {
        match self.finding {
            Finding::Account(account) => Some(account),
            Finding::Empty | Finding::Other { .. } => None,
        }
    }

    /// The hashes beside the path, root first.
    pub fn siblings(&self) -> &[Digest] {
        &self.siblings
    }

    /// Whether it proves its claim against this state root.
    #[must_use]
    pub fn verify(&self, root: &Digest) -> bool {
        let key = tree::account_key(self.address.as_bytes());
        match &self.finding {
            Finding::Account(account) => {
                tree::verify(root, &key, &self.siblings, Terminal::Value(&account.value_hash()))
            }
            Finding::Empty => tree::verify(root, &key, &self.siblings, Terminal::Empty),
            Finding::Other {
                key: other,
                value_hash,
            } => tree::verify(root, &key, &self.siblings, Terminal::Other(other, value_hash)),
        }
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads the canonical bytes; checks nothing that they claim.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        decode(bytes)
    }
}

/// Proves the chain's totals. Says nothing until [`MetadataProof::verify`] holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MetadataProof {
    /// The totals that it claims.
    pub metadata: Metadata,
    /// The hashes beside the path, root first.
    pub siblings: Vec<Digest>,
}

impl MetadataProof {
    /// Whether it proves its claim against this state root.
    #[must_use]
    pub fn verify(&self, root: &Digest) -> bool {
        let value = self.metadata.value_hash();
        tree::verify(
            root,
            &tree::metadata_key(),
            &self.siblings,
            Terminal::Value(&value),
        )
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads the canonical bytes; checks nothing that they claim.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProofError> {
        decode(bytes)
    }
}

fn decode<T: BorshDeserialize>(bytes: &[u8]) -> Result<T, ProofError> {
    if bytes.len() > MAX_PROOF_BYTES {
        return Err(ProofError::TooLarge { got: bytes.len() });
    }
    borsh::from_slice(bytes).map_err(|_| ProofError::Malformed)
}
