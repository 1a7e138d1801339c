//! Members that say the right things in the wrong way.

use std::collections::BTreeSet;

use hotshot_types::{Message, View};

use super::{EventTransformer, Puppet, view_of};

/// Sends each proposal and each vote twice.
pub struct DoubleProposeVote;

impl EventTransformer for DoubleProposeVote {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let twice = matches!(
            message,
            Message::Proposal(_) | Message::Vote1(_) | Message::Vote2(_)
        );
        for other in to {
            for _ in 0..1 + usize::from(twice) {
                puppet.say(*other, message.clone());
            }
        }
    }
}

/// Hears everything some views late, until it stops doing so.
pub struct ViewDelay {
    number_of_views_to_delay: u64,
    stop_view_delay_at_view_number: View,
    held: Vec<(usize, View, Message)>,
}

impl ViewDelay {
    /// Up to view `stop`, what concerns a view is heard when something of `views` later comes.
    pub fn new(views: u64, stop: u64) -> Self {
        Self {
            number_of_views_to_delay: views,
            stop_view_delay_at_view_number: View::new(stop),
            held: Vec::new(),
        }
    }
}

impl EventTransformer for ViewDelay {
    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        let Some(view) = view_of(&message) else {
            return puppet.hear(from, message);
        };
        let ended = view >= self.stop_view_delay_at_view_number;
        self.held.push((from, view, message));
        let delay = if ended { 0 } else { self.number_of_views_to_delay };
        let held = std::mem::take(&mut self.held);
        for (from, of, message) in held {
            if of.plus(delay) <= view {
                puppet.hear(from, message);
            } else {
                self.held.push((from, of, message));
            }
        }
    }
}

/// Does not send its proposals to some machines, answers no fetch, and votes for nobody else's proposals: where quorums
/// are tight, the others cannot go on without the machines that lack its block.
pub struct PayloadWithholder {
    /// Those machines.
    pub from: BTreeSet<usize>,
}

impl EventTransformer for PayloadWithholder {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        if matches!(message, Message::FetchedProposal(_) | Message::FetchedBlocks(_)) {
            return;
        }
        let voted = match &message {
            Message::Vote1(vote) => Some(vote.data.view),
            Message::Vote2(vote) => Some(vote.data.view),
            _ => None,
        };
        if voted.is_some_and(|view| !puppet.leads(view)) {
            return;
        }
        let proposal = matches!(message, Message::Proposal(_));
        for other in to {
            if !(proposal && self.from.contains(other)) {
                puppet.say(*other, message.clone());
            }
        }
    }
}

/// Hears, and says nothing of these kinds.
pub struct Silent {
    /// Names as in [`Message::name`]; none means nothing at all.
    pub kinds: &'static [&'static str],
}

impl EventTransformer for Silent {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        if !self.kinds.is_empty() && !self.kinds.contains(&message.name()) {
            to.iter().for_each(|other| puppet.say(*other, message.clone()));
        }
    }
}
