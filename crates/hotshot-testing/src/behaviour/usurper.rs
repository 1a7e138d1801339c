//! Leaders that change the rules on their own.

use hotshot_types::{Epoch, Height, Message, Proposal, Upgrade, UpgradeCertificate, UpgradeData};
use rand::seq::SliceRandom;
use rollup_abi::header::FIRST_VERSION;

use super::{EventTransformer, Puppet};

/// What a leader shows for the version of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pretext {
    /// Nothing.
    Nothing,
    /// A certificate that only itself has signed.
    Forged,
    /// A certificate that holds, whatever it is for: an old one, another epoch's, one whose window has not come.
    Real,
    /// Nothing, and the version falls.
    Fall,
}

impl Pretext {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Forged, Self::Real, Self::Fall];
}

/// In each of its turns, it proposes a block by the rules of another version than is agreed on. And it agrees on upgrades of its
/// own, which nobody else wants.
pub struct Usurper {
    pretexts: Vec<Pretext>,
    known: Vec<UpgradeCertificate>,
}

impl Usurper {
    /// With one of these pretexts each time.
    ///
    /// # Panics
    ///
    /// Without any.
    pub fn new(pretexts: &[Pretext]) -> Self {
        assert!(!pretexts.is_empty(), "it needs a pretext");
        Self {
            pretexts: pretexts.to_vec(),
            known: Vec::new(),
        }
    }

    fn usurped(&self, puppet: &mut Puppet<'_>, proposal: &Proposal) -> Option<Proposal> {
        let now = proposal.header.version;
        let epoch = Epoch::new(proposal.header.epoch);
        let (version, upgrade) = match self.pretexts.choose(puppet.rng)? {
            Pretext::Nothing => (now + 1, None),
            Pretext::Forged => {
                let height = Height::new(proposal.header.height);
                let upgrade = Upgrade::new(now, now + 1, height, height).ok()?;
                let certificate = puppet.pretend_agreed(UpgradeData { epoch, upgrade });
                (now + 1, Some(certificate))
            }
            Pretext::Real => {
                let known = *self.known.choose(puppet.rng)?;
                (known.upgrade().to(), Some(known))
            }
            Pretext::Fall if now > FIRST_VERSION => (now - 1, None),
            Pretext::Fall => return None,
        };
        let mut usurped = puppet.by_rules_of(version, proposal)?;
        usurped.upgrade = upgrade;
        Some(usurped)
    }

    fn agree_alone(puppet: &mut Puppet<'_>, proposal: &Proposal) -> Option<Message> {
        let (now, height) = (proposal.header.version, Height::new(proposal.header.height));
        let upgrade = Upgrade::new(now, now + 2, height, height.plus(9)).ok()?;
        let epoch = puppet.epoch;
        Some(puppet.agree(UpgradeData { epoch, upgrade }))
    }
}

impl EventTransformer for Usurper {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let mut message = message;
        if let Message::Proposal(signed) = &message {
            if let Some(vote) = Self::agree_alone(puppet, &signed.proposal) {
                puppet.say_all(&vote);
            }
            let first = !signed.proposal.is_again();
            let usurped = self.usurped(puppet, &signed.proposal).filter(|_| first);
            message = usurped.map_or(message, |usurped| puppet.propose(usurped));
        }
        to.iter().for_each(|other| puppet.say(*other, message.clone()));
    }

    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        if let Message::UpgradeCertificate(certificate) = &message
            && !self.known.contains(certificate)
        {
            self.known.push(*certificate);
        }
        puppet.hear(from, message);
    }
}
