//! Keys and record in this process.

use std::sync::Mutex;

use hotshot_types::{KeyPair, PublicKey, Signature, Statement};
use rollup_abi::Digest;

use crate::{Record, Refusal};

/// Signs statements, or says why not. It may block.
pub trait Signs: Send + Sync + 'static {
    /// The keys that it holds.
    fn keys(&self) -> Vec<PublicKey>;

    /// Signs a statement on a chain with one of its keys.
    ///
    /// # Errors
    /// If what has been signed, with whichever key, contradicts it.
    fn sign(&self, key: &PublicKey, chain_id: &Digest, statement: &Statement) -> Result<Signature, Refusal>;
}

/// Keys under the guard of a record.
#[derive(Debug)]
pub struct Guard {
    keys: Vec<KeyPair>,
    record: Mutex<Record>,
}

impl Guard {
    /// Signs with `keys` what `record` allows.
    pub fn new(keys: Vec<KeyPair>, record: Record) -> Self {
        Self {
            keys,
            record: Mutex::new(record),
        }
    }
}

impl Signs for Guard {
    fn keys(&self) -> Vec<PublicKey> {
        self.keys.iter().map(|key| key.public().clone()).collect()
    }

    fn sign(&self, key: &PublicKey, chain_id: &Digest, statement: &Statement) -> Result<Signature, Refusal> {
        let own = self
            .keys
            .iter()
            .find(|own| own.public() == key)
            .ok_or(Refusal::Key)?;
        self.record
            .lock()
            .expect("nothing panics while it holds the record")
            .allow(chain_id, statement)?;
        Ok(own.sign(&statement.digest(chain_id)))
    }
}
