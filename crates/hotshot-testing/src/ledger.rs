//! Ideal signatures: who has signed what. A statement holds if its signer made it, so nobody can forge and no curve is
//! computed; certificates hold if they are well-formed and every signer that they name has signed.

use std::collections::{BTreeMap, BTreeSet};

use borsh::BorshDeserialize;
use hotshot_types::{
    Certificate, Epoch, Justify, Phase, Phase1, Phase2, Proposal, SignedProposal, Signers,
    TimeoutCertificate, TimeoutData, TimeoutVote, UpgradeCertificate, UpgradeData, View, VoteData,
    message::FetchedBlocks, timeout::LockGroup,
};
use rollup_abi::{Digest, Header, vote::payload_commitment};

use crate::{
    fixtures::{CHAIN, MAX_NODES},
    roster::Roster,
};

/// The two phases of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Vote1,
    Vote2,
}

/// What has been signed, by whom.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) roster: Roster,
    genesis: Digest,
    votes: BTreeSet<(usize, Kind, VoteData)>,
    timeouts: BTreeSet<(usize, TimeoutData)>,
    proposals: BTreeSet<(usize, View, Digest)>,
    upgrades: BTreeMap<UpgradeData, BTreeSet<usize>>,
    /// A defect for the test of a checker: every upgrade certificate holds.
    credulous: bool,
    headers: BTreeMap<Digest, Header>,
    /// Leaves that a quorum voted for in the second phase, and their ancestors.
    finals: BTreeSet<Digest>,
    /// Certificates found good before.
    good: BTreeSet<(Kind, VoteData, Signers)>,
}

impl Ledger {
    pub(crate) fn new(roster: Roster, genesis: &Header, credulous: bool) -> Self {
        let leaf = genesis.commitment();
        Self {
            roster,
            genesis: leaf,
            votes: BTreeSet::new(),
            timeouts: BTreeSet::new(),
            proposals: BTreeSet::new(),
            upgrades: BTreeMap::new(),
            credulous,
            headers: BTreeMap::from([(leaf, genesis.clone())]),
            finals: BTreeSet::from([leaf]),
            good: BTreeSet::new(),
        }
    }

    pub(crate) fn sign_vote(&mut self, member: usize, kind: Kind, data: VoteData) {
        if self.votes.insert((member, kind, data)) && kind == Kind::Vote2 {
            self.count_final(&data);
        }
    }

    fn count_final(&mut self, data: &VoteData) {
        let members = 0..MAX_NODES;
        let voted = members.filter(|member| self.has_voted(*member, Kind::Vote2, data));
        if !self.roster.is_quorum(data.epoch, voted) {
            return;
        }
        let mut leaf = data.leaf;
        while self.finals.insert(leaf)
            && let Some(header) = self.headers.get(&leaf)
        {
            leaf = header.parent;
        }
    }

    /// Whether a quorum voted in the second phase for this leaf or a descendant.
    pub(crate) fn is_final(&self, leaf: &Digest) -> bool {
        self.finals.contains(leaf)
    }

    pub(crate) fn sign_timeout(&mut self, member: usize, data: TimeoutData) {
        self.timeouts.insert((member, data));
    }

    pub(crate) fn sign_proposal(&mut self, member: usize, proposal: &Proposal) {
        let leaf = proposal.leaf();
        self.proposals.insert((member, proposal.view, leaf));
        self.headers.insert(leaf, proposal.header.clone());
    }

    pub(crate) fn sign_upgrade(&mut self, member: usize, data: UpgradeData) {
        self.upgrades.entry(data).or_default().insert(member);
    }

    /// Whether a member agreed on an upgrade.
    pub(crate) fn has_agreed(&self, member: usize, data: &UpgradeData) -> bool {
        self.upgrades
            .get(data)
            .is_some_and(|members| members.contains(&member))
    }

    /// Whether nine tenths of its epoch's stake agreed that this block may follow one of version `before`.
    pub(crate) fn have_agreed(&self, header: &Header, before: u16) -> bool {
        let upgrades = self.upgrades.iter().filter(|(data, _)| {
            let plan = &data.upgrade;
            let window = plan.first().get()..=plan.last().get();
            data.epoch.get() == header.epoch
                && (plan.from(), plan.to()) == (before, header.version)
                && window.contains(&header.height)
        });
        upgrades
            .map(|(data, members)| (data.epoch, members.iter().copied()))
            .any(|(epoch, members)| self.roster.is_nine_tenths(epoch, members))
    }

    /// Whether a block of this height and version is final.
    pub(crate) fn is_final_version(&self, height: u64, version: u16) -> bool {
        let headers = self.finals.iter().filter_map(|leaf| self.headers.get(leaf));
        let mut places = headers.map(|header| (header.height, header.version));
        places.any(|place| place == (height, version))
    }

    /// Somebody keeps this block. An own proposal may be kept, and voted for after a restart, without ever being sent.
    pub(crate) fn know(&mut self, leaf: Digest, header: &Header) {
        self.headers.entry(leaf).or_insert_with(|| header.clone());
    }

    /// The header of anything that was ever proposed: what a liar needs to build a good block.
    pub(crate) fn header(&self, leaf: &Digest) -> Option<&Header> {
        self.headers.get(leaf)
    }

    pub(crate) fn has_voted(&self, member: usize, kind: Kind, data: &VoteData) -> bool {
        self.votes.contains(&(member, kind, *data))
    }

    /// The members that an epoch's certificate names, if it names only members.
    fn signers(&self, epoch: Epoch, signers: &Signers) -> Option<Vec<usize>> {
        signers
            .iter()
            .map(|index| self.roster.member(epoch, index))
            .collect()
    }

    pub(crate) fn certificate<P: Phase>(&mut self, kind: Kind, certificate: &Certificate<P>) -> bool {
        let (data, signers) = (*certificate.data(), *certificate.signers());
        let key = (kind, data, signers);
        if self.good.contains(&key) {
            return true;
        }
        let named = data.view > View::ZERO && data.height.get() > 0;
        let Some(members) = self.signers(data.epoch, &signers).filter(|_| named) else {
            return false;
        };
        let holds = self.roster.is_quorum(data.epoch, members.iter().copied())
            && members.iter().all(|member| self.has_voted(*member, kind, &data));
        if holds {
            self.good.insert(key);
        }
        holds
    }

    pub(crate) fn certificate1(&mut self, certificate: &Certificate<Phase1>) -> bool {
        self.certificate(Kind::Vote1, certificate)
    }

    pub(crate) fn certificate2(&mut self, certificate: &Certificate<Phase2>) -> bool {
        self.certificate(Kind::Vote2, certificate)
    }

    pub(crate) fn justify(&mut self, justify: &Justify) -> bool {
        match justify {
            Justify::Genesis(leaf) => *leaf == self.genesis,
            Justify::Certified(certificate) => self.certificate1(certificate),
        }
    }

    pub(crate) fn proposal(&mut self, signed: &SignedProposal) -> bool {
        let proposal = &signed.proposal;
        let leaf = proposal.leaf();
        let Some(leader) = self.roster.leader(proposal.epoch(), proposal.view) else {
            return false;
        };
        let handed_over = match &proposal.hand_over {
            Some(certificate) => self.certificate2(certificate),
            None => true,
        };
        let agreed = proposal.upgrade.as_ref().is_none_or(|c| self.upgrade(c));
        handed_over
            && agreed
            && self.proposals.contains(&(leader, proposal.view, leaf))
            && payload_commitment(&proposal.payload) == proposal.header.payload_commitment
            && self.justify(&proposal.justify)
            && proposal
                .timeout
                .as_ref()
                .is_none_or(|timeout| self.timeout(timeout))
    }

    pub(crate) fn upgrade(&self, certificate: &UpgradeCertificate) -> bool {
        let data = certificate.data();
        let Some(members) = self.signers(data.epoch, certificate.signers()) else {
            return false;
        };
        let holds = members.iter().all(|member| self.has_agreed(*member, data))
            && self.roster.is_nine_tenths(data.epoch, members);
        holds || self.credulous
    }

    pub(crate) fn timeout_vote(&mut self, member: usize, vote: &TimeoutVote) -> bool {
        vote.lock.rank() == vote.data.lock_rank()
            && vote.data.lock_view < vote.data.view
            && self.timeouts.contains(&(member, vote.data))
            && self.justify(&vote.lock)
    }

    pub(crate) fn timeout(&mut self, certificate: &TimeoutCertificate) -> bool {
        let bytes = borsh::to_vec(certificate).expect("a Vec takes all");
        // Epoch, view and groups stand first in its encoding.
        let Ok((epoch, view, groups)) = <(Epoch, View, Vec<LockGroup>)>::deserialize(&mut &bytes[..]) else {
            return false;
        };
        let mut all = Vec::new();
        for group in &groups {
            let data = TimeoutData {
                epoch,
                view,
                lock_epoch: group.lock_epoch,
                lock_view: group.lock_view,
            };
            let Some(members) = self.signers(epoch, &group.signers) else {
                return false;
            };
            if !members
                .iter()
                .all(|member| self.timeouts.contains(&(*member, data)))
            {
                return false;
            }
            all.extend(members);
        }
        let highest = groups
            .iter()
            .map(|group| (group.lock_epoch, group.lock_view))
            .max();
        self.roster.is_quorum(epoch, all)
            && highest == Some(certificate.lock().rank())
            && self.justify(certificate.lock())
    }

    pub(crate) fn blocks(&mut self, fetched: &FetchedBlocks) -> bool {
        let headers: Vec<&Header> = fetched
            .blocks
            .iter()
            .map(|block| &block.header)
            .chain(&fetched.tail)
            .collect();
        let follows = headers.windows(2).all(|pair| {
            pair[1].parent == pair[0].commitment()
                && pair[1].height == pair[0].height + 1
                && pair[1].view > pair[0].view
        });
        let named = |block: &hotshot_types::Block| {
            payload_commitment(&block.payload) == block.header.payload_commitment
        };
        let certified = headers.last().is_some_and(|last| {
            let data = fetched.certificate.data();
            data.leaf == last.commitment() && data.names(last, self.roster.epochs)
        });
        !fetched.blocks.is_empty()
            && headers.iter().all(|header| header.chain_id == CHAIN)
            && follows
            && certified
            && fetched.blocks.iter().all(named)
            && self.certificate2(&fetched.certificate)
    }
}
