//! What an engine does around a core: signs, sends, bounds and checks what comes, and adds votes up.

use std::{sync::Arc, time::Duration};

use hotshot::{
    Consensus, Input, Outgoing, Recipient,
    tally::{Counted, VIEW_WINDOW, VoteTally},
};
use hotshot_types::{
    Certificate, Epoch, Message, Phase, Proposal, SignedProposal, TimeoutVote, UpgradeVote, View, Vote,
    Vote1, Vote2,
};

use super::TestRunner;
use crate::{
    behaviour::{EventTransformer, Puppet, epoch_of},
    fixtures::PLACEHOLDER,
    ledger::{Kind, Ledger},
    node::Node,
    schedule::Event,
};

impl TestRunner {
    /// Signs and sends.
    pub(super) fn send(&mut self, from: usize, to: Recipient, what: Outgoing) {
        let message = self.sign(from, to, what);
        let addressed = |(_, node): &(usize, &Node)| match to {
            Recipient::Others => true,
            Recipient::One(id) => node.id() == id,
        };
        let to: Vec<usize> = self
            .nodes
            .iter()
            .enumerate()
            .filter(addressed)
            .map(|(machine, _)| machine)
            .filter(|machine| *machine != from)
            .collect();
        self.say(from, &to, message);
    }

    fn sign(&mut self, from: usize, to: Recipient, what: Outgoing) -> Message {
        let member = self.nodes[from].member;
        match what {
            Outgoing::Proposal(proposal) => {
                self.ledger.sign_proposal(member, &proposal);
                Message::Proposal(signed(proposal))
            }
            Outgoing::Vote1(data) => {
                self.ledger.sign_vote(member, Kind::Vote1, data);
                let vote = Vote::new(data, *PLACEHOLDER);
                self.count1(from, member, &vote);
                Message::Vote1(vote)
            }
            Outgoing::Vote2(data) => {
                self.ledger.sign_vote(member, Kind::Vote2, data);
                let vote = Vote::new(data, *PLACEHOLDER);
                self.count2(from, member, &vote);
                Message::Vote2(vote)
            }
            Outgoing::Timeout(data, lock) => {
                self.ledger.sign_timeout(member, data);
                let vote = TimeoutVote {
                    data,
                    signature: *PLACEHOLDER,
                    lock,
                };
                self.count_timeout(from, member, vote.clone());
                Message::Timeout(vote)
            }
            Outgoing::UpgradeVote(data) => {
                self.ledger.sign_upgrade(member, data);
                let signature = *PLACEHOLDER;
                let vote = UpgradeVote { data, signature };
                self.count_upgrade(from, member, vote);
                Message::UpgradeVote(vote)
            }
            Outgoing::Upgrade(certificate) => Message::UpgradeCertificate(certificate),
            Outgoing::Certificate1(certificate) => Message::Certificate1(certificate),
            Outgoing::Certificate2(certificate) => Message::Certificate2(certificate),
            Outgoing::TimeoutCertificate(certificate) => Message::TimeoutCertificate(certificate),
            Outgoing::FetchProposal(fetch) => {
                self.nodes[from].asked_proposals.insert(fetch.leaf);
                Message::FetchProposal(fetch)
            }
            Outgoing::FetchBlocks(fetch) => {
                if let Recipient::One(id) = to {
                    self.nodes[from].asked_blocks.insert(id);
                }
                Message::FetchBlocks(fetch)
            }
        }
    }

    /// A faulty member's words pass its transformer first.
    fn say(&mut self, from: usize, to: &[usize], message: Message) {
        if self.nodes[from].transformer.is_none() {
            for other in to {
                self.post(from, *other, message.clone());
            }
            return;
        }
        self.puppet(from, |behaviour, puppet| behaviour.send(puppet, to, message));
    }

    /// Lets a faulty member's transformer act, and carries out what it wants.
    fn puppet(&mut self, machine: usize, act: impl FnOnce(&mut dyn EventTransformer, &mut Puppet<'_>)) {
        let Some(mut transformer) = self.nodes[machine].transformer.take() else {
            return;
        };
        let core = self.nodes[machine].core.as_ref();
        let view = core.map_or(View::ZERO, Consensus::view);
        let epoch = core.map_or(Epoch::ZERO, Consensus::epoch);
        let lock = core.map(|core| core.lock().clone());
        let members: Vec<usize> = self.nodes.iter().map(|node| node.member).collect();
        let mut puppet = Puppet::new(
            &mut self.ledger,
            &mut self.rng,
            &members,
            machine,
            (epoch, view, lock),
        );
        act(&mut *transformer, &mut puppet);
        let (said, heard) = puppet.done();
        self.nodes[machine].transformer = Some(transformer);
        for (to, message) in said {
            self.post(machine, to, message);
        }
        for (from, message) in heard {
            self.receive(from, machine, message);
        }
    }

    /// Puts a message on a link.
    fn post(&mut self, from: usize, to: usize, message: Message) {
        let cut = self.groups[from] != self.groups[to] && !self.is_bridge(from) && !self.is_bridge(to);
        if cut || !self.nodes[from].online || !self.nodes[to].online {
            return;
        }
        let network = Arc::clone(&self.network);
        if !network.sample_keep(self.now, &mut self.rng) {
            return;
        }
        for _ in 0..network.sample_repeat(&mut self.rng) {
            let after = network.sample_delay(self.now, &mut self.rng);
            let message = Box::new(message.clone());
            self.schedule(after, to, Event::Deliver { from, message });
        }
    }

    /// Whether a machine is on every side of a cut.
    fn is_bridge(&self, machine: usize) -> bool {
        let adverse = self.description.partitions.is_some_and(|cut| cut.adverse);
        adverse && self.faulty.contains(&machine)
    }

    pub(super) fn deliver(&mut self, from: usize, to: usize, message: Message) {
        if !self.nodes[to].online || self.nodes[to].core.is_none() {
            return;
        }
        if self.nodes[to].transformer.is_some() {
            self.puppet(to, |behaviour, puppet| behaviour.receive(puppet, from, message));
        } else {
            self.receive(from, to, message);
        }
    }

    /// Nothing is believed: every arm bounds what it takes and has it checked.
    fn receive(&mut self, from: usize, to: usize, message: Message) {
        let Some(core) = &self.nodes[to].core else { return };
        if let Some(epoch) = epoch_of(&message).filter(|epoch| core.committees().of(*epoch).is_none()) {
            // Of an epoch to come, it is at least worth a question.
            if epoch > core.epoch() {
                self.step(to, Input::Behind);
            }
            return;
        }
        let member = self.nodes[from].member;
        let input = match message {
            Message::Proposal(signed) => {
                let view = signed.proposal.view;
                let leads = self.ledger.roster.leader(signed.proposal.epoch(), view) == Some(member);
                if !leads || !self.in_window(to, view) || !self.ledger.proposal(&signed) {
                    return;
                }
                Input::Proposal(signed)
            }
            Message::FetchedProposal(signed) => {
                let leaf = signed.proposal.leaf();
                if !self.nodes[to].asked_proposals.contains(&leaf) || !self.ledger.proposal(&signed) {
                    return;
                }
                self.nodes[to].asked_proposals.remove(&leaf);
                Input::Proposal(signed)
            }
            Message::Vote1(vote) => return self.count1(to, member, &vote),
            Message::Vote2(vote) => return self.count2(to, member, &vote),
            Message::Timeout(vote) => {
                let speaks = self.ledger.roster.index(vote.data.epoch, member).is_some();
                if !speaks || !self.ledger.timeout_vote(member, &vote) {
                    return;
                }
                if let Some(lock) = vote.lock.certificate() {
                    self.step(to, Input::Certificate1(lock.clone()));
                }
                return self.count_timeout(to, member, vote);
            }
            Message::Certificate1(c) if self.ledger.certificate1(&c) => Input::Certificate1(c),
            Message::Certificate2(c) if self.ledger.certificate2(&c) => Input::Certificate2(c),
            Message::UpgradeVote(vote) => return self.count_upgrade(to, member, vote),
            Message::UpgradeCertificate(c) if self.ledger.upgrade(&c) => Input::Upgrade(c),
            Message::TimeoutCertificate(c) if self.ledger.timeout(&c) => Input::TimeoutCertificate(c),
            Message::FetchProposal(fetch) => {
                if let Some((proposal, _)) = core.proposal(&fetch.leaf) {
                    let answer = Message::FetchedProposal(signed(Arc::clone(proposal)));
                    self.say(to, &[from], answer);
                }
                return;
            }
            Message::FetchBlocks(fetch) => {
                let epochs = self.ledger.roster.epochs;
                if let Some(blocks) = self.nodes[to].blocks(fetch.from.get(), epochs) {
                    self.say(to, &[from], Message::FetchedBlocks(Arc::new(blocks)));
                }
                return;
            }
            Message::FetchedBlocks(blocks) => {
                let asked = self.nodes[from].id();
                if !self.nodes[to].asked_blocks.remove(&asked) || !self.ledger.blocks(&blocks) {
                    return;
                }
                Input::Blocks(blocks)
            }
            _ => return,
        };
        self.step(to, input);
    }

    fn in_window(&self, at: usize, view: View) -> bool {
        let core = self.nodes[at].core.as_ref();
        core.is_some_and(|core| view <= core.view().plus(VIEW_WINDOW) && view.get() > core.decided().view)
    }

    /// Votes are checked when they make a quorum; those that do not hold are taken out.
    fn count1(&mut self, at: usize, member: usize, vote: &Vote1) {
        if !self.in_window(at, vote.data.view) {
            return;
        }
        let tally = &mut self.nodes[at].votes1;
        let certificate = count(tally, &self.ledger, Kind::Vote1, (member, vote));
        if let Some(certificate) = certificate {
            self.answer(at, Duration::ZERO, Input::Certificate1(certificate));
        }
    }

    fn count2(&mut self, at: usize, member: usize, vote: &Vote2) {
        if !self.in_window(at, vote.data.view) {
            return;
        }
        let tally = &mut self.nodes[at].votes2;
        let certificate = count(tally, &self.ledger, Kind::Vote2, (member, vote));
        if let Some(certificate) = certificate {
            self.answer(at, Duration::ZERO, Input::Certificate2(certificate));
        }
    }

    fn count_upgrade(&mut self, at: usize, member: usize, vote: UpgradeVote) {
        let (epoch, roster) = (vote.data.epoch, &self.ledger.roster);
        let (Some(committee), Some(index)) = (roster.committee(epoch), roster.index(epoch, member)) else {
            return;
        };
        let node = &mut self.nodes[at];
        let wanted = node
            .core
            .as_ref()
            .is_some_and(|core| core.wants_upgrade(&vote.data));
        if !wanted || !node.upgrades.wants(index, &vote) || !self.ledger.has_agreed(member, &vote.data) {
            return;
        }
        if let Some(certificate) = node.upgrades.add(committee, index, vote) {
            self.answer(at, Duration::ZERO, Input::Upgrade(certificate));
        }
    }

    fn count_timeout(&mut self, at: usize, member: usize, vote: TimeoutVote) {
        let Some(core) = &self.nodes[at].core else { return };
        let current = core.view();
        if vote.data.view < current || vote.data.view > current.plus(VIEW_WINDOW) {
            return;
        }
        let (epoch, roster) = (vote.data.epoch, &self.ledger.roster);
        let (Some(committee), Some(index)) = (roster.committee(epoch), roster.index(epoch, member)) else {
            return;
        };
        self.checks.timeout(at, member, &vote.data, self.now);
        let news = self.nodes[at].timeouts.add(committee, index, vote);
        if let Some((epoch, view)) = news.one_honest {
            self.answer(at, Duration::ZERO, Input::TimeoutOneHonest { epoch, view });
        }
        if let Some(certificate) = news.certificate {
            self.answer(at, Duration::ZERO, Input::TimeoutCertificate(certificate));
        }
    }
}

fn count<P: Phase>(
    tally: &mut VoteTally<P>,
    ledger: &Ledger,
    kind: Kind,
    (member, vote): (usize, &Vote<P>),
) -> Option<Certificate<P>> {
    let (epoch, roster) = (vote.data.epoch, &ledger.roster);
    let (committee, index) = (roster.committee(epoch)?, roster.index(epoch, member)?);
    let Counted::Quorum(mut batch) = tally.add(committee, index, vote) else {
        return None;
    };
    loop {
        let voters = batch.votes.iter().map(|(voter, _)| *voter);
        let holds = |voter: &usize| {
            let member = roster.member(epoch, *voter);
            member.is_some_and(|member| ledger.has_voted(member, kind, &batch.data))
        };
        let bad: Vec<usize> = voters.filter(|voter| !holds(voter)).collect();
        let next = tally.checked(committee, &batch.data, &bad);
        if bad.is_empty() {
            return batch.certificate(committee);
        }
        batch = next?;
    }
}

fn signed(proposal: Arc<Proposal>) -> SignedProposal {
    SignedProposal {
        proposal,
        signature: *PLACEHOLDER,
    }
}
