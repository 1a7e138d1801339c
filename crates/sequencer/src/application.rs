//! The engine's `Application` over `assetvm` and `store`.
//!
//! ```text
//!  build     mempool ─select─▶ Executor on the parent's state ─▶ header
//!  validate  payload ─verify, execute on the parent's state─▶ every field as computed, or why not
//!  decided   branch ─▶ store (one transaction) ─▶ anchor, mempool, subscribers
//! ```
//!
//! Undecided blocks are executed on forks of their parents' states ([`Branches`]); a decided one has usually been executed
//! already, by `build` or `validate`. Everything runs on blocking threads: the engine's own are never held up.

mod block;
mod branches;
mod committees;
mod decide;
mod heads;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use assetvm::{
    Address, BlockContext, Executor, MAX_PAYLOAD_BYTES, MAX_TRANSACTION_BYTES, PAYLOAD_FRAMING, Payload,
    Rejection, Verified,
};
use hotshot_engine::ports::{Application, ApplicationError, BuildRequest, BuiltBlock, DecidedBlock};
use hotshot_types::{Committee, Epoch, Height, dispersal};
use rollup_abi::Header;
use store::Store;
use telemetry::Metrics;

pub use block::{BlockFault, Branch, Slot, genesis_header};
pub use branches::{Abandoned, Branches, MAX_UNDECIDED};
pub use committees::{committee_of, key_of};
pub use heads::{Decided, Heads};

use crate::{
    halt::Halt,
    mempool::{Mempool, SelectionLimits},
};

/// Longest that a leader spends on executing transactions for its block.
pub const BUILD_BUDGET: Duration = Duration::from_millis(100);
// What the application may put into a block, consensus has to carry, and a block has to hold any transaction.
const _: () = assert!(MAX_PAYLOAD_BYTES == hotshot_types::message::MAX_PAYLOAD);
const _: () = assert!(MAX_TRANSACTION_BYTES + PAYLOAD_FRAMING <= MAX_PAYLOAD_BYTES);

/// The application. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    branches: Mutex<Branches>,
    /// Held while blocks are being decided: one batch after the other.
    deciding: tokio::sync::Mutex<()>,
    heads: Heads,
    mempool: Arc<Mempool>,
    metrics: Arc<Metrics>,
    halt: Halt,
    max_transactions: usize,
}

impl App {
    /// Starts on the newest decided block, `anchor`, which is the store's last.
    pub fn new(
        store: Store,
        anchor: Branch,
        mempool: Arc<Mempool>,
        metrics: Arc<Metrics>,
        halt: Halt,
        max_transactions: usize,
    ) -> Self {
        let branches = Branches::new(anchor);
        let heads = Heads::new(Arc::clone(branches.anchor()));
        Self(Arc::new(Inner {
            store,
            branches: Mutex::new(branches),
            deciding: tokio::sync::Mutex::new(()),
            heads,
            mempool,
            metrics,
            halt,
            max_transactions,
        }))
    }

    /// The newest decided block, for those who follow it.
    pub fn heads(&self) -> &Heads {
        &self.0.heads
    }

    /// Runs `work` on a blocking thread.
    async fn blocking<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Inner) -> Result<T, ApplicationError> + Send + 'static,
    ) -> Result<T, ApplicationError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| {
            Err(ApplicationError::Fatal {
                operation,
                reason: error.to_string(),
            })
        })
    }
}

impl Inner {
    fn branches(&self) -> MutexGuard<'_, Branches> {
        self.branches
            .lock()
            .expect("nothing panics while it holds the branches")
    }

    fn parent(&self, parent: &Header) -> Result<Arc<Branch>, ApplicationError> {
        let found = self.branches().get(&parent.commitment());
        found.ok_or(ApplicationError::MissingParent {
            height: parent.height,
        })
    }

    fn build(&self, request: &BuildRequest) -> Result<BuiltBlock, ApplicationError> {
        let started = Instant::now();
        let parent = self.parent(&request.parent)?;
        let timestamp_ms = request.now_ms.max(parent.header.timestamp_ms.saturating_add(1));
        let block = BlockContext {
            height: parent.header.height.saturating_add(1),
            time_ms: timestamp_ms,
        };
        let mut executor = Executor::new(&parent.state, block);
        let mut payload = Payload::default();
        let included = self.fill(&mut executor, &mut payload, started);
        let payload: Arc<[u8]> = payload.into_bytes().into();
        let payload_commitment =
            dispersal::commit(&request.committee, &payload).map_err(|error| ApplicationError::Fatal {
                operation: "build",
                reason: error.to_string(),
            })?;
        let slot = Slot {
            payload_commitment,
            version: request.version,
            view: request.view.get(),
            epoch: request.epoch.get(),
            next_committee: request.next_committee,
            timestamp_ms,
        };
        let child = parent.child(slot, included.iter().map(Arc::as_ref), executor.finish());
        let child = Arc::new(child);
        self.branches().insert(Arc::clone(&child));
        self.metrics.blocks_built.add(1);
        self.metrics.build_time.observe(started.elapsed());
        Ok(BuiltBlock {
            header: child.header.clone(),
            payload,
        })
    }

    /// Executes what the mempool offers until the block is full, nothing more fits, or the time is used up. A sender whose
    /// next transaction is rejected (it cannot pay the fee any more, say) takes no room from others: the rest of its
    /// transactions is passed over, and what had been kept out by them is offered.
    fn fill(&self, executor: &mut Executor, payload: &mut Payload, started: Instant) -> Vec<Arc<Verified>> {
        let mut included: Vec<Arc<Verified>> = Vec::new();
        let mut bytes = 0usize;
        let mut passed_over: HashSet<Address> = HashSet::new();
        let most = self.mempool.share().of(self.max_transactions);
        loop {
            let limits = SelectionLimits {
                transactions: most.saturating_sub(included.len()),
                bytes: (MAX_PAYLOAD_BYTES - PAYLOAD_FRAMING).saturating_sub(bytes),
            };
            let next =
                |sender: &Address| (!passed_over.contains(sender)).then(|| executor.account(sender).nonce);
            let candidates = self.mempool.select(limits, next);
            let rejected_before = passed_over.len();
            for transaction in candidates {
                if started.elapsed() > BUILD_BUDGET {
                    tracing::debug!(included = included.len(), "the time for building is used up");
                    return included;
                }
                let sender = transaction.body().sender;
                if passed_over.contains(&sender) {
                    continue;
                }
                match executor.execute(&transaction) {
                    Ok(_) => {
                        payload
                            .push(&transaction)
                            .expect("the selection's limits are the payload's, less its framing");
                        bytes = bytes.saturating_add(transaction.encoded_len());
                        included.push(transaction);
                    }
                    Err(rejection) => {
                        passed_over.insert(sender);
                        self.rejected(&transaction, &rejection);
                    }
                }
            }
            if passed_over.len() == rejected_before {
                return included;
            }
        }
    }

    /// What waiting does not cure leaves the mempool. A fee that is not payable, or a nonce behind such a one, may come right;
    /// and the next block has gas again.
    fn rejected(&self, transaction: &Verified, rejection: &Rejection) {
        match rejection {
            Rejection::Nonce { .. } | Rejection::FeeNotPayable { .. } | Rejection::BlockFull { .. } => {}
            _ => {
                tracing::debug!(transaction = %transaction.id(), %rejection, "removed from the mempool");
                self.mempool.refuse(&transaction.id());
            }
        }
    }

    fn validate(&self, parent: &Header, header: &Header, payload: &[u8]) -> Result<(), ApplicationError> {
        let started = Instant::now();
        if self.branches().get(&header.commitment()).is_some() {
            return Ok(());
        }
        let parent = self.parent(parent)?;
        match parent.follow(header, payload, |id| self.mempool.contains(id)) {
            Ok(child) => {
                self.branches().insert(Arc::new(child));
                self.metrics.validate_time.observe(started.elapsed());
                Ok(())
            }
            Err(fault) => {
                self.metrics.blocks_refused.add(1);
                tracing::warn!(height = header.height, view = header.view, %fault, "block refused");
                Err(ApplicationError::Invalid(fault.to_string()))
            }
        }
    }
}

impl Application for App {
    async fn build(&self, request: BuildRequest) -> Result<BuiltBlock, ApplicationError> {
        self.blocking("build", move |inner| inner.build(&request)).await
    }

    async fn validate(
        &self,
        parent: Header,
        header: Header,
        payload: Arc<[u8]>,
    ) -> Result<(), ApplicationError> {
        self.blocking("validate", move |inner| {
            inner.validate(&parent, &header, &payload)
        })
        .await
    }

    async fn decided(&self, blocks: Vec<DecidedBlock>) -> Result<(), ApplicationError> {
        self.decide(blocks).await
    }

    async fn committee(&self, epoch: Epoch) -> Result<Option<Committee>, ApplicationError> {
        self.blocking("committee", move |inner| inner.committee(epoch))
            .await
    }

    async fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        max_bytes: usize,
    ) -> Result<Vec<DecidedBlock>, ApplicationError> {
        self.blocking("blocks", move |inner| inner.blocks(from, max_blocks, max_bytes))
            .await
    }
}

#[cfg(test)]
mod tests;
