//! Inputs change the state here; nothing is said here except that a view was entered.

use std::{collections::BTreeSet, sync::Arc};

use hotshot_types::{
    Certificate1, Certificate2, Epoch, Height, Justify, Proposal, SignedProposal, TimeoutCertificate,
    VoteData, message::FetchedBlocks,
};
use rollup_abi::Digest;

use super::{Consensus, Final};
use crate::{
    HaltReason, Input, Outgoing, Output, Token, Verdict,
    rules::{self, Fault},
    tally::VIEW_WINDOW,
    tree::{Content, Entry, Inserted, Path, Status},
};

/// Most certificates kept above the decided view; of more, low ones go, for the higher imply them.
const MAX_CERTIFICATES: usize = 1024;

impl Consensus {
    pub(super) fn take(&mut self, input: Input, out: &mut Vec<Output>) -> Result<(), HaltReason> {
        match input {
            Input::Proposal(signed) => return self.take_proposal(signed, out),
            Input::Certificate1(certificate) => return self.take_certificate1(certificate, out),
            Input::Certificate2(certificate) => return self.take_certificate2(certificate, out),
            Input::TimeoutCertificate(certificate) => return self.take_timeout(certificate, out),
            Input::Upgrade(certificate) => self.take_upgrade(certificate, out),
            Input::Blocks(blocks) => return self.take_blocks(&blocks, out),
            Input::Validated { leaf, verdict } => return self.take_verdict(&leaf, verdict, out),
            Input::TimeoutOneHonest { epoch, view } => self.join_timeout(epoch, view, out),
            Input::Committee(committee) => self.take_committee(committee),
            Input::Behind => self.behind = true,
            Input::Built { view, block } => self.take_built(view, block, out),
            Input::BuildFailed(view) => self.build_failed(view),
            Input::Persisted(token) => self.take_persisted(token, out),
            Input::Tick => {}
        }
        Ok(())
    }

    /// A proposal is kept by its leaf, not by its view (B5): its rival may be the one that gets certified. What justifies
    /// it counts by itself.
    fn take_proposal(&mut self, signed: SignedProposal, out: &mut Vec<Output>) -> Result<(), HaltReason> {
        let proposal = signed.proposal;
        let (view, leaf) = (proposal.view, proposal.leaf());
        let Some(member) = self.leader(proposal.epoch(), view) else {
            return Ok(());
        };
        let chain_id = &self.config.genesis.chain_id;
        if let Err(fault) = rules::well_formed(&proposal, chain_id, self.config.epochs) {
            out.push(Output::Misbehaviour { member, fault });
            return Ok(());
        }
        match &proposal.justify {
            Justify::Certified(certificate) => self.take_certificate1(certificate.clone(), out)?,
            Justify::Genesis(leaf) if *leaf != self.genesis => {
                let fault = Fault::Chain;
                out.push(Output::Misbehaviour { member, fault });
                return Ok(());
            }
            Justify::Genesis(_) => {}
        }
        if let Some(timeout) = &proposal.timeout {
            self.take_timeout(Arc::new(timeout.clone()), out)?;
        }
        if let Some(hand_over) = &proposal.hand_over {
            self.take_certificate2(hand_over.clone(), out)?;
        }
        if let Some(upgrade) = proposal.upgrade {
            self.take_upgrade(upgrade, out);
        }
        let wanted = self.is_wanted(&leaf);
        // B6: a view far ahead is not kept room for, unless a certificate names the leaf.
        if proposal.block_view() <= self.decided_view() || (!wanted && view > self.view.plus(VIEW_WINDOW)) {
            return Ok(());
        }
        if self.is_rival(&proposal, &leaf) {
            let fault = Fault::Equivocation(view);
            out.push(Output::Misbehaviour { member, fault });
        }
        if proposal.is_again() && !self.propose_again(&proposal, leaf) && !wanted {
            return Ok(());
        }
        self.keep(leaf, Content::Proposal(proposal, Some(signed.signature)), wanted);
        Ok(())
    }

    /// Whether the same leader proposes another leaf in this view already, be either proposed for the first time or again.
    fn is_rival(&self, proposal: &Proposal, leaf: &Digest) -> bool {
        let in_epoch = |known: &Digest| {
            let entry = self.tree.get(known);
            entry.is_some_and(|entry| entry.header().epoch == proposal.epoch().get())
        };
        let proposed = self.proposed(proposal.view).map(|(known, _)| known);
        let mut known = proposed.filter(|known| in_epoch(known)).peekable();
        known.peek().is_some() && known.all(|known| known != leaf)
    }

    fn is_wanted(&self, leaf: &Digest) -> bool {
        self.is_certified(leaf) || self.fetch.as_ref().is_some_and(|fetch| fetch.leaf == *leaf)
    }

    fn is_certified(&self, leaf: &Digest) -> bool {
        self.certificates1.values().any(|c| c.leaf() == leaf)
            || self.finals.values().any(|f| f.data.leaf == *leaf)
    }

    /// Keeps a block; where there is no room, the lowest blocks go that are neither on the lock's branch nor about to be
    /// decided, and for one that a certificate asks for, the highest: they are asked for again, and what is lower is decided first.
    pub(super) fn keep(&mut self, leaf: Digest, content: Content, wanted: bool) {
        if self.tree.insert(leaf, content.clone(), wanted) == Inserted::Full {
            let way = |data: &VoteData| match self.tree.path(&data.leaf, data.height.get()) {
                Path::Complete(way) => way,
                Path::Missing { .. } | Path::Conflict => vec![data.leaf],
            };
            let mut keep: BTreeSet<Digest> = way(&self.lock.data()).into_iter().collect();
            keep.extend(self.decidable().iter().flat_map(way));
            self.tree.make_room(content.payload().len(), &keep);
            if wanted {
                self.tree
                    .make_room_below(content.header().height, content.payload().len());
            }
            self.tree.insert(leaf, content, wanted);
        }
    }

    /// The lock is the highest certified leaf known, and never falls. The certificate of a view ends it.
    pub(super) fn take_certificate1(
        &mut self,
        certificate: Certificate1,
        out: &mut Vec<Output>,
    ) -> Result<(), HaltReason> {
        let (view, epoch) = (certificate.view(), certificate.data().epoch);
        if view < self.decided_view() {
            return Ok(());
        }
        self.reach_epoch(epoch, out);
        if epoch < self.epoch {
            // The epoch is over; its last block may be the lock that is not here yet.
            self.raise_lock(certificate.clone());
            self.pass(certificate, out);
            return Ok(());
        }
        let rival = if view == self.decided_view() {
            Some(self.tree.root())
        } else {
            self.certificates1.get(&view).map(Certificate1::leaf)
        };
        match rival {
            Some(leaf) if leaf != certificate.leaf() => {
                return Err(HaltReason::ConflictingCertificates { view });
            }
            Some(_) => {
                self.raise_lock(certificate);
                return Ok(());
            }
            None => {}
        }
        self.refuse_diverged(certificate.data())?;
        self.certificates1.insert(view, certificate.clone());
        if self.certificates1.len() > MAX_CERTIFICATES {
            self.certificates1.pop_first();
        }
        self.raise_lock(certificate.clone());
        self.pass(certificate, out);
        Ok(())
    }

    /// The certificate of a view ends it.
    fn pass(&mut self, certificate: Certificate1, out: &mut Vec<Output>) {
        if certificate.view() >= self.view {
            self.enter(certificate.view().next(), false, out);
            self.send(Outgoing::Certificate1(certificate), out);
        }
    }

    fn raise_lock(&mut self, certificate: Certificate1) {
        if certificate.data().rank() > self.lock.rank() {
            self.lock = Justify::Certified(certificate);
        }
    }

    /// A quorum for a block that this node found wrong means that states have diverged: it must not go on.
    fn refuse_diverged(&self, data: &VoteData) -> Result<(), HaltReason> {
        let invalid = |entry: &Entry| entry.status == Status::Invalid;
        if self.tree.get(&data.leaf).is_some_and(invalid) {
            return Err(HaltReason::Diverged { view: data.view });
        }
        Ok(())
    }

    fn take_certificate2(
        &mut self,
        certificate: Certificate2,
        out: &mut Vec<Output>,
    ) -> Result<(), HaltReason> {
        let data = *certificate.data();
        self.take_final(data, Some(certificate))?;
        self.reach_epoch_after(&data, out);
        if data.view >= self.view {
            self.enter(data.view.next(), false, out);
        }
        Ok(())
    }

    /// Remembers a final leaf; it is decided when all of its branch is here and valid.
    fn take_final(&mut self, data: VoteData, certificate: Option<Certificate2>) -> Result<(), HaltReason> {
        let view = data.view;
        let conflict = HaltReason::ConflictingDecision { view };
        let decided = self.decided().height;
        if data.height.get() <= decided {
            let at_root = data.height.get() == decided && data.leaf != *self.tree.root();
            let recent = self.tree.recent_leaf(data.height.get());
            let off_chain = recent.is_some_and(|leaf| *leaf != data.leaf);
            // The last block of an epoch may be certified again after it was decided.
            let later = view > self.decided_view() && !self.config.epochs.is_last(data.height);
            return if at_root || off_chain || later {
                Err(conflict)
            } else {
                Ok(())
            };
        }
        if view <= self.decided_view() {
            return Err(conflict);
        }
        self.refuse_diverged(&data)?;
        match self.finals.get_mut(&data.height) {
            Some(known) if known.data.leaf != data.leaf && known.data.view == view => {
                return Err(HaltReason::ConflictingCertificates { view });
            }
            Some(known) if known.data.leaf != data.leaf => return Err(conflict),
            Some(known) => known.certificate = known.certificate.take().or(certificate),
            None => {
                self.finals.insert(data.height, Final { data, certificate });
                if self.finals.len() > MAX_CERTIFICATES {
                    self.forget_a_final();
                }
            }
        }
        Ok(())
    }

    /// A node that is far behind hears of new final leaves faster than it decides old ones. Those that it can decide stay,
    /// and so does the highest, which says how far there is to go; of the others the lowest goes.
    fn forget_a_final(&mut self) {
        let decidable = self.decidable().len();
        let heights: Vec<Height> = self.finals.keys().copied().collect();
        let but_highest = heights.split_last().map_or(&[][..], |(_, lower)| lower);
        if let Some(height) = but_highest.get(decidable).or(but_highest.last()) {
            self.finals.remove(height);
        }
    }

    /// The final leaves, lowest first, whose way from the decided block is complete.
    fn decidable(&self) -> Vec<VoteData> {
        let finals = self.finals.values().map(|known| known.data);
        let complete =
            |data: &VoteData| matches!(self.tree.path(&data.leaf, data.height.get()), Path::Complete(_));
        finals.take_while(complete).collect()
    }

    fn take_timeout(
        &mut self,
        certificate: Arc<TimeoutCertificate>,
        out: &mut Vec<Output>,
    ) -> Result<(), HaltReason> {
        if let Some(lock) = certificate.lock().certificate() {
            self.take_certificate1(lock.clone(), out)?;
        }
        let view = certificate.view();
        // Until an epoch's first block is certified, what the epoch before gave up counts, too.
        if certificate.epoch() < self.lock.data().epoch {
            return Ok(());
        }
        self.reach_epoch(certificate.epoch(), out);
        if self
            .timeout
            .as_ref()
            .is_none_or(|known| certificate.rank() > known.rank())
        {
            self.timeout = Some(Arc::clone(&certificate));
        }
        if view >= self.view {
            self.enter(view.next(), true, out);
            self.send(Outgoing::TimeoutCertificate(certificate), out);
        }
        Ok(())
    }

    /// Blocks that a peer proved to be final: each of them is, so each is decided as soon as it is validated. The application
    /// need not hold the states of a whole answer at once.
    fn take_blocks(&mut self, fetched: &FetchedBlocks, out: &mut Vec<Output>) -> Result<(), HaltReason> {
        let decided = self.decided().height;
        for block in fetched
            .blocks
            .iter()
            .filter(|block| block.header.height > decided)
        {
            let leaf = block.header.commitment();
            let own = (fetched.certificate.leaf() == &leaf).then(|| fetched.certificate.clone());
            let certified = own.as_ref().map(|certificate| *certificate.data());
            self.keep(leaf, Content::Block(block.clone()), true);
            self.take_final(
                certified.unwrap_or_else(|| VoteData::of(&block.header, leaf)),
                own,
            )?;
        }
        self.take_certificate2(fetched.certificate.clone(), out)
    }

    fn take_verdict(
        &mut self,
        leaf: &Digest,
        verdict: Verdict,
        out: &mut Vec<Output>,
    ) -> Result<(), HaltReason> {
        let Some(entry) = self.tree.get_mut(leaf) else {
            return Ok(());
        };
        if entry.status != Status::Validating {
            return Ok(());
        }
        let view = entry.view();
        match verdict {
            Verdict::Valid => entry.status = Status::Valid,
            Verdict::Retry => {
                entry.status = Status::Unvalidated;
                self.revalidate_later();
            }
            Verdict::Invalid => {
                entry.status = Status::Invalid;
                let epoch = Epoch::new(entry.header().epoch);
                if self.is_certified(leaf) {
                    return Err(HaltReason::Diverged { view });
                }
                let fault = Fault::InvalidBlock(view);
                let leader = self.leader(epoch, view);
                out.extend(leader.map(|member| Output::Misbehaviour { member, fault }));
            }
        }
        Ok(())
    }

    /// What waited for this to be durable may be said now, unless its view was given up meanwhile.
    fn take_persisted(&mut self, token: Token, out: &mut Vec<Output>) {
        let Some(what) = self.pending.remove(&token) else {
            return;
        };
        let given_up = self.actions.timeout;
        match &what {
            Outgoing::Proposal(proposal) if proposal.view > given_up => {
                self.said.proposal = Some(Arc::clone(proposal));
            }
            Outgoing::Vote1(data) if data.view > given_up => self.said.vote1 = Some(*data),
            Outgoing::Proposal(_) | Outgoing::Vote1(_) => return,
            Outgoing::Vote2(data) => self.said.vote2 = Some(*data),
            Outgoing::Timeout(data, _) if (data.epoch, data.view) == (self.epoch, self.view) => {
                self.said.timeout = Some(what.clone());
            }
            _ => {}
        }
        self.send(what, out);
    }
}
