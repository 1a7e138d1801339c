//! What a scenario needs of a committee.

use std::{future::Future, time::Duration};

use hotshot_engine::Status;
use hotshot_types::Upgrade;
use rollup_abi::Header;
use tokio::sync::watch;

/// Only a bound on how long a failing scenario takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A committee whose members can be started, stopped and looked at.
pub trait Testbed {
    /// Its members, running or not.
    fn size(&self) -> usize;

    /// Starts a member from what its storage says.
    fn start(&mut self, member: usize) -> impl Future<Output = ()>;

    /// Stops a member in order; when it returns, its storage is closed.
    fn stop(&mut self, member: usize) -> impl Future<Output = ()>;

    /// Where a running member stands, as it changes.
    fn status(&self, member: usize) -> watch::Receiver<Status>;

    /// The headers that a stopped member's storage holds, from height 1 on.
    fn chain(&self, member: usize) -> Vec<Header>;

    /// Looks at what else a stopped member keeps; panics if it must not be.
    fn check(&self, _member: usize) {}
}

/// A committee whose members' software can be replaced.
pub trait Upgrades: Testbed {
    /// From its next start on, a member speaks the versions before and after the upgrade, and agrees on it.
    fn install(&mut self, member: usize, upgrade: Upgrade);
}

/// A committee whose links can be cut.
pub trait Partitions: Testbed {
    /// From now on nothing passes between `side` and the others.
    fn cut(&mut self, side: &[usize]) -> impl Future<Output = ()>;

    /// From now on everything passes.
    fn heal(&mut self) -> impl Future<Output = ()>;
}
