//! One machine: a core, its disk, its application, and the tallies that a shell would drive.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use hotshot::{
    Anchor, Config, Consensus, Decided, Input, Now, Outgoing, Recipient, Record, Recovery, Token,
    tally::{Counted, TimeoutTally, VIEW_WINDOW, VoteTally},
};
use hotshot_types::{
    Message, NodeId, Phase, Phase1, Phase2, Proposal, SignedProposal, TimeoutVote, View, Vote,
    message::FetchedBlocks,
};

use super::{PLACEHOLDER, Sim, node_id};

pub struct Node {
    pub index: usize,
    pub core: Option<Consensus>,
    pub life: u64,
    /// The durable log.
    pub log: Vec<Record>,
    /// Being written, in order.
    pub writing: VecDeque<(Token, Vec<Record>)>,
    pub disk_free: Duration,
    /// Decided by this life's core.
    pub decided: u64,
    /// Durable in the application.
    pub chain: Vec<Decided>,
    pub applying: VecDeque<Vec<Decided>>,
    pub timer: Option<Duration>,
    genesis: hotshot_types::Block,
    votes1: VoteTally<Phase1>,
    votes2: VoteTally<Phase2>,
    timeouts: TimeoutTally,
}

impl Node {
    pub fn new(index: usize, config: &Config) -> Self {
        let genesis = hotshot_types::Block {
            header: config.genesis.clone(),
            payload: [][..].into(),
        };
        Self {
            index,
            core: None,
            life: 0,
            log: Vec::new(),
            writing: VecDeque::new(),
            disk_free: Duration::ZERO,
            decided: 0,
            chain: Vec::new(),
            applying: VecDeque::new(),
            timer: None,
            genesis,
            votes1: VoteTally::default(),
            votes2: VoteTally::default(),
            timeouts: TimeoutTally::default(),
        }
    }

    pub fn id(&self) -> NodeId {
        node_id(self.index)
    }

    pub fn lives(&self, life: u64) -> bool {
        self.core.is_some() && self.life == life
    }

    pub fn start(&mut self, config: &Config, now: Now, prune: bool) {
        let mut recovery = Recovery::genesis(self.genesis.header.clone());
        for record in &self.log {
            recovery.apply(record.clone());
        }
        let decided = recovery.anchor.view();
        if prune {
            // Forgetting what is obsolete changes nothing of what matters.
            self.log.retain(|record| !record.is_obsolete(decided));
            let mut pruned = Recovery::genesis(self.genesis.header.clone());
            for record in &self.log {
                pruned.apply(record.clone());
            }
            assert_eq!(pruned.anchor, recovery.anchor);
            assert_eq!(
                (&pruned.votes1, &pruned.proposals),
                (&recovery.votes1, &recovery.proposals)
            );
            assert!(pruned.lock == recovery.lock || recovery.lock.view() < decided);
            recovery = pruned;
        }
        assert_eq!(recovery.anchor.header.height, self.chain.len() as u64);
        self.decided = recovery.anchor.header.height;
        let config = Config {
            node: self.id(),
            ..config.clone()
        };
        self.core = Some(Consensus::new(config, recovery, now));
        self.life += 1;
        self.timer = None;
        self.disk_free = now.elapsed;
        (self.votes1, self.votes2) = (VoteTally::default(), VoteTally::default());
        self.timeouts = TimeoutTally::default();
    }

    pub fn crash(&mut self, survived: usize) {
        for (_, records) in self.writing.drain(..).take(survived) {
            self.log.extend(records);
        }
        self.writing.clear();
        self.applying.clear();
        self.core = None;
    }

    pub fn make_durable(&mut self, token: Token) {
        let (first, records) = self.writing.pop_front().expect("something is being written");
        assert_eq!(first, token);
        self.log.extend(records);
    }

    /// The application makes a decided run durable, and the log learns of it.
    pub fn apply_one(&mut self) {
        let Some(blocks) = self.applying.pop_front() else {
            return;
        };
        let last = blocks.last().unwrap();
        self.log.push(Record::Decided(Anchor {
            header: last.block.header.clone(),
            certificate: last.certificate.clone(),
        }));
        self.chain.extend(blocks);
    }

    fn has(&self, wanted: impl Fn(&Record) -> bool) -> bool {
        self.log.iter().rev().any(wanted)
    }

    fn is_stored(&self, leaf: &rollup_abi::Digest) -> bool {
        self.has(|record| matches!(record, Record::Proposal(p) if p.proposal.leaf() == *leaf))
    }

    /// Decided blocks for a peer, with the headers up to the next certified one.
    fn blocks(&self, from: u64) -> Option<FetchedBlocks> {
        let start = usize::try_from(from).ok()?.checked_sub(1)?;
        let rest = self.chain.get(start..)?;
        let rest = &rest[..rest.len().min(40)];
        let blocks: Vec<_> = rest.iter().take(5).map(|d| d.block.clone()).collect();
        let certified =
            (blocks.len().checked_sub(1)?..rest.len()).find(|i| rest[*i].certificate.is_some())?;
        Some(FetchedBlocks {
            tail: rest[blocks.len()..=certified.max(blocks.len() - 1)]
                .iter()
                .map(|d| d.block.header.clone())
                .collect(),
            blocks,
            certificate: rest[certified].certificate.clone()?,
        })
    }
}

impl Sim {
    /// Signs, checks that what it depends on is durable, and sends.
    pub(super) fn send(&mut self, from: usize, to: Recipient, what: Outgoing) {
        self.check_durable(from, &what);
        let member = self.nodes[from].index;
        let message = match what {
            Outgoing::Proposal(proposal) => {
                self.check_once(from, 0, proposal.view(), proposal.leaf());
                Message::Proposal(signed(proposal))
            }
            Outgoing::Vote1(data) => {
                self.check_once(from, 1, data.view, data.leaf);
                let vote = Vote::new(data, *PLACEHOLDER);
                self.count1(from, member, &vote);
                Message::Vote1(vote)
            }
            Outgoing::Vote2(data) => {
                self.check_once(from, 2, data.view, data.leaf);
                let vote = Vote::new(data, *PLACEHOLDER);
                self.count2(from, member, &vote);
                Message::Vote2(vote)
            }
            Outgoing::Timeout(data, lock) => {
                let vote = TimeoutVote {
                    data,
                    signature: *PLACEHOLDER,
                    lock,
                };
                self.count_timeout(from, member, vote.clone());
                Message::Timeout(vote)
            }
            Outgoing::Certificate1(certificate) => Message::Certificate1(certificate),
            Outgoing::Certificate2(certificate) => Message::Certificate2(certificate),
            Outgoing::TimeoutCertificate(certificate) => Message::TimeoutCertificate(certificate),
            Outgoing::FetchProposal(fetch) => Message::FetchProposal(fetch),
            Outgoing::FetchBlocks(fetch) => Message::FetchBlocks(fetch),
        };
        for other in 0..self.nodes.len() {
            let addressed = match to {
                Recipient::Others => other != from,
                Recipient::One(node) => self.nodes[other].id() == node,
            };
            if addressed {
                self.post(from, other, message.clone());
            }
        }
    }

    fn check_durable(&self, from: usize, what: &Outgoing) {
        let node = &self.nodes[from];
        // What is decided may have been pruned from the log since.
        let below = |view: View| {
            view <= node
                .chain
                .last()
                .map_or(View::ZERO, |d| View::new(d.block.header.view))
        };
        let durable = match what {
            Outgoing::Proposal(p) => {
                let (view, leaf) = (p.view(), p.leaf());
                node.is_stored(&leaf) && node.has(|r| *r == Record::Proposed { view, leaf })
            }
            Outgoing::Vote1(data) => {
                let (view, leaf) = (data.view, data.leaf);
                let voted = node.has(|r| *r == Record::Vote1 { view, leaf });
                below(view) || (voted && node.is_stored(&leaf))
            }
            Outgoing::Vote2(data) => {
                let locked = node.has(|r| matches!(r, Record::Vote2 { lock } if lock.data() == data));
                below(data.view) || (locked && node.is_stored(&data.leaf))
            }
            Outgoing::Timeout(data, _) => {
                let view = data.view;
                node.has(|r| matches!(r, Record::TimedOut { view: v, .. } if *v == view))
            }
            _ => true,
        };
        assert!(
            durable,
            "seed {}: machine {from} says {what:?} before it is durable",
            self.seed
        );
    }

    pub(super) fn receive(&mut self, from: usize, to: usize, message: Message) {
        let Some(core) = &self.nodes[to].core else { return };
        let member = self.nodes[from].index;
        match message {
            Message::Proposal(signed) | Message::FetchedProposal(signed) => {
                assert!(signed.proposal.payload_matches());
                self.step(to, Input::Proposal(signed));
            }
            Message::Vote1(vote) => self.count1(to, member, &vote),
            Message::Vote2(vote) => self.count2(to, member, &vote),
            Message::Timeout(vote) => {
                if let Some(lock) = vote.lock.certificate() {
                    self.step(to, Input::Certificate1(lock.clone()));
                }
                self.count_timeout(to, member, vote);
            }
            Message::Certificate1(certificate) => {
                certificate.check_quorum(&self.committee).unwrap();
                self.step(to, Input::Certificate1(certificate));
            }
            Message::Certificate2(certificate) => {
                certificate.check_quorum(&self.committee).unwrap();
                self.step(to, Input::Certificate2(certificate));
            }
            Message::TimeoutCertificate(certificate) => {
                certificate.check_quorum(&self.committee).unwrap();
                self.step(to, Input::TimeoutCertificate(certificate));
            }
            Message::FetchProposal(fetch) => {
                if let Some((proposal, _)) = core.proposal(&fetch.leaf) {
                    let answer = Message::FetchedProposal(signed(Arc::clone(proposal)));
                    self.post(to, from, answer);
                }
            }
            Message::FetchBlocks(fetch) => {
                if let Some(blocks) = self.nodes[to].blocks(fetch.from.get()) {
                    self.post(to, from, Message::FetchedBlocks(Arc::new(blocks)));
                }
            }
            Message::FetchedBlocks(blocks) => self.step(to, Input::Blocks(blocks)),
        }
    }

    fn in_window(&self, at: usize, view: View) -> bool {
        self.nodes[at]
            .core
            .as_ref()
            .is_some_and(|core| view <= core.view().plus(VIEW_WINDOW) && view.get() > core.decided().view)
    }

    fn count1(&mut self, at: usize, member: usize, vote: &Vote<Phase1>) {
        if self.in_window(at, vote.data.view) {
            let counted = self.nodes[at].votes1.add(&self.committee, member, vote);
            if let Some(certificate) = self.certify(counted) {
                self.answer(at, Duration::ZERO, Input::Certificate1(certificate));
            }
        }
    }

    fn count2(&mut self, at: usize, member: usize, vote: &Vote<Phase2>) {
        if self.in_window(at, vote.data.view) {
            let counted = self.nodes[at].votes2.add(&self.committee, member, vote);
            if let Some(certificate) = self.certify(counted) {
                self.answer(at, Duration::ZERO, Input::Certificate2(certificate));
            }
        }
    }

    fn certify<P: Phase>(&self, counted: Counted) -> Option<hotshot_types::Certificate<P>> {
        match counted {
            Counted::Quorum(batch) => Some(batch.certificate(&self.committee).unwrap()),
            _ => None,
        }
    }

    fn count_timeout(&mut self, at: usize, member: usize, vote: TimeoutVote) {
        let Some(core) = &self.nodes[at].core else { return };
        let current = core.view();
        if vote.data.view < current || vote.data.view > current.plus(VIEW_WINDOW) {
            return;
        }
        let news = self.nodes[at].timeouts.add(&self.committee, member, vote);
        if let Some(view) = news.one_honest {
            self.answer(at, Duration::ZERO, Input::TimeoutOneHonest(view));
        }
        if let Some(certificate) = news.certificate {
            certificate.check_quorum(&self.committee).unwrap();
            self.answer(at, Duration::ZERO, Input::TimeoutCertificate(certificate));
        }
    }
}

fn signed(proposal: Arc<Proposal>) -> SignedProposal {
    SignedProposal {
        proposal,
        signature: *PLACEHOLDER,
    }
}
