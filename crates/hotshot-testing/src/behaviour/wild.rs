//! A member that does anything, at random: the behaviour of the soak.

use std::collections::VecDeque;

use hotshot_types::{Justify, Message, Proposal};
use rand::{Rng, seq::SliceRandom};

use super::{EventTransformer, Puppet};

/// Old things that it says again.
const MEMORY: usize = 32;

/// Drops, repeats, splits and delays its own messages; proposes two blocks in a view, old ones and wrong ones; votes for
/// everything that it sees, in both phases; gives up views with old locks.
#[derive(Default)]
pub struct Wild {
    memory: VecDeque<Message>,
    locks: VecDeque<Justify>,
}

impl Wild {
    fn remember(&mut self, message: &Message) {
        self.memory.push_back(message.clone());
        if self.memory.len() > MEMORY {
            self.memory.pop_front();
        }
    }

    fn some(puppet: &mut Puppet<'_>, to: &[usize]) -> Vec<usize> {
        let count = puppet.rng.gen_range(0..=to.len());
        to.choose_multiple(puppet.rng, count).copied().collect()
    }

    fn rival(&self, puppet: &mut Puppet<'_>, first: &Proposal) -> Option<Message> {
        let payload = puppet.rng.r#gen::<[u8; 4]>();
        let old = self.locks.iter().collect::<Vec<_>>();
        let justify = match old.choose(puppet.rng) {
            Some(justify) if puppet.rng.gen_bool(0.3) => Justify::clone(justify),
            _ => first.justify.clone(),
        };
        let mut second = puppet.build(first.view, justify, first.timeout.clone(), &payload)?;
        second.hand_over = first.hand_over.clone();
        if puppet.rng.gen_bool(0.2) {
            second.header.state_root = payload.repeat(8).try_into().ok()?;
        }
        for data in [first.data(), second.data()] {
            for vote in [puppet.vote1(data), puppet.vote2(data)] {
                puppet.say_all(&vote);
            }
        }
        Some(puppet.propose(second))
    }
}

impl EventTransformer for Wild {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        self.remember(&message);
        let rival = match &message {
            Message::Proposal(signed) => self.rival(puppet, &signed.proposal),
            Message::Timeout(vote) => {
                let lock = self.locks.front().cloned();
                lock.filter(|lock| lock.view() < vote.data.view)
                    .map(|lock| puppet.timeout(vote.data.view, lock))
            }
            _ => None,
        };
        match puppet.rng.gen_range(0..4) {
            0 => {}
            1 => {
                for other in Self::some(puppet, to) {
                    puppet.say(other, message.clone());
                }
            }
            _ => to.iter().for_each(|other| puppet.say(*other, message.clone())),
        }
        if let Some(rival) = rival {
            for other in Self::some(puppet, to) {
                puppet.say(other, rival.clone());
            }
        }
        if puppet.rng.gen_bool(0.1) {
            let old: Vec<&Message> = self.memory.iter().collect();
            if let Some(old) = old.choose(puppet.rng) {
                puppet.say_all(old);
            }
        }
    }

    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        if let Message::Proposal(signed) | Message::FetchedProposal(signed) = &message {
            self.locks.push_back(signed.proposal.justify.clone());
            if self.locks.len() > MEMORY {
                self.locks.pop_front();
            }
            let data = signed.proposal.data();
            let votes = [puppet.vote1(data), puppet.vote2(data)];
            let others = puppet.others();
            for vote in votes {
                for other in Self::some(puppet, &others) {
                    puppet.say(other, vote.clone());
                }
            }
        }
        self.remember(&message);
        if puppet.rng.gen_bool(0.95) {
            puppet.hear(from, message);
        }
    }
}
