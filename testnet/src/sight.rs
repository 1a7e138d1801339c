//! Decided blocks and settled heights as a user sees them: by asking.

use std::time::Duration;

use assetvm::{Payload, TxId};
use rollup_abi::Header;
use settlement::RollupClient;
use tokio::time::MissedTickBehavior;

use crate::load::Clock;
use crate::node::{Node, Nodes};

/// How often the next block is asked for: the resolution of what is observed.
const POLL: Duration = Duration::from_millis(20);
/// Polls without a block after which another validator is asked: this one may be behind, or alone.
const MAX_IDLE: u32 = 50;
/// A pause after a validator that does not answer; the next one is asked then.
const BACKOFF: Duration = Duration::from_millis(100);
/// How often the program's account is read: four times a slot.
const SETTLED_POLL: Duration = Duration::from_millis(100);

/// A decided block at the moment at which it was first seen.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Its header.
    pub header: Header,
    /// Its transactions in order, and whether their actions had an effect.
    pub transactions: Vec<(TxId, bool)>,
    /// When, since 1970.
    pub observed: Duration,
}

/// The newest decided height that some validator knows.
pub async fn tip(nodes: &Nodes) -> u64 {
    let heights = nodes
        .iter()
        .map(async |node| node.status().await.map_or(0, |status| status.height));
    let heights = futures::future::join_all(heights).await;
    heights.into_iter().max().unwrap_or(0)
}

/// Calls `each` with every block above `after`, for ever.
pub async fn blocks(nodes: Nodes, clock: Clock, after: u64, mut each: impl FnMut(Sight)) {
    let (mut node, mut idle, mut height) = (nodes.next(), 0, after);
    loop {
        match block(node, clock, height + 1).await {
            Ok(Some(sight)) => {
                (idle, height) = (0, height + 1);
                each(sight);
            }
            Ok(None) => {
                idle += 1;
                if idle >= MAX_IDLE {
                    (idle, node) = (0, nodes.next());
                }
                tokio::time::sleep(POLL).await;
            }
            Err(error) => {
                tracing::debug!(%error, "no block");
                node = nodes.next();
                tokio::time::sleep(BACKOFF).await;
            }
        }
    }
}

async fn block(node: &Node, clock: Clock, height: u64) -> Result<Option<Sight>, crate::node::NodeError> {
    let Some(block) = node.block(height).await? else {
        return Ok(None);
    };
    let observed = clock.now();
    // What does not decode is no transaction of anybody's.
    let transactions = Payload::decode(&block.payload).unwrap_or_default();
    let transactions = transactions.iter().zip(block.applied);
    Ok(Some(Sight {
        header: block.header,
        transactions: transactions
            .map(|(tx, applied)| (tx.peek().id(), applied))
            .collect(),
        observed,
    }))
}

/// Calls `each` with every newer height whose root Solana holds, for ever.
pub async fn settlements(rollup: RollupClient, clock: Clock, mut each: impl FnMut(u64, Duration)) {
    let mut ticks = tokio::time::interval(SETTLED_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut newest = 0;
    loop {
        ticks.tick().await;
        match rollup.rollup_state().await {
            Ok(account) if account.state.last.height > newest => {
                newest = account.state.last.height;
                each(newest, clock.now());
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the program's account cannot be read now"),
        }
    }
}
