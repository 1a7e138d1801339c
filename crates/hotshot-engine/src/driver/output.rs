//! What the core wants done.

use std::sync::Arc;

use hotshot::{Input, Outgoing, Output, Recipient};
use hotshot_types::{
    Epoch, Message, NodeId, Phase1, Phase2, Proposal, PublicKey, Signature, SignedProposal, TimeoutVote,
    UpgradeVote, View, Vote, dispersal,
};
use rollup_abi::Digest;

use super::{Driver, MAX_ASKED, MAX_UNAPPLIED, Outcome, Said, VIEWS_BACK};
use crate::{
    handle::{EngineError, Event},
    ports::{
        Application, BuildRequest, Clock, DecidedBlock, Network, Priority, Signer, SignerError, Storage,
        Target,
    },
    verify::PeerFault,
};

/// Signs a digest.
pub(super) type SignFn<'a> = &'a dyn Fn(&Digest) -> Result<Signature, SignerError>;

impl<N, S, A, G, C> Driver<N, S, A, G, C>
where
    N: Network,
    S: Storage,
    A: Application,
    G: Signer,
    C: Clock,
{
    pub(super) fn carry_out(&mut self, output: Output) {
        match output {
            Output::Persist { token, records } => {
                self.unwritten.extend(records);
                self.unwritten_tokens.push(token);
            }
            Output::Send { to, what } => self.send(to, what),
            Output::Build { .. } => self.build(output),
            Output::Validate { .. } => {
                self.held.push_back(output);
                self.release_validations();
            }
            Output::Decide(blocks) => {
                let blocks = blocks.into_iter().map(|decided| DecidedBlock {
                    header: decided.block.header,
                    payload: decided.block.payload,
                    certificate: decided.certificate,
                });
                self.undelivered.push_back(blocks.collect());
                let epoch = Epoch::new(self.core.decided().epoch);
                self.rules.committees.forget_before(epoch.previous());
                self.prune();
            }
            Output::ViewChanged { view, timed_out } => {
                tracing::debug!(%view, timed_out, "view");
                let _ = self.outlets.events.send(Event::ViewChanged { view, timed_out });
                self.prune();
            }
            Output::Upgraded { version, height } => {
                tracing::info!(version, %height, "the chain goes on by other rules");
                let _ = self.outlets.events.send(Event::Upgraded { version, height });
            }
            Output::CannotUpgrade(upgrade) => {
                tracing::error!(%upgrade, "others agreed on a version that this node does not speak");
                let _ = self.outlets.events.send(Event::CannotUpgrade(upgrade));
            }
            Output::EpochChanged(epoch) => {
                self.upgrades.prune(epoch);
                tracing::info!(%epoch, "the epoch before has handed over");
                // What its members gave up before this node was in it, it joins now.
                let committee = self.rules.committees.of(epoch);
                let view = committee.and_then(|committee| self.timeouts.one_honest(committee, epoch));
                self.feed
                    .extend(view.map(|view| Input::TimeoutOneHonest { epoch, view }));
                let _ = self.outlets.events.send(Event::EpochChanged(epoch));
            }
            Output::TimedOut(view) => {
                tracing::info!(%view, "gave the view up");
                self.status.timeouts += 1;
            }
            Output::SetTimer(at) => self.timer = at,
            Output::Misbehaviour { member, fault } => self.blame(member, fault.into()),
            Output::Halt(reason) => {
                tracing::error!(%reason, "consensus has stopped");
                self.ended = Some(EngineError::Halted(reason));
            }
        }
    }

    pub(super) fn prune(&mut self) {
        let decided = View::new(self.core.decided().view);
        let oldest = View::new(self.core.view().get().saturating_sub(VIEWS_BACK));
        let from = decided.next().max(oldest);
        self.votes1.prune(from);
        self.votes2.prune(from);
        self.timeouts.prune(self.core.view());
        self.dispersals.prune(decided.next());
    }

    /// A peer's fault is a value: it is counted, told, and makes the peer's budget smaller.
    pub(super) fn blame(&mut self, member: NodeId, fault: PeerFault) {
        tracing::warn!(peer = %member, %fault, "a member broke a rule");
        self.outlets.counters.faults.add(1);
        self.budgets.strike(member, self.ports.clock.now());
        let _ = self.outlets.events.send(Event::Misbehaviour { member, fault });
    }

    /// One write at a time, of all that has come up meanwhile: a group commit.
    pub(super) fn write(&mut self) {
        if self.writing || self.unwritten.is_empty() {
            return;
        }
        self.writing = true;
        let records = std::mem::take(&mut self.unwritten);
        let tokens = std::mem::take(&mut self.unwritten_tokens);
        self.outlets.counters.commits.add(1);
        self.outlets.counters.records.add(records.len());
        let storage = Arc::clone(&self.ports.storage);
        self.tasks.spawn(async move {
            let done = storage.persist(records).await;
            Outcome::Written(done.map(|()| tokens))
        });
    }

    /// One run at a time goes to the application, in order.
    pub(super) fn apply(&mut self) {
        if self.applying {
            return;
        }
        let Some(blocks) = self.undelivered.front().cloned() else {
            return;
        };
        self.applying = true;
        let application = Arc::clone(&self.ports.application);
        self.tasks.spawn(async move {
            let done = application.decided(blocks.to_vec()).await;
            Outcome::Applied(done.map(|()| blocks))
        });
    }

    pub(super) fn release_validations(&mut self) {
        while self.undelivered.len() <= MAX_UNAPPLIED
            && let Some(Output::Validate { parent, block, leaf }) = self.held.pop_front()
        {
            let application = Arc::clone(&self.ports.application);
            self.tasks.spawn(async move {
                let done = application.validate(parent, block.header, block.payload).await;
                Outcome::Validated { leaf, done }
            });
        }
    }

    fn build(&mut self, order: Output) {
        let Some(committee) = self.rules.committees.of(self.core.epoch()).cloned() else {
            return;
        };
        let Output::Build {
            view,
            epoch,
            next_committee,
            version,
            parent,
        } = order
        else {
            return;
        };
        let request = BuildRequest {
            view,
            epoch,
            version,
            next_committee,
            committee,
            now_ms: self.ports.clock.wall_ms(),
            parent,
        };
        let application = Arc::clone(&self.ports.application);
        self.tasks.spawn(async move {
            let done = application.build(request).await;
            Outcome::Built { view, done }
        });
    }

    /// Sends; what needs a signature is signed by a worker first.
    fn send(&mut self, to: Recipient, what: Outgoing) {
        match what {
            Outgoing::Proposal(proposal) if dispersal::is_dispersed(proposal.payload.len()) => {
                self.disperse(proposal);
            }
            Outgoing::Proposal(proposal) => self.sign(proposal.epoch(), to, move |sign| {
                let signature = sign(&Proposal::digest(proposal.view, &proposal.leaf()))?;
                Ok(Said::Other(Message::Proposal(SignedProposal {
                    proposal,
                    signature,
                })))
            }),
            Outgoing::Vote1(data) => {
                let digest = data.digest::<Phase1>(self.chain_id());
                self.sign(data.epoch, to, move |sign| {
                    Ok(Said::Vote1(Vote::new(data, sign(&digest)?)))
                });
            }
            Outgoing::Vote2(data) => {
                let digest = data.digest::<Phase2>(self.chain_id());
                self.sign(data.epoch, to, move |sign| {
                    Ok(Said::Vote2(Vote::new(data, sign(&digest)?)))
                });
            }
            Outgoing::Timeout(data, lock) => {
                let digest = data.digest(self.chain_id());
                self.sign(data.epoch, to, move |sign| {
                    let signature = sign(&digest)?;
                    Ok(Said::Timeout(TimeoutVote {
                        data,
                        signature,
                        lock,
                    }))
                });
            }
            Outgoing::UpgradeVote(data) => {
                let digest = data.digest(self.chain_id());
                self.sign(data.epoch, to, move |sign| {
                    let signature = sign(&digest)?;
                    Ok(Said::Upgrade(UpgradeVote { data, signature }))
                });
            }
            Outgoing::Upgrade(certificate) => {
                self.transmit(to, &Message::UpgradeCertificate(certificate));
            }
            Outgoing::Certificate1(certificate) => self.transmit(to, &Message::Certificate1(certificate)),
            Outgoing::Certificate2(certificate) => self.transmit(to, &Message::Certificate2(certificate)),
            Outgoing::TimeoutCertificate(certificate) => {
                self.transmit(to, &Message::TimeoutCertificate(certificate));
            }
            Outgoing::FetchProposal(fetch) => {
                self.outlets.counters.fetches_sent.add(1);
                self.asked_proposals.retain(|leaf| *leaf != fetch.leaf);
                self.asked_proposals.push_back(fetch.leaf);
                if self.asked_proposals.len() > MAX_ASKED {
                    self.asked_proposals.pop_front();
                }
                self.transmit(to, &Message::FetchProposal(fetch));
            }
            Outgoing::FetchBlocks(fetch) => {
                self.outlets.counters.fetches_sent.add(1);
                if let Recipient::One(node) = to {
                    self.asked_blocks.insert(node, self.ports.clock.now());
                }
                self.transmit(to, &Message::FetchBlocks(fetch));
            }
        }
    }

    fn chain_id(&self) -> &Digest {
        self.rules.committees.chain_id()
    }

    /// Has a worker sign what this node says as a member of an epoch's committee.
    pub(super) fn sign(
        &mut self,
        epoch: Epoch,
        to: Recipient,
        say: impl FnOnce(SignFn<'_>) -> Result<Said, SignerError> + Send + 'static,
    ) {
        let Some(key) = self.own_key(epoch) else { return };
        let signer = Arc::clone(&self.ports.signer);
        self.signing.push_back(Box::new(move || {
            let said = say(&|digest| signer.sign_with(&key, digest));
            Outcome::Signed {
                to,
                said: said.map(|said| (said.message().encode(), said)),
            }
        }));
    }

    /// The key that an epoch's committee has for this node. Without that key, this node only follows.
    pub(super) fn own_key(&mut self, epoch: Epoch) -> Option<PublicKey> {
        let committee = self.rules.committees.of(epoch)?;
        let key = committee.members()[committee.index_of(&self.node)?].key.clone();
        if self.ports.signer.holds(&key) {
            return Some(key);
        }
        if self.keyless.replace(epoch) != Some(epoch) {
            tracing::error!(%epoch, %key, "the committee has a key for this node that it does not hold");
        }
        None
    }

    pub(super) fn transmit(&self, to: Recipient, message: &Message) {
        match message.encode() {
            Ok(bytes) => self.transmit_bytes(to, message, bytes.into()),
            Err(error) => tracing::error!(%error, kind = message.name(), "a message of ours does not fit"),
        }
    }

    pub(super) fn transmit_bytes(&self, to: Recipient, message: &Message, bytes: Arc<[u8]>) {
        let target = match to {
            Recipient::Others => Target::Others,
            Recipient::One(node) => Target::One(node),
        };
        if let Err(error) = self.ports.network.send(target, priority(message), bytes) {
            tracing::debug!(%error, kind = message.name(), "not sent");
        }
    }
}

fn priority(message: &Message) -> Priority {
    match message {
        Message::Proposal(_) | Message::Dispersed(_) => Priority::Proposal,
        Message::FetchProposal(_)
        | Message::FetchedProposal(_)
        | Message::FetchBlocks(_)
        | Message::FetchedBlocks(_) => Priority::Sync,
        Message::Vote1(_)
        | Message::Vote2(_)
        | Message::Certificate1(_)
        | Message::Certificate2(_)
        | Message::Timeout(_)
        | Message::TimeoutCertificate(_)
        | Message::UpgradeVote(_)
        | Message::UpgradeCertificate(_) => Priority::Vote,
    }
}
