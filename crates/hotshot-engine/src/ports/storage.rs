//! What must be durable before it is said.

use std::future::Future;

use hotshot::{Record, Recovery};

/// A storage fault. It is fatal: a node that cannot write does not vote.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {reason}")]
pub struct StorageError {
    /// What was tried.
    pub operation: &'static str,
    /// What the store said.
    pub reason: String,
}

/// What a restarted node starts from: see [`hotshot::Recovery`].
pub type Recovered = Recovery;

/// The consensus log. Decided blocks go through [`super::Application::decided`].
pub trait Storage: Send + Sync + 'static {
    /// Makes the records durable, all of them, in order; returns when they are. Calls may overlap; a later call is never
    /// durable before an earlier one.
    fn persist(&self, records: Vec<Record>) -> impl Future<Output = Result<(), StorageError>> + Send;
}
