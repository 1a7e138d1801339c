//! Fetching what is certified and not here (B2): single proposals where little is missing, decided blocks where much is.

use std::{collections::BTreeSet, ops::Bound};

use hotshot_types::{
    Committee, Height, NodeId, VoteData,
    message::{FetchBlocks, FetchProposal},
};
use rollup_abi::Digest;

use super::{Consensus, Fetch};
use crate::{Outgoing, Output, Recipient, tree::Path};

/// Up to how far above the decided block a missing block is asked for by its leaf; members keep more decided ones.
const NEAR: u64 = 8;
const _: () = assert!((NEAR as usize) < crate::tree::RECENT);

/// How often a node asks for blocks that it only heard of: every member of the largest committee has been asked twice.
const MAX_QUESTIONS: u64 = 2 * rollup_abi::MAX_MEMBERS as u64;
/// Stands for a leaf whose commitment is not known.
const UNKNOWN: Digest = [0; 32];

impl Consensus {
    /// The highest block that is missing on the way to a final leaf or to the lock, and its height.
    fn missing(&self) -> Option<(Digest, u64)> {
        let finals = self.finals.values().next_back().map(|last| last.data);
        let lock = self.lock.data();
        let missing = |data: VoteData| match self.tree.path(&data.leaf, data.height.get()) {
            Path::Missing { leaf, height } => Some((leaf, height)),
            Path::Complete(_) | Path::Conflict => None,
        };
        finals.and_then(missing).or_else(|| missing(lock))
    }

    /// If all that is said here is of epochs to come: whatever follows the decided block, for as long as one answer takes.
    fn next_if_behind(&self) -> Option<(Digest, u64)> {
        let next = self.decided().height.saturating_add(1);
        self.behind.then_some((UNKNOWN, next))
    }

    pub(super) fn catch_up(&mut self, out: &mut Vec<Output>) {
        let Some((leaf, height)) = self.missing().or_else(|| self.next_if_behind()) else {
            self.fetch = None;
            return;
        };
        let now = self.now.elapsed;
        let fetch = match &mut self.fetch {
            Some(fetch) => {
                if fetch.leaf != leaf {
                    // One step further on the way: go on at once.
                    fetch.leaf = leaf;
                    fetch.next_at = now;
                }
                fetch
            }
            // It may be on its way: certificates are faster than blocks.
            none => none.insert(Fetch {
                leaf,
                attempts: 0,
                next_at: now.saturating_add(self.config.timing.fetch_delay),
            }),
        };
        if now < fetch.next_at {
            return;
        }
        let attempt = fetch.attempts;
        let decided = self.decided().height;
        let far = height.saturating_sub(decided) > NEAR;
        // What one way does not find, the other may.
        let by_height = leaf == UNKNOWN || far != (attempt % 2 == 1);
        let hold = by_height && self.is_applying();
        if let Some(fetch) = &mut self.fetch {
            fetch.attempts = attempt.saturating_add(u32::from(!hold));
            fetch.next_at = now.saturating_add(self.config.timing.fetch_retry);
        }
        // Nobody has more: it was only said so.
        self.behind &= u64::from(attempt) < MAX_QUESTIONS;
        let what = if hold {
            return;
        } else if by_height {
            let from = Height::new(decided.saturating_add(1));
            Outgoing::FetchBlocks(FetchBlocks { from })
        } else {
            Outgoing::FetchProposal(FetchProposal { leaf })
        };
        if let Some(member) = self.peer(attempt) {
            let to = Recipient::One(member);
            out.push(Output::Send { to, what });
        }
    }

    /// A branch was decided: go on at once, with the member that had it.
    pub(super) fn caught_up(&mut self) {
        if let Some(fetch) = &mut self.fetch {
            fetch.next_at = self.now.elapsed;
            fetch.attempts &= !1;
        }
    }

    /// Whether the next final leaf is complete: its blocks are being validated, more would only come again.
    fn is_applying(&self) -> bool {
        self.finals.values().next().is_some_and(|next| {
            let path = self.tree.path(&next.data.leaf, next.data.height.get());
            matches!(path, Path::Complete(_))
        })
    }

    /// The members of all known committees in turn, beginning behind this node: a new member learns from old ones. A step of
    /// two attempts tries both ways with each.
    fn peer(&self, attempt: u32) -> Option<NodeId> {
        let committees = self.config.committees.iter();
        let known: BTreeSet<NodeId> = committees
            .flat_map(Committee::members)
            .map(|member| member.node)
            .collect();
        let behind = known.range((Bound::Excluded(self.config.node), Bound::Unbounded));
        let others: Vec<NodeId> = behind.chain(known.range(..self.config.node)).copied().collect();
        let turn = usize::try_from(attempt / 2).ok()?.checked_rem(others.len())?;
        others.get(turn).copied()
    }
}
