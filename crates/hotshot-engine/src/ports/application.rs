//! Building, checking and applying blocks.

use std::{future::Future, sync::Arc};

use hotshot_types::{Certificate2, Committee, Epoch, Height, View};
use rollup_abi::{Digest, Header};

/// What a leader asks for.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The view to propose in.
    pub view: View,
    /// The epoch of the new block.
    pub epoch: Epoch,
    /// The version that the header names, by whose rules the block is executed.
    pub version: u16,
    /// What the header says of the next committee: its hash in an epoch's last block, else zero.
    pub next_committee: Digest,
    /// The committee of that epoch, by whose members a large payload is held in shares.
    pub committee: Committee,
    /// The parent's header, decided or not; it was validated or built by this node.
    pub parent: Header,
    /// The leader's wall clock, milliseconds since 1970.
    pub now_ms: u64,
}

/// A block as built: the header is complete.
#[derive(Clone, Debug)]
pub struct BuiltBlock {
    /// Its header.
    pub header: Header,
    /// Its payload; `header.payload_commitment` is [`hotshot_types::dispersal::commit`] of it.
    pub payload: Arc<[u8]>,
}

/// A decided block. Certificate2 of a block decides its ancestors, too, so these may lack one of their own.
#[derive(Clone, Debug)]
pub struct DecidedBlock {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: Arc<[u8]>,
    /// The proof of finality, if this very block has one.
    pub certificate: Option<Certificate2>,
}

/// Why the application refused.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// The block is wrong: the leader's fault.
    #[error("invalid block: {0}")]
    Invalid(String),
    /// The parent's state is not here (yet).
    #[error("parent state of height {height} is not here")]
    MissingParent {
        /// The parent's height.
        height: u64,
    },
    /// Our own fault: the node must stop.
    #[error("{operation}: {reason}")]
    Fatal {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        reason: String,
    },
}

/// The application. Calls may overlap; each may take some milliseconds and must not block the caller's thread for longer.
pub trait Application: Send + Sync + 'static {
    /// Builds a block on `request.parent`.
    fn build(
        &self,
        request: BuildRequest,
    ) -> impl Future<Output = Result<BuiltBlock, ApplicationError>> + Send;

    /// Executes a proposed block on its parent and compares every field that the application owns: the node votes only for
    /// a root that it computed itself. That the payload is the one that the header names, and the committee the next one, is
    /// checked by the engine.
    fn validate(
        &self,
        parent: Header,
        header: Header,
        payload: Arc<[u8]>,
    ) -> impl Future<Output = Result<(), ApplicationError>> + Send;

    /// Applies decided blocks, oldest first, each height once. They are durable when this returns.
    fn decided(&self, blocks: Vec<DecidedBlock>)
    -> impl Future<Output = Result<(), ApplicationError>> + Send;

    /// The committee of an epoch, fixed by the last block of the epoch two before it, after which it is asked for; the first
    /// two are fixed by genesis. `None` for an epoch that is not fixed yet, or long over. A chain without epochs need not
    /// answer.
    fn committee(
        &self,
        _epoch: Epoch,
    ) -> impl Future<Output = Result<Option<Committee>, ApplicationError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Decided blocks from `from` on, oldest first: at most `max_blocks` and about `max_bytes`, for a peer that was away.
    fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Vec<DecidedBlock>, ApplicationError>> + Send;
}
