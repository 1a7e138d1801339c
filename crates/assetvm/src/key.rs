//! Keys that sign transactions. A Solana keypair works as it is.

use std::fmt;

use ed25519_dalek::Signer as _;

use crate::{
    Address,
    transaction::{Transaction, TransactionBody},
};

/// Bytes of a Solana keypair: the secret seed, then the public key.
pub const KEYPAIR_BYTES: usize = 64;

/// An ed25519 key that signs for the account of its public key. Does not print; wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Why bytes are not a keypair. Never says what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a JSON array of bytes.
    #[error("not a Solana keypair file, expected a JSON array of {KEYPAIR_BYTES} bytes")]
    Syntax,
    /// Not 64 bytes.
    #[error("keypair of {got} bytes, expected {KEYPAIR_BYTES}")]
    Length {
        /// Bytes that came.
        got: usize,
    },
    /// The public half is not the secret half's.
    #[error("the keypair's public key does not belong to its secret key")]
    Mismatch,
}

impl SigningKey {
    /// From the 32 bytes that the key pair is derived from.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// From the 64 bytes of a Solana keypair.
    pub fn from_keypair_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: &[u8; KEYPAIR_BYTES] = bytes
            .try_into()
            .map_err(|_| KeyError::Length { got: bytes.len() })?;
        ed25519_dalek::SigningKey::from_keypair_bytes(bytes)
            .map(Self)
            .map_err(|_| KeyError::Mismatch)
    }

    /// From the text of a Solana keypair file: a JSON array of 64 numbers.
    pub fn from_keypair_json(text: &str) -> Result<Self, KeyError> {
        let inner = text
            .trim()
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let mut bytes = [0; KEYPAIR_BYTES];
        let mut got = 0usize;
        for part in inner.ok_or(KeyError::Syntax)?.split(',') {
            let byte = part.trim().parse().map_err(|_| KeyError::Syntax)?;
            if let Some(slot) = bytes.get_mut(got) {
                *slot = byte;
            }
            got = got.saturating_add(1);
        }
        if got != KEYPAIR_BYTES {
            return Err(KeyError::Length { got });
        }
        Self::from_keypair_bytes(&bytes)
    }

    /// The 64 bytes of the Solana keypair: secret.
    pub fn to_keypair_bytes(&self) -> [u8; KEYPAIR_BYTES] {
        self.0.to_keypair_bytes()
    }

    /// The address that this key signs for.
    pub fn address(&self) -> Address {
        Address::new(self.0.verifying_key().to_bytes())
    }

    /// Signs a transaction's body.
    pub fn sign(&self, body: TransactionBody) -> Transaction {
        let signature = self.0.sign(&body.signing_bytes()).to_bytes();
        Transaction { body, signature }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keypair_forms() {
        let key = SigningKey::from_seed(&[7; 32]);
        let bytes = key.to_keypair_bytes();
        let json = format!("{bytes:?}\n");
        assert_eq!(
            SigningKey::from_keypair_json(&json).unwrap().address(),
            key.address()
        );
        let mut wrong = bytes;
        wrong[63] ^= 1;
        let error = |result: Result<SigningKey, KeyError>| result.unwrap_err();
        assert_eq!(error(SigningKey::from_keypair_bytes(&wrong)), KeyError::Mismatch);
        assert_eq!(
            error(SigningKey::from_keypair_bytes(&bytes[1..])),
            KeyError::Length { got: 63 }
        );
        assert_eq!(
            error(SigningKey::from_keypair_json("[1,2]")),
            KeyError::Length { got: 2 }
        );
        assert_eq!(error(SigningKey::from_keypair_json("[1,256]")), KeyError::Syntax);
        assert_eq!(error(SigningKey::from_keypair_json("12")), KeyError::Syntax);
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("SigningKey({})", key.address()));
    }
}
