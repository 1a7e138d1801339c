//! What comes back from workers, storage and application.

use std::sync::Arc;

use hotshot::{Anchor, Input, Recipient, Record, Token, Verdict, tally::Counted};
use hotshot_types::{
    Block, Certificate1, Certificate2, Committee, Epoch, Height, Message, MessageError, NodeId, Phase,
    Phase1, Phase2, SignedProposal, TimeoutCertificate, TimeoutVote, UpgradeCertificate, UpgradeVote,
    VerifiedShare, View, Vote1, Vote2, VoteData, dispersal::ReconstructError, message::FetchedBlocks,
};
use rollup_abi::Digest;

use super::{
    Driver,
    intake::{LEAF, PHASE1, PHASE2},
};
use crate::{
    handle::{EngineError, Event},
    ports::{
        Application, ApplicationError, BuiltBlock, Clock, DecidedBlock, Network, Signer, SignerError,
        Storage, StorageError,
    },
    verify::{CheckedBatch, PeerFault},
};

/// A signed message of ours; own votes are counted like everybody's.
#[derive(Debug)]
pub(super) enum Said {
    Vote1(Vote1),
    Vote2(Vote2),
    Timeout(TimeoutVote),
    Upgrade(UpgradeVote),
    Answer(NodeId, Message),
    Other(Message),
}

impl Said {
    pub(super) fn message(&self) -> Message {
        match self {
            Self::Vote1(vote) => Message::Vote1(*vote),
            Self::Vote2(vote) => Message::Vote2(*vote),
            Self::Timeout(vote) => Message::Timeout(vote.clone()),
            Self::Upgrade(vote) => Message::UpgradeVote(*vote),
            Self::Answer(_, message) | Self::Other(message) => message.clone(),
        }
    }
}

/// Something that was done beside the driver's task.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Of a worker.
    Work(Box<Outcome>),
    Written(Result<Vec<Token>, StorageError>),
    Applied(Result<Arc<[DecidedBlock]>, ApplicationError>),
    Built {
        view: View,
        done: Result<BuiltBlock, ApplicationError>,
    },
    Validated {
        leaf: Digest,
        done: Result<(), ApplicationError>,
    },
    Committee {
        epoch: Epoch,
        done: Result<Option<Committee>, ApplicationError>,
    },
    Served {
        to: NodeId,
        done: Result<Option<FetchedBlocks>, ApplicationError>,
    },
    Signed {
        to: Recipient,
        said: Result<(Result<Vec<u8>, MessageError>, Said), SignerError>,
    },
    Proposal {
        from: NodeId,
        data: VoteData,
        checked: Result<SignedProposal, PeerFault>,
    },
    /// A proposal whose payload travels in shares.
    Bare {
        from: NodeId,
        data: VoteData,
        checked: Result<SignedProposal, PeerFault>,
    },
    Share {
        from: NodeId,
        data: VoteData,
        checked: Result<VerifiedShare, PeerFault>,
    },
    Reconstructed {
        data: VoteData,
        done: Result<Arc<[u8]>, ReconstructError>,
    },
    /// Own proposal, cut into messages.
    Dispersed(Result<Vec<(Recipient, Vec<u8>)>, SignerError>),
    Batch1(CheckedBatch<Phase1>),
    Batch2(CheckedBatch<Phase2>),
    Certificate1 {
        from: NodeId,
        data: VoteData,
        checked: Result<Certificate1, PeerFault>,
    },
    Certificate2 {
        from: NodeId,
        data: VoteData,
        checked: Result<Certificate2, PeerFault>,
    },
    Timeout {
        from: NodeId,
        index: usize,
        checked: Result<TimeoutVote, PeerFault>,
    },
    TimeoutCertificate {
        from: NodeId,
        checked: Result<Arc<TimeoutCertificate>, PeerFault>,
    },
    UpgradeVote {
        from: NodeId,
        index: usize,
        checked: Result<UpgradeVote, PeerFault>,
    },
    Upgrade {
        from: NodeId,
        checked: Result<UpgradeCertificate, PeerFault>,
    },
    Blocks {
        from: NodeId,
        checked: Result<Arc<FetchedBlocks>, PeerFault>,
    },
}

impl<N, S, A, G, C> Driver<N, S, A, G, C>
where
    N: Network,
    S: Storage,
    A: Application,
    G: Signer,
    C: Clock,
{
    pub(super) fn conclude(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Work(outcome) => {
                self.running -= 1;
                if !matches!(*outcome, Outcome::Signed { .. } | Outcome::Dispersed(_)) {
                    self.outlets.counters.checks.add(1);
                }
                self.conclude(*outcome);
            }
            Outcome::Written(done) => {
                self.writing = false;
                match done {
                    Ok(tokens) => self.feed.extend(tokens.into_iter().map(Input::Persisted)),
                    Err(error) => self.fail(error),
                }
            }
            Outcome::Applied(done) => self.applied(done),
            Outcome::Built { view, done } => self.built(view, done),
            Outcome::Validated { leaf, done } => self.validated(leaf, done),
            Outcome::Committee { epoch, done } => self.know_committee(epoch, done),
            Outcome::Served { to, done } => self.served(to, done),
            Outcome::Signed { to, said } => self.signed(to, said),
            Outcome::Proposal { from, data, checked } => {
                self.checking.remove(&(LEAF, data));
                self.checked(from, checked, Input::Proposal);
            }
            Outcome::Bare { from, data, checked } => self.bare(from, data, checked),
            Outcome::Share { from, data, checked } => self.share(from, data, checked),
            Outcome::Reconstructed { data, done } => self.reconstructed(data, done),
            Outcome::Dispersed(done) => self.dispersed(done),
            Outcome::Batch1(batch) => self.batch1(batch),
            Outcome::Batch2(batch) => self.batch2(batch),
            Outcome::Certificate1 { from, data, checked } => {
                self.checking.remove(&(PHASE1, data));
                if checked.is_ok() {
                    self.votes1.settle(&data);
                }
                self.checked(from, checked, Input::Certificate1);
            }
            Outcome::Certificate2 { from, data, checked } => {
                self.checking.remove(&(PHASE2, data));
                if checked.is_ok() {
                    self.votes2.settle(&data);
                }
                self.checked(from, checked, Input::Certificate2);
            }
            Outcome::Timeout { from, index, checked } => {
                self.budgets.end_check(from);
                match checked {
                    Ok(vote) => self.count_timeout(index, vote),
                    Err(fault) => self.blame(from, fault),
                }
            }
            Outcome::UpgradeVote { from, index, checked } => {
                self.budgets.end_check(from);
                match checked {
                    Ok(vote) => self.count_upgrade(index, vote),
                    Err(fault) => self.blame(from, fault),
                }
            }
            Outcome::Upgrade { from, checked } => self.checked(from, checked, Input::Upgrade),
            Outcome::TimeoutCertificate { from, checked } => {
                self.checked(from, checked, Input::TimeoutCertificate);
            }
            Outcome::Blocks { from, checked } => self.checked(from, checked, Input::Blocks),
        }
    }

    pub(super) fn fail(&mut self, error: impl Into<EngineError>) {
        let error = error.into();
        tracing::error!(%error, "the engine ends");
        self.ended.get_or_insert(error);
    }

    fn checked<T>(&mut self, from: NodeId, checked: Result<T, PeerFault>, input: impl FnOnce(T) -> Input) {
        self.budgets.end_check(from);
        match checked {
            Ok(good) => self.feed.push_back(input(good)),
            Err(fault) => self.blame(from, fault),
        }
    }

    /// The application has made a run durable: the log may say so, and the world may know.
    fn applied(&mut self, done: Result<Arc<[DecidedBlock]>, ApplicationError>) {
        self.applying = false;
        let blocks = match done {
            Ok(blocks) => blocks,
            Err(error) => return self.fail(error),
        };
        self.undelivered.pop_front();
        if let Some(last) = blocks.last() {
            self.status.decided = Height::new(last.header.height);
            self.unwritten.push(Record::Decided(Anchor {
                header: last.header.clone(),
                certificate: last.certificate.clone(),
            }));
        }
        self.ask_for_committees(&blocks);
        let _ = self.outlets.events.send(Event::Decided(blocks));
        self.release_validations();
    }

    /// The last block of an epoch fixes the committee of the epoch after the next.
    fn ask_for_committees(&mut self, blocks: &[DecidedBlock]) {
        let epochs = self.rules.epochs;
        let last = blocks.iter().rev().map(|block| Height::new(block.header.height));
        let Some(height) = last.into_iter().find(|height| epochs.is_last(*height)) else {
            return;
        };
        let epoch = epochs.of(height).plus(2);
        let application = Arc::clone(&self.ports.application);
        self.tasks.spawn(async move {
            let done = application.committee(epoch).await;
            Outcome::Committee { epoch, done }
        });
    }

    fn know_committee(&mut self, epoch: Epoch, done: Result<Option<Committee>, ApplicationError>) {
        let committee = match done {
            Ok(Some(committee)) if committee.epoch() == epoch => committee,
            Ok(_) => {
                return self.fail(ApplicationError::Fatal {
                    operation: "committee",
                    reason: format!("none for epoch {epoch}, which a decided block has fixed"),
                });
            }
            Err(error) => return self.fail(error),
        };
        self.rules.committees.add(committee.clone());
        self.feed.push_back(Input::Committee(committee.clone()));
        let _ = self.outlets.events.send(Event::Committee(committee));
    }

    fn built(&mut self, view: View, done: Result<BuiltBlock, ApplicationError>) {
        match done {
            Ok(BuiltBlock { header, payload }) => {
                let block = Block { header, payload };
                self.feed.push_back(Input::Built { view, block });
            }
            Err(error @ ApplicationError::Fatal { .. }) => self.fail(error),
            Err(error) => {
                tracing::warn!(%view, %error, "no block was built");
                self.feed.push_back(Input::BuildFailed(view));
            }
        }
    }

    fn validated(&mut self, leaf: Digest, done: Result<(), ApplicationError>) {
        let verdict = match done {
            Ok(()) => Verdict::Valid,
            Err(error @ ApplicationError::Fatal { .. }) => return self.fail(error),
            Err(ApplicationError::MissingParent { height }) => {
                tracing::debug!(height, "the parent's state is not here yet");
                Verdict::Retry
            }
            Err(ApplicationError::Invalid(reason)) => {
                tracing::warn!(reason, "an invalid block was proposed");
                Verdict::Invalid
            }
        };
        self.feed.push_back(Input::Validated { leaf, verdict });
    }

    fn served(&mut self, to: NodeId, done: Result<Option<FetchedBlocks>, ApplicationError>) {
        self.budgets.end_serving(to);
        match done {
            Ok(Some(blocks)) => {
                self.outlets.counters.fetches_served.add(1);
                self.transmit(Recipient::One(to), &Message::FetchedBlocks(Arc::new(blocks)));
            }
            Ok(None) => {}
            Err(error) => self.fail(error),
        }
    }

    fn signed(&mut self, to: Recipient, said: Result<(Result<Vec<u8>, MessageError>, Said), SignerError>) {
        let (bytes, said) = match said {
            Ok(said) => said,
            Err(error) => return self.fail(error),
        };
        match bytes {
            Ok(bytes) => self.transmit_bytes(to, &said.message(), bytes.into()),
            Err(error) => tracing::error!(%error, "a message of ours does not fit"),
        }
        match said {
            Said::Vote1(vote) => self.count_own1(&vote),
            Said::Vote2(vote) => self.count_own2(&vote),
            Said::Timeout(vote) => {
                let committee = self.rules.committees.of(vote.data.epoch);
                if let Some(index) = committee.and_then(|committee| committee.index_of(&self.node)) {
                    self.count_timeout(index, vote);
                }
            }
            Said::Upgrade(vote) => {
                let committee = self.rules.committees.of(vote.data.epoch);
                if let Some(index) = committee.and_then(|committee| committee.index_of(&self.node)) {
                    self.count_upgrade(index, vote);
                }
            }
            Said::Answer(to, _) => {
                self.outlets.counters.fetches_served.add(1);
                self.budgets.end_serving(to);
            }
            Said::Other(_) => {}
        }
    }

    fn count_own1(&mut self, vote: &Vote1) {
        if let Some((committee, index)) = self.own_vote(&vote.data)
            && let Counted::Quorum(batch) = self.votes1.add(&committee, index, vote)
        {
            self.check_batch1(committee, batch);
        }
    }

    fn count_own2(&mut self, vote: &Vote2) {
        if let Some((committee, index)) = self.own_vote(&vote.data)
            && let Counted::Quorum(batch) = self.votes2.add(&committee, index, vote)
        {
            self.check_batch2(committee, batch);
        }
    }

    /// This node's place among the voters, if the vote is not settled meanwhile.
    fn own_vote(&self, data: &VoteData) -> Option<(Committee, usize)> {
        let open = data.view.get() > self.core.decided().view;
        let committee = self.rules.committees.of(data.epoch).filter(|_| open)?;
        Some((committee.clone(), committee.index_of(&self.node)?))
    }

    fn batch1(&mut self, batch: CheckedBatch<Phase1>) {
        self.checking.remove(&(PHASE1, batch.data));
        let bad = self.judge(&batch);
        if let Some(committee) = self.rules.committees.of(batch.data.epoch).cloned()
            && let Some(next) = self.votes1.checked(&committee, &batch.data, &bad)
        {
            self.check_batch1(committee, next);
        }
        self.feed.extend(batch.certificate.map(Input::Certificate1));
    }

    fn batch2(&mut self, batch: CheckedBatch<Phase2>) {
        self.checking.remove(&(PHASE2, batch.data));
        let bad = self.judge(&batch);
        if let Some(committee) = self.rules.committees.of(batch.data.epoch).cloned()
            && let Some(next) = self.votes2.checked(&committee, &batch.data, &bad)
        {
            self.check_batch2(committee, next);
        }
        self.feed.extend(batch.certificate.map(Input::Certificate2));
    }

    /// Blames the bad signers of a batch; returns whose votes do not count.
    fn judge<P: Phase>(&mut self, batch: &CheckedBatch<P>) -> Vec<usize> {
        if batch.certificate.is_some() {
            self.outlets.counters.votes_verified.add(batch.votes);
            return Vec::new();
        }
        self.outlets.counters.aggregates_failed.add(1);
        let committee = self.rules.committees.of(batch.data.epoch).cloned();
        let members = committee.as_ref().map_or(&[][..], Committee::members);
        for member in batch.bad.iter().filter_map(|index| members.get(*index)) {
            self.blame(member.node, PeerFault::Signature("vote"));
        }
        batch.bad.clone()
    }

    fn count_upgrade(&mut self, index: usize, vote: UpgradeVote) {
        if let Some(committee) = self.rules.committees.of(vote.data.epoch)
            && self.core.wants_upgrade(&vote.data)
        {
            let certificate = self.upgrades.add(committee, index, vote);
            self.feed.extend(certificate.map(Input::Upgrade));
        }
    }

    fn count_timeout(&mut self, index: usize, vote: TimeoutVote) {
        let Some(committee) = self.rules.committees.of(vote.data.epoch) else {
            return;
        };
        if let Some(lock) = vote.lock.certificate() {
            self.feed.push_back(Input::Certificate1(lock.clone()));
        }
        if vote.data.view < self.core.view() {
            return;
        }
        let news = self.timeouts.add(committee, index, vote);
        let join = |(epoch, view)| Input::TimeoutOneHonest { epoch, view };
        self.feed.extend(news.one_honest.map(join));
        self.feed.extend(news.certificate.map(Input::TimeoutCertificate));
    }
}
