//! The watcher of the program's account: every slot, and of the posts, every few slots.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rollup_abi::account::RollupState;
use settlement::RollupClient;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::audit::Audit;
use crate::follow::View;
use crate::posts::Posts;

/// How often the account is read: twice a slot, so that no slot is missed. It holds the last 256 roots, a minute of them.
const POLL: Duration = Duration::from_millis(200);
/// Reads of the account between two reads of the posts.
const POSTS_EVERY: u32 = 10;

/// A task that watches the chain. It ends with the last clone.
#[derive(Clone, Debug)]
pub struct Watcher {
    audit: Arc<Mutex<Audit>>,
    posts: Arc<tokio::sync::Mutex<Posts>>,
    seen: watch::Receiver<Option<Recorded>>,
    _task: Arc<AbortOnDropHandle<()>>,
}

/// The program's account at one reading, after it has been compared.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// Its head.
    pub state: RollupState,
    /// Heights up to this one are on chain, and have been compared with what was executed here.
    pub compared: u64,
}

impl Watcher {
    /// Starts to watch.
    pub fn start(client: RollupClient, posts: Posts, view: View) -> Self {
        let audit = Arc::new(Mutex::new(Audit::default()));
        let posts = Arc::new(tokio::sync::Mutex::new(posts));
        let (seen_tx, seen) = watch::channel(None);
        let task = tokio::spawn(watch_chain(client, view, audit.clone(), posts.clone(), seen_tx));
        Self {
            audit,
            posts,
            seen,
            _task: Arc::new(AbortOnDropHandle::new(task)),
        }
    }

    /// The comparison so far. Held for moments only, never across an await.
    pub fn audit(&self) -> MutexGuard<'_, Audit> {
        self.audit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The posts so far.
    pub async fn posts(&self) -> tokio::sync::MutexGuard<'_, Posts> {
        self.posts.lock().await
    }

    /// The newest reading of the account.
    pub fn latest(&self) -> Option<Recorded> {
        *self.seen.borrow()
    }

    /// Waits for a reading with the root of `height` in it, all of whose roots have been compared.
    pub async fn settles(&self, height: u64) -> Option<Recorded> {
        let mut seen = self.seen.clone();
        let complete = |seen: &Recorded| seen.compared >= height && seen.compared == seen.state.last.height;
        let reached = seen.wait_for(|seen| seen.as_ref().is_some_and(complete)).await;
        reached.ok().and_then(|seen| *seen)
    }

    /// Waits until every post that `recorded` counts has been read.
    pub async fn reads_posts(&self, recorded: &RollupState) {
        while self.posts().await.up_to(recorded.last.height).count()
            < usize::try_from(recorded.accepted).unwrap_or(0)
        {
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn watch_chain(
    client: RollupClient,
    view: View,
    audit: Arc<Mutex<Audit>>,
    posts: Arc<tokio::sync::Mutex<Posts>>,
    seen: watch::Sender<Option<Recorded>>,
) {
    let mut ticks = tokio::time::interval(POLL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for turn in 0u32.. {
        ticks.tick().await;
        match client.rollup_state().await {
            Ok(account) => {
                let compared = {
                    let mut audit = audit.lock().unwrap_or_else(PoisonError::into_inner);
                    let ledger = view.ledger();
                    audit.observe(account.state.last.height, |h| {
                        Some(account.root_at(h)?.state_root)
                    });
                    audit.compare(ledger.height(), |height| ledger.root_at(height));
                    audit.on_chain().min(ledger.height())
                };
                seen.send_replace(Some(Recorded {
                    state: account.state,
                    compared,
                }));
            }
            Err(error) => tracing::warn!(%error, "the program's account cannot be read now"),
        }
        if turn % POSTS_EVERY == 0
            && let Err(error) = posts.lock().await.read().await
        {
            tracing::warn!(%error, "posts cannot be read now");
        }
    }
}
