//! One machine: a core, its disk, its application, and the tallies that a shell drives.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use hotshot::{
    Anchor, Config, Consensus, Decided, Now, Record, Recovery, Token,
    tally::{TimeoutTally, UpgradeTally, VoteTally},
};
use hotshot_types::{
    Epochs, Height, NodeId, Phase1, Phase2, Upgrade, Versions, View, message::FetchedBlocks,
};
use rollup_abi::{Digest, header::FIRST_VERSION};

use crate::{behaviour::EventTransformer, fixtures::node_id};

/// Views of votes kept below the current one, as the engine does.
const VIEWS_BACK: u64 = 8;
/// Blocks in an answer, and headers after them.
const FETCH_BLOCKS: usize = 5;
const FETCH_SPAN: usize = 40;

/// A machine that runs one member's core. A twin is a second machine of one member.
pub(crate) struct Node {
    pub(crate) member: usize,
    /// None while it is down.
    pub(crate) core: Option<Consensus>,
    /// Counts restarts: what was scheduled for an earlier life does not reach a later one.
    pub(crate) life: u64,
    /// Switched off on purpose: it does not come back by itself.
    pub(crate) off: bool,
    /// Whether it hears and is heard.
    pub(crate) online: bool,
    /// How far its wall clock is off, in milliseconds.
    pub(crate) skew_ms: i64,
    /// What its software speaks.
    pub(crate) speaks: Versions,
    /// What its operator agreed on.
    pub(crate) upgrade: Option<Upgrade>,
    /// Rewrites what it says and hears.
    pub(crate) transformer: Option<Box<dyn EventTransformer>>,
    /// Outputs carried out so far.
    pub(crate) outputs: u64,

    /// The durable log.
    pub(crate) log: Vec<Record>,
    /// Being written, in order.
    pub(crate) writing: VecDeque<(Token, Vec<Record>)>,
    pub(crate) disk_free: Duration,

    /// Durable in the application.
    pub(crate) chain: Vec<Decided>,
    /// Decided, not yet durable in the application.
    pub(crate) applying: VecDeque<Vec<Decided>>,
    pub(crate) app_free: Duration,

    pub(crate) timer: Option<Duration>,
    pub(crate) votes1: VoteTally<Phase1>,
    pub(crate) votes2: VoteTally<Phase2>,
    pub(crate) timeouts: TimeoutTally,
    pub(crate) upgrades: UpgradeTally,
    pub(crate) asked_proposals: BTreeSet<Digest>,
    pub(crate) asked_blocks: BTreeSet<NodeId>,
}

impl Node {
    pub(crate) fn new(member: usize) -> Self {
        Self {
            member,
            core: None,
            life: 0,
            off: false,
            online: true,
            skew_ms: 0,
            speaks: Versions::up_to(FIRST_VERSION),
            upgrade: None,
            transformer: None,
            outputs: 0,
            log: Vec::new(),
            writing: VecDeque::new(),
            disk_free: Duration::ZERO,
            chain: Vec::new(),
            applying: VecDeque::new(),
            app_free: Duration::ZERO,
            timer: None,
            votes1: VoteTally::default(),
            votes2: VoteTally::default(),
            timeouts: TimeoutTally::default(),
            upgrades: UpgradeTally::default(),
            asked_proposals: BTreeSet::new(),
            asked_blocks: BTreeSet::new(),
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        node_id(self.member)
    }

    pub(crate) fn lives(&self, life: u64) -> bool {
        self.core.is_some() && self.life == life
    }

    /// The height that its core has decided, or what is durable while it is down.
    pub(crate) fn height(&self) -> u64 {
        let durable = self.chain.len() as u64;
        self.core.as_ref().map_or(durable, |core| core.decided().height)
    }

    /// Starts from the log. `prune` forgets what is obsolete first; an error says what that changed, which it must not.
    pub(crate) fn start(&mut self, config: &Config, now: Now, prune: bool) -> Result<(), String> {
        let fold = |log: &[Record]| {
            let mut recovery = Recovery::genesis(config.genesis.clone());
            for record in log {
                recovery.apply(record.clone());
            }
            recovery
        };
        let mut recovery = fold(&self.log);
        let decided = recovery.anchor.view();
        if prune {
            self.log.retain(|record| !record.is_obsolete(decided));
            let pruned = fold(&self.log);
            let over = |recovery: &Recovery| recovery.timeout.as_ref().is_none_or(|t| t.view() < decided);
            let same = pruned.anchor == recovery.anchor
                && (pruned.timeout == recovery.timeout || over(&recovery))
                && pruned.votes1 == recovery.votes1
                && pruned.proposals == recovery.proposals
                && (pruned.lock == recovery.lock || recovery.lock.view() < decided);
            if !same {
                return Err("what a node starts from changes when the log is pruned".to_owned());
            }
            recovery = pruned;
        }
        if recovery.anchor.header.height != self.chain.len() as u64 {
            return Err("log and application disagree on what is decided".to_owned());
        }
        let config = Config {
            node: self.id(),
            speaks: self.speaks,
            upgrade: self.upgrade,
            ..config.clone()
        };
        self.core = Some(Consensus::new(config, recovery, now));
        self.life += 1;
        self.timer = None;
        (self.disk_free, self.app_free) = (now.elapsed, now.elapsed);
        (self.votes1, self.votes2) = (VoteTally::default(), VoteTally::default());
        self.timeouts = TimeoutTally::default();
        self.upgrades = UpgradeTally::default();
        self.asked_proposals.clear();
        self.asked_blocks.clear();
        Ok(())
    }

    /// The process dies. `survived` writes that nobody was told of are durable all the same.
    pub(crate) fn crash(&mut self, survived: usize) {
        for (_, records) in self.writing.drain(..).take(survived) {
            self.log.extend(records);
        }
        self.writing.clear();
        self.applying.clear();
        self.core = None;
    }

    /// A disk that was swapped: the machine starts as if it had never run.
    pub(crate) fn wipe(&mut self) {
        self.log.clear();
        self.chain.clear();
    }

    pub(crate) fn make_durable(&mut self, token: Token) {
        if let Some((first, records)) = self.writing.pop_front() {
            assert_eq!(first, token, "writes become durable in order");
            self.log.extend(records);
        }
    }

    /// The application makes a decided run durable, and the log learns of it.
    pub(crate) fn apply_one(&mut self) {
        let Some(blocks) = self.applying.pop_front() else {
            return;
        };
        if let Some(last) = blocks.last() {
            self.log.push(Record::Decided(Anchor {
                header: last.block.header.clone(),
                certificate: last.certificate.clone(),
            }));
        }
        self.chain.extend(blocks);
    }

    /// Forgets votes of views that are over.
    pub(crate) fn prune(&mut self) {
        let Some(core) = &self.core else { return };
        let decided = View::new(core.decided().view);
        let oldest = View::new(core.view().get().saturating_sub(VIEWS_BACK));
        let from = decided.next().max(oldest);
        self.votes1.prune(from);
        self.votes2.prune(from);
        self.timeouts.prune(core.view());
    }

    /// Decided blocks for a peer, with the headers up to the next certified one.
    pub(crate) fn blocks(&self, from: u64, epochs: Epochs) -> Option<FetchedBlocks> {
        let start = usize::try_from(from).ok()?.checked_sub(1)?;
        let rest = self.chain.get(start..)?;
        // Whoever asks may not know the next committee before.
        let epoch = epochs.of(Height::new(from)).get();
        let over = rest
            .iter()
            .position(|decided| decided.block.header.epoch != epoch);
        let rest = &rest[..over.unwrap_or(rest.len())];
        let rest = &rest[..rest.len().min(FETCH_SPAN)];
        let blocks: Vec<_> = rest.iter().take(FETCH_BLOCKS).map(|d| d.block.clone()).collect();
        let last = blocks.len().checked_sub(1)?;
        let certified = (last..rest.len()).find(|i| rest[*i].certificate.is_some())?;
        Some(FetchedBlocks {
            tail: rest[blocks.len()..=certified.max(last)]
                .iter()
                .map(|d| d.block.header.clone())
                .collect(),
            blocks,
            certificate: rest[certified].certificate.clone()?,
        })
    }
}
