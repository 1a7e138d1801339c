//! One block on its parent: execution, and the header that follows from it. Pure.

use std::{
    collections::{BTreeMap, HashSet},
    num::NonZeroUsize,
};

use assetvm::{
    Address, BlockOutcome, Changes, InvalidTransaction, Nonce, PayloadError, Receipt, State, TxId, Verified,
};
use rollup_abi::{Digest, Header, mmr::Mmr, roots, vote};

/// Threads that check the signatures of a large block that this node has not seen before.
const SIGNATURE_THREADS: NonZeroUsize = NonZeroUsize::new(2).expect("two is not zero");
/// Blocks below this many transactions are checked on one thread: starting another costs as much.
const PARALLEL_FROM: usize = 64;

/// The state after a block, decided or not, with what the block did.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The block's header.
    pub header: Header,
    /// Its leaf commitment.
    pub leaf: Digest,
    /// The state after it.
    pub state: State,
    /// The range over the leaf commitments of heights `0..=height`.
    pub history: Mmr,
    /// What became of its transactions, in order.
    pub receipts: Vec<Receipt>,
    /// What it changed.
    pub changes: Changes,
    /// Next nonce of every sender in it.
    pub spent: BTreeMap<Address, Nonce>,
}

/// Why a proposed block is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockFault {
    /// A digest in the header is not what follows from parent and payload.
    #[error("{field} is {}, expected {}", hex::encode(got), hex::encode(expected))]
    Digest {
        /// Which field.
        field: &'static str,
        /// The header's.
        got: Digest,
        /// What this node computed.
        expected: Digest,
    },
    /// A number in the header is not what follows from the parent.
    #[error("{field} is {got}, expected {expected}")]
    Number {
        /// Which field.
        field: &'static str,
        /// The header's.
        got: u64,
        /// What this node computed.
        expected: u64,
    },
    /// Time does not go on.
    #[error("timestamp_ms is {got}, expected more than the parent's {parent}")]
    Timestamp {
        /// The header's.
        got: u64,
        /// The parent's.
        parent: u64,
    },
    /// The payload is none, or holds a transaction that is none.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A transaction cannot be charged or is wrongly signed.
    #[error(transparent)]
    Transaction(#[from] InvalidTransaction),
}

/// What a leader decides about a header; the rest follows.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    /// The version by whose rules it is executed.
    pub version: u16,
    /// The view.
    pub view: u64,
    /// The epoch.
    pub epoch: u64,
    /// The block's time, milliseconds since 1970.
    pub timestamp_ms: u64,
    /// The next committee's hash in an epoch's last block, else zero.
    pub next_committee: Digest,
    /// The payload's commitment, which the engine has checked.
    pub payload_commitment: Digest,
}

/// The header of height 0.
pub fn genesis_header(chain_id: Digest, timestamp_ms: u64, state_root: &Digest) -> Header {
    Header {
        chain_id,
        timestamp_ms,
        payload_commitment: vote::payload_commitment(assetvm::Payload::default().as_bytes()),
        state_root: *state_root,
        roots_acc: roots::genesis(state_root),
        history_root: Mmr::default().root(),
        ..Header::default()
    }
}

impl Branch {
    /// A decided block as the store has it: the state after it, and the history range with its own leaf.
    pub fn stored(header: Header, state: State, history: Mmr) -> Self {
        Self {
            leaf: header.commitment(),
            header,
            state,
            history,
            receipts: Vec::new(),
            changes: Changes::default(),
            spent: BTreeMap::new(),
        }
    }

    /// The header of a child with this state root.
    fn child_header(&self, slot: Slot, state_root: &Digest) -> Header {
        Header {
            version: slot.version,
            chain_id: self.header.chain_id,
            epoch: slot.epoch,
            view: slot.view,
            height: self.header.height.saturating_add(1),
            timestamp_ms: slot.timestamp_ms,
            parent: self.leaf,
            payload_commitment: slot.payload_commitment,
            state_root: *state_root,
            roots_acc: roots::extend(&self.header.roots_acc, state_root),
            history_root: self.history.root(),
            next_committee: slot.next_committee,
            ..Header::default()
        }
    }

    /// The child that results from an execution of `transactions` on this state.
    pub fn child<'a>(
        &self,
        slot: Slot,
        transactions: impl Iterator<Item = &'a Verified>,
        outcome: BlockOutcome,
    ) -> Self {
        let header = self.child_header(slot, &outcome.state_root);
        let leaf = header.commitment();
        let mut history = self.history.clone();
        history.append(&leaf);
        let mut spent = BTreeMap::new();
        for body in transactions.map(Verified::body) {
            spent.insert(body.sender, body.nonce.next().unwrap_or(body.nonce));
        }
        let BlockOutcome {
            state,
            receipts,
            changes,
            ..
        } = outcome;
        Self {
            header,
            leaf,
            state,
            history,
            receipts,
            changes,
            spent,
        }
    }

    /// Executes a block whose header somebody else made and compares every field. `known` are transactions whose signatures
    /// this process has already checked.
    pub fn follow(
        &self,
        header: &Header,
        payload: &[u8],
        known: impl Fn(&TxId) -> bool + Sync,
    ) -> Result<Self, BlockFault> {
        self.check_before(header)?;
        let transactions = assetvm::Payload::decode(payload)?;
        let threads = if transactions.len() > PARALLEL_FROM {
            SIGNATURE_THREADS
        } else {
            NonZeroUsize::MIN
        };
        let verified = assetvm::verify_block(transactions, known, threads)?;
        let outcome = assetvm::execute_block(&self.state, header.into(), &verified)?;
        let child = self.child(Slot::of(header), verified.iter(), outcome);
        compare(header, &child.header)?;
        Ok(child)
    }

    /// What of a proposed header can be checked before anything is executed.
    fn check_before(&self, header: &Header) -> Result<(), BlockFault> {
        if header.timestamp_ms <= self.header.timestamp_ms {
            let (got, parent) = (header.timestamp_ms, self.header.timestamp_ms);
            return Err(BlockFault::Timestamp { got, parent });
        }
        // Roots are not known yet, so the header's own stand in for them here.
        let mut expected = self.child_header(Slot::of(header), &header.state_root);
        expected.roots_acc = header.roots_acc;
        compare(header, &expected)
    }

    /// The ids of its transactions.
    pub fn ids(&self) -> HashSet<TxId> {
        self.receipts.iter().map(|receipt| receipt.id).collect()
    }
}

impl Slot {
    /// What the leader of this header decided.
    pub fn of(header: &Header) -> Self {
        Self {
            version: header.version,
            view: header.view,
            epoch: header.epoch,
            timestamp_ms: header.timestamp_ms,
            next_committee: header.next_committee,
            payload_commitment: header.payload_commitment,
        }
    }
}

/// The first field in which a header is not as expected.
fn compare(got: &Header, expected: &Header) -> Result<(), BlockFault> {
    let digests = [
        ("chain_id", got.chain_id, expected.chain_id),
        ("parent", got.parent, expected.parent),
        (
            "payload_commitment",
            got.payload_commitment,
            expected.payload_commitment,
        ),
        ("state_root", got.state_root, expected.state_root),
        ("roots_acc", got.roots_acc, expected.roots_acc),
        ("history_root", got.history_root, expected.history_root),
        ("next_committee", got.next_committee, expected.next_committee),
        ("inbox_hash", got.inbox_hash, expected.inbox_hash),
        ("outbox_root", got.outbox_root, expected.outbox_root),
    ];
    let numbers = [
        ("height", got.height, expected.height),
        ("view", got.view, expected.view),
        ("epoch", got.epoch, expected.epoch),
        ("timestamp_ms", got.timestamp_ms, expected.timestamp_ms),
        ("inbox_count", got.inbox_count, expected.inbox_count),
    ];
    for (field, got, expected) in numbers {
        if got != expected {
            return Err(BlockFault::Number { field, got, expected });
        }
    }
    for (field, got, expected) in digests {
        if got != expected {
            return Err(BlockFault::Digest { field, got, expected });
        }
    }
    Ok(())
}
