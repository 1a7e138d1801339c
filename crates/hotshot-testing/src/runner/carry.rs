//! Outputs are carried out here: the disk, the application, the clock.

use std::time::Duration;

use hotshot::{Input, Output, Record, Token, Verdict};
use hotshot_types::{Block, Epoch};
use rand::Rng;
use rollup_abi::{Digest, Header};

use super::TestRunner;
use crate::{
    fixtures::{child, state_after},
    schedule::Event,
};

/// How long a failed write waits before it is tried again.
const STORAGE_RETRY: Duration = Duration::from_millis(100);

impl TestRunner {
    /// Feeds an input and carries out what comes of it.
    pub(super) fn step(&mut self, machine: usize, input: Input) {
        let now = self.clock(machine);
        let honest = self.is_honest(machine);
        let culprit = if honest {
            self.checks
                .input(machine, &self.nodes[machine], &self.ledger, &input)
        } else {
            None
        };
        let Some(core) = &mut self.nodes[machine].core else {
            return;
        };
        let mut out = Vec::new();
        core.step(now, input, &mut out);
        self.steps += 1;
        let answered = self.checks.answered(culprit, &out);
        self.note(machine, answered);
        for output in out {
            let count = self.nodes[machine].outputs;
            self.nodes[machine].outputs += 1;
            if self.description.crash_before == Some((machine, count)) || self.chance(self.parts.crash) {
                self.crash(machine);
                let after = self.draw(self.parts.restart_after);
                self.schedule(after, machine, Event::Restart);
                return;
            }
            self.trace.add(self.now, machine, &output);
            if honest {
                let node = &self.nodes[machine];
                let checked = self.checks.output(machine, node, &mut self.ledger, &output);
                self.note(machine, checked);
            }
            if self.finding.is_some() {
                return;
            }
            let life = self.nodes[machine].life;
            self.carry_out(machine, output);
            if !self.nodes[machine].lives(life) {
                // It was switched off in the middle.
                return;
            }
        }
        if honest {
            let node = &self.nodes[machine];
            let checked = self.checks.stepped(machine, node, &mut self.ledger, self.now);
            self.note(machine, checked);
        }
    }

    fn carry_out(&mut self, machine: usize, output: Output) {
        let life = self.nodes[machine].life;
        match output {
            Output::Persist { token, records } => self.write(machine, token, records),
            Output::Send { to, what } => self.send(machine, to, what),
            Output::Build { .. } => self.build(machine, &output),
            Output::Validate { parent, block, leaf } => self.validate(machine, &parent, &block, leaf),
            Output::Decide(blocks) => {
                self.nodes[machine].applying.push_back(blocks);
                self.nodes[machine].prune();
                let took = self.draw(self.parts.application);
                let done = self.nodes[machine].app_free.max(self.now) + took;
                self.nodes[machine].app_free = done;
                self.schedule(done - self.now, machine, Event::Applied { life });
            }
            Output::SetTimer(at) => {
                self.nodes[machine].timer = Some(at);
                let after = at.saturating_sub(self.now);
                self.schedule(after, machine, Event::Timer { life, at });
            }
            Output::ViewChanged { view, .. } => {
                self.nodes[machine].prune();
                if self.is_honest(machine) {
                    self.reached(view.get());
                }
            }
            Output::EpochChanged(epoch) => {
                self.nodes[machine].upgrades.prune(epoch);
                self.join(machine, epoch);
            }
            Output::TimedOut(_) => self.timeouts += 1,
            Output::Halt(_) => {
                // The process ends with a reason, and waits for its operator.
                self.crash(machine);
                self.nodes[machine].off = true;
            }
            Output::Upgraded { .. } | Output::CannotUpgrade(_) | Output::Misbehaviour { .. } => {}
        }
    }

    /// A decided run is durable in the application, which knows of another committee if an epoch ended in it.
    pub(super) fn applied(&mut self, machine: usize) {
        let before = self.nodes[machine].chain.len();
        self.nodes[machine].apply_one();
        for at in before..self.nodes[machine].chain.len() {
            let decided = &self.nodes[machine].chain[at];
            let fixed = self.ledger.roster.fix(decided.block.header.height, &decided.leaf);
            if let Some(committee) = fixed {
                self.step(machine, Input::Committee(committee));
            }
        }
    }

    /// What members of an epoch gave up before this machine was in it, it joins now.
    fn join(&mut self, machine: usize, epoch: Epoch) {
        let committee = self.ledger.roster.committee(epoch);
        let gave_up = |committee| self.nodes[machine].timeouts.one_honest(committee, epoch);
        if let Some(view) = committee.and_then(gave_up) {
            self.answer(machine, Duration::ZERO, Input::TimeoutOneHonest { epoch, view });
        }
    }

    fn build(&mut self, machine: usize, order: &Output) {
        let Output::Build {
            view,
            epoch,
            next_committee,
            version,
            parent,
        } = order
        else {
            return;
        };
        let (view, payload) = (*view, self.rng.r#gen::<[u8; 8]>());
        let header = Header {
            epoch: epoch.get(),
            next_committee: *next_committee,
            version: *version,
            state_root: state_after(parent, *version, &payload),
            ..child(parent, view, self.clock(machine).wall_ms, &payload)
        };
        let block = Block {
            header,
            payload: payload[..].into(),
        };
        let after = self.draw(self.parts.block_header);
        let input = if self.chance(self.parts.retry) {
            Input::BuildFailed(view)
        } else {
            Input::Built { view, block }
        };
        self.answer(machine, after, input);
    }

    fn validate(&mut self, machine: usize, parent: &Header, block: &Block, leaf: Digest) {
        let right = block.header.state_root == state_after(parent, block.header.version, &block.payload)
            && block.header.parent == parent.commitment();
        let verdict = match (self.chance(self.parts.retry), right) {
            (true, _) => Verdict::Retry,
            (false, true) => Verdict::Valid,
            (false, false) => Verdict::Invalid,
        };
        let after = self.draw(self.parts.validated_state);
        self.answer(machine, after, Input::Validated { leaf, verdict });
    }

    /// Later writes are never durable before earlier ones; one that fails is tried again.
    fn write(&mut self, machine: usize, token: Token, records: Vec<Record>) {
        for record in &records {
            if let Record::Proposal(kept) = record {
                self.ledger.know(kept.proposal.leaf(), &kept.proposal.header);
            }
        }
        self.nodes[machine].writing.push_back((token, records));
        if self.parts.full_disks.contains(&machine) {
            return;
        }
        let mut took = self.draw(self.parts.storage);
        while self.chance(self.parts.storage_fails) {
            took += STORAGE_RETRY;
        }
        let done = self.nodes[machine].disk_free.max(self.now) + took;
        self.nodes[machine].disk_free = done;
        if self.parts.lying_disk {
            self.answer(machine, Duration::ZERO, Input::Persisted(token));
            return;
        }
        let life = self.nodes[machine].life;
        self.schedule(done - self.now, machine, Event::Durable { life, token });
    }

    pub(super) fn answer(&mut self, to: usize, after: Duration, input: Input) {
        let (life, input) = (self.nodes[to].life, Box::new(input));
        self.schedule(after, to, Event::Input { life, input });
    }
}
