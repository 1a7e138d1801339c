//! Faulty voters.

use hotshot_types::{Height, Message, Phase1, Phase2, View, VoteData};
use rand::Rng;

use super::{EventTransformer, Puppet, puppet::forged};

/// Signs its votes for a later view than the proposal's, and gives them to the leader of the proposal's view.
pub struct DishonestVoting {
    /// So much later.
    pub view_increment: u64,
}

impl EventTransformer for DishonestVoting {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let shifted = match &message {
            Message::Vote1(vote) => Some((1, vote.data)),
            Message::Vote2(vote) => Some((2, vote.data)),
            _ => None,
        };
        let Some((phase, data)) = shifted else {
            return to.iter().for_each(|other| puppet.say(*other, message.clone()));
        };
        let later = VoteData {
            view: data.view.plus(self.view_increment),
            ..data
        };
        let vote = if phase == 1 {
            puppet.vote1(later)
        } else {
            puppet.vote2(later)
        };
        let leader = puppet.leader(data.view);
        puppet.say(leader, vote);
    }
}

/// Fills memory: votes, timeout votes and proposals for very many views and leaves, within and beyond the window.
pub struct Flooder {
    /// So many with each message of its own.
    pub rate: u32,
}

impl EventTransformer for Flooder {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        for _ in 0..self.rate {
            let view = puppet.view.plus(puppet.rng.gen_range(0..100));
            let data = VoteData {
                epoch: puppet.epoch,
                view,
                height: Height::new(puppet.rng.gen_range(1..1_000)),
                leaf: puppet.rng.r#gen(),
            };
            let junk = match (puppet.rng.gen_range(0..4), puppet.lock.clone()) {
                (0, _) => puppet.vote1(data),
                (1, _) => puppet.vote2(data),
                (2, Some(lock)) => puppet.timeout(view.next(), lock),
                (3, Some(lock)) => {
                    // A view that it leads.
                    let n = puppet.count() as u64;
                    let lead = View::new(view.get() / n * n + puppet.member() as u64);
                    let payload = puppet.rng.r#gen::<[u8; 8]>();
                    match puppet.build(lead, lock, None, &payload) {
                        Some(proposal) => puppet.propose(proposal),
                        None => continue,
                    }
                }
                _ => continue,
            };
            puppet.say_all(&junk);
        }
        to.iter().for_each(|other| puppet.say(*other, message.clone()));
    }
}

/// Sends certificates and votes that nobody signed.
pub struct Forger;

impl EventTransformer for Forger {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        if let Message::Vote1(vote) = &message {
            let members = puppet.count();
            let data = VoteData {
                leaf: puppet.rng.r#gen(),
                view: puppet.view,
                ..vote.data
            };
            puppet.say_all(&Message::Certificate1(forged::<Phase1>(members, data)));
            puppet.say_all(&Message::Certificate2(forged::<Phase2>(members, data)));
            // A vote whose signature does not hold.
            let later = VoteData {
                view: vote.data.view.next(),
                ..data
            };
            puppet.say_all(&Message::Vote2(hotshot_types::Vote::new(later, vote.signature)));
            // The certificate of view 0.
            let zero = VoteData {
                view: View::ZERO,
                height: Height::ZERO,
                ..data
            };
            puppet.say_all(&Message::Certificate1(forged::<Phase1>(members, zero)));
        }
        to.iter().for_each(|other| puppet.say(*other, message.clone()));
    }
}
