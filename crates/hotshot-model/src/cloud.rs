//! The reduction: from one statement to the next.
//!
//! What a member does between two statements concerns nobody else, and what exists stays. So it is enough to know the set of
//! all states in which a member can be after what it has said, a *cloud*, and to ask what it may say next. A cloud is kept by
//! its roots: a state to which another of the cloud leads in silence is left out, for whatever it can do later, the
//! other can do, too.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    cores::{Fault, Told},
    locals::{Local, Locals},
    node::Act,
    said::{Exists, Leaves, Said},
};

/// A cloud, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cloud(u32);

/// What a member in a cloud may do with what exists.
#[derive(Debug, Default)]
pub struct Turn {
    /// Where its next statement leads, one cloud for each.
    pub next: Vec<Cloud>,
    /// What it may have decided.
    pub decided: Leaves,
    /// What may have gone wrong with it.
    pub faults: Vec<Fault>,
}

#[derive(Debug)]
struct Entry {
    said: Said,
    roots: Arc<[Local]>,
}

#[derive(Debug, Default)]
struct Table {
    clouds: Vec<Entry>,
    numbers: HashMap<Arc<[Local]>, Cloud>,
}

/// The clouds that have been reached.
#[derive(Debug)]
pub struct Clouds {
    locals: Locals,
    table: RwLock<Table>,
    turns: RwLock<HashMap<(Cloud, Exists), Arc<Turn>>>,
    recovered: AtomicBool,
}

/// All that a member may do in silence, and its first statements.
struct Walk {
    /// Where it leads, with what it came by.
    silent: Vec<(Local, Option<(usize, Act)>)>,
    /// The states after a statement, with what they came by.
    spoken: Vec<(Local, (usize, Act))>,
}

impl Clouds {
    /// Nothing reached yet.
    pub fn new(locals: Locals) -> Self {
        Self {
            locals,
            table: RwLock::default(),
            turns: RwLock::default(),
            recovered: AtomicBool::new(false),
        }
    }

    /// The members' states.
    pub fn locals(&self) -> &Locals {
        &self.locals
    }

    /// A member that has never run.
    pub fn start(&self, member: usize) -> Cloud {
        self.number(vec![self.locals.start(member)])
    }

    /// What has been said by a member in this cloud.
    pub fn said(&self, cloud: Cloud) -> Said {
        self.table.read().expect("no panic").clouds[cloud.0 as usize].said
    }

    /// How many clouds there are.
    pub fn len(&self) -> usize {
        self.table.read().expect("no panic").clouds.len()
    }

    /// Whether a member has said something after a restart that it could not have said as soon without.
    pub fn have_recovered(&self) -> bool {
        self.recovered.load(Ordering::Relaxed)
    }

    fn roots(&self, cloud: Cloud) -> Arc<[Local]> {
        Arc::clone(&self.table.read().expect("no panic").clouds[cloud.0 as usize].roots)
    }

    fn number(&self, mut roots: Vec<Local>) -> Cloud {
        roots.sort_unstable();
        let said = *self.locals.node(roots[0]).said();
        let roots: Arc<[Local]> = roots.into();
        let mut table = self.table.write().expect("no panic");
        let next = Cloud(u32::try_from(table.clouds.len()).expect("fewer than 2^32 clouds"));
        let number = *table.numbers.entry(Arc::clone(&roots)).or_insert(next);
        if number == next {
            table.clouds.push(Entry { said, roots });
        }
        number
    }

    /// What a member in a cloud may do.
    pub fn turn(&self, cloud: Cloud, exists: &Exists) -> Arc<Turn> {
        let key = (cloud, *exists);
        if let Some(known) = self.turns.read().expect("no panic").get(&key) {
            return Arc::clone(known);
        }
        let turn = Arc::new(self.compute(cloud, exists));
        self.turns
            .write()
            .expect("no panic")
            .insert(key, Arc::clone(&turn));
        turn
    }

    fn compute(&self, cloud: Cloud, exists: &Exists) -> Turn {
        let messages = self.locals.cores().universe().messages(exists);
        let walk = self.walk(&self.roots(cloud), &messages);
        self.note_recovery(&walk);
        let mut turn = Turn::default();
        for (local, _) in &walk.silent {
            let node = self.locals.node(*local);
            turn.decided = turn.decided.union(node.decided());
            turn.faults.extend(node.fault());
        }
        turn.faults.sort_unstable();
        turn.faults.dedup();
        let mut spoken: BTreeMap<Said, Vec<Local>> = BTreeMap::new();
        for (local, _) in &walk.spoken {
            spoken
                .entry(*self.locals.node(*local).said())
                .or_default()
                .push(*local);
        }
        let next = spoken
            .into_values()
            .map(|group| self.number(self.only_roots(&group, &messages)));
        turn.next = next.collect();
        turn
    }

    /// Goes everywhere that silence leads, breadth first.
    fn walk(&self, roots: &[Local], messages: &[Told]) -> Walk {
        let mut silent: Vec<_> = roots.iter().map(|root| (*root, None)).collect();
        let mut spoken = Vec::new();
        let mut seen: HashSet<Local> = roots.iter().copied().collect();
        let mut next = 0;
        while let Some((at, _)) = silent.get(next).copied() {
            let said = *self.locals.node(at).said();
            for (act, to) in self.locals.steps(at, messages) {
                if !seen.insert(to) {
                    continue;
                }
                if *self.locals.node(to).said() == said {
                    silent.push((to, Some((next, act))));
                } else {
                    spoken.push((to, (next, act)));
                }
            }
            next += 1;
        }
        Walk { silent, spoken }
    }

    /// Leaves out what another one of the group leads to in silence.
    fn only_roots(&self, group: &[Local], messages: &[Told]) -> Vec<Local> {
        let mut roots: Vec<Local> = Vec::new();
        let mut seen = HashSet::new();
        for start in group {
            if !seen.insert(*start) {
                continue;
            }
            let said = *self.locals.node(*start).said();
            let mut open = vec![*start];
            while let Some(at) = open.pop() {
                for (_, to) in self.locals.steps(at, messages) {
                    if *self.locals.node(to).said() != said {
                        continue;
                    }
                    if seen.insert(to) {
                        open.push(to);
                    } else if to != *start {
                        roots.retain(|root| *root != to);
                    }
                }
            }
            roots.push(*start);
        }
        roots
    }

    fn note_recovery(&self, walk: &Walk) {
        let crash = |act: &Act| matches!(act, Act::Crash { .. });
        let recovered = |(_, by): &(Local, (usize, Act))| walk.way(*by).1.iter().any(crash);
        if !self.have_recovered() && walk.spoken.iter().any(recovered) {
            self.recovered.store(true, Ordering::Relaxed);
        }
    }

    /// How a member came to say all that led from cloud to cloud: for people.
    pub fn explain(&self, turns: &[(Cloud, Exists)], last: Cloud) -> Vec<Vec<Act>> {
        let mut ways = Vec::new();
        let mut end = self.roots(last)[0];
        for (cloud, exists) in turns.iter().rev() {
            let walk = self.walk(
                &self.roots(*cloud),
                &self.locals.cores().universe().messages(exists),
            );
            let spoken = walk.spoken.iter().find(|(local, _)| *local == end);
            let (start, way) = walk.way(spoken.expect("it was reached from there").1);
            end = start;
            ways.push(way);
        }
        ways.reverse();
        ways
    }
}

impl Walk {
    /// Where the way to a step began, and its acts.
    fn way(&self, last: (usize, Act)) -> (Local, Vec<Act>) {
        let mut way = Vec::new();
        let (mut at, mut by) = (last.0, Some(last));
        while let Some((from, act)) = by {
            way.push(act);
            (at, by) = (from, self.silent[from].1);
        }
        way.reverse();
        (self.silent[at].0, way)
    }
}
