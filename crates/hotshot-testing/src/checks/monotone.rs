//! View, lock and decided height never fall.

use std::collections::BTreeMap;

use hotshot::Outgoing;

use super::Checked;
use crate::node::Node;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    view: u64,
    lock: u64,
    height: u64,
    /// The highest lock that was said, in all lives.
    said: u64,
}

#[derive(Debug, Default)]
pub(super) struct Monotone {
    seen: BTreeMap<usize, Seen>,
}

impl Monotone {
    /// A new life starts from what is durable, which is at least what was said.
    pub(super) fn started(&mut self, machine: usize) {
        let seen = self.seen.entry(machine).or_default();
        *seen = Seen {
            said: seen.said,
            ..Seen::default()
        };
    }

    pub(super) fn sent(&mut self, machine: usize, what: &Outgoing) {
        let lock = match what {
            Outgoing::Vote2(data) => data.view,
            Outgoing::Timeout(data, _) => data.lock_view,
            _ => return,
        };
        let seen = self.seen.entry(machine).or_default();
        seen.said = seen.said.max(lock.get());
    }

    pub(super) fn stepped(&mut self, machine: usize, node: &Node) -> Checked {
        let Some(core) = &node.core else { return Ok(()) };
        let seen = self.seen.entry(machine).or_default();
        let now = Seen {
            view: core.view().get(),
            lock: core.lock().view().get(),
            height: core.decided().height,
            said: seen.said,
        };
        if now.view < seen.view || now.lock < seen.lock || now.height < seen.height {
            return Err(format!("it falls back from {seen:?} to {now:?}"));
        }
        if now.lock < seen.said && core.decided().view < seen.said {
            return Err(format!(
                "its lock {} is below the one it said, {}",
                now.lock, seen.said
            ));
        }
        if now.view <= core.decided().view {
            return Err(format!("it is in view {}, which is decided", now.view));
        }
        *seen = now;
        Ok(())
    }
}
