//! Holds consensus keys: encrypted at rest, and never signing what contradicts what they have signed.
//!
//! ```text
//!  validator ──Statement──▶ Guard: judge by the record ──▶ append to the record, fdatasync ──▶ sign
//!                             ▲ or over a unix socket, to a process that has the keys and the record
//!  validator ──Statement──▶ Remote ══════▶ serve ──▶ Guard
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`guard`] | keys and record in this process |
//! | [`record`] | what has been signed, and what that forbids |
//! | [`remote`] | the same from another process |
//! | [`vault`] | a secret in a file, under a passphrase |
//!
//! Rules:
//! - A signer is asked for statements, never for digests: what it signs it has understood.
//! - What a statement excludes is durable before its signature is given. Whatever is asked, in whatever order, by however many,
//!   across restarts: no two signatures contradict each other.
//! - A record belongs to one chain. Without its record, a key does not know what it has signed: a lost record is not replaced
//!   unless its owner says so.
//! - A refusal is an answer, not a fault: the node stays silent and goes on.

pub mod guard;
pub mod record;
pub mod remote;
pub mod vault;

pub use guard::{Guard, Signs};
pub use record::{Record, RecordError, Refusal};
pub use remote::{Remote, RemoteError, serve};
pub use vault::{Vault, VaultError};
