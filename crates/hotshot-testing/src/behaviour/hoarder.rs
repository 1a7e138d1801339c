//! A leader that hides what it has.

use std::collections::{BTreeMap, VecDeque};

use hotshot_types::{Certificate1, Message, Signature, View, VoteData};
use rand::{Rng, seq::SliceRandom};

use super::{EventTransformer, Puppet, view_of};

/// Certificates that it keeps at a time.
const HIDDEN: usize = 8;
/// For how many views after its own it goes on showing one.
const SHOWN_FOR: u64 = 4;

/// Proposes to just as many as it needs, keeps the certificate that their votes make to itself, and shows it to some when
/// all have given the view up and voted for something else: what rule B1 and the proven lock of a timeout certificate are for.
#[derive(Default)]
pub struct Hoarder {
    /// First votes for its own blocks.
    votes: BTreeMap<VoteData, BTreeMap<usize, Signature>>,
    hidden: VecDeque<Certificate1>,
}

impl Hoarder {
    fn hide(&mut self, puppet: &mut Puppet<'_>, data: VoteData) {
        let Some(votes) = self.votes.get(&data) else {
            return;
        };
        if let Some(certificate) = puppet.certificate1(data, votes) {
            self.votes.remove(&data);
            self.hidden.push_back(certificate);
            if self.hidden.len() > HIDDEN {
                self.hidden.pop_front();
            }
        }
    }

    /// Something happens in `view`: those who are there may see what was before it.
    fn show(&mut self, puppet: &mut Puppet<'_>, view: View) {
        self.hidden
            .retain(|certificate| certificate.view().plus(SHOWN_FOR) >= view);
        let past: Vec<Certificate1> = self
            .hidden
            .iter()
            .filter(|certificate| certificate.view() < view)
            .cloned()
            .collect();
        for certificate in past {
            if let Some(other) = puppet.others().choose(puppet.rng).copied()
                && puppet.rng.gen_bool(0.3)
            {
                puppet.say(other, Message::Certificate1(certificate));
            }
        }
    }
}

impl EventTransformer for Hoarder {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let mut chosen = to.to_vec();
        match &message {
            Message::Proposal(_) => {
                // A quorum with its own vote.
                let needed = puppet.count() * 2 / 3;
                chosen = to.choose_multiple(puppet.rng, needed).copied().collect();
            }
            Message::Vote1(vote) if puppet.leads(vote.data.view) => {
                let votes = self.votes.entry(vote.data).or_default();
                votes.insert(puppet.member(), vote.signature);
                return self.hide(puppet, vote.data);
            }
            _ => {}
        }
        chosen
            .iter()
            .for_each(|other| puppet.say(*other, message.clone()));
    }

    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        if let Some(view) = view_of(&message) {
            self.show(puppet, view);
        }
        match &message {
            // Its own core does not learn of it, either.
            Message::Vote1(vote) if puppet.leads(vote.data.view) => {
                let votes = self.votes.entry(vote.data).or_default();
                votes.insert(puppet.members[from], vote.signature);
                self.hide(puppet, vote.data);
                while self.votes.len() > HIDDEN {
                    self.votes.pop_first();
                }
            }
            _ => puppet.hear(from, message),
        }
    }
}
