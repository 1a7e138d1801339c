//! A faulty member's hands: its links, its key, and what it knows.

use std::{collections::BTreeMap, sync::Arc};

use hotshot_types::{
    Certificate, Certificate1, Epoch, Height, Justify, Message, Phase, Proposal, Signature, SignedProposal,
    Signers, TimeoutCertificate, TimeoutData, TimeoutVote, UpgradeCertificate, UpgradeData, UpgradeVote,
    View, Vote, VoteData,
};
use rollup_abi::Header;

use crate::{
    SimRng,
    fixtures::{PLACEHOLDER, child, state_after},
    ledger::{Kind, Ledger},
};

/// What a transformer acts with. It signs with its own member's key only.
pub struct Puppet<'a> {
    ledger: &'a mut Ledger,
    /// For its choices.
    pub rng: &'a mut SimRng,
    /// The member of each machine.
    pub members: &'a [usize],
    /// Its own machine.
    pub machine: usize,
    /// Its core's epoch.
    pub epoch: Epoch,
    /// Its core's view.
    pub view: View,
    /// Its core's lock, while it is up.
    pub lock: Option<Justify>,
    said: Vec<(usize, Message)>,
    heard: Vec<(usize, Message)>,
}

/// What is said to which machine, and what is heard from which.
type Letters = Vec<(usize, Message)>;

impl<'a> Puppet<'a> {
    pub(crate) fn new(
        ledger: &'a mut Ledger,
        rng: &'a mut SimRng,
        members: &'a [usize],
        machine: usize,
        (epoch, view, lock): (Epoch, View, Option<Justify>),
    ) -> Self {
        Self {
            ledger,
            rng,
            members,
            machine,
            epoch,
            view,
            lock,
            said: Vec::new(),
            heard: Vec::new(),
        }
    }

    pub(crate) fn done(self) -> (Letters, Letters) {
        (self.said, self.heard)
    }

    /// Its member.
    pub fn member(&self) -> usize {
        self.members[self.machine]
    }

    /// All other machines.
    pub fn others(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|m| *m != self.machine).collect()
    }

    /// How many members the committee has.
    pub fn count(&self) -> usize {
        self.ledger.roster.first().members().len()
    }

    /// Whether its member leads this view.
    pub fn leads(&self, view: View) -> bool {
        self.leader(view) == self.member()
    }

    /// The member that leads this view.
    pub fn leader(&self, view: View) -> usize {
        let count = self.count() as u64;
        usize::try_from(view.get() % count).expect("at most MAX_NODES")
    }

    /// Whether its member leads this view of an epoch.
    pub fn leads_in(&self, epoch: Epoch, view: View) -> bool {
        self.ledger.roster.leader(epoch, view) == Some(self.member())
    }

    /// Whether a machine's member is in an epoch's committee.
    pub fn is_member(&self, epoch: Epoch, machine: usize) -> bool {
        self.ledger.roster.stake(epoch, self.members[machine]).0 > 0
    }

    /// Whether an epoch's last block has this height.
    pub fn is_last(&self, height: Height) -> bool {
        self.ledger.roster.epochs.is_last(height)
    }

    /// Says something to one machine.
    pub fn say(&mut self, to: usize, message: Message) {
        self.said.push((to, message));
    }

    /// Says something to all others.
    pub fn say_all(&mut self, message: &Message) {
        for other in self.others() {
            self.say(other, message.clone());
        }
    }

    /// Hands a message to its core.
    pub fn hear(&mut self, from: usize, message: Message) {
        self.heard.push((from, message));
    }

    /// A first vote with its signature.
    pub fn vote1(&mut self, data: VoteData) -> Message {
        self.ledger.sign_vote(self.member(), Kind::Vote1, data);
        Message::Vote1(Vote::new(data, *PLACEHOLDER))
    }

    /// A second vote with its signature.
    pub fn vote2(&mut self, data: VoteData) -> Message {
        self.ledger.sign_vote(self.member(), Kind::Vote2, data);
        Message::Vote2(Vote::new(data, *PLACEHOLDER))
    }

    /// The certificate that these votes make, if they are a quorum that holds.
    pub fn certificate1(&self, data: VoteData, votes: &BTreeMap<usize, Signature>) -> Option<Certificate1> {
        let held = |(member, _): &(&usize, &Signature)| self.ledger.has_voted(**member, Kind::Vote1, &data);
        let votes: BTreeMap<usize, Signature> = votes.iter().filter(held).map(|(m, s)| (*m, *s)).collect();
        let roster = &self.ledger.roster;
        if !roster.is_quorum(data.epoch, votes.keys().copied()) {
            return None;
        }
        let indexed = votes
            .into_iter()
            .map(|(member, vote)| Some((roster.index(data.epoch, member)?, vote)));
        let indexed: Option<Vec<_>> = indexed.collect();
        Certificate1::assemble(roster.committee(data.epoch)?, data, indexed?)
    }

    /// A timeout vote with its signature.
    pub fn timeout(&mut self, view: View, lock: Justify) -> Message {
        self.timeout_in(self.epoch, view, lock)
    }

    /// The same in any epoch.
    pub fn timeout_in(&mut self, epoch: Epoch, view: View, lock: Justify) -> Message {
        let data = TimeoutData {
            epoch,
            view,
            lock_epoch: lock.data().epoch,
            lock_view: lock.view(),
        };
        self.ledger.sign_timeout(self.member(), data);
        let signature = *PLACEHOLDER;
        Message::Timeout(TimeoutVote {
            data,
            signature,
            lock,
        })
    }

    /// A proposal with its signature.
    pub fn propose(&mut self, proposal: Proposal) -> Message {
        self.ledger.sign_proposal(self.member(), &proposal);
        unsigned(proposal)
    }

    /// A valid proposal of its own in `view` on what `justify` certifies, if that block is known to anybody.
    pub fn build(
        &mut self,
        view: View,
        justify: Justify,
        timeout: Option<TimeoutCertificate>,
        payload: &[u8],
    ) -> Option<Proposal> {
        let parent = self.header(&justify)?;
        let roster = &self.ledger.roster;
        let header = child(&parent, view, parent.timestamp_ms + 1, payload);
        let header = Header {
            epoch: roster.epochs.of(Height::new(header.height)).get(),
            next_committee: roster.next_committee(header.height)?,
            ..header
        };
        Some(Proposal {
            view,
            header,
            justify,
            timeout,
            hand_over: None,
            upgrade: None,
            payload: payload.into(),
        })
    }

    /// Its agreement on an upgrade.
    pub fn agree(&mut self, data: UpgradeData) -> Message {
        self.ledger.sign_upgrade(self.member(), data);
        let signature = *PLACEHOLDER;
        Message::UpgradeVote(UpgradeVote { data, signature })
    }

    /// A block with the same payload by the rules of another version.
    pub fn by_rules_of(&self, version: u16, proposal: &Proposal) -> Option<Proposal> {
        let parent = self.ledger.header(&proposal.header.parent)?;
        let mut proposal = proposal.clone();
        proposal.header.version = version;
        proposal.header.state_root = state_after(parent, version, &proposal.payload);
        Some(proposal)
    }

    /// An upgrade certificate that names everybody as signer.
    pub fn pretend_agreed(&self, data: UpgradeData) -> UpgradeCertificate {
        let members = self.ledger.roster.committee(data.epoch);
        let members = members.map_or(0, |committee| committee.members().len());
        UpgradeCertificate::from_parts(data, everybody(members), *PLACEHOLDER)
    }

    fn header(&self, justify: &Justify) -> Option<Header> {
        self.ledger.header(&justify.data().leaf).cloned()
    }
}

/// A proposal whose signature does not hold, unless it was signed before.
pub(crate) fn unsigned(proposal: Proposal) -> Message {
    let (proposal, signature) = (Arc::new(proposal), *PLACEHOLDER);
    Message::Proposal(SignedProposal { proposal, signature })
}

fn everybody(members: usize) -> Signers {
    let mut signers = Signers::none(members);
    for member in 0..members {
        signers.insert(member);
    }
    signers
}

/// A certificate that names everybody as signer, whether they signed or not.
pub(crate) fn forged<P: Phase>(members: usize, data: VoteData) -> Certificate<P> {
    Certificate::from_parts(data, everybody(members), 0, *PLACEHOLDER)
}
