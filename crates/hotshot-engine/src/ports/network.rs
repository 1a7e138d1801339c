//! Bytes to and from committee members.

use std::{future::Future, sync::Arc};

use hotshot_types::NodeId;

/// What goes first when a link is busy. Each pair of nodes has one stream per class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Votes, certificates, timeouts: small, always first.
    Vote,
    /// Proposals with their payload.
    Proposal,
    /// Fetches and their answers: bulk.
    Sync,
}

/// Whom a message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every other member of the committee.
    Others,
    /// One member.
    One(NodeId),
}

/// A message from an authenticated member.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Who sent it: proven by the connection's handshake.
    pub from: NodeId,
    /// An encoded, unvalidated message; at most [`hotshot_types::message::MAX_LEN`] bytes.
    pub bytes: Vec<u8>,
}

/// Why the network did not take a message.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Larger than a receiver would read.
    #[error("message of {got} bytes, at most {limit} fit")]
    TooLarge {
        /// Its size in bytes.
        got: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The network has stopped.
    #[error("the network has stopped")]
    Stopped,
}

/// The network. Sending never waits: a full queue drops the oldest message of its class and counts it, for consensus
/// repeats what matters. Nothing is delivered from outside the committee.
pub trait Network: Send + Sync + 'static {
    /// Queues `bytes` for `target`.
    fn send(&self, target: Target, priority: Priority, bytes: Arc<[u8]>) -> Result<(), NetworkError>;

    /// The next message. `None` once the network has stopped. One caller at a time.
    fn recv(&self) -> impl Future<Output = Option<Incoming>> + Send;
}
