//! Rust client of the validators' JSON-RPC, which checks what they say.
//!
//! ```text
//!  Client ──JSON-RPC──▶ any of several validators      Solana ──JSON-RPC──▶ the rollup's account
//!    │ answers                                            │ roots of the newest heights
//!    ▼                                                    ▼
//!  Chain: genesis by its hash, committee by its hash ─▶ certificate: one pairing ─▶ header ─▶ root ─▶ proof ─▶ account
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`Client`] | the calls: submit, follow, simulate, read |
//! | [`Chain`] | what is known of a chain: whatever a certificate proves, it proves to it |
//! | [`Receipt`](rpc_types::types::ReceiptView) and its like | in [`rpc_types`], which this crate gives out as [`rpc`] |
//! | [`Solana`] | what Solana has recorded, by plain JSON-RPC |
//! | [`proof`] | an account's proof as a file, checked without asking any validator |
//! | [`testnet`] | finding the testnet that runs on this machine |
//!
//! Rules:
//! - A validator is asked, never believed: what a [`Client`] calls proven has been led back to a certificate of the committee
//!   that the chain's id names. Who does not know the id has it from the rollup's account on Solana.
//! - Every answer has a limit and every call a timeout. If one validator is not there, the next is asked; what one refuses
//!   is refused.
//! - Sending again means sending the same bytes: a transaction happens once.
//!
//! ```no_run
//! # async fn demo(key: assetvm::SigningKey, to: assetvm::Address) -> Result<(), Box<dyn std::error::Error>> {
//! use assetvm::Action;
//! use client::{Client, Stage};
//!
//! let client = Client::new(&["http://127.0.0.1:8845"])?;
//! let chain = client.chain().await?;
//! let body = client.prepare(&chain, key.address(), Action::transfer(to, "12.5".parse()?)).await?;
//! let id = client.submit(&key.sign(body)).await?;
//! client.wait(&id, Stage::Settled, std::time::Duration::from_secs(60)).await?;
//! println!("{:?}", client.proven_account(&chain, &to).await?.account);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod calls;
mod chain;
mod client;
mod error;
mod follow;
pub mod proof;
mod proven;
mod send;
mod solana;
pub mod testnet;

pub use chain::Chain;
pub use client::{CALL_TIMEOUT, Client, MAX_ENDPOINTS};
pub use error::ClientError;
pub use follow::{FOLLOW_TIMEOUT, Stage};
pub use proven::{Certified, ProvenAccount, ProvenEntry, ProvenProgram};
pub use rpc_types as rpc;
pub use send::Estimate;
pub use solana::{Rollup, Root, Solana, SolanaError, rollup_address};
