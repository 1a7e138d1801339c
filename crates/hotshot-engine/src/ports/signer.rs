//! Signatures of the consensus key.

use hotshot_types::{PublicKey, Signature};
use rollup_abi::Digest;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[error("signer: {reason}")]
pub struct SignerError {
    /// What it said.
    pub reason: String,
}

/// Holds the consensus key. Called from the crypto worker pool; it may block.
pub trait Signer: Send + Sync + 'static {
    /// The public half.
    fn public_key(&self) -> PublicKey;

    /// Signs a digest that the core asked to have signed, after what it depends on is durable.
    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError>;

    /// Whether it signs with this key: its own, or one that takes its place with another committee.
    fn holds(&self, key: &PublicKey) -> bool {
        *key == self.public_key()
    }

    /// Signs with a key that it [holds](Self::holds): the one that a committee has for this node.
    fn sign_with(&self, _key: &PublicKey, digest: &Digest) -> Result<Signature, SignerError> {
        self.sign(digest)
    }
}
