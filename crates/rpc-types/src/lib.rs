//! The validators' JSON-RPC: its calls, what they take and answer, and its limits. Shared by those who serve and those who
//! ask.
//!
//! | method | answers |
//! |---|---|
//! | `asset_submitTransaction` | takes a signed transaction, returns its id |
//! | `asset_submitTransactions` | takes up to [`MAX_SUBMIT`] of them, one outcome each |
//! | `asset_transactionStatus` | unknown, pending, decided or settled |
//! | `asset_account` | an account with a proof against the newest decided state root |
//! | `asset_program` | a program: its interface, what it owns, who may upgrade it, with a proof |
//! | `asset_code` | a program's code |
//! | `asset_entry` | what a program stores under a key, with a proof |
//! | `asset_entries` | what a program stores, a page at a time |
//! | `asset_view` | a program's answer, without a transaction, for at most [`MAX_ASK_GAS`] |
//! | `asset_simulate` | what would become of a transaction: its gas, its outcome, the least fee |
//! | `asset_block` | a decided block with header, payload and receipts |
//! | `asset_latestRoot` | the newest certified header with its finality certificate |
//! | `asset_certificate` | the finality certificate that decided a height |
//! | `asset_status` | where this node stands |
//! | `asset_genesis` | the genesis and the committee |
//! | `asset_roster` | the validators, and the committees of the epochs at hand, with a proof |
//! | `asset_subscribeBlocks` | a summary of every block as it is decided (websocket) |
//!
//! Rules:
//! - Bytes are lowercase hexadecimal, addresses base58, amounts decimal $ASSET as text (`"12.5"`): no number loses precision
//!   in JSON.
//! - An answer says what it proves itself by, and [`types`] check it: [`AccountView::verify`](types::AccountView::verify) and
//!   its like take the root from whoever asked.
//! - No IO: the features `client` and `server` make the traits of `AssetApi` for either side.
#![forbid(unsafe_code)]

#[cfg(any(feature = "client", feature = "server"))]
mod api;
pub mod text;
pub mod types;

use assetvm::Gas;

#[cfg(feature = "client")]
pub use api::AssetApiClient;
#[cfg(feature = "server")]
pub use api::AssetApiServer;

/// Most transactions of one `asset_submitTransactions`.
pub const MAX_SUBMIT: usize = 512;
/// Largest request: [`MAX_SUBMIT`] of the largest payments in hexadecimal, with quotes and commas, or three of the largest
/// deployments.
pub const MAX_REQUEST_BYTES: u32 = 1 << 20;
const _: () = assert!(3 * 2 * assetvm::MAX_TRANSACTION_BYTES < MAX_REQUEST_BYTES as usize);
/// Largest response: a full block's payload in hexadecimal, with its receipts.
pub const MAX_RESPONSE_BYTES: u32 = 16 << 20;
/// Most gas of a view or a simulation: some ten milliseconds.
pub const MAX_ASK_GAS: Gas = Gas(100_000_000);
/// Most entries of one `asset_entries`.
pub const MAX_ENTRIES: usize = 256;
