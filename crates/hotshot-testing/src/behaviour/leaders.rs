//! Faulty leaders.

use std::collections::{BTreeSet, VecDeque};

use hotshot_types::{Justify, Message, Proposal, View};
use rand::Rng;

use super::{EventTransformer, Puppet, puppet::unsigned};

/// Replaces its proposal by `multiplier` - 1 copies that are labelled with later views: half with the original signature,
/// which does not hold for them, half signed anew, though those views have other leaders. The right one is not sent.
pub struct BadProposalViewDos {
    /// One more than the number of copies.
    pub multiplier: u64,
    /// Views between two copies.
    pub increment: u64,
}

impl EventTransformer for BadProposalViewDos {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let Message::Proposal(signed) = &message else {
            return to.iter().for_each(|other| puppet.say(*other, message.clone()));
        };
        for n in 1..self.multiplier {
            let mut copy = Proposal::clone(&signed.proposal);
            copy.header.view += self.increment * n;
            copy.view = View::new(copy.header.view);
            let bad = if n % 2 == 0 {
                puppet.propose(copy)
            } else {
                unsigned(copy)
            };
            to.iter().for_each(|other| puppet.say(*other, bad.clone()));
        }
    }
}

/// In some of its turns, it proposes on an older certificate than the newest, without what would justify that.
pub struct DishonestLeader {
    dishonest_at_proposal_numbers: BTreeSet<u64>,
    view_look_back: usize,
    proposals: u64,
    old: VecDeque<Justify>,
    /// The view of the last proposal, and what is said instead of it.
    last: Option<(View, Message)>,
}

impl DishonestLeader {
    /// Its n-th proposals (the first is 1) stand on the certificate of `view_look_back` views before.
    pub fn new(dishonest_at_proposal_numbers: impl IntoIterator<Item = u64>, view_look_back: usize) -> Self {
        Self {
            dishonest_at_proposal_numbers: dishonest_at_proposal_numbers.into_iter().collect(),
            view_look_back,
            proposals: 0,
            old: VecDeque::new(),
            last: None,
        }
    }
}

impl DishonestLeader {
    /// The next proposal, if it is one of the bad ones.
    fn instead(&mut self, puppet: &mut Puppet<'_>, view: View) -> Option<Message> {
        let justify = self.old.front()?.clone();
        self.proposals += 1;
        if !self.dishonest_at_proposal_numbers.contains(&self.proposals) {
            return None;
        }
        let proposal = puppet.build(view, justify, None, b"old")?;
        Some(puppet.propose(proposal))
    }
}

impl EventTransformer for DishonestLeader {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let mut message = message;
        if let Message::Proposal(signed) = &message {
            let view = signed.proposal.view;
            message = match &self.last {
                Some((last, said)) if *last == view => said.clone(),
                _ => self.instead(puppet, view).unwrap_or(message),
            };
            self.last = Some((view, message.clone()));
        }
        to.iter().for_each(|other| puppet.say(*other, message.clone()));
    }

    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        if let Message::Proposal(signed) = &message {
            self.old.push_back(signed.proposal.justify.clone());
            if self.old.len() > self.view_look_back {
                self.old.pop_front();
            }
        }
        puppet.hear(from, message);
    }
}

/// Proposes one block to one half and another to the other half, and votes for both.
#[derive(Default)]
pub struct Equivocator {
    last: View,
}

impl EventTransformer for Equivocator {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let Message::Proposal(signed) = &message else {
            return to.iter().for_each(|other| puppet.say(*other, message.clone()));
        };
        let first = Proposal::clone(&signed.proposal);
        let (view, payload) = (first.view, puppet.rng.r#gen::<[u8; 4]>());
        let second = puppet.build(view, first.justify.clone(), first.timeout.clone(), &payload);
        let Some(mut second) = second.filter(|_| view > self.last) else {
            return;
        };
        second.hand_over = first.hand_over.clone();
        self.last = view;
        let both = [first.data(), second.data()];
        let rival = puppet.propose(second);
        for (n, other) in to.iter().enumerate() {
            let which = if n % 2 == 0 {
                message.clone()
            } else {
                rival.clone()
            };
            puppet.say(*other, which);
        }
        for data in both {
            for vote in [puppet.vote1(data), puppet.vote2(data)] {
                puppet.say_all(&vote);
            }
        }
    }
}

/// Proposes blocks whose state root is wrong.
pub struct InvalidState;

impl EventTransformer for InvalidState {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let mut message = message;
        if let Message::Proposal(signed) = &message {
            let mut proposal = Proposal::clone(&signed.proposal);
            proposal.header.state_root = [0xbd; 32];
            message = puppet.propose(proposal);
        }
        to.iter().for_each(|other| puppet.say(*other, message.clone()));
    }
}
