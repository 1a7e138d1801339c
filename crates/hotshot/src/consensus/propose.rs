//! Proposing.

use std::{sync::Arc, time::Duration};

use hotshot_types::{Block, Proposal, View};

use super::Consensus;
use crate::{
    Outgoing, Output, Record,
    rules::{self, Fault},
    tree::{Content, Status},
};

/// How long to wait before the application is asked for a block again.
const REBUILD_DELAY: Duration = Duration::from_millis(50);

impl Consensus {
    /// The leader proposes on its lock, once per view, if it can show why the view before is over: the lock is of that view,
    /// or a timeout certificate, whose proven highest lock is not above its own, ended it.
    fn may_propose(&self) -> bool {
        let before = self.view.previous();
        let timed_out = self.timeout.as_ref().is_some_and(|t| t.view() == before);
        self.is_member()
            && self.committee().leader(self.view).node == self.config.node
            && self.actions.proposed < self.view
            && self.actions.timeout < self.view
            && (self.lock.view() == before || timed_out)
            && self.tree.valid_header(&self.lock.data().leaf).is_some()
    }

    /// When to build: an interval after the parent's timestamp, so the time that consensus took is part of the interval;
    /// but no later than an interval after this view began, whatever the parent's leader had for a clock.
    pub(super) fn propose_deadline(&self) -> Option<Duration> {
        let parent = self.lock.data().leaf;
        if self.building == Some((self.view, parent)) || !self.may_propose() {
            return None;
        }
        let interval = self.config.timing.paced_interval();
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let due = self
            .tree
            .valid_header(&parent)?
            .timestamp_ms
            .saturating_add(interval_ms);
        let wait = Duration::from_millis(due.saturating_sub(self.now.wall_ms));
        let paced = self.now.elapsed.saturating_add(wait);
        let latest = self.entered.saturating_add(interval);
        Some(paced.min(latest).max(self.build_at))
    }

    pub(super) fn propose(&mut self, out: &mut Vec<Output>) {
        if self.propose_deadline().is_none_or(|at| self.now.elapsed < at) {
            return;
        }
        let leaf = self.lock.data().leaf;
        let Some(parent) = self.tree.valid_header(&leaf).cloned() else {
            return;
        };
        let view = self.view;
        self.building = Some((view, leaf));
        out.push(Output::Build { view, parent });
    }

    /// A block has been built: it is proposed if the view and the lock are still those that it was built for.
    pub(super) fn take_built(&mut self, view: View, block: Block, out: &mut Vec<Output>) {
        // One for an earlier lock may still come; it is not the one that is waited for.
        let awaited = (view, block.header.parent);
        let Some((_, parent)) = self.building.take_if(|building| *building == awaited) else {
            return;
        };
        if view != self.view || parent != self.lock.data().leaf || !self.may_propose() {
            return;
        }
        let before = view.previous();
        let evidence = (self.lock.view() != before).then(|| self.timeout.as_deref().cloned());
        let proposal = Proposal {
            header: block.header,
            justify: self.lock.clone(),
            timeout: evidence.flatten(),
            payload: block.payload,
        };
        let grows = self
            .tree
            .valid_header(&parent)
            .is_some_and(|parent| proposal.header.timestamp_ms > parent.timestamp_ms);
        let well_formed = rules::well_formed(&proposal, &self.config.genesis.chain_id).is_ok();
        if proposal.view() != view || !grows || !well_formed {
            let (member, fault) = (self.config.node, Fault::BuiltBlock(view));
            out.push(Output::Misbehaviour { member, fault });
            self.build_failed(view);
            return;
        }
        let (leaf, proposal) = (proposal.leaf(), Arc::new(proposal));
        self.keep(leaf, Content::Proposal(Arc::clone(&proposal), None), true);
        if let Some(entry) = self.tree.get_mut(&leaf) {
            // It comes from this node's own execution.
            entry.status = Status::Valid;
        }
        let mut records: Vec<Record> = self.proposal_record(&leaf).into_iter().collect();
        records.push(Record::Proposed { view, leaf });
        self.actions.proposed = view;
        self.persist(records, Outgoing::Proposal(proposal), out);
    }

    pub(super) fn build_failed(&mut self, view: View) {
        if view == self.view {
            self.building = None;
            self.build_at = self.now.elapsed.saturating_add(REBUILD_DELAY);
        }
    }
}
