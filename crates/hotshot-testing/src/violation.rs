//! What did not hold, and how to see it again.

use std::time::Duration;

/// Something that must not happen has happened.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{name}, seed {seed}: {checker}: {what}\n  at {at:?}, view {view}; the last that happened:\n{tail}  replay: {replay}"
)]
pub struct Violation {
    /// The test or profile.
    pub name: String,
    /// The checker that found it.
    pub checker: &'static str,
    /// What it found.
    pub what: String,
    /// The run's seed.
    pub seed: u64,
    /// Virtual time.
    pub at: Duration,
    /// The highest view of an honest node.
    pub view: u64,
    /// The command that runs it again.
    pub replay: String,
    /// The last things that happened.
    pub tail: String,
}
