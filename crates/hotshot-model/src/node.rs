//! One honest member: its core, its disk and its application.

use std::collections::VecDeque;

use hotshot::Token;

use crate::{
    cores::{Core, Cores, Disk, Fault, Reaction, Told, Write},
    interned::Identity,
    said::{Leaves, Said},
};

/// What can happen to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A message comes, it has waited long enough, or the application answers.
    Tell(Told),
    /// The oldest write is durable, and the core is told.
    Write,
    /// It crashes and starts again; so many writes, and so many decisions, of those that nobody was told of are durable.
    Crash {
        /// Writes.
        written: usize,
        /// Decisions.
        applied: usize,
    },
}

/// An honest member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    member: usize,
    core: Core,
    disk: Disk,
    /// Being written, in order.
    writing: VecDeque<(Token, Write)>,
    /// Decided in this life. Nobody waits for it to be durable, so only a crash asks how much of it is.
    applying: Vec<Write>,
    /// What the application judges.
    judging: Leaves,
    /// View and parent of what the application builds.
    building: Option<(u8, crate::universe::Leaf)>,
    said: Said,
    decided: Leaves,
    fault: Option<Fault>,
}

impl Node {
    /// A member that has never run.
    pub fn new(member: usize, cores: &Cores) -> Self {
        let disk = cores.empty_disk();
        let mut node = Self {
            member,
            core: cores.start(member, disk),
            disk,
            writing: VecDeque::new(),
            applying: Vec::new(),
            judging: Leaves::default(),
            building: None,
            said: Said::default(),
            decided: Leaves::default(),
            fault: None,
        };
        node.tell(Told::Tick, cores);
        node
    }

    /// What it has said in all of its lives.
    pub fn said(&self) -> &Said {
        &self.said
    }

    /// What it has decided in all of its lives.
    pub fn decided(&self) -> Leaves {
        self.decided
    }

    /// What went wrong with it.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// All that can happen to it, if these messages can reach it.
    pub fn acts(&self, messages: &[Told], cores: &Cores) -> Vec<Act> {
        if self.fault == Some(Fault::Halted) {
            return Vec::new();
        }
        let view = cores.view(self.core);
        let news = |told: &Told| !matches!(told, Told::Join(joined) if u64::from(*joined) <= view);
        let mut acts: Vec<Act> = messages.iter().copied().filter(news).map(Act::Tell).collect();
        let waits = view <= cores.universe().bound().timeouts.into();
        acts.extend(waits.then_some(Act::Tell(Told::Timeout)));
        acts.extend(self.judging.iter().map(|leaf| Act::Tell(Told::Judged(leaf))));
        acts.extend(
            self.building
                .map(|(view, parent)| Act::Tell(Told::Built(view, parent))),
        );
        acts.extend((!self.writing.is_empty()).then_some(Act::Write));
        if cores.universe().bound().crashes {
            for written in 0..=self.writing.len() {
                let crash = |applied| Act::Crash { written, applied };
                acts.extend((0..=self.applying.len()).map(crash));
            }
        }
        acts
    }

    /// The member after an act that can happen to it.
    pub fn after(&self, act: Act, cores: &Cores) -> Self {
        let mut node = self.clone();
        let told = match act {
            Act::Tell(told) => told,
            Act::Write => Told::Persisted(node.write(cores)),
            Act::Crash { written, applied } => {
                node.restart(written, applied, cores);
                Told::Tick
            }
        };
        node.tell(told, cores);
        node
    }

    fn write(&mut self, cores: &Cores) -> Token {
        let (token, write) = self.writing.pop_front().expect("something is being written");
        self.disk = cores.written(self.disk, write);
        token
    }

    fn restart(&mut self, written: usize, applied: usize, cores: &Cores) {
        for _ in 0..written {
            self.write(cores);
        }
        for anchor in self.applying.drain(..).take(applied) {
            self.disk = cores.written(self.disk, anchor);
        }
        self.writing.clear();
        self.judging = Leaves::default();
        self.building = None;
        self.core = cores.start(self.member, self.disk);
        if !cores.remembers(self.core, &self.said) {
            self.fault = Some(Fault::Forgot);
        }
    }

    fn tell(&mut self, told: Told, cores: &Cores) {
        match told {
            Told::Judged(leaf) => self.judging.remove(leaf),
            Told::Built(..) => self.building = None,
            _ => {}
        }
        self.take(&cores.react(self.core, told));
        if !cores.universe().bound().slow_application {
            self.answer_at_once(cores);
        }
    }

    fn answer_at_once(&mut self, cores: &Cores) {
        loop {
            let judged = self.judging.iter().next().map(Told::Judged);
            let built = || {
                self.building
                    .take()
                    .map(|(view, parent)| Told::Built(view, parent))
            };
            let Some(told) = judged.or_else(built) else { return };
            if let Told::Judged(leaf) = told {
                self.judging.remove(leaf);
            }
            self.take(&cores.react(self.core, told));
        }
    }

    fn take(&mut self, reaction: &Reaction) {
        self.core = reaction.core;
        self.said = self.said.and(&reaction.said);
        self.writing.extend(&reaction.writes);
        self.judging = self.judging.union(reaction.judging);
        self.building = reaction.building.or(self.building);
        self.decided = self.decided.union(reaction.decided);
        self.applying.extend(&reaction.anchors);
        self.fault = reaction.fault.or(self.fault);
    }
}

impl Identity for Node {
    type Key = Self;

    fn key(&self) -> Self {
        self.clone()
    }
}
