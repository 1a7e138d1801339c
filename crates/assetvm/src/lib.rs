//! Execution: transactions, accounts, the state tree and its proofs.
//!
//! ```text
//!  bytes ─decode▶ Unvalidated<Transaction> ─verify▶ Verified ─┐
//!                                                             ▼
//!  Genesis ─▶ State ──────────────────────────────▶ execute_block / Executor ◀─calls─▶ curvevm
//!              ▲  │ prove                                     │ BlockOutcome
//!              │  └──▶ CellProof ─verify──── state root ◀─────┤ state_root ─▶ header
//!              └─────────────── state, Changes ◀──────────────┘ receipts, changes ─▶ storage
//! ```
//!
//! Rules:
//! - A transaction is canonical Borsh, at most [`Action::max_bytes`]; its sender signs `domain ‖ borsh(body)` with
//!   ed25519, checked strictly ([`verify_block`] says why not in batches). Chain id and nonce are in what is signed.
//! - A transaction that cannot be charged ([`Rejection`]: unreadable, wrong signature, chain id or nonce, fee too low or
//!   not payable, more gas than the block has left) is never in a block; a block with one is **invalid as a whole**.
//! - A transaction that can be charged but not carried out ([`Failure`]: balance, mint authority, supply cap, nothing to
//!   move, a program that traps …) **is included**: the fee is charged, the nonce used, the receipt says why.
//! - A fee pays for all the gas that its transaction may use, and is charged whole. A call happens wholly or not at all.
//! - A program gets $ASSET only by being called; it is upgraded and closed only by the authority that it was deployed with.
//! - The roster changes by its authority's transactions, a validator's own entry also by that validator's. A key comes with a
//!   proof of possession. An epoch's last block fixes the committee of the epoch after the next.
//! - Fees belong to no account. They leave circulation and are counted in [`Metadata::fees_collected`], so that a later
//!   rule can pay them out; they remain part of the total supply.
//! - The supply cap bounds what exists at one time. Burning makes room.
//!
//! Invariants:
//! - Balances + fees collected = total supply = minted − burnt ≤ cap, after every transaction.
//! - The state root is a function of accounts, programs, what they store, and totals alone, not of how they came about.
//! - Pure: no IO, no clock, no randomness, checked arithmetic. Equal inputs give equal outputs on every machine.
//! - A [`State`] never changes. A fork costs what it changes, so undecided branches are executed freely.
//!
//! ```
//! use assetvm::{
//!     Action, Amount, BlockContext, GasRules, Genesis, GenesisRoster, Nonce, SigningKey, TransactionBody, Unvalidated,
//!     execute_block,
//! };
//!
//! let (alice, bob) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]).address());
//! let genesis = Genesis {
//!     program_id: bob,
//!     mint_authority: alice.address(),
//!     supply_cap: "1000000".parse()?,
//!     minimum_fee: "0.001".parse()?,
//!     gas: GasRules::default(),
//!     accounts: vec![(alice.address(), "100".parse()?)],
//!     committee: [0; 32],
//!     timestamp_ms: 0,
//!     roster: GenesisRoster::default(),
//! };
//! let signed = alice.sign(TransactionBody {
//!     chain_id: genesis.chain_id(),
//!     sender: alice.address(),
//!     nonce: Nonce::new(0),
//!     fee: "0.001".parse()?,
//!     action: Action::transfer(bob, "12.5".parse()?),
//! });
//! let at = BlockContext { height: 1, time_ms: 250 };
//! let received = Unvalidated::decode(&signed.encode())?.verify()?;
//! let block = execute_block(&genesis.state()?, at, &[received])?;
//! let proof = block.state.prove(&bob);
//! assert!(proof.verify(&block.state_root));
//! assert_eq!(proof.account().map(|account| account.balance), Some("12.5".parse::<Amount>()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(clippy::arithmetic_side_effects)]

mod account;
mod amount;
mod execute;
mod failure;
mod gas;
mod genesis;
mod key;
mod payload;
mod program;
mod proof;
mod receipt;
mod rejection;
mod roster;
mod state;
mod text;
mod transaction;
mod tree;
mod verify;

pub use account::{Account, Changes, Metadata};
pub use amount::{Amount, AmountError, DECIMALS, UNIT};
pub use curvevm::{Address, AddressError, Gas};
pub use execute::{BlockContext, BlockOutcome, Executor, View, execute_block};
pub use failure::{Failure, MAX_REASON_BYTES, Place, Reason, Revert, Trapped};
pub use gas::GasRules;
pub use genesis::{Genesis, GenesisError, GenesisRoster, Params};
pub use key::{KEYPAIR_BYTES, KeyError, SigningKey};
pub use payload::{MAX_BLOCK_TXS, MAX_PAYLOAD_BYTES, PAYLOAD_FRAMING, Payload, PayloadError};
pub use program::{EntryId, Program, ProgramRecord, program_address};
pub use proof::{
    AccountProof, CellId, CellProof, EntryProof, MAX_PROOF_BYTES, MetadataProof, ProgramAt, ProgramProof,
    ProofError, RosterCell, RosterProof,
};
pub use receipt::{MAX_OUTPUT_BYTES, Outcome, Output, Receipt};
pub use rejection::Rejection;
pub use roster::{
    MAX_PEER_ADDRESS_BYTES, MAX_ROSTER_BYTES, MAX_STAKE, MAX_VALIDATORS, MIN_VOTERS, PeerAddress, Roster,
    RosterChange, RosterFault, Seats, Validator,
};
pub use state::{Contents, State, StateError};
pub use text::{MAX_MEMO_BYTES, Memo, Text, TextTooLong};
pub use transaction::{
    Action, MAX_ARGS_BYTES, MAX_CLOSED_ENTRIES, MAX_PLAIN_BYTES, MAX_TRANSACTION_BYTES, Nonce,
    SIGNATURE_BYTES, Transaction, TransactionBody, TxId, TxIdError, Unvalidated,
};
pub use verify::{InvalidTransaction, Verified, verify_block};
