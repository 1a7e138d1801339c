//! Why a call to the chain failed.

use rollup_abi::account::AccountError;
use solana_client::client_error::ClientError;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::SignerError;
use solana_transaction_error::TransactionError;

use crate::{Classified, classify, classify_transaction};

/// Why a call to the chain failed.
#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// The RPC call failed, or the cluster refused the transaction before it ran.
    #[error("{call}: {source}")]
    Rpc {
        /// Which call.
        call: &'static str,
        /// What it said.
        source: Box<ClientError>,
    },
    /// The transaction ran and failed.
    #[error("transaction {signature} failed: {source}")]
    Failed {
        /// Its signature.
        signature: Signature,
        /// What the runtime or the program said.
        source: Box<TransactionError>,
    },
    /// Signed again and again, it never landed.
    #[error("transaction not confirmed after {attempts} attempts; the last was {signature}")]
    NotConfirmed {
        /// How often it was signed.
        attempts: u32,
        /// The last signature.
        signature: Signature,
    },
    /// The account does not exist.
    #[error("{what} account {address} does not exist on this cluster")]
    AccountMissing {
        /// Which account.
        what: &'static str,
        /// Its address.
        address: Pubkey,
    },
    /// The account belongs to another program.
    #[error("{what} account {address} is owned by {got}, expected {expected}")]
    AccountOwner {
        /// Which account.
        what: &'static str,
        /// Its address.
        address: Pubkey,
        /// Its owner.
        got: Pubkey,
        /// The owner it should have.
        expected: Pubkey,
    },
    /// The account's bytes are not what they should be.
    #[error("{what} account {address}: {source}")]
    AccountLayout {
        /// Which account.
        what: &'static str,
        /// Its address.
        address: Pubkey,
        /// What is wrong.
        source: AccountError,
    },
    /// The account does not hold what was written to it.
    #[error(
        "{what} account {address}: {wrong} of {total} parts differ from what was written after {rounds} rounds"
    )]
    AccountContent {
        /// Which account.
        what: &'static str,
        /// Its address.
        address: Pubkey,
        /// Parts that differ.
        wrong: usize,
        /// Parts in all.
        total: usize,
        /// How often they were written.
        rounds: u32,
    },
    /// A program is there already.
    #[error("program {program} is deployed already: upgrade it instead")]
    AlreadyDeployed {
        /// Its id.
        program: Pubkey,
    },
    /// Somebody else may upgrade the program.
    #[error(
        "program {program}: {got} may not upgrade it, only {}",
        expected.map_or_else(|| "nobody".to_owned(), |key| key.to_string())
    )]
    UpgradeAuthority {
        /// Its id.
        program: Pubkey,
        /// Who would.
        got: Pubkey,
        /// Who may.
        expected: Option<Pubkey>,
    },
    /// The program's account has no room for the new code.
    #[error("program {program}: new code of {got} bytes, its account has room for {limit}")]
    ProgramTooLong {
        /// Its id.
        program: Pubkey,
        /// Bytes of the new code.
        got: usize,
        /// Bytes that there is room for.
        limit: usize,
    },
    /// The program did not become visible in time.
    #[error("program {program} was deployed, but is not executable after {slots} slots")]
    NotVisible {
        /// Its id.
        program: Pubkey,
        /// How long it had.
        slots: u64,
    },
    /// The rollup on chain is another one.
    #[error("the rollup on chain has chain id {got}, expected {expected}")]
    OtherRollup {
        /// Its chain id, in base58.
        got: Pubkey,
        /// The chain id it should have.
        expected: Pubkey,
    },
    /// The committee on chain is not the one that was to be registered.
    #[error("committee of epoch {epoch}: member {index} on chain is not the one given")]
    CommitteeDiffers {
        /// Its epoch.
        epoch: u64,
        /// The first member that differs.
        index: usize,
    },
    /// A transaction longer than Solana carries.
    #[error("transaction of {got} bytes, at most {limit} allowed")]
    TooLong {
        /// Its length.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// A submission without roots, or with a header and roots that do not belong together.
    #[error("submission of {got} roots for height {height}, expected 1 to {limit}")]
    RootsCount {
        /// How many came.
        got: usize,
        /// At most this.
        limit: usize,
        /// The header's height.
        height: u64,
    },
    /// A submission whose last root is not its header's.
    #[error("submission for height {height}: the last root is not the header's")]
    RootsLast {
        /// The header's height.
        height: u64,
    },
    /// A simulated instruction did not answer what it should.
    #[error("{instruction} answered {got} bytes that are not its answer")]
    Answer {
        /// Which.
        instruction: &'static str,
        /// Bytes that came.
        got: usize,
    },
    /// Signing failed.
    #[error("signing: {0}")]
    Sign(#[from] SignerError),
    /// A transaction could not be encoded.
    #[error("encoding a transaction: {0}")]
    Encode(#[from] wincode::WriteError),
    /// An instruction of the loader could not be made.
    #[error("loader instruction: {0}")]
    Loader(#[from] solana_instruction::error::InstructionError),
}

impl SettlementError {
    pub(crate) fn rpc(call: &'static str) -> impl FnOnce(ClientError) -> Self {
        move |source| Self::Rpc {
            call,
            source: Box::new(source),
        }
    }

    /// What to do about it.
    pub fn classify(&self) -> Classified {
        match self {
            Self::Rpc { source, .. } => classify(source),
            Self::Failed { source, .. } => classify_transaction(source),
            Self::NotConfirmed { .. } => Classified::EXPIRED,
            Self::AccountMissing { .. } | Self::AccountOwner { .. } | Self::NotVisible { .. } => {
                Classified::NOT_DEPLOYED
            }
            Self::AccountLayout { .. }
            | Self::AccountContent { .. }
            | Self::AlreadyDeployed { .. }
            | Self::UpgradeAuthority { .. }
            | Self::ProgramTooLong { .. }
            | Self::OtherRollup { .. }
            | Self::CommitteeDiffers { .. }
            | Self::TooLong { .. }
            | Self::RootsCount { .. }
            | Self::RootsLast { .. }
            | Self::Answer { .. }
            | Self::Sign(_)
            | Self::Encode(_)
            | Self::Loader(_) => Classified::MALFORMED,
        }
    }
}
