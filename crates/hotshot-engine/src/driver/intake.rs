//! What peers send: bounded and sorted out here, checked by workers, then fed to the core.

use std::{sync::Arc, time::Duration};

use hotshot::{
    Input, Recipient, rules,
    tally::{Batch, Counted, VIEW_WINDOW},
};
use hotshot_types::{
    Certificate1, Certificate2, Committee, Epoch, Justify, Message, NodeId, Phase1, Phase2, Proposal,
    SignedProposal, TimeoutCertificate, TimeoutVote, Unvalidated, UpgradeCertificate, UpgradeVote, View,
    Vote1, Vote2, VoteData,
    message::{FetchBlocks, FetchProposal, FetchedBlocks},
};

use super::{Driver, Outcome, Said};
use crate::{
    ports::{Application, Clock, Network, Signer, Storage},
    serve,
    verify::{self, Known, PeerFault},
};

/// An answer to a fetch of blocks is expected for this long.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Marks of what is being checked.
pub(super) const LEAF: u8 = 0;
pub(super) const PHASE1: u8 = 1;
pub(super) const PHASE2: u8 = 2;
pub(super) const BARE: u8 = 3;

impl<N, S, A, G, C> Driver<N, S, A, G, C>
where
    N: Network,
    S: Storage,
    A: Application,
    G: Signer,
    C: Clock,
{
    pub(super) fn receive(&mut self, from: NodeId, message: Result<Unvalidated<Message>, ()>) {
        if from == self.node {
            return;
        }
        let Ok(message) = message else {
            self.blame(from, PeerFault::Malformed);
            return;
        };
        self.outlets.counters.messages_received.add(1);
        // Nothing is believed here: every arm bounds what it takes and hands it to a check.
        let needed = match message.peek().clone() {
            Message::Proposal(signed) => self.receive_proposal(from, signed, false),
            Message::FetchedProposal(signed) => self.receive_proposal(from, signed, true),
            Message::Vote1(vote) => self.receive_vote1(from, vote),
            Message::Vote2(vote) => self.receive_vote2(from, vote),
            Message::Certificate1(certificate) => self.receive_certificate1(from, certificate),
            Message::Certificate2(certificate) => self.receive_certificate2(from, certificate),
            Message::Timeout(vote) => self.receive_timeout(from, vote),
            Message::TimeoutCertificate(certificate) => self.receive_timeout_certificate(from, certificate),
            Message::UpgradeVote(vote) => self.receive_upgrade_vote(from, vote),
            Message::UpgradeCertificate(certificate) => self.receive_upgrade(from, certificate),
            Message::FetchProposal(fetch) => self.serve_proposal(from, fetch),
            Message::FetchBlocks(fetch) => self.serve_blocks(from, fetch),
            Message::FetchedBlocks(blocks) => self.receive_blocks(from, blocks),
            Message::Dispersed(dispersed) => self.receive_dispersed(from, &dispersed),
        };
        if !needed {
            self.outlets.counters.messages_not_needed.add(1);
        }
    }

    pub(super) fn decided_view(&self) -> View {
        View::new(self.core.decided().view)
    }

    /// B6: a view that no certificate has brought near is not kept room for.
    pub(super) fn in_window(&self, view: View) -> bool {
        view > self.decided_view() && view <= self.core.view().plus(VIEW_WINDOW)
    }

    /// What this node has verified itself stands for every claim of the same, so it is not checked again, and what is
    /// passed on is known to hold.
    fn known_justify(&self, claim: &Justify) -> Option<Justify> {
        let lock = self.core.lock();
        if verify::same_claim(claim, lock) {
            return Some(lock.clone());
        }
        let certificate = self.core.certificate1(claim.view())?;
        let known = Justify::Certified(certificate.clone());
        verify::same_claim(claim, &known).then_some(known)
    }

    fn receive_proposal(&mut self, from: NodeId, mut signed: SignedProposal, fetched: bool) -> bool {
        let Some(committee) = self.committee_of(signed.proposal.epoch()) else {
            return false;
        };
        let (view, data) = (signed.proposal.view, signed.proposal.data());
        let expected = if fetched {
            self.asked_proposals.contains(&data.leaf)
        } else {
            committee.leader(view).node == from && self.in_window(view)
        };
        let known = self
            .core
            .proposal(&data.leaf)
            .is_some_and(|(proposal, signature)| {
                // What is proposed again is another proposal of the same block.
                signature.is_some() && (fetched || proposal.view == view)
            });
        let over = signed.proposal.block_view() <= self.decided_view();
        if !expected || known || over || self.checking.contains(&(LEAF, data)) {
            return false;
        }
        let rules = self.rules.clone();
        if let Err(fault) = rules::well_formed(&signed.proposal, committee.chain_id(), rules.epochs) {
            self.blame(from, fault.into());
            return true;
        }
        let known = self.use_known(&mut signed);
        let begun = self.check(from, move || {
            let checked = verify::proposal(&signed, &rules, known);
            Outcome::Proposal {
                from,
                data,
                checked: checked.map(|()| signed),
            }
        });
        if begun {
            self.checking.insert((LEAF, data));
        }
        true
    }

    /// What of a proposal this node has verified before takes the place of what was sent.
    pub(super) fn use_known(&self, signed: &mut SignedProposal) -> Known {
        let justify = self.known_justify(&signed.proposal.justify);
        let timeout = signed.proposal.timeout.as_ref();
        let known = Known {
            justify: justify.is_some(),
            timeout: timeout.is_some() && timeout == self.core.timeout_certificate().map(|known| &**known),
            hand_over: false,
        };
        if let Some(justify) = justify.filter(|justify| *justify != signed.proposal.justify) {
            Arc::make_mut(&mut signed.proposal).justify = justify;
        }
        known
    }

    fn receive_vote1(&mut self, from: NodeId, vote: Vote1) -> bool {
        let Some((committee, index)) = self.voter(from, &vote.data) else {
            return false;
        };
        let certified = self.core.certificate1(vote.data.view);
        let settled = certified.is_some_and(|certificate| certificate.data().epoch == vote.data.epoch);
        if !self.in_window(vote.data.view) || vote.data.epoch < self.core.epoch() || settled {
            return false;
        }
        match self.votes1.add(&committee, index, &vote) {
            Counted::Quorum(batch) => self.check_batch1(committee, batch),
            Counted::Equivocation(first) => self.blame(from, PeerFault::Equivocation(first, vote.data)),
            Counted::Counted => {}
            Counted::Ignored => return false,
        }
        true
    }

    fn receive_vote2(&mut self, from: NodeId, vote: Vote2) -> bool {
        let Some((committee, index)) = self.voter(from, &vote.data) else {
            return false;
        };
        if !self.in_window(vote.data.view) || self.core.is_final(&vote.data) {
            return false;
        }
        match self.votes2.add(&committee, index, &vote) {
            Counted::Quorum(batch) => self.check_batch2(committee, batch),
            Counted::Equivocation(first) => self.blame(from, PeerFault::Equivocation(first, vote.data)),
            Counted::Counted => {}
            Counted::Ignored => return false,
        }
        true
    }

    fn voter(&mut self, from: NodeId, data: &VoteData) -> Option<(Committee, usize)> {
        let committee = self.committee_of(data.epoch)?;
        let index = committee.index_of(&from)?;
        Some((committee, index))
    }

    /// The committee of an epoch that a member speaks of. Of a later one than is known, there must be blocks to fetch.
    pub(super) fn committee_of(&mut self, epoch: Epoch) -> Option<Committee> {
        let known = self.rules.committees.of(epoch).cloned();
        if known.is_none() && epoch > self.core.epoch() {
            self.feed.push_back(Input::Behind);
        }
        known
    }

    /// A quorum's votes are checked as one. They belong to no single sender, so to no budget; there is one per view.
    pub(super) fn check_batch1(&mut self, committee: Committee, batch: Batch) {
        self.checking.insert((PHASE1, batch.data));
        self.checks.push_front(Box::new(move || {
            Outcome::Batch1(verify::batch::<Phase1>(&batch, &committee))
        }));
    }

    pub(super) fn check_batch2(&mut self, committee: Committee, batch: Batch) {
        self.checking.insert((PHASE2, batch.data));
        self.checks.push_front(Box::new(move || {
            Outcome::Batch2(verify::batch::<Phase2>(&batch, &committee))
        }));
    }

    fn receive_certificate1(&mut self, from: NodeId, certificate: Certificate1) -> bool {
        let (view, data) = (certificate.view(), *certificate.data());
        let known = self.core.certificate1(view).map(|known| known.data().epoch);
        let above = view > self.decided_view() && known != Some(data.epoch);
        let of_decided = view == self.decided_view() && self.core.lock().rank() < data.rank();
        let Some(committee) = self.committee_of(data.epoch) else {
            return false;
        };
        if !(above || of_decided) || self.checking.contains(&(PHASE1, data)) {
            return false;
        }
        if let Err(error) = certificate.check_quorum(&committee) {
            self.blame(from, error.into());
            return true;
        }
        let begun = self.check(from, move || {
            let checked = certificate.verify(&committee).map_err(PeerFault::from);
            Outcome::Certificate1 {
                from,
                data,
                checked: checked.map(|()| certificate),
            }
        });
        if begun {
            self.checking.insert((PHASE1, data));
        }
        true
    }

    fn receive_certificate2(&mut self, from: NodeId, certificate: Certificate2) -> bool {
        let data = *certificate.data();
        let Some(committee) = self.committee_of(data.epoch) else {
            return false;
        };
        if self.core.is_final(&data) || self.checking.contains(&(PHASE2, data)) {
            return false;
        }
        if let Err(error) = certificate.check_quorum(&committee) {
            self.blame(from, error.into());
            return true;
        }
        let begun = self.check(from, move || {
            let checked = certificate.verify(&committee).map_err(PeerFault::from);
            Outcome::Certificate2 {
                from,
                data,
                checked: checked.map(|()| certificate),
            }
        });
        if begun {
            self.checking.insert((PHASE2, data));
        }
        true
    }

    fn receive_timeout(&mut self, from: NodeId, mut vote: TimeoutVote) -> bool {
        let Some(committee) = self.committee_of(vote.data.epoch) else {
            return false;
        };
        let Some(index) = committee.index_of(&from) else {
            return false;
        };
        let view = vote.data.view;
        let over = view < self.core.view() || vote.data.epoch < self.core.epoch();
        if over || !self.in_window(view) || !self.timeouts.wants(index, &vote) {
            return false;
        }
        if vote.lock.rank() != vote.data.lock_rank() || vote.data.lock_view >= view {
            self.blame(from, PeerFault::Signature("timeout vote"));
            return true;
        }
        let justify = self.known_justify(&vote.lock);
        let known = Known {
            justify: justify.is_some(),
            ..Known::default()
        };
        vote.lock = justify.unwrap_or(vote.lock);
        let rules = self.rules.clone();
        self.check(from, move || {
            let checked = verify::timeout(&vote, index, &rules, known);
            Outcome::Timeout {
                from,
                index,
                checked: checked.map(|()| vote),
            }
        });
        true
    }

    fn receive_timeout_certificate(&mut self, from: NodeId, certificate: Arc<TimeoutCertificate>) -> bool {
        let Some(committee) = self.committee_of(certificate.epoch()) else {
            return false;
        };
        if certificate.view() < self.core.view() || certificate.epoch() < self.core.lock().data().epoch {
            return false;
        }
        if let Err(error) = certificate.check_quorum(&committee) {
            self.blame(from, error.into());
            return true;
        }
        let rules = self.rules.clone();
        self.check(from, move || {
            let checked = verify::timeout_certificate(&certificate, &rules);
            Outcome::TimeoutCertificate {
                from,
                checked: checked.map(|()| certificate),
            }
        });
        true
    }

    fn receive_upgrade_vote(&mut self, from: NodeId, vote: UpgradeVote) -> bool {
        let Some(committee) = self.committee_of(vote.data.epoch) else {
            return false;
        };
        let Some(index) = committee.index_of(&from) else {
            return false;
        };
        if !self.core.wants_upgrade(&vote.data) || !self.upgrades.wants(index, &vote) {
            return false;
        }
        self.check(from, move || {
            let checked = verify::upgrade_vote(&vote, index, &committee);
            Outcome::UpgradeVote {
                from,
                index,
                checked: checked.map(|()| vote),
            }
        });
        true
    }

    fn receive_upgrade(&mut self, from: NodeId, certificate: UpgradeCertificate) -> bool {
        let Some(committee) = self.committee_of(certificate.epoch()) else {
            return false;
        };
        if !self.core.wants_upgrade(certificate.data()) {
            return false;
        }
        self.check(from, move || {
            let checked = certificate.verify(&committee).map_err(PeerFault::from);
            Outcome::Upgrade {
                from,
                checked: checked.map(|()| certificate),
            }
        });
        true
    }

    /// Only what was asked for is taken, once.
    fn receive_blocks(&mut self, from: NodeId, blocks: Arc<FetchedBlocks>) -> bool {
        let asked = self.asked_blocks.remove(&from);
        let now = self.ports.clock.now();
        if asked.is_none_or(|at| now > at.saturating_add(ANSWER_TIME)) {
            return false;
        }
        let rules = self.rules.clone();
        self.check(from, move || {
            let checked = verify::blocks(&blocks, &rules);
            Outcome::Blocks {
                from,
                checked: checked.map(|()| blocks),
            }
        });
        true
    }

    fn serve_proposal(&mut self, from: NodeId, fetch: FetchProposal) -> bool {
        let Some((proposal, signature)) = self.core.proposal(&fetch.leaf) else {
            return false;
        };
        let proposal = Arc::clone(proposal);
        if !self.budgets.begin_serving(from, self.ports.clock.now()) {
            self.outlets.counters.messages_over_budget.add(1);
            return true;
        }
        self.sign(proposal.epoch(), Recipient::One(from), move |sign| {
            // Without a signature it is this node's own, said before: saying it again is no new act.
            let signature = match signature {
                Some(signature) => signature,
                None => sign(&Proposal::digest(proposal.view, &fetch.leaf))?,
            };
            let signed = SignedProposal { proposal, signature };
            Ok(Said::Answer(from, Message::FetchedProposal(signed)))
        });
        true
    }

    fn serve_blocks(&mut self, from: NodeId, fetch: FetchBlocks) -> bool {
        if fetch.from > self.status.decided || fetch.from.get() == 0 {
            return false;
        }
        if !self.budgets.begin_serving(from, self.ports.clock.now()) {
            self.outlets.counters.messages_over_budget.add(1);
            return true;
        }
        let application = Arc::clone(&self.ports.application);
        let epochs = self.rules.epochs;
        self.tasks.spawn(async move {
            let done = serve::blocks(&*application, fetch.from, epochs).await;
            Outcome::Served { to: from, done }
        });
        true
    }
}
