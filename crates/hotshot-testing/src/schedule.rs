//! Virtual time: what happens next. Ties are broken by the order of scheduling, so one seed has one order.

use std::{cmp::Ordering, collections::BinaryHeap, time::Duration};

use hotshot::{Input, Token};
use hotshot_types::Message;

/// What happens to a machine. All but messages and restarts belong to one life of it, and end with that.
#[derive(Debug)]
pub(crate) enum Event {
    Deliver { from: usize, message: Box<Message> },
    Input { life: u64, input: Box<Input> },
    Durable { life: u64, token: Token },
    Applied { life: u64 },
    Timer { life: u64, at: Duration },
    Restart,
}

#[derive(Debug)]
pub(crate) struct Scheduled {
    pub(crate) at: Duration,
    order: u64,
    pub(crate) to: usize,
    pub(crate) event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    /// The heap gives the greatest first: the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Scheduled>,
    order: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, at: Duration, to: usize, event: Event) {
        self.order += 1;
        let order = self.order;
        self.heap.push(Scheduled { at, order, to, event });
    }

    pub(crate) fn pop(&mut self) -> Option<Scheduled> {
        self.heap.pop()
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.heap.peek().map(|next| next.at)
    }
}
