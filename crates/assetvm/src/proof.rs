//! Proofs of single cells against a state root, checked by [`rollup_abi::tree::verify`].

use borsh::{BorshDeserialize, BorshSerialize};
use curvevm::limits::{MAX_BYTES, MAX_FIELDS};
use rollup_abi::{
    Digest,
    tree::{self, MAX_DEPTH, Terminal},
};

use crate::{
    Account, Address, EntryId, Metadata, ProgramRecord, Roster, roster::MAX_ROSTER_BYTES, state::Cell,
    tree::End,
};

/// Largest encoded proof: the deepest path, and what ends it, at most the largest roster.
pub const MAX_PROOF_BYTES: usize = MAX_DEPTH * 32 + 256 + MAX_ROSTER_BYTES;
const _: () = assert!(MAX_ROSTER_BYTES > MAX_FIELDS * (MAX_BYTES as usize + 2));

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

/// What names a cell of the state tree.
pub trait CellId: Copy + BorshSerialize + BorshDeserialize {
    /// What the cell holds.
    type Value: Clone + BorshSerialize + BorshDeserialize;
    /// Its key in the tree.
    fn key(&self) -> Digest;
    /// The hash of a value in the tree.
    fn value_hash(value: &Self::Value) -> Digest;
}

/// Names the cell of the program at an address, rather than that of what it owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProgramAt(pub Address);

impl From<Address> for ProgramAt {
    fn from(address: Address) -> Self {
        Self(address)
    }
}

/// Names the cell of the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RosterCell;

impl CellId for RosterCell {
    type Value = Roster;

    fn key(&self) -> Digest {
        tree::roster_key()
    }

    fn value_hash(roster: &Roster) -> Digest {
        roster.value_hash()
    }
}

impl CellId for Address {
    type Value = Account;

    fn key(&self) -> Digest {
        tree::account_key(self.as_bytes())
    }

    fn value_hash(account: &Account) -> Digest {
        account.value_hash()
    }
}

impl CellId for ProgramAt {
    type Value = ProgramRecord;

    fn key(&self) -> Digest {
        tree::program_key(self.0.as_bytes())
    }

    fn value_hash(record: &ProgramRecord) -> Digest {
        record.value_hash()
    }
}

impl CellId for EntryId {
    type Value = Vec<u8>;

    fn key(&self) -> Digest {
        self.cell_key()
    }

    fn value_hash(value: &Vec<u8>) -> Digest {
        tree::value_hash(value)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Finding<V> {
    Value(V),
    Empty,
    Other { key: Digest, value_hash: Digest },
}

/// Proves what a cell holds, or that there is no such cell. Says nothing until [`CellProof::verify`] holds.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CellProof<I: CellId> {
    id: I,
    siblings: Vec<Digest>,
    finding: Finding<I::Value>,
}

/// Proves an account, or that there is none.
pub type AccountProof = CellProof<Address>;
/// Proves which program is at an address, or that none is.
pub type ProgramProof = CellProof<ProgramAt>;
/// Proves what a program stores under a key, or that it stores nothing there.
pub type EntryProof = CellProof<EntryId>;
/// Proves who validates, or that the chain has no epochs.
pub type RosterProof = CellProof<RosterCell>;

impl<I: CellId> CellProof<I> {
    pub(crate) fn new(
        id: I,
        siblings: Vec<Digest>,
        end: End<'_, Cell>,
        value: impl FnOnce(&Cell) -> Option<I::Value>,
    ) -> Self {
        let finding = match end {
            End::Value(cell) => {
                Finding::Value(value(cell).expect("kinds of cells have different keys: SHA-256"))
            }
            End::Empty => Finding::Empty,
            End::Other { key, value_hash } => Finding::Other { key, value_hash },
        };
        Self {
            id,
            siblings,
            finding,
        }
    }

    /// The cell that it is about.
    pub fn id(&self) -> I {
        self.id
    }

    /// What it claims that the cell holds; `None` claims that there is no such cell.
    pub fn value(&self) -> Option<&I::Value> {
        match &self.finding {
            Finding::Value(value) => Some(value),
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
        let hash;
        let terminal = match &self.finding {
            Finding::Value(value) => {
                hash = I::value_hash(value);
                Terminal::Value(&hash)
            }
            Finding::Empty => Terminal::Empty,
            Finding::Other { key, value_hash } => Terminal::Other(key, value_hash),
        };
        tree::verify(root, &self.id.key(), &self.siblings, terminal)
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

impl AccountProof {
    /// The address that it is about.
    pub fn address(&self) -> Address {
        self.id
    }

    /// The account that it claims; `None` claims that there is none.
    pub fn account(&self) -> Option<Account> {
        self.value().copied()
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
