//! The deployment registry: program binaries, IDLs and their hashes.
//!
//! ```text
//! registry/
//!   asset_rollup_program/
//!     program-keypair.json     the address for local use (registry/README.md)
//!     policy.json              what must be done before a release runs, and who may confirm it
//!     0.1.0/
//!       manifest.json          version, address, sha256 of the other two, state version, toolchain
//!       asset_rollup_program.so
//!       idl.json
//!       record.json            source revision, signed approvals, where it was rolled out
//! ```
//!
//! [`Registry`] reads such a folder; [`embedded`] is the newest release as it was when this crate was built, so that a
//! binary finds the program on a machine that has nothing else.
//!
//! Rules:
//! - bytes leave this crate only after their hash was compared with the manifest;
//! - versions are `major.minor.patch` and the newest is the greatest;
//! - what the build makes and what people say of it are two files: `cargo xtask build-program` writes the first three, which a
//!   rebuild reproduces, `assetctl` the record;
//! - an approval counts if a key of the policy signed it for exactly these hashes; no file says of itself that it is approved.
//!
//! ```
//! let release = registry::embedded()?;
//! assert_eq!(release.manifest.program, registry::PROGRAM);
//! # Ok::<(), registry::RegistryError>(())
//! ```
#![warn(missing_docs)]

mod approval;
mod embedded;
mod manifest;
mod record;
mod store;

pub use approval::{Approval, ApprovalSignature, ApproverKey, Name, Policy, Standing, approval_text};
pub use embedded::{embedded, local_program_keypair};
pub use manifest::{Manifest, Version, sha256_hex};
pub use record::{Outcome, Record, Rollout};
pub use store::{IDL_FILE, MANIFEST_FILE, POLICY_FILE, RECORD_FILE, Registry, Release};

use std::path::PathBuf;

/// Name of the rollup's program.
pub const PROGRAM: &str = "asset_rollup_program";

/// Why the registry could not give a release.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A manifest is not JSON of the expected shape.
    #[error("manifest of {program}: {source}")]
    Manifest {
        /// Whose.
        program: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A policy or a record is not JSON of the expected shape.
    #[error("{path}: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Not a name that may stand in signed text.
    #[error("{got:?} is no name, expected 1 to 64 letters, digits, '-', '_' or '.'")]
    Name {
        /// What came.
        got: String,
    },
    /// Not a signature.
    #[error("{got:?} is no signature, expected 128 hexadecimal digits")]
    Signature {
        /// What came.
        got: String,
    },
    /// Not a key.
    #[error("{got:?} is no key, expected 32 bytes in base58")]
    Key {
        /// What came.
        got: String,
    },
    /// Not `major.minor.patch`.
    #[error("version {got:?}, expected major.minor.patch")]
    Version {
        /// What came.
        got: String,
    },
    /// No release of that program.
    #[error("no release of {program} in the registry; `cargo xtask build-program` makes one")]
    Empty {
        /// Which program.
        program: String,
    },
    /// A file is not the one that the manifest names.
    #[error("{file} of {program} {version} has sha256 {got}, expected {expected}")]
    Hash {
        /// Which program.
        program: String,
        /// Which version.
        version: Version,
        /// Which file.
        file: String,
        /// The file's hash.
        got: String,
        /// The manifest's hash.
        expected: String,
    },
    /// The manifest lies in the folder of another program or version.
    #[error("manifest names {got}, its folder is {expected}")]
    Misplaced {
        /// What the manifest says.
        got: String,
        /// Where it lies.
        expected: String,
    },
    /// The key file is not 64 numbers.
    #[error("the program's key file is not an array of 64 bytes")]
    Keypair,
}
