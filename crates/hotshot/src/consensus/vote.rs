//! Validating and voting.

use std::time::Duration;

use hotshot_types::{Height, Justify, View, VoteData};
use rollup_abi::Digest;

use super::Consensus;
use crate::{
    Outgoing, Output, Record,
    rules::{self, Vote1Conditions, Vote2Conditions},
    tree::{Content, Status},
};

/// Most blocks that the application judges at a time.
const MAX_VALIDATING: usize = 4;
/// How long to wait before the application is asked about a block again.
const REVALIDATE_DELAY: Duration = Duration::from_millis(50);
/// Most first votes remembered above the decided view. Of more, the oldest go, and Vote2 is refused below them.
const MAX_VOTES1: usize = 1024;

impl Consensus {
    pub(super) fn revalidate_later(&mut self) {
        self.revalidate_at = Some(self.now.elapsed.saturating_add(REVALIDATE_DELAY));
    }

    /// Lets the application judge what stands on a decided or valid parent.
    pub(super) fn validate(&mut self, out: &mut Vec<Output>) {
        if self.revalidate_at.is_some_and(|at| self.now.elapsed < at) {
            return;
        }
        self.revalidate_at = None;
        let free = MAX_VALIDATING.saturating_sub(self.tree.validating());
        let mut ready = self.tree.ready();
        // What it does not speak is not for its application, and so never voted for.
        ready.retain(|leaf| {
            self.tree
                .get(leaf)
                .is_some_and(|entry| self.speaks(entry.header()))
        });
        for leaf in ready.into_iter().take(free) {
            let Some(entry) = self.tree.get(&leaf) else {
                continue;
            };
            let Some(parent) = self.tree.valid_header(&entry.header().parent).cloned() else {
                continue;
            };
            let block = entry.content.block();
            out.push(Output::Validate { parent, block, leaf });
            if let Some(entry) = self.tree.get_mut(&leaf) {
                entry.status = Status::Validating;
            }
        }
    }

    /// Vote1 for the first proposal of this view for which [`rules::may_vote1`] holds.
    pub(super) fn vote1(&mut self, out: &mut Vec<Output>) {
        if !self.is_member() {
            return;
        }
        let Some(data) = self.votable() else { return };
        let VoteData { view, leaf, .. } = data;
        let mut records: Vec<Record> = self.proposal_record(&leaf).into_iter().collect();
        records.push(Record::Vote1 { view, leaf });
        self.actions.vote1 = view;
        self.votes1.insert(view, leaf);
        if self.votes1.len() > MAX_VOTES1
            && let Some((forgotten, _)) = self.votes1.pop_first()
        {
            self.votes1_forgotten = forgotten;
        }
        self.persist(records, Outgoing::Vote1(data), out);
    }

    /// What is proposed in a view, for the first time or again, each with what justifies it.
    pub(super) fn proposed(&self, view: View) -> impl Iterator<Item = (&Digest, &Justify)> {
        let first = self.tree.in_view(view).filter_map(move |leaf| {
            let Content::Proposal(proposal, _) = &self.tree.get(leaf)?.content else {
                return None;
            };
            (proposal.view == view).then_some((leaf, &proposal.justify))
        });
        let again = self.again.range((view, [0; 32])..=(view, [0xff; 32]));
        first.chain(again.map(|((_, leaf), justify)| (leaf, justify)))
    }

    /// What is proposed in this view and may be voted for.
    fn votable(&self) -> Option<VoteData> {
        let view = self.view;
        let mut proposed = self.proposed(view);
        let (leaf, _) = proposed.find(|(leaf, justify)| self.may_vote1(leaf, justify))?;
        let of_block = VoteData::of(self.tree.get(leaf)?.header(), *leaf);
        Some(VoteData { view, ..of_block })
    }

    fn may_vote1(&self, leaf: &Digest, justify: &Justify) -> bool {
        let Some(entry) = self.tree.get(leaf) else {
            return false;
        };
        let header = entry.header();
        let drift = u64::try_from(self.config.timing.max_clock_drift.as_millis()).unwrap_or(u64::MAX);
        let parent = self.tree.valid_header(&header.parent);
        rules::may_vote1(&Vote1Conditions {
            view: self.view,
            current: self.view,
            voted: self.actions.vote1,
            timed_out: self.actions.timeout,
            decided: self.decided_view(),
            safe: header.epoch == self.epoch.get() && rules::is_safe(justify, &self.lock),
            // A valid block's parent is valid or decided, all the way down.
            valid: entry.status == Status::Valid && parent.is_some(),
            next_committee: self.next_committee(Height::new(header.height)) == Some(header.next_committee),
            version: justify.data().leaf == *leaf
                || parent.is_some_and(|parent| rules::version_holds(header, parent, self.upgrades.agreed())),
            timely: parent
                .is_some_and(|parent| rules::timestamp_holds(header, parent, self.now.wall_ms, drift)),
        })
    }

    /// Vote2 for every certified block, lowest view first, for which [`rules::may_vote2`] holds.
    pub(super) fn vote2(&mut self, out: &mut Vec<Output>) {
        if !self.is_member() {
            return;
        }
        let open = self.certificates1.range(self.actions.vote2.next()..);
        let views: Vec<View> = open.map(|(view, _)| *view).collect();
        for view in views {
            let Some(certificate) = self.certificates1.get(&view) else {
                continue;
            };
            let data = *certificate.data();
            if !self.may_vote2(&data) {
                continue;
            }
            let lock = certificate.clone();
            let mut records: Vec<Record> = self.proposal_record(&data.leaf).into_iter().collect();
            records.push(Record::Vote2 { lock });
            self.actions.vote2 = view;
            self.actions.vote2_epoch = data.epoch;
            self.persist(records, Outgoing::Vote2(data), out);
        }
    }

    fn may_vote2(&self, data: &VoteData) -> bool {
        let valid = self.tree.get(&data.leaf).is_some_and(|entry| {
            // A bare block is final already, and could not be handed on as a proposal.
            let whole = matches!(entry.content, Content::Proposal(..));
            whole && entry.status == Status::Valid && data.names(entry.header(), self.config.epochs)
        });
        valid
            && rules::may_vote2(&Vote2Conditions {
                view: data.view,
                voted: self.actions.vote2,
                decided: self.decided_view(),
                valid,
                excluded: self.voted_for_branch_excluding(data),
            })
    }

    /// B1: whether a later first vote of this node, or its higher lock, is on a branch without this leaf. What is not
    /// known to contain it counts as excluding it.
    fn voted_for_branch_excluding(&self, data: &VoteData) -> bool {
        let excludes = |tip: &Digest| !self.tree.contains(tip, &data.leaf, data.view);
        let by_vote = self
            .votes1
            .range(data.view.next()..)
            .any(|(_, tip)| excludes(tip));
        let lock = self.lock.data();
        let by_lock = lock.view > data.view && excludes(&lock.leaf);
        by_vote || by_lock || data.view < self.votes1_forgotten
    }

    /// After a restart: the second vote that was made before, to be said again.
    pub(super) fn voted2_before(&self) -> Option<VoteData> {
        let data = self.lock.data();
        let voted = (self.actions.vote2_epoch, self.actions.vote2);
        // The last block of an epoch may have been voted for again in a view above the decided one.
        let own = data.rank() == voted && data.height.get() > self.decided().height;
        own.then_some(data)
    }
}
