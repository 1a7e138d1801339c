//! A member that keeps its committee in the dark about the end of an epoch.

use std::{ops::RangeInclusive, sync::Arc};

use hotshot_types::{
    Certificate1, Certificate2, Epoch, Height, Justify, Message, Proposal, TimeoutCertificate, TimeoutVote,
    View, VoteData,
};
use rand::Rng;

use super::{EventTransformer, Puppet, epoch_of};

/// For how many views of the next epoch a committee is kept in the dark.
const DARK_VIEWS: RangeInclusive<u64> = 6..=24;

/// An epoch whose committee is not to know that it is over.
#[derive(Clone, Copy)]
struct Dark {
    epoch: Epoch,
    /// The view in which it is told after all.
    until: Option<View>,
}

/// Keeps it from some of its committees that their last block is final, and tells the next one, whose blocks it does not vote for
/// any more once one of them is certified. It helps those in the dark to give views up and to certify their last block again,
/// shows this to those who have gone on, and builds on it a rival of what they have certified: what the order of locks is for.
#[derive(Default)]
pub struct Smuggler {
    epoch: Option<Epoch>,
    dark: Option<Dark>,
    /// The dark epoch's last block
    last: Option<Arc<Proposal>>,
    /// is final,
    hand_over: Option<Certificate2>,
    /// and certified again.
    again: Option<Certificate1>,
    /// The last view that it gave up with those in the dark.
    given_up: View,
}

impl Smuggler {
    /// An epoch has begun, or time is up.
    fn look(&mut self, puppet: &mut Puppet<'_>) {
        if self.epoch < Some(puppet.epoch) {
            self.epoch = Some(puppet.epoch);
            match &mut self.dark {
                Some(dark) => {
                    let span = puppet.rng.gen_range(DARK_VIEWS);
                    dark.until.get_or_insert(puppet.view.plus(span));
                }
                None if puppet.rng.gen_bool(0.5) => self.darken(puppet.epoch),
                None => {}
            }
        }
        let over = |dark: Dark| dark.until.is_some_and(|until| until < puppet.view);
        if self.dark.is_some_and(over) {
            self.dark = None;
        }
    }

    fn darken(&mut self, epoch: Epoch) {
        self.dark = Some(Dark { epoch, until: None });
        (self.last, self.hand_over, self.again) = (None, None, None);
    }

    /// The epoch whose committee does not know what this member knows.
    fn over(&self, puppet: &Puppet<'_>) -> Option<Epoch> {
        let dark = self.dark.map(|dark| dark.epoch);
        dark.filter(|epoch| *epoch < puppet.epoch)
    }

    fn is_last(&self, puppet: &Puppet<'_>, epoch: Epoch, height: Height) -> bool {
        self.dark.is_some_and(|dark| dark.epoch == epoch) && puppet.is_last(height)
    }

    /// Whether a machine is not to hear this.
    fn hides(&self, puppet: &Puppet<'_>, to: usize, message: &Message) -> bool {
        let (Some(dark), Some(epoch)) = (self.dark, epoch_of(message)) else {
            return false;
        };
        let ends = |data: &VoteData| self.is_last(puppet, data.epoch, data.height);
        let tells = epoch > dark.epoch
            || match message {
                Message::Vote2(vote) => ends(&vote.data),
                Message::Certificate2(certificate) => ends(certificate.data()),
                Message::FetchedBlocks(blocks) => ends(blocks.certificate.data()),
                _ => false,
            };
        tells && puppet.is_member(dark.epoch, to)
    }

    /// Whether it is of the next epoch, which has a lock, and would help it on.
    fn helps(&self, puppet: &Puppet<'_>, message: &Message) -> bool {
        let acts = matches!(
            message,
            Message::Proposal(_) | Message::Vote1(_) | Message::Vote2(_)
        );
        let locked = puppet.lock.as_ref().map(|lock| lock.data().epoch);
        let over = self.over(puppet);
        acts && over.is_some() && epoch_of(message) > over && locked > over
    }

    fn say(&self, puppet: &mut Puppet<'_>, to: &[usize], message: &Message) {
        if self.helps(puppet, message) {
            return;
        }
        for other in to {
            if !self.hides(puppet, *other, message) {
                puppet.say(*other, message.clone());
            }
        }
    }

    /// What it says to those in the dark, or to all others.
    fn say_side(&self, puppet: &mut Puppet<'_>, epoch: Epoch, in_dark: bool, message: &Message) {
        for other in puppet.others() {
            if puppet.is_member(epoch, other) == in_dark {
                puppet.say(other, message.clone());
            }
        }
    }

    fn give_up_too(&mut self, puppet: &mut Puppet<'_>, vote: &TimeoutVote) {
        let TimeoutVote { data, lock, .. } = vote;
        // What is said again is answered now and then: another like this one may hear it.
        let again = data.view == self.given_up && puppet.rng.gen_bool(0.5);
        if self.over(puppet) == Some(data.epoch) && (data.view > self.given_up || again) {
            self.given_up = data.view;
            let own = puppet.timeout_in(data.epoch, data.view, lock.clone());
            self.say_side(puppet, data.epoch, true, &own);
        }
    }

    /// Those in the dark have certified their last block again, or given a view up: the next view may be this member's.
    fn build_in(&self, puppet: &mut Puppet<'_>, epoch: Epoch, timeout: Option<&TimeoutCertificate>) {
        let (Some(again), Some(hand_over)) = (&self.again, &self.hand_over) else {
            return;
        };
        let view = timeout.map_or(again.view(), TimeoutCertificate::view).next();
        let timeout = timeout.filter(|timeout| timeout.view() != again.view()).cloned();
        if !puppet.leads_in(epoch.next(), view) {
            return;
        }
        let justify = Justify::Certified(again.clone());
        let Some(mut rival) = puppet.build(view, justify, timeout, b"rival") else {
            return;
        };
        rival.hand_over = Some(hand_over.clone());
        let data = rival.data();
        let words = [puppet.propose(rival), puppet.vote1(data), puppet.vote2(data)];
        for word in words {
            self.say_side(puppet, epoch, false, &word);
        }
    }

    /// Those in the dark have given a view up: the next one may be this member's among them.
    fn close_again(&self, puppet: &mut Puppet<'_>, timeout: &TimeoutCertificate) {
        let (epoch, view) = (timeout.epoch(), timeout.view().next());
        let (Some(last), Some(own)) = (&self.last, &self.again) else {
            return;
        };
        if puppet.leads_in(epoch, view) && own.leaf() == &last.leaf() {
            let proposal = Proposal {
                view,
                justify: Justify::Certified(own.clone()),
                timeout: Some(timeout.clone()),
                hand_over: None,
                upgrade: None,
                ..Proposal::clone(last)
            };
            let data = proposal.data();
            for word in [puppet.propose(proposal), puppet.vote1(data)] {
                self.say_side(puppet, epoch, true, &word);
            }
        }
    }

    fn meddle(&mut self, puppet: &mut Puppet<'_>, message: &Message) {
        let over = self.over(puppet);
        match message {
            Message::Certificate2(last) => self.remember(puppet, last),
            Message::Timeout(vote) => self.give_up_too(puppet, vote),
            Message::Proposal(signed) if over == Some(signed.proposal.epoch()) => {
                let data = signed.proposal.data();
                let vote = puppet.vote1(data);
                self.say_side(puppet, data.epoch, true, &vote);
            }
            Message::Certificate1(certificate) if over == Some(certificate.data().epoch) => {
                let epoch = certificate.data().epoch;
                let known = self.again.as_ref().map(Certificate1::view);
                if puppet.is_last(certificate.data().height) && known < Some(certificate.view()) {
                    self.again = Some(certificate.clone());
                    self.say_side(puppet, epoch, false, message);
                    self.build_in(puppet, epoch, None);
                }
            }
            Message::TimeoutCertificate(timeout) if over == Some(timeout.epoch()) => {
                self.close_again(puppet, timeout);
                self.build_in(puppet, timeout.epoch(), Some(timeout));
            }
            _ => {}
        }
    }

    /// A last block of the dark epoch is proposed, by whomever.
    fn note(&mut self, puppet: &Puppet<'_>, message: &Message) {
        if let Message::Proposal(signed) = message
            && self.is_last(puppet, signed.proposal.epoch(), signed.proposal.height())
        {
            self.last = Some(Arc::clone(&signed.proposal));
        }
    }

    fn remember(&mut self, puppet: &Puppet<'_>, last: &Certificate2) {
        if self.is_last(puppet, last.data().epoch, last.data().height) {
            self.hand_over = Some(last.clone());
        }
    }
}

impl EventTransformer for Smuggler {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        self.look(puppet);
        self.note(puppet, &message);
        if let Message::Certificate2(last) = &message {
            self.remember(puppet, last);
        }
        self.say(puppet, to, &message);
    }

    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        self.look(puppet);
        self.note(puppet, &message);
        self.meddle(puppet, &message);
        puppet.hear(from, message);
    }
}
