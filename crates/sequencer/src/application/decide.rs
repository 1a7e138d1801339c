//! Deciding: blocks become durable, and then everybody hears of them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use assetvm::{Address, Nonce, TxId};
use hotshot_engine::ports::{ApplicationError, DecidedBlock};
use hotshot_types::Height;
use store::CommittedBlock;

use super::{Abandoned, App, BlockFault, Branch, Inner};
use crate::halt::Divergence;

/// Blocks to make durable, and the branches that they are.
type Followed = (Vec<CommittedBlock>, Vec<Arc<Branch>>);

impl App {
    /// Makes decided blocks durable, then the newest state, then tells of them.
    pub(super) async fn decide(&self, blocks: Vec<DecidedBlock>) -> Result<(), ApplicationError> {
        let _turn = self.0.deciding.lock().await;
        let started = Instant::now();
        let (commits, branches) = self
            .blocking("execute", move |inner| inner.follow_decided(blocks))
            .await?;
        if branches.is_empty() {
            return Ok(());
        }
        let committed = self.0.store.commit(commits).await;
        committed.map_err(|error| ApplicationError::Fatal {
            operation: "commit",
            reason: error.to_string(),
        })?;
        self.0.metrics.commit_time.observe(started.elapsed());
        self.0.settle(branches);
        Ok(())
    }
}

impl Inner {
    /// The branch of each block: usually executed already; executed now if this node was away.
    fn follow_decided(&self, blocks: Vec<DecidedBlock>) -> Result<Followed, ApplicationError> {
        let mut last = Arc::clone(self.branches().anchor());
        let (mut commits, mut branches) =
            (Vec::with_capacity(blocks.len()), Vec::with_capacity(blocks.len()));
        for block in blocks {
            if block.header.height <= last.header.height {
                tracing::debug!(height = block.header.height, "decided before");
                continue;
            }
            let known = self.branches().get(&block.header.commitment());
            let branch = match known {
                Some(branch) if branch.header.parent == last.leaf => branch,
                _ => Arc::new(self.follow_unseen(&last, &block)?),
            };
            let (receipts, changes) = (branch.receipts.clone(), branch.changes.clone());
            commits.push(CommittedBlock {
                block,
                receipts,
                changes,
            });
            last = Arc::clone(&branch);
            branches.push(branch);
        }
        Ok((commits, branches))
    }

    /// Executes a decided block. A quorum stands behind it, so a difference is this node's or everybody's catastrophe: it
    /// stops signing.
    fn follow_unseen(&self, parent: &Branch, block: &DecidedBlock) -> Result<Branch, ApplicationError> {
        let height = block.header.height;
        let followed = parent.follow(&block.header, &block.payload, |id| self.mempool.contains(id));
        followed.map_err(|fault| {
            let divergence = match fault {
                BlockFault::Digest { field, got, expected } => Divergence::Decided {
                    height,
                    field,
                    got,
                    expected,
                },
                other => Divergence::Block {
                    height,
                    reason: other.to_string(),
                },
            };
            let reason = divergence.to_string();
            self.metrics.root_divergence.set(1);
            self.halt.trip(divergence);
            ApplicationError::Fatal {
                operation: "follow a decided block",
                reason,
            }
        })
    }

    /// After the commit: the anchor moves, the mempool forgets what is spent, followers hear.
    fn settle(&self, branches: Vec<Arc<Branch>>) {
        let Some(newest) = branches.last().cloned() else {
            return;
        };
        let before = {
            let mut tree = self.branches();
            let before = Arc::clone(tree.anchor());
            let abandoned = tree.advance(Arc::clone(&newest));
            self.abandon(abandoned, tree.undecided());
            before
        };
        let mut spent: BTreeMap<Address, Nonce> = BTreeMap::new();
        let mut included: HashSet<TxId> = HashSet::new();
        for branch in &branches {
            spent.extend(branch.spent.iter().map(|(address, nonce)| (*address, *nonce)));
            included.extend(branch.ids());
        }
        self.mempool.decided(spent, &included);
        self.count(&before, &branches, included.len());
        tracing::info!(
            height = newest.header.height,
            view = newest.header.view,
            root = %hex::encode(newest.header.state_root),
            transactions = included.len(),
            blocks = branches.len(),
            "decided"
        );
        self.heads.publish(branches);
    }

    fn abandon(&self, abandoned: Abandoned, undecided: usize) {
        let metrics = &self.metrics;
        metrics.blocks_abandoned.add(abandoned.blocks);
        metrics
            .reorg_depth
            .set(metrics.reorg_depth.get().max(abandoned.depth));
        metrics
            .undecided_blocks
            .set(u64::try_from(undecided).unwrap_or(u64::MAX));
    }

    fn count(&self, before: &Branch, branches: &[Arc<Branch>], transactions: usize) {
        let metrics = &self.metrics;
        let mut last = &before.header;
        for header in branches.iter().map(|branch| &branch.header) {
            // Genesis was made when the chain was, not when it began to run.
            if last.height != 0 {
                let interval = header.timestamp_ms.saturating_sub(last.timestamp_ms);
                metrics.block_interval.observe(Duration::from_millis(interval));
            }
            last = header;
        }
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        metrics
            .decide_latency
            .observe(now.saturating_sub(Duration::from_millis(last.timestamp_ms)));
        metrics
            .blocks_decided
            .add(u64::try_from(branches.len()).unwrap_or(u64::MAX));
        metrics
            .transactions
            .add(u64::try_from(transactions).unwrap_or(u64::MAX));
        if let Some(newest) = branches.last() {
            metrics.decided_height.set(newest.header.height);
        }
    }

    /// Blocks for a peer that was away.
    pub(super) fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        max_bytes: usize,
    ) -> Result<Vec<DecidedBlock>, ApplicationError> {
        let blocks = self.store.blocks(from, max_blocks, max_bytes);
        blocks.map_err(|error| ApplicationError::Fatal {
            operation: "read blocks",
            reason: error.to_string(),
        })
    }
}
