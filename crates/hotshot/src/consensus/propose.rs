//! Proposing.

use std::{sync::Arc, time::Duration};

use hotshot_types::{Block, Height, Proposal, TimeoutCertificate, View};
use rollup_abi::{Digest, Header};

use super::{Building, Consensus};
use crate::{
    Outgoing, Output, Record,
    rules::{self, Fault},
    tree::{Content, Status},
};

/// How long to wait before the application is asked for a block again.
const REBUILD_DELAY: Duration = Duration::from_millis(50);

impl Consensus {
    /// The leader proposes on its lock, once per view, if it can show why the view before is over: the lock is of that view,
    /// or a timeout certificate, whose proven highest lock is not above its own, ended it. On an epoch's last block, only if it
    /// can show that it is final; an epoch's last block, only if it knows the next committee.
    fn may_propose(&self) -> bool {
        let height = self.lock.data().height.next();
        let follows = self.config.epochs.of(height) == self.epoch
            && self.next_committee(height).is_some()
            && (!self.lock_is_last() || self.hand_over().is_some());
        self.leads() && self.view_before_is_over() && follows
    }

    /// It proposes an epoch's last block again if that is its lock, not known to be final, and the view after it is over.
    fn may_propose_again(&self) -> bool {
        let lock = self.lock.data();
        let open = lock.epoch == self.epoch && self.lock_is_last() && self.hand_over().is_none();
        self.leads() && self.evidence().is_some() && open && lock.view < self.view.previous()
    }

    fn leads(&self) -> bool {
        self.leader(self.epoch, self.view) == Some(self.config.node)
            && self.actions.proposed < self.view
            && self.actions.timeout < self.view
            && self.tree.valid_header(&self.lock.data().leaf).is_some()
    }

    fn view_before_is_over(&self) -> bool {
        let before = self.view.previous();
        self.lock.view() == before || self.evidence().is_some()
    }

    /// The timeout certificate of the view before, of this epoch or, before its first block, of the one before.
    fn evidence(&self) -> Option<&TimeoutCertificate> {
        let certificate = self.timeout.as_deref()?;
        let epochs = [self.epoch, self.lock.data().epoch];
        let fits = certificate.view() == self.view.previous() && epochs.contains(&certificate.epoch());
        fits.then_some(certificate)
    }

    /// When to build: an interval after the parent's timestamp, so the time that consensus took is part of the interval;
    /// but no later than an interval after this view began, whatever the parent's leader had for a clock.
    pub(super) fn propose_deadline(&self) -> Option<Duration> {
        let parent = self.lock.data().leaf;
        let is_built = |building: Building| (building.view, building.parent) == (self.view, parent);
        if self.building.is_some_and(is_built) || !self.may_propose() {
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
        if self.may_propose_again() {
            self.propose_last_again(out);
            return;
        }
        if self.propose_deadline().is_none_or(|at| self.now.elapsed < at) {
            return;
        }
        let leaf = self.lock.data().leaf;
        let Some(parent) = self.tree.valid_header(&leaf).cloned() else {
            return;
        };
        let Some(next_committee) = self.next_committee(Height::new(parent.height).next()) else {
            return;
        };
        let (view, epoch, version) = (self.view, self.epoch, self.next_version(&parent));
        self.building = Some(Building {
            view,
            parent: leaf,
            version,
        });
        out.push(Output::Build {
            view,
            epoch,
            next_committee,
            version,
            parent,
        });
    }

    /// A block has been built: it is proposed if the view and the lock are still those that it was built for.
    pub(super) fn take_built(&mut self, view: View, block: Block, out: &mut Vec<Output>) {
        // One for an earlier lock may still come; it is not the one that is waited for.
        let awaited =
            |building: &mut Building| (building.view, building.parent) == (view, block.header.parent);
        let Some(Building { parent, version, .. }) = self.building.take_if(awaited) else {
            return;
        };
        if view != self.view || parent != self.lock.data().leaf || !self.may_propose() {
            return;
        }
        let Some(parent) = self.tree.valid_header(&parent).cloned() else {
            return;
        };
        let proposal = Proposal {
            view,
            upgrade: self.upgrade_of(&block.header, &parent),
            hand_over: self.hand_over().filter(|_| self.lock_is_last()).cloned(),
            timeout: self
                .evidence()
                .filter(|_| self.lock.view() != view.previous())
                .cloned(),
            header: block.header,
            justify: self.lock.clone(),
            payload: block.payload,
        };
        if !self.is_as_ordered(&proposal, &parent, version) {
            let (member, fault) = (self.config.node, Fault::BuiltBlock(view));
            out.push(Output::Misbehaviour { member, fault });
            self.build_failed(view);
            return;
        }
        let (leaf, proposal) = (proposal.leaf(), Arc::new(proposal));
        self.keep(leaf, Content::Proposal(Arc::clone(&proposal), None), true);
        let Some(entry) = self.tree.get_mut(&leaf) else {
            // Certified blocks take all the room.
            self.build_failed(view);
            return;
        };
        // It comes from this node's own execution.
        entry.status = Status::Valid;
        self.say_proposal(leaf, proposal, out);
    }

    /// Whether the application built what it was asked for: a block that everybody can vote for.
    fn is_as_ordered(&self, proposal: &Proposal, parent: &Header, version: u16) -> bool {
        let (header, chain_id) = (&proposal.header, &self.config.genesis.chain_id);
        let next = self.next_committee(proposal.height());
        !proposal.is_again()
            && header.timestamp_ms > parent.timestamp_ms
            && header.version == version
            && next == Some(header.next_committee)
            && rules::version_holds(header, parent, self.upgrades.agreed())
            && rules::well_formed(proposal, chain_id, self.config.epochs).is_ok()
    }

    fn propose_last_again(&mut self, out: &mut Vec<Output>) {
        let leaf = self.lock.data().leaf;
        let Some(entry) = self.tree.get(&leaf) else { return };
        let proposal = Proposal {
            view: self.view,
            header: entry.header().clone(),
            justify: self.lock.clone(),
            timeout: self.evidence().cloned(),
            hand_over: None,
            upgrade: None,
            payload: Arc::clone(entry.content.payload()),
        };
        self.propose_again(&proposal, leaf);
        self.say_proposal(leaf, Arc::new(proposal), out);
    }

    fn say_proposal(&mut self, leaf: Digest, proposal: Arc<Proposal>, out: &mut Vec<Output>) {
        let view = proposal.view;
        let mut records: Vec<Record> = self.proposal_record(&leaf).into_iter().collect();
        records.push(Record::Proposed { view, leaf });
        self.actions.proposed = view;
        self.persist(records, Outgoing::Proposal(proposal), out);
    }

    /// Remembers that a block is proposed again; of more than one in a view, the first. Whether it is remembered.
    pub(super) fn propose_again(&mut self, proposal: &Proposal, leaf: Digest) -> bool {
        let view = proposal.view;
        let mut known = self.again.range((view, [0; 32])..=(view, [0xff; 32]));
        let free = known.next().is_none() && view >= self.view && proposal.epoch() == self.epoch;
        if free {
            self.again.insert((view, leaf), proposal.justify.clone());
        }
        free
    }

    pub(super) fn build_failed(&mut self, view: View) {
        if view == self.view {
            self.building = None;
            self.build_at = self.now.elapsed.saturating_add(REBUILD_DELAY);
        }
    }
}
