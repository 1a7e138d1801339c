//! What a machine writes of what it does, before it says it: each act is in a later view than all of its kind before, in
//! all lives, and nothing begins in a view that was given up.

use std::collections::BTreeMap;

use hotshot::Record;

use super::Checked;

/// The highest view of each kind of act.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    proposed: u64,
    vote1: u64,
    vote2: u64,
    /// Epoch and view.
    given_up: (u64, u64),
}

impl Done {
    fn add(&mut self, record: &Record) -> Checked {
        let (_, up) = self.given_up;
        let (what, last, view, open) = match record {
            Record::Proposed { view, .. } => ("proposes", &mut self.proposed, view.get(), up < view.get()),
            Record::Vote1 { view, .. } => ("votes first", &mut self.vote1, view.get(), up < view.get()),
            Record::Vote2 { lock } => ("votes second", &mut self.vote2, lock.view().get(), true),
            Record::TimedOut { epoch, view, .. } => return self.give_up((epoch.get(), view.get())),
            _ => return Ok(()),
        };
        let before = *last;
        *last = before.max(view);
        if view <= before {
            return Err(format!(
                "it {what} in view {view} after it did so in view {before}"
            ));
        }
        if !open {
            return Err(format!("it {what} in view {view} after it gave view {up} up"));
        }
        Ok(())
    }
}

impl Done {
    /// Another epoch's committee has to be told again.
    fn give_up(&mut self, place: (u64, u64)) -> Checked {
        let before = self.given_up;
        self.given_up = (before.0.max(place.0), before.1.max(place.1));
        if place > before && place.1 >= before.1 {
            Ok(())
        } else {
            Err(format!("it gives up {place:?} (epoch, view) after {before:?}"))
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Acts {
    done: BTreeMap<usize, Done>,
}

impl Acts {
    /// A new life knows what became durable in those before.
    pub(super) fn started(&mut self, machine: usize, log: &[Record]) {
        let mut done = Done::default();
        for record in log {
            // What is wrong here was found when it was written.
            let _ = done.add(record);
        }
        self.done.insert(machine, done);
    }

    pub(super) fn written(&mut self, machine: usize, records: &[Record]) -> Checked {
        let done = self.done.entry(machine).or_default();
        records.iter().try_for_each(|record| done.add(record))
    }
}
