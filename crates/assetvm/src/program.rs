//! Programs: what the state knows of one, where it is, and the cache of verified code.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex},
};

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::{Address, CodeHash};
use rollup_abi::{Digest, domain, sha256, tree};

use crate::{Nonce, Reason};

/// Programs that [`Codes`] keeps: at most 128 KiB of code each, some megabytes once verified.
const CACHED: usize = 64;

/// The address of the program that `deployer` deploys with the transaction of this nonce. Nobody signs for it, and no other
/// transaction makes it again.
pub fn program_address(deployer: &Address, nonce: Nonce) -> Address {
    let nonce = nonce.get().to_le_bytes();
    Address::new(sha256(&[domain::PROGRAM, deployer.as_bytes(), &nonce]))
}

/// A deployed program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its code. Clones, and programs of equal code that were made one soon after the other, share it.
    pub code: Arc<curvevm::Verified>,
    /// Who may upgrade and close it; nobody if it was not deployed as upgradeable.
    pub authority: Option<Address>,
    /// How many entries it stores.
    pub entries: u64,
}

/// A program's cell in the state tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProgramRecord {
    /// The hash of its code.
    pub code_hash: CodeHash,
    /// Who may upgrade and close it, if anybody.
    pub authority: Option<Address>,
    /// How many entries it stores.
    pub entries: u64,
}

impl Program {
    /// Its cell in the state tree.
    pub fn record(&self) -> ProgramRecord {
        ProgramRecord {
            code_hash: self.code.code_hash(),
            authority: self.authority,
            entries: self.entries,
        }
    }
}

/// Two programs are equal if their cells are.
impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.record() == other.record()
    }
}

impl Eq for Program {}

impl ProgramRecord {
    /// The hash of its value in the state tree.
    pub fn value_hash(&self) -> Digest {
        tree::value_hash(&borsh::to_vec(self).expect("writing to memory does not fail"))
    }
}

/// What a program stores something under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct EntryId {
    /// The program.
    pub program: Address,
    /// The entry's key: [`curvevm::Slot::key`].
    pub key: Digest,
}

/// Verified code by its hash: validators see the code of a deployment several times, and of a popular program in many of them.
/// Changes nothing but time.
#[derive(Default)]
pub(crate) struct Codes(Mutex<VecDeque<Arc<curvevm::Verified>>>);

impl Codes {
    /// Decodes and verifies code.
    pub fn verify(&self, encoded: &[u8]) -> Result<Arc<curvevm::Verified>, Reason> {
        let hash = CodeHash::of(encoded);
        if let Some(known) = self.touch(hash) {
            return Ok(known);
        }
        let program = curvevm::Program::decode(encoded).map_err(|error| Reason::new(&error))?;
        let verified = Arc::new(program.verify().map_err(|error| Reason::new(&error))?);
        let mut known = self.lock();
        known.truncate(CACHED.saturating_sub(1));
        known.push_front(Arc::clone(&verified));
        Ok(verified)
    }

    /// The code of this hash, if it is here; it is then the last to be forgotten.
    fn touch(&self, hash: CodeHash) -> Option<Arc<curvevm::Verified>> {
        let mut known = self.lock();
        let at = known.iter().position(|code| code.code_hash() == hash)?;
        let code = known.remove(at)?;
        known.push_front(Arc::clone(&code));
        Some(code)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<curvevm::Verified>>> {
        self.0.lock().expect("nothing panics while it holds the cache")
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Codes({})", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_verified_once_and_forgotten_in_the_end() {
        let codes = Codes::default();
        let code = |n: usize| {
            let text =
                format!("program p{n}\nview one() -> (u64) {{\n regs u64\n const.u64 r0, 1\n ret r0\n}}");
            curvevm::Program::assemble(&text).expect("assembly").encode()
        };
        let first = codes.verify(&code(0)).expect("verifies");
        for n in 1..CACHED {
            codes.verify(&code(n)).expect("verifies");
        }
        let again = codes.verify(&code(0)).expect("verifies");
        assert!(Arc::ptr_eq(&first, &again), "still known");
        codes.verify(&code(CACHED)).expect("verifies");
        assert!(
            codes.touch(CodeHash::of(&code(1))).is_none(),
            "the one that waited longest"
        );
        assert!(codes.touch(first.code_hash()).is_some());
        assert_eq!(codes.lock().len(), CACHED);
        assert!(codes.verify(b"CURV").is_err());
    }
}
