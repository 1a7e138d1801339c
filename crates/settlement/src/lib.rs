//! Client of the rollup program on Solana: typed accounts, instructions, errors and deployment.
//!
//! ```text
//!             ┌ RollupClient ─ reads: rollup_state, committee, verify_account      (account.rs, views.rs)
//!             │              ├ acts of deployer, governance, guardian              (acts.rs)
//!  caller ───▶│              └ committees: staged, activated, handed over to       (committees.rs)
//!             │ instruction   ─ any instruction of the program, for transactions of one's own   (instructions.rs)
//!             │ SubmitBuilder ─ one submit_roots transaction, at most 1,232 bytes   (submit.rs)
//!             │ deploy        ─ the upgradeable loader: upload, deploy, upgrade, read the code
//!             ├ release       ─ is the program the one that we know, and recorded
//!             ├ witness       ─ do the other endpoints say so, too
//!             └ probe         ─ what cluster is this, is the program there
//!                    │ send: sign, send, confirm, sign again after expiry   (send.rs)
//!                    ▼
//!             JSON-RPC of any cluster ──error──▶ classify: Success │ Retry │ Resign │ Halt
//! ```
//!
//! Rules:
//! - layouts, instruction data and error codes are `rollup-abi`'s; nothing here restates them;
//! - the classifier is total: every error of the RPC, the runtime and the program has one [`Verdict`], and what is unknown
//!   means "read the chain again", never "give up" and never "loop on the same bytes";
//! - whether something is done is judged by the account, not by a signature's status;
//! - a transaction above [`rollup_abi::instruction::MAX_TRANSACTION`] is refused here, where it can still be explained.

mod account;
mod acts;
mod client;
mod committees;
pub mod deploy;
mod endpoints;
mod error;
mod instructions;
mod outcome;
mod price;
mod probe;
mod release;
mod send;
mod submit;
mod transaction;
mod verdict;
mod views;
mod witness;

pub use account::{CommitteeAccount, RollupAccount};
pub use client::RollupClient;
pub use committees::Staged;
pub use endpoints::rpc_client;
pub use error::SettlementError;
pub use instructions::{Parties, committee_address, growth, instruction, rollup_address};
pub use outcome::Landed;
pub use probe::{Cluster, ProgramStatus};
pub use release::{KnownProgram, ProgramMismatch};
pub use send::Sender;
pub use submit::{Submission, SubmitBuilder, max_roots};
pub use transaction::{Budget, Recent};
pub use verdict::{Cause, Classified, Verdict, classify, classify_transaction};
pub use witness::Testimony;

pub use solana_client::nonblocking::rpc_client::RpcClient;
pub use solana_commitment_config::CommitmentConfig;
pub use solana_keypair::Keypair;
pub use solana_pubkey::Pubkey;
pub use solana_signature::Signature;
pub use solana_signer::Signer;
pub use solana_transaction::Transaction;
