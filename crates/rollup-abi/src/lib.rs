//! Everything that the Solana program and the host must agree on, defined once.
//!
//! What is hashed, signed or stored on chain has its one definition here and is used by both sides: the program links this
//! crate into its bytecode, the validators link it natively. Nothing else may define such bytes a second time.
//!
//! | module | what it fixes |
//! |---|---|
//! | [`domain`] | the domain tag of every digest |
//! | [`hash`] | SHA-256, by syscall on Solana, by `sha2` on the host |
//! | [`header`] | the block header, its layout and its leaf commitment |
//! | [`post`] | the header as it is posted |
//! | [`vote`] | what Vote1, Vote2, a timeout vote and a proof of possession sign |
//! | [`certificate`] | the wire layout of a certificate |
//! | [`committee`] | quorum arithmetic, member records, the committee's hash |
//! | [`curve`] | hash to curve candidates and the checks on encoded points |
//! | [`roots`] | the accumulator over state roots |
//! | [`mmr`] | the Merkle mountain range over leaf commitments |
//! | [`tree`] | the state tree's hashing rules and its proofs |
//! | [`path`] | such a proof as it is sent to the program |
//! | [`pda`] | the seeds of the program's accounts |
//! | [`account`] | the layouts of those accounts |
//! | [`layout`] | how fixed layouts and their tables of fields are declared |
//! | [`instruction`] | discriminators, accounts and data of the instructions |
//! | [`error`] | the program's error codes |
//! | [`event`] | what the program logs |
//! | [`release`] | the program's version as a number |
//!
//! Rules: `no_std`, no allocation, integers are little-endian and fixed in width, curve points are big-endian in EIP-197
//! order, every length is checked before it is read, and bytes change only together with their golden vector.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]
#![warn(missing_docs)]

pub mod account;
pub mod certificate;
pub mod committee;
pub mod curve;
pub mod domain;
pub mod error;
pub mod event;
pub mod hash;
pub mod header;
pub mod instruction;
pub mod layout;
pub mod mmr;
pub mod path;
pub mod pda;
pub mod post;
pub mod release;
pub mod roots;
pub mod tree;
pub mod vote;

pub use certificate::{CertificateRef, CertificateWireError};
pub use committee::{MAX_MEMBERS, quorum};
pub use error::ProgramError;
pub use hash::{Digest, sha256};
pub use header::{Header, HeaderError};
