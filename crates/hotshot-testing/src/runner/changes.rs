//! Machines start, stop, crash and heal; links are cut.

use std::{sync::Arc, time::Duration};

use hotshot::{Config, Consensus, Input};
use hotshot_types::{Epoch, Versions};
use rand::{Rng, seq::SliceRandom};

use super::TestRunner;
use crate::{
    description::{ChangeNode, NodeAction, Parts},
    reliability::{DelayMs, SynchronousNetwork},
    schedule::Event,
};

/// How often an adversary cuts where it hurts; else at random.
const ADVERSE: f64 = 0.7;

impl TestRunner {
    pub(super) fn start(&mut self, machine: usize) {
        let prune = self.rng.gen_bool(0.5);
        let now = self.clock(machine);
        let node = &mut self.nodes[machine];
        let config = Config {
            committees: self.ledger.roster.known_at(node.chain.len() as u64),
            ..self.config.clone()
        };
        let started = node.start(&config, now, prune);
        let height = node.chain.len() as u64;
        self.trace.note(self.now, machine, "start", height, [0; 32]);
        self.note(machine, started.map_err(|what| ("restart", what)));
        if self.is_honest(machine) {
            self.checks.started(machine, &self.nodes[machine]);
        }
        self.step(machine, Input::Tick);
    }

    pub(super) fn crash(&mut self, machine: usize) {
        // Some of what was being written is durable though nobody was told.
        let pending = self.nodes[machine].writing.len();
        let survived = self.rng.gen_range(0..=pending);
        let survived = if self.parts.full_disks.contains(&machine) {
            0
        } else {
            survived
        };
        self.nodes[machine].crash(survived);
        self.trace
            .note(self.now, machine, "crash", survived as u64, [0; 32]);
    }

    /// An honest node entered `view`: what is to happen then happens.
    pub(super) fn reached(&mut self, view: u64) {
        self.highest_view = self.highest_view.max(view);
        while let Some(entry) = self.changes.first_entry()
            && *entry.key() <= self.highest_view
        {
            for change in entry.remove() {
                self.change(change);
            }
        }
    }

    fn change(&mut self, change: ChangeNode) {
        let machine = change.idx;
        match change.updown {
            NodeAction::Up => {
                self.nodes[machine].off = false;
                self.schedule(Duration::ZERO, machine, Event::Restart);
            }
            NodeAction::Down => {
                self.crash(machine);
                self.nodes[machine].off = true;
            }
            NodeAction::NetworkUp => self.nodes[machine].online = true,
            NodeAction::NetworkDown => self.nodes[machine].online = false,
            NodeAction::Restart(after) => {
                self.crash(machine);
                self.schedule(after, machine, Event::Restart);
            }
            NodeAction::Install => {
                if let Some(upgrading) = &self.description.upgrading {
                    self.nodes[machine].speaks = Versions::up_to(upgrading.upgrade.to());
                }
                self.crash(machine);
                self.nodes[machine].off = false;
                self.schedule(Duration::ZERO, machine, Event::Restart);
            }
            NodeAction::RestartBlank(after) => {
                self.crash(machine);
                self.nodes[machine].wipe();
                self.schedule(after, machine, Event::Restart);
            }
        }
    }

    /// Sorts the machines into groups anew, when it is time.
    pub(super) fn cut_links(&mut self) {
        let Some(partitions) = self.description.partitions else {
            return;
        };
        if self.goal.is_some() || self.next_partition.is_none_or(|at| self.now < at) {
            return;
        }
        self.next_partition = Some(self.now + partitions.every);
        if partitions.adverse && self.chance(ADVERSE) {
            self.isolate_quorums();
            return;
        }
        for machine in 0..self.groups.len() {
            self.groups[machine] = self.rng.gen_range(0..partitions.groups);
        }
    }

    /// Just as many of the committee in office as are a quorum with the faulty are on their own, and so many of the next one.
    fn isolate_quorums(&mut self) {
        let cores = self.nodes.iter().filter_map(|node| node.core.as_ref());
        let office = cores.map(Consensus::epoch).max().unwrap_or(Epoch::ZERO);
        self.groups.fill(0);
        for (group, epoch) in [(1, office), (2, office.next())] {
            let faulty = self.faulty.iter().map(|machine| self.nodes[*machine].member);
            let mut members: Vec<usize> = faulty.collect();
            let mut others: Vec<usize> = (0..self.nodes.len()).filter(|m| self.is_honest(*m)).collect();
            others.shuffle(&mut self.rng);
            for machine in others {
                let stake = self.ledger.roster.stake(epoch, self.nodes[machine].member).0;
                let free = stake > 0 && self.groups[machine] == 0;
                if free && !self.ledger.roster.is_quorum(epoch, members.iter().copied()) {
                    members.push(self.nodes[machine].member);
                    self.groups[machine] = group;
                }
            }
        }
    }

    /// All faults but those of faulty members end.
    pub(super) fn heal(&mut self, blocks: u64, until: Duration) {
        self.network = Arc::new(SynchronousNetwork {
            delay: DelayMs { low: 0, high: 5 },
        });
        self.parts = Parts::default();
        self.groups.fill(0);
        self.changes.clear();
        self.goal = Some((self.checks.agreement.height() + blocks, until));
        for machine in 0..self.nodes.len() {
            self.nodes[machine].online = true;
            self.nodes[machine].off = false;
            if self.nodes[machine].core.is_none() {
                self.start(machine);
            }
        }
    }
}
