//! View, lock and decided height never fall.

use std::collections::BTreeMap;

use hotshot::Outgoing;
use hotshot_types::View;

use super::Checked;
use crate::node::Node;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    view: u64,
    /// Epoch and view.
    lock: (u64, u64),
    height: u64,
    /// The highest lock that was said, in all lives.
    said: (u64, u64),
    /// The highest views of its first votes, second votes and timeout votes, in all lives.
    acted: [u64; 3],
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
            acted: seen.acted,
            ..Seen::default()
        };
    }

    pub(super) fn sent(&mut self, machine: usize, what: &Outgoing) {
        let seen = self.seen.entry(machine).or_default();
        let (kind, view, lock) = match what {
            Outgoing::Vote1(data) => (0, data.view, None),
            Outgoing::Vote2(data) => (1, data.view, Some(data.rank())),
            Outgoing::Timeout(data, _) => (2, data.view, Some(data.lock_rank())),
            _ => return,
        };
        seen.acted[kind] = seen.acted[kind].max(view.get());
        let said = lock.map_or((0, 0), |(epoch, view)| (epoch.get(), view.get()));
        seen.said = seen.said.max(said);
    }

    pub(super) fn stepped(&mut self, machine: usize, node: &Node) -> Checked {
        let Some(core) = &node.core else { return Ok(()) };
        let seen = self.seen.entry(machine).or_default();
        let now = Seen {
            view: core.view().get(),
            lock: (core.lock().data().epoch.get(), core.lock().view().get()),
            height: core.decided().height,
            said: seen.said,
            acted: seen.acted,
        };
        if now.view < seen.view || now.lock < seen.lock || now.height < seen.height {
            return Err(format!("it falls back from {seen:?} to {now:?}"));
        }
        let decided = core.decided();
        if now.lock < seen.said && (decided.epoch, decided.view) < seen.said {
            return Err(format!(
                "its lock {:?} is below the one it said, {:?}",
                now.lock, seen.said
            ));
        }
        let actions = core.actions();
        let known = [actions.vote1, actions.vote2, actions.timeout];
        let forgotten = |(said, known): (&u64, View)| *said > known.get().max(core.decided().view);
        if seen.acted.iter().zip(known).any(forgotten) {
            return Err(format!(
                "it forgets what it said: {:?}, it knows of {known:?}",
                seen.acted
            ));
        }
        if now.view <= core.decided().view {
            return Err(format!("it is in view {}, which is decided", now.view));
        }
        *seen = now;
        Ok(())
    }
}
