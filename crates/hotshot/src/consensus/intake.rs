//! Inputs change the state here; nothing is said here except that a view was entered.

use std::{collections::BTreeSet, sync::Arc};

use hotshot_types::{
    Certificate1, Certificate2, Justify, SignedProposal, TimeoutCertificate, View, VoteData,
    message::FetchedBlocks,
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
            Input::Blocks(blocks) => return self.take_blocks(&blocks, out),
            Input::Validated { leaf, verdict } => return self.take_verdict(&leaf, verdict, out),
            Input::TimeoutOneHonest(view) => self.join_timeout(view, out),
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
        let (view, leaf) = (proposal.view(), proposal.leaf());
        let member = self.config.committees.at(proposal.epoch()).leader(view).node;
        if let Err(fault) = rules::well_formed(&proposal, &self.config.genesis.chain_id) {
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
        let wanted = self.is_wanted(view, &leaf);
        // B6: a view far ahead is not kept room for, unless a certificate names the leaf.
        if view <= self.decided_view() || (!wanted && view > self.view.plus(VIEW_WINDOW)) {
            return Ok(());
        }
        if self.tree.get(&leaf).is_none() && self.tree.in_view(view).next().is_some() {
            let fault = Fault::Equivocation(view);
            out.push(Output::Misbehaviour { member, fault });
        }
        self.keep(leaf, Content::Proposal(proposal, Some(signed.signature)), wanted);
        Ok(())
    }

    fn is_wanted(&self, view: View, leaf: &Digest) -> bool {
        self.is_certified(view, leaf) || self.fetch.as_ref().is_some_and(|fetch| fetch.leaf == *leaf)
    }

    fn is_certified(&self, view: View, leaf: &Digest) -> bool {
        self.certificates1.get(&view).is_some_and(|c| c.leaf() == leaf)
            || self.finals.get(&view).is_some_and(|f| f.data.leaf == *leaf)
    }

    /// Keeps a block; where there is no room, the lowest blocks go that are neither on the lock's branch nor about to be
    /// decided.
    pub(super) fn keep(&mut self, leaf: Digest, content: Content, wanted: bool) {
        if self.tree.insert(leaf, content.clone(), wanted) == Inserted::Full {
            let way = |data: &VoteData| match self.tree.path(&data.leaf, data.height.get()) {
                Path::Complete(way) => way,
                Path::Missing { .. } | Path::Conflict => vec![data.leaf],
            };
            let mut keep: BTreeSet<Digest> = way(&self.lock.data()).into_iter().collect();
            keep.extend(self.decidable().iter().flat_map(way));
            self.tree.make_room(content.payload().len(), &keep);
            self.tree.insert(leaf, content, wanted);
        }
    }

    /// The lock is the highest certified leaf known, and never falls. The certificate of a view ends it.
    pub(super) fn take_certificate1(
        &mut self,
        certificate: Certificate1,
        out: &mut Vec<Output>,
    ) -> Result<(), HaltReason> {
        let view = certificate.view();
        if view < self.decided_view() {
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
        if view >= self.view {
            self.enter(view.next(), false, out);
            self.send(Outgoing::Certificate1(certificate), out);
        }
        Ok(())
    }

    fn raise_lock(&mut self, certificate: Certificate1) {
        if certificate.view() > self.lock.view() {
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
            let contradicts = at_root || off_chain || view > self.decided_view();
            return if contradicts { Err(conflict) } else { Ok(()) };
        }
        if view <= self.decided_view() {
            return Err(conflict);
        }
        self.refuse_diverged(&data)?;
        match self.finals.get_mut(&view) {
            Some(known) if known.data.leaf != data.leaf => {
                return Err(HaltReason::ConflictingCertificates { view });
            }
            Some(known) => known.certificate = known.certificate.take().or(certificate),
            None => {
                self.finals.insert(view, Final { data, certificate });
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
        let views: Vec<View> = self.finals.keys().copied().collect();
        let but_highest = views.split_last().map_or(&[][..], |(_, lower)| lower);
        if let Some(view) = but_highest.get(decidable).or(but_highest.last()) {
            self.finals.remove(view);
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
        if self.timeout.as_ref().is_none_or(|known| view > known.view()) {
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
            let data = VoteData::of(&block.header, leaf);
            let own = fetched.certificate.data() == &data;
            self.keep(leaf, Content::Block(block.clone()), true);
            self.take_final(data, own.then(|| fetched.certificate.clone()))?;
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
                if self.is_certified(view, leaf) {
                    return Err(HaltReason::Diverged { view });
                }
                let member = self.committee().leader(view).node;
                let fault = Fault::InvalidBlock(view);
                out.push(Output::Misbehaviour { member, fault });
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
            Outgoing::Proposal(proposal) if proposal.view() > given_up => {
                self.said.proposal = Some(Arc::clone(proposal));
            }
            Outgoing::Vote1(data) if data.view > given_up => self.said.vote1 = Some(*data),
            Outgoing::Proposal(_) | Outgoing::Vote1(_) => return,
            Outgoing::Vote2(data) => self.said.vote2 = Some(*data),
            Outgoing::Timeout(data, _) if data.view == self.view => self.said.timeout = Some(what.clone()),
            _ => {}
        }
        self.send(what, out);
    }
}
