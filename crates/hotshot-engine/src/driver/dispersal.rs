//! Large payloads travel in shares: the leader sends each member one, each member passes its own on to all, and whoever has
//! enough of them has the payload.
//!
//! ```text
//! leader ──share i──▶ member i ──share i──▶ all ──k shards──▶ reconstruct, encode again ──▶ the proposal, whole
//! ```
//!
//! Only then does the core see the proposal, so a first vote says what it always says: this node has the payload and computed
//! its root. A member that misses it fetches it from those who voted. What encodes to something else than the leader
//! committed to is reported with evidence that anybody can check.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hotshot::{
    Input, Recipient,
    collector::{Collected, Collector, Recoverable},
    rules,
};
use hotshot_types::{
    Committee, Message, NodeId, Proposal, Share, SignedProposal, VerifiedShare, View, VoteData,
    dispersal::{self, ReconstructError},
    message::Dispersed,
};
use rollup_abi::Digest;

use super::{Driver, Outcome, intake::BARE};
use crate::{
    handle::Event,
    ports::{Application, Clock, Network, Priority, Signer, SignerError, Storage, Target},
    verify::{self, PeerFault},
};

/// Dispersed proposals of one view that are looked at: enough to see an equivocation.
const MAX_PER_VIEW: usize = 2;

/// What has come of dispersed proposals that are not whole yet.
#[derive(Debug, Default)]
pub(super) struct Dispersals {
    collector: Collector,
    /// Verified, without payload.
    bare: BTreeMap<(View, Digest), SignedProposal>,
    /// This node's shares.
    own: BTreeMap<(View, Digest), Share>,
    /// Enough shares, though the proposal has not come yet.
    ready: BTreeMap<(View, Digest), Recoverable>,
    /// Passed on already.
    echoed: BTreeSet<(View, Digest)>,
}

impl Dispersals {
    /// Forgets all views below `view`.
    pub(super) fn prune(&mut self, view: View) {
        let from = (view, [0; 32]);
        self.collector.prune(view);
        self.bare = self.bare.split_off(&from);
        self.own = self.own.split_off(&from);
        self.ready = self.ready.split_off(&from);
        self.echoed = self.echoed.split_off(&from);
    }

    /// Whether the view has room for this leaf.
    fn has_room(&self, (view, leaf): (View, Digest)) -> bool {
        let mut of_view = self.bare.range((view, [0; 32])..=(view, [0xff; 32]));
        let others = of_view.by_ref().filter(|((_, known), _)| *known != leaf);
        others.count() < MAX_PER_VIEW
    }
}

fn place(data: &VoteData) -> (View, Digest) {
    (data.view, data.leaf)
}

impl<N, S, A, G, C> Driver<N, S, A, G, C>
where
    N: Network,
    S: Storage,
    A: Application,
    G: Signer,
    C: Clock,
{
    pub(super) fn receive_dispersed(&mut self, from: NodeId, message: &Dispersed) -> bool {
        let (proposal, share) = (&message.proposal.proposal, &message.share);
        let Some(committee) = self.committee_of(proposal.epoch()) else {
            return false;
        };
        let data = proposal.data();
        if !self.in_window(data.view) || !self.dispersals.has_room(place(&data)) {
            return false;
        }
        let leads = committee.leader(data.view).node == from;
        if self.core.proposal(&data.leaf).is_some() {
            // The leader says it again, so somebody still lacks it.
            let share = self.dispersals.own.get(&place(&data)).filter(|_| leads).cloned();
            if let (Some(share), Some(signed)) = (share, self.dispersals.bare.get(&place(&data)).cloned()) {
                self.pass_on(signed, share);
            }
            return false;
        }
        let owner = committee.layout().member_at(share.range().start);
        let own = committee.index_of(&self.node).filter(|_| leads);
        let theirs = committee.index_of(&from);
        let sound = proposal.payload.is_empty()
            && share.commitment() == proposal.header.payload_commitment
            && rules::well_formed(proposal, committee.chain_id(), self.rules.epochs).is_ok();
        let Some(owner) = owner.filter(|owner| sound && (Some(*owner) == own || Some(*owner) == theirs))
        else {
            self.blame(from, PeerFault::Share);
            return true;
        };
        self.check_bare(from, data, &message.proposal);
        let (share, commitment) = (share.clone(), proposal.header.payload_commitment);
        self.check(from, move || {
            let checked = share.verify(&committee, owner, &commitment);
            Outcome::Share {
                from,
                data,
                checked: checked.map_err(|_| PeerFault::Share),
            }
        });
        true
    }

    fn check_bare(&mut self, from: NodeId, data: VoteData, signed: &SignedProposal) {
        if self.dispersals.bare.contains_key(&place(&data)) || self.checking.contains(&(BARE, data)) {
            return;
        }
        let (mut signed, rules) = (signed.clone(), self.rules.clone());
        let known = self.use_known(&mut signed);
        let begun = self.check(from, move || {
            let checked = verify::bare(&signed, &rules, known);
            Outcome::Bare {
                from,
                data,
                checked: checked.map(|()| signed),
            }
        });
        if begun {
            self.checking.insert((BARE, data));
        }
    }

    pub(super) fn bare(&mut self, from: NodeId, data: VoteData, checked: Result<SignedProposal, PeerFault>) {
        self.checking.remove(&(BARE, data));
        self.budgets.end_check(from);
        match checked {
            Ok(signed) if data.view > self.decided_view() && self.dispersals.has_room(place(&data)) => {
                self.dispersals.bare.insert(place(&data), signed);
                self.advance(data);
            }
            Ok(_) => {}
            Err(fault) => self.blame(from, fault),
        }
    }

    pub(super) fn share(&mut self, from: NodeId, data: VoteData, checked: Result<VerifiedShare, PeerFault>) {
        self.budgets.end_check(from);
        let share = match checked {
            Ok(share) => share,
            Err(fault) => return self.blame(from, fault),
        };
        if data.view <= self.decided_view() {
            return;
        }
        let committee = self.rules.committees.of(data.epoch);
        let own = committee.and_then(|committee| committee.index_of(&self.node)) == Some(share.member());
        let kept = share.share().clone();
        match self.dispersals.collector.add(data, share) {
            // One share a member and view, so a leader cannot fill memory with leaves.
            Collected::Ignored | Collected::Full => return,
            Collected::Kept => {}
            Collected::Recoverable(recoverable) => {
                self.dispersals.ready.insert(place(&data), recoverable);
            }
        }
        if own {
            self.dispersals.own.insert(place(&data), kept);
        }
        self.advance(data);
    }

    /// Once the proposal is verified: passes the own share on, and puts the payload together if there are enough.
    fn advance(&mut self, data: VoteData) {
        let Some(signed) = self.dispersals.bare.get(&place(&data)).cloned() else {
            return;
        };
        if let Some(share) = self.dispersals.own.get(&place(&data)).cloned()
            && self.dispersals.echoed.insert(place(&data))
        {
            self.pass_on(signed.clone(), share);
        }
        let Some(recoverable) = self.dispersals.ready.remove(&place(&data)) else {
            return;
        };
        let commitment = signed.proposal.header.payload_commitment;
        let Some(committee) = self.rules.committees.of(data.epoch).cloned() else {
            return;
        };
        if recoverable.commitment == commitment {
            self.checks.push_front(Box::new(move || Outcome::Reconstructed {
                data,
                done: dispersal::reconstruct(&committee, &commitment, &recoverable.shares),
            }));
        }
    }

    fn pass_on(&self, proposal: SignedProposal, share: Share) {
        let message = Message::Dispersed(Arc::new(Dispersed { proposal, share }));
        self.transmit(Recipient::Others, &message);
    }

    pub(super) fn reconstructed(&mut self, data: VoteData, done: Result<Arc<[u8]>, ReconstructError>) {
        let Some(signed) = self.dispersals.bare.get(&place(&data)).cloned() else {
            return;
        };
        let header = &signed.proposal.header;
        self.dispersals.collector.settle(data, header.payload_commitment);
        match done {
            Ok(payload) => {
                let proposal = Proposal {
                    payload,
                    ..Proposal::clone(&signed.proposal)
                };
                self.feed.push_back(Input::Proposal(SignedProposal {
                    proposal: Arc::new(proposal),
                    signature: signed.signature,
                }));
            }
            Err(ReconstructError::WrongEncoding(evidence)) => {
                let Some(committee) = self.rules.committees.of(data.epoch) else {
                    return;
                };
                let (leader, header) = (committee.leader(data.view).node, Box::new(header.clone()));
                self.blame(leader, PeerFault::WrongEncoding);
                let evidence = Arc::from(evidence);
                let _ = self.outlets.events.send(Event::WrongEncoding {
                    leader,
                    header,
                    evidence,
                });
            }
            Err(error) => tracing::error!(%error, "shares that were enough are not"),
        }
    }

    /// Own proposal: signed and cut by a worker, then a share to each member.
    pub(super) fn disperse(&mut self, proposal: Arc<Proposal>) {
        let Some(committee) = self.rules.committees.of(proposal.epoch()).cloned() else {
            return;
        };
        let Some(key) = self.own_key(proposal.epoch()) else {
            return;
        };
        let (signer, node) = (Arc::clone(&self.ports.signer), self.node);
        self.signing.push_back(Box::new(move || {
            let signature = signer.sign_with(&key, &Proposal::digest(proposal.view, &proposal.leaf()));
            Outcome::Dispersed(signature.map(|signature| {
                let bare = SignedProposal {
                    proposal: Arc::new(proposal.bare()),
                    signature,
                };
                cut(&committee, node, &bare, &proposal.payload)
            }))
        }));
    }

    pub(super) fn dispersed(&mut self, done: Result<Vec<(Recipient, Vec<u8>)>, SignerError>) {
        let letters = match done {
            Ok(letters) => letters,
            Err(error) => return self.fail(error),
        };
        for (to, bytes) in letters {
            let target = match to {
                Recipient::Others => Target::Others,
                Recipient::One(node) => Target::One(node),
            };
            if let Err(error) = self.ports.network.send(target, Priority::Proposal, bytes.into()) {
                tracing::debug!(%error, "a share was not sent");
            }
        }
    }
}

/// The letters of a dispersal: its share to each other member, and the leader's own to all if theirs might not be enough.
fn cut(
    committee: &Committee,
    leader: NodeId,
    bare: &SignedProposal,
    payload: &[u8],
) -> Vec<(Recipient, Vec<u8>)> {
    let dispersal = match dispersal::disperse(committee, payload) {
        Ok(dispersal) => dispersal,
        Err(error) => {
            tracing::error!(%error, "a payload of ours cannot be dispersed");
            return Vec::new();
        }
    };
    let letter = |to, share| {
        let message = Message::Dispersed(Arc::new(Dispersed {
            proposal: bare.clone(),
            share,
        }));
        match message.encode() {
            Ok(bytes) => Some((to, bytes)),
            Err(error) => {
                tracing::error!(%error, "a share of ours does not fit");
                None
            }
        }
    };
    let mut letters = Vec::with_capacity(committee.members().len());
    for (index, member) in committee.members().iter().enumerate() {
        let to = match member.node == leader {
            true if others_suffice(committee, index) => continue,
            true => Recipient::Others,
            false => Recipient::One(member.node),
        };
        letters.extend(dispersal.share(index).and_then(|share| letter(to, share)));
    }
    letters
}

/// Whether the honest ones among the others always hold enough shares.
fn others_suffice(committee: &Committee, leader: usize) -> bool {
    let total = u128::from(committee.total_stake().get());
    let own = u128::from(committee.members()[leader].stake.get());
    let faulty = total.saturating_sub(1) / 3;
    (total - own).saturating_sub(faulty) >= total.div_ceil(3)
}
