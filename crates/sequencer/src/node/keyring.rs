//! The consensus keys of this node: the one that it was started with, and the one that takes its place.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use hotshot_engine::ports::{Signer, SignerError};
use hotshot_types::{KeyPair, PublicKey, Signature};
use rollup_abi::Digest;

use crate::{
    config::KeyFiles,
    halt::Halt,
    keystore::{FileSigner, Keys, KeystoreError},
};

/// What the file of the next BLS key has behind the name of the present one's.
const NEXT: &str = ".next";

/// Signs with the key that a committee has for this node. A rotation's new key is read from the file beside the old one's when
/// the roster names it, so that the node goes on through the change.
pub struct Keyring {
    files: KeyFiles,
    halt: Halt,
    first: Arc<FileSigner>,
    next: RwLock<Option<Arc<FileSigner>>>,
}

impl Keyring {
    /// Holds `first` until another key is looked for.
    pub fn new(first: KeyPair, files: KeyFiles, halt: Halt) -> Self {
        Self {
            files,
            first: Arc::new(FileSigner::new(first, halt.clone())),
            halt,
            next: RwLock::new(None),
        }
    }

    /// The signer of the key that this node was started with.
    pub fn first(&self) -> Arc<FileSigner> {
        Arc::clone(&self.first)
    }

    /// The signer of a key.
    pub fn signer(&self, key: &PublicKey) -> Option<Arc<FileSigner>> {
        let next = self.next.read().unwrap_or_else(PoisonError::into_inner);
        [Some(&self.first), next.as_ref()]
            .into_iter()
            .flatten()
            .find(|signer| signer.public_key() == *key)
            .cloned()
    }

    /// Whether it holds a key, if need be after a look at the file of the next one.
    ///
    /// # Errors
    /// That file is there, and holds no key.
    pub fn look_for(&self, key: &PublicKey) -> Result<bool, KeystoreError> {
        let bls = next_file(&self.files.bls);
        if self.signer(key).is_some() || !bls.exists() {
            return Ok(self.signer(key).is_some());
        }
        let files = KeyFiles {
            bls,
            ..self.files.clone()
        };
        let signer = FileSigner::new(Keys::read(&files)?.bls, self.halt.clone());
        *self.next.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(signer));
        Ok(self.signer(key).is_some())
    }
}

/// The file of the next BLS key: `bls.key.next` beside `bls.key`.
pub fn next_file(bls: &Path) -> PathBuf {
    let mut name = bls.as_os_str().to_owned();
    name.push(NEXT);
    name.into()
}

impl Signer for Keyring {
    fn public_key(&self) -> PublicKey {
        self.first.public_key()
    }

    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        self.first.sign(digest)
    }

    fn holds(&self, key: &PublicKey) -> bool {
        self.signer(key).is_some()
    }

    fn sign_with(&self, key: &PublicKey, digest: &Digest) -> Result<Signature, SignerError> {
        let signer = self.signer(key).ok_or_else(|| SignerError {
            reason: format!("no key {key} here"),
        })?;
        signer.sign(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_key_is_found_when_it_is_needed() {
        let dir = tempfile::tempdir().expect("a directory");
        let files = KeyFiles::in_dir(dir.path());
        let (now, later) = (
            Keys::generate(&mut rand::rngs::OsRng),
            Keys::generate(&mut rand::rngs::OsRng),
        );
        now.write(&files).expect("fresh");
        let ring = Keyring::new(now.bls.clone(), files.clone(), Halt::default());
        let (old, new) = (now.bls.public(), later.bls.public());
        assert!(ring.look_for(old).expect("held"));
        assert!(!ring.look_for(new).expect("no file yet"));
        assert!(ring.sign_with(new, &[1; 32]).is_err());
        let elsewhere = tempfile::tempdir().expect("a directory");
        let other = KeyFiles::in_dir(elsewhere.path());
        later.write(&other).expect("fresh");
        std::fs::copy(&other.bls, next_file(&files.bls)).expect("copied");
        assert!(ring.look_for(new).expect("a key"));
        for key in [old, new] {
            assert!(ring.holds(key));
            let signature = ring.sign_with(key, &[1; 32]).expect("held");
            assert!(key.verify(&[1; 32], &signature));
        }
    }
}
