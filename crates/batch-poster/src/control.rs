//! What an operator may tell a running poster.

use tokio::sync::watch;

/// What an operator wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Post nothing new; what is under way is still followed.
    pub stopped: bool,
    /// Post up to this height at once, whatever this poster's rank, and without pauses after failures.
    pub flush_to: u64,
}

/// Tells a running poster what its operator wants. Clones tell the same poster.
#[derive(Clone, Debug, Default)]
pub struct PosterControl(watch::Sender<Orders>);

impl PosterControl {
    /// Posts nothing new until [`PosterControl::start`].
    pub fn stop(&self) {
        self.0.send_modify(|orders| orders.stopped = true);
    }

    /// Ends a stop.
    pub fn start(&self) {
        self.0.send_modify(|orders| orders.stopped = false);
    }

    /// Brings the chain to `height` without waiting for other posters or pauses. [`crate::PosterStatus::chain_height`] tells
    /// when it is there.
    pub fn flush(&self, height: u64) {
        self.0
            .send_modify(|orders| orders.flush_to = orders.flush_to.max(height));
    }

    /// What was told last.
    pub fn orders(&self) -> Orders {
        *self.0.borrow()
    }
}
