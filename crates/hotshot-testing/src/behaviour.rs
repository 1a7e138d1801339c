//! What faulty members do. A transformer rewrites what its member's core says and hears, and may say anything else that
//! the member's own key can sign.

mod collusion;
mod hoarder;
mod leaders;
mod links;
mod puppet;
mod smuggler;
mod usurper;
mod voters;
mod wild;

use std::fmt;

use hotshot_types::{Epoch, Message, View};

pub use collusion::DishonestVoter;
pub use hoarder::Hoarder;
pub use leaders::{BadProposalViewDos, DishonestLeader, Equivocator, InvalidState};
pub use links::{DoubleProposeVote, PayloadWithholder, Silent, ViewDelay};
pub use puppet::Puppet;
pub use smuggler::Smuggler;
pub use usurper::{Pretext, Usurper};
pub use voters::{DishonestVoting, Flooder, Forger};
pub use wild::Wild;

/// What a faulty member does to what it says and hears.
pub trait EventTransformer: Send {
    /// Its name, for reports.
    fn name(&self) -> &'static str {
        let path = std::any::type_name::<Self>();
        path.rsplit("::").next().unwrap_or(path)
    }

    /// The core wants to say `message` to the machines in `to`. The plain way is [`Puppet::say`].
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        for other in to {
            puppet.say(*other, message.clone());
        }
    }

    /// A message has come. The plain way is [`Puppet::hear`].
    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        puppet.hear(from, message);
    }
}

/// How a member behaves.
#[derive(Default)]
pub enum Behaviour {
    /// By the rules.
    #[default]
    Standard,
    /// Its words pass a transformer.
    Byzantine(Box<dyn EventTransformer>),
    /// Two machines run with its key.
    ByzantineTwins,
}

impl Behaviour {
    /// A faulty member.
    pub fn byzantine(transformer: impl EventTransformer + 'static) -> Self {
        Self::Byzantine(Box::new(transformer))
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Byzantine(transformer) => transformer.name(),
            Self::ByzantineTwins => "ByzantineTwins",
        })
    }
}

/// The view that a message is about.
fn view_of(message: &Message) -> Option<View> {
    match message {
        Message::Proposal(signed) | Message::FetchedProposal(signed) => Some(signed.proposal.view),
        Message::Vote1(vote) => Some(vote.data.view),
        Message::Vote2(vote) => Some(vote.data.view),
        Message::Certificate1(certificate) => Some(certificate.view()),
        Message::Certificate2(certificate) => Some(certificate.view()),
        Message::Timeout(vote) => Some(vote.data.view),
        Message::TimeoutCertificate(certificate) => Some(certificate.view()),
        Message::UpgradeVote(_)
        | Message::UpgradeCertificate(_)
        | Message::FetchProposal(_)
        | Message::FetchBlocks(_)
        | Message::FetchedBlocks(_)
        | Message::Dispersed(_) => None,
    }
}

/// The epoch whose committee is needed to check a message.
pub(crate) fn epoch_of(message: &Message) -> Option<Epoch> {
    match message {
        Message::Proposal(signed) | Message::FetchedProposal(signed) => Some(signed.proposal.epoch()),
        Message::Vote1(vote) => Some(vote.data.epoch),
        Message::Vote2(vote) => Some(vote.data.epoch),
        Message::Certificate1(certificate) => Some(certificate.data().epoch),
        Message::Certificate2(certificate) => Some(certificate.data().epoch),
        Message::Timeout(vote) => Some(vote.data.epoch),
        Message::TimeoutCertificate(certificate) => Some(certificate.epoch()),
        Message::UpgradeVote(vote) => Some(vote.data.epoch),
        Message::UpgradeCertificate(certificate) => Some(certificate.epoch()),
        Message::FetchedBlocks(blocks) => Some(blocks.certificate.data().epoch),
        // Payloads are small here: none travels in shares.
        Message::FetchProposal(_) | Message::FetchBlocks(_) | Message::Dispersed(_) => None,
    }
}
