//! Voters that help a faulty leader.

use std::collections::BTreeSet;

use hotshot_types::{Message, View};

use super::{EventTransformer, Puppet};

/// Votes in both phases for whatever its friends propose, good or bad, and suppresses its timeout votes in their views.
pub struct DishonestVoter {
    /// The members that it helps.
    pub friends: BTreeSet<usize>,
}

impl DishonestVoter {
    fn helps(&self, puppet: &Puppet<'_>, view: View) -> bool {
        self.friends.contains(&puppet.leader(view))
    }
}

impl EventTransformer for DishonestVoter {
    fn send(&mut self, puppet: &mut Puppet<'_>, to: &[usize], message: Message) {
        let suppressed = matches!(&message, Message::Timeout(v) if self.helps(puppet, v.data.view));
        if !suppressed {
            to.iter().for_each(|other| puppet.say(*other, message.clone()));
        }
    }

    fn receive(&mut self, puppet: &mut Puppet<'_>, from: usize, message: Message) {
        if let Message::Proposal(signed) = &message
            && self.friends.contains(&puppet.members[from])
        {
            let data = signed.proposal.data();
            for vote in [puppet.vote1(data), puppet.vote2(data)] {
                puppet.say_all(&vote);
            }
        }
        puppet.hear(from, message);
    }
}
