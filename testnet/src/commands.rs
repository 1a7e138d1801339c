//! The subcommands: each in its own file, on a testnet of its own or on one that runs.

pub mod chaos;
pub mod dashboard;
mod host;
pub mod load;
pub mod slo;
pub mod top;
pub mod trace;

use std::path::Path;

pub use host::{Host, NetworkArgs};

use crate::error::TestnetError;
use crate::live::Progress;

/// Exit code for a command line or a file that cannot be used.
pub const USAGE: u8 = 2;
/// Exit code for everything else that is not as it must be.
pub const FAILED: u8 = 1;

/// A failure as people and programs read it.
#[derive(Debug, serde::Serialize)]
pub struct Failure {
    /// What happened.
    pub error: String,
    /// What to do about it.
    pub hint: String,
    /// The process's exit code.
    #[serde(skip)]
    pub code: u8,
}

impl Failure {
    /// With this exit code.
    pub fn new(code: u8, error: impl std::fmt::Display, hint: &str) -> Self {
        Self {
            error: error.to_string(),
            hint: hint.to_owned(),
            code,
        }
    }

    /// Of a testnet; what the validator that is to blame said last is shown.
    pub fn of(error: &TestnetError, progress: &mut Progress) -> Self {
        if let Some(log) = error.log() {
            progress.warn(log);
        }
        Self::new(FAILED, error, error.hint())
    }
}

/// Refuses early what would fail only at the end.
///
/// # Errors
/// `path` is not a file that could be written.
pub fn writable(path: &Path) -> Result<(), Failure> {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if parent.is_dir() && !path.is_dir() {
        return Ok(());
    }
    let error = format!("{} cannot be written", path.display());
    Err(Failure::new(
        USAGE,
        error,
        "name a file in a directory that exists",
    ))
}

/// Writes a result where it was asked for.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        let error = format!("{}: {error}", path.display());
        Failure::new(FAILED, error, "name a file in a directory that exists")
    })
}
