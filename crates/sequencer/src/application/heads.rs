//! The newest decided block, and news of each.

use std::sync::Arc;

use tokio::{
    sync::{broadcast, watch},
    time::Instant,
};

use super::Branch;

/// Blocks that a slow follower may be behind before it loses the oldest: about a minute.
const NEWS: usize = 256;

/// News of one decided block.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The block.
    pub branch: Arc<Branch>,
    /// When this node learnt that it is decided.
    pub at: Instant,
}

/// The newest decided block. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Heads {
    newest: watch::Sender<Arc<Branch>>,
    news: broadcast::Sender<Decided>,
    last: watch::Sender<Option<Instant>>,
}

impl Heads {
    /// Starts with the newest block of the store.
    pub fn new(anchor: Arc<Branch>) -> Self {
        Self {
            newest: watch::Sender::new(anchor),
            news: broadcast::Sender::new(NEWS),
            last: watch::Sender::new(None),
        }
    }

    /// The newest decided block.
    pub fn newest(&self) -> Arc<Branch> {
        Arc::clone(&self.newest.borrow())
    }

    /// When this process last saw a block decided.
    pub fn last_decided(&self) -> Option<Instant> {
        *self.last.borrow()
    }

    /// News of every block from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Decided> {
        self.news.subscribe()
    }

    /// Waits until a block of at least this height is decided.
    pub async fn reached(&self, height: u64) -> Arc<Branch> {
        let mut newest = self.newest.subscribe();
        let reached = newest.wait_for(|branch| branch.header.height >= height).await;
        Arc::clone(&reached.expect("self holds the sender"))
    }

    /// Tells of newly decided blocks, oldest first. They are durable.
    pub(super) fn publish(&self, branches: Vec<Arc<Branch>>) {
        let at = Instant::now();
        if let Some(newest) = branches.last() {
            self.newest.send_replace(Arc::clone(newest));
            self.last.send_replace(Some(at));
        }
        for branch in branches {
            // Nobody listens: nobody misses it.
            let _ = self.news.send(Decided { branch, at });
        }
    }
}
