//! The transactions by which Solana got the roots.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;

use crate::posts::{Post, Posts};

/// How often Solana is asked for new ones.
const POLL: Duration = Duration::from_secs(1);
/// Those that a page shows.
const PAGE: usize = 50;
/// Most that are kept, the newest.
const MAX_KEPT: usize = 65_536;

/// A transaction that moved the rollup to a height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Settlement {
    height: u64,
    roots: u64,
    slot: u64,
    signature: String,
}

/// A task that reads them.
#[derive(Debug)]
pub(super) struct Settlements {
    seen: Arc<Mutex<Vec<Settlement>>>,
    _task: AbortOnDropHandle<()>,
}

impl From<&Post> for Settlement {
    fn from(post: &Post) -> Self {
        Self {
            height: post.height,
            roots: post.roots,
            slot: post.slot,
            signature: post.signature.clone(),
        }
    }
}

impl Settlements {
    pub(super) fn start(posts: Posts) -> Self {
        let seen: Arc<Mutex<Vec<Settlement>>> = Arc::default();
        let task = tokio::spawn(read(posts, Arc::clone(&seen)));
        Self {
            seen,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// The newest, newest first.
    pub(super) fn newest(&self) -> Vec<Settlement> {
        self.with(|seen| seen.iter().rev().take(PAGE).cloned().collect())
    }

    /// The one that brought the root of a height: the first that moved the rollup to it or past it.
    pub(super) fn of(&self, height: u64) -> Option<Settlement> {
        self.with(|seen| {
            let at = seen.partition_point(|settlement| settlement.height < height);
            let found = seen.get(at)?;
            (found.height.saturating_sub(found.roots) < height).then(|| found.clone())
        })
    }

    fn with<T>(&self, look: impl FnOnce(&[Settlement]) -> T) -> T {
        // Nothing panics while it holds them; if it had, they would still be what was read.
        look(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read(mut posts: Posts, seen: Arc<Mutex<Vec<Settlement>>>) {
    let mut ticks = tokio::time::interval(POLL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = posts.read().await {
            tracing::debug!(%error, "settlements cannot be read now");
            continue;
        }
        let all: Vec<Settlement> = posts.up_to(u64::MAX).map(Into::into).collect();
        let newest = all[all.len().saturating_sub(MAX_KEPT)..].to_vec();
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = newest;
    }
}
