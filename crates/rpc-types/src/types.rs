//! What calls answer.

mod program;
mod receipt;
mod roster;

use assetvm::{Account, AccountProof, Address, Amount, ProofError, TxId};
use rollup_abi::{Digest, Header};
use serde::{Deserialize, Serialize};

pub use self::{
    program::{
        Answer, EntryView, ErrorView, FieldView, FunctionView, ProgramView, RecordView, Simulation,
        StoredEntry,
    },
    receipt::{EventView, FailureView, ReceiptView, ValueView},
    roster::{CommitteeView, RosterView, ValidatorView},
};
use crate::text::{Hex32, HexBytes, display};

/// A transaction's id, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdText(#[serde(with = "display")] pub TxId);

/// An address, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressText(#[serde(with = "display")] pub Address);

impl From<Address> for AddressText {
    fn from(address: Address) -> Self {
        Self(address)
    }
}

/// What became of one of several submitted transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Submitted {
    /// It waits, under this id.
    Id(IdText),
    /// It was not taken.
    Error {
        /// The stable code.
        code: i32,
        /// What is wrong, with what was got and what was expected.
        message: String,
    },
}

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum TransactionStatus {
    /// This node does not know it.
    Unknown,
    /// It waits for a block.
    Pending,
    /// It is in a final block.
    Decided(Inclusion),
    /// It is in a final block whose root is on Solana.
    Settled(Settlement),
}

impl TransactionStatus {
    /// Its place, if it is in a block.
    pub fn inclusion(&self) -> Option<&Inclusion> {
        match self {
            Self::Unknown | Self::Pending => None,
            Self::Decided(inclusion) => Some(inclusion),
            Self::Settled(settlement) => Some(&settlement.inclusion),
        }
    }
}

/// A transaction's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// The block's height.
    pub height: u64,
    /// Its place in the block, from 0.
    pub index: u32,
    /// What it did.
    pub receipt: ReceiptView,
}

/// A transaction whose root is on Solana.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Its place in the chain.
    #[serde(flatten)]
    pub inclusion: Inclusion,
    /// The Solana slot by which the program held a root of this height or a later one.
    pub slot: u64,
}

/// An account with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The address.
    #[serde(with = "display")]
    pub address: Address,
    /// The balance, $ASSET.
    #[serde(with = "display")]
    pub balance: Amount,
    /// The nonce of the next transaction.
    pub nonce: u64,
    /// The decided block that this is the state after.
    pub height: u64,
    /// That block's state root.
    pub state_root: Hex32,
    /// [`AccountProof`] against it, Borsh.
    pub proof: HexBytes,
}

/// A proof does not prove what it came with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The bytes are no proof.
    #[error("{address}: {source}")]
    Encoding {
        /// The account or program.
        address: Address,
        /// What is wrong.
        source: ProofError,
    },
    /// It is about something else, or does not lead to the root.
    #[error(
        "{address}: the proof does not prove what came with it against root {}",
        hex::encode(root)
    )]
    Proof {
        /// The account or program.
        address: Address,
        /// The root.
        root: Digest,
    },
}

impl AccountView {
    /// The account, if the proof proves balance and nonce against `root`, which the caller has from elsewhere.
    pub fn verify(&self, root: &Digest) -> Result<Account, Unproven> {
        let address = self.address;
        let proof =
            AccountProof::decode(&self.proof.0).map_err(|source| Unproven::Encoding { address, source })?;
        let account = proof.account().unwrap_or_default();
        let said = (self.balance, self.nonce) == (account.balance, account.nonce.get());
        if proof.address() != address || !said || !proof.verify(root) {
            return Err(Unproven::Proof { address, root: *root });
        }
        Ok(account)
    }
}

/// A decided block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockView {
    /// Its summary.
    #[serde(flatten)]
    pub summary: BlockSummary,
    /// The encoded [`rollup_abi::Header`].
    pub header: HexBytes,
    /// The encoded payload: [`assetvm::Payload`].
    pub payload: HexBytes,
    /// What its transactions did, in order.
    pub receipts: Vec<ReceiptView>,
}

/// A decided block in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockSummary {
    /// Blocks since genesis.
    pub height: u64,
    /// The view that decided it.
    pub view: u64,
    /// The committee's epoch.
    pub epoch: u64,
    /// The leader's clock, milliseconds since 1970.
    pub timestamp_ms: u64,
    /// Leaf commitment.
    pub leaf: Hex32,
    /// State root after it.
    pub state_root: Hex32,
    /// Transactions in it.
    pub transactions: u32,
}

/// A header with the certificate that made it final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertifiedHeader {
    /// The header's height.
    pub height: u64,
    /// Its state root.
    pub state_root: Hex32,
    /// The encoded [`rollup_abi::Header`].
    pub header: HexBytes,
    /// Certificate2 in the wire layout of [`rollup_abi::certificate`].
    pub certificate: HexBytes,
}

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// This member's Solana key.
    pub node: String,
    /// Newest decided height.
    pub height: u64,
    /// Its view.
    pub decided_view: u64,
    /// The view that the node is in.
    pub view: u64,
    /// The epoch.
    pub epoch: u64,
    /// State root of the newest decided height.
    pub state_root: Hex32,
    /// Committee members connected.
    pub peers: u64,
    /// Members in the committee, this one included.
    pub committee: u64,
    /// The mempool.
    pub mempool: MempoolView,
    /// Settlement.
    pub settlement: SettlementView,
    /// Why the node has stopped signing, if it has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub halted: Option<String>,
    /// Seconds since the process started.
    pub uptime_seconds: u64,
}

/// The mempool's filling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MempoolView {
    /// Transactions that wait.
    pub transactions: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their senders.
    pub senders: u64,
}

/// Settlement as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementView {
    /// Whether this node posts.
    pub posting: bool,
    /// What its poster does.
    pub poster: String,
    /// Newest height on Solana that this node has seen.
    pub height: u64,
    /// Slot in which it was seen.
    pub slot: u64,
    /// Posts of this node that landed.
    pub posts: u64,
    /// Compute units of the last of them; 0 if unknown.
    pub compute_units: u64,
}

/// Genesis and committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisView {
    /// The chain id.
    pub chain_id: Hex32,
    /// The encoded [`assetvm::Genesis`], Borsh.
    pub genesis: HexBytes,
    /// State root of height 0.
    pub state_root: Hex32,
    /// The committee of epoch 0, in order.
    pub committee: Vec<MemberView>,
}

/// A member of the committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    /// Its Solana key.
    pub node: String,
    /// Its BLS key, G1 then G2.
    pub bls: HexBytes,
    /// Its stake.
    pub stake: u64,
}

impl BlockSummary {
    /// Of a header, with its count of transactions.
    pub fn of(header: &Header, transactions: usize) -> Self {
        Self {
            height: header.height,
            view: header.view,
            epoch: header.epoch,
            timestamp_ms: header.timestamp_ms,
            leaf: Hex32(header.commitment()),
            state_root: Hex32(header.state_root),
            transactions: u32::try_from(transactions).unwrap_or(u32::MAX),
        }
    }
}

impl CertifiedHeader {
    /// A header and its certificate, as it lies in a message.
    pub fn new(header: &Header, certificate: Vec<u8>) -> Self {
        Self {
            height: header.height,
            state_root: Hex32(header.state_root),
            header: HexBytes(header.encode().to_vec()),
            certificate: HexBytes(certificate),
        }
    }
}
