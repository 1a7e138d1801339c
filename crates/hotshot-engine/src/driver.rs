//! The engine's one task: it owns the core, feeds it, and carries out what comes of it.

mod intake;
mod outcome;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use hotshot::{
    Anchor, Committees, Config, Consensus, Input, Now, Outgoing, Output, Recipient, Record, Recovery, Token,
    tally::{TimeoutTally, VoteTally},
};
use hotshot_types::{
    Committee, Epoch, Height, Message, NodeId, Phase1, Phase2, Proposal, SignedProposal, TimeoutVote,
    Unvalidated, View, Vote, VoteData,
};
use rollup_abi::Digest;
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    budget::Budgets,
    driver::outcome::{Outcome, Said},
    handle::{Counters, EVENT_CAPACITY, EngineConfig, EngineError, EngineHandle, Event, Ports, Status},
    ports::{Application, BuildRequest, Clock, DecidedBlock, Network, Priority, Signer, Storage, Target},
    verify::PeerFault,
};

/// Decoded messages waiting for the driver; the network drops what does not fit behind them.
const INBOX: usize = 256;
/// Checks waiting for a worker; of more, the newest are dropped, for consensus repeats what matters.
const MAX_CHECKS: usize = 1024;
/// Decided runs waiting for the application; beyond, no new block is validated, so nothing more is decided soon.
const MAX_UNAPPLIED: usize = 64;
/// Fetches remembered as asked.
const MAX_ASKED: usize = 64;
/// When nothing is due.
const FAR: Duration = Duration::from_secs(3600);
/// Views below the current one whose votes may still complete a quorum.
const VIEWS_BACK: u64 = 256;
/// Blocks read at a time when the log is behind the application.
const RECONCILE_STEP: usize = 64;

type Job = Box<dyn FnOnce() -> Outcome + Send>;
type Received = (NodeId, Result<Unvalidated<Message>, ()>);

/// Starts engines.
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Starts an engine on the current runtime. `recovery` is what the storage folded from its log.
    pub fn spawn<N, S, A, G, C>(
        config: EngineConfig,
        recovery: Recovery,
        ports: Ports<N, S, A, G, C>,
    ) -> EngineHandle
    where
        N: Network,
        S: Storage,
        A: Application,
        G: Signer,
        C: Clock,
    {
        let (status_in, status) = watch::channel(Status::default());
        let (events, _) = broadcast::channel(EVENT_CAPACITY);
        let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
        let outlets = Outlets {
            status: status_in,
            events: events.clone(),
            counters: Arc::clone(&counters),
        };
        let task = tokio::spawn(run(config, recovery, ports, outlets, stop.clone()));
        EngineHandle {
            status,
            events,
            counters,
            stop,
            task: Some(task),
        }
    }
}

#[derive(Debug)]
struct Outlets {
    status: watch::Sender<Status>,
    events: broadcast::Sender<Event>,
    counters: Arc<Counters>,
}

/// The log's anchor trails the application by what was being written when the node died: move it up.
async fn reconcile<A: Application>(application: &A, recovery: &mut Recovery) -> Result<(), EngineError> {
    let height = recovery.anchor.header.height;
    if height > 0 {
        let own = application.blocks(Height::new(height), 1, usize::MAX).await?;
        if own
            .first()
            .is_none_or(|block| block.header != recovery.anchor.header)
        {
            return Err(EngineError::LostBlock { expected: height });
        }
    }
    loop {
        let next = Height::new(recovery.anchor.header.height).next();
        let blocks = application.blocks(next, RECONCILE_STEP, 64 << 20).await?;
        let Some(last) = blocks.into_iter().next_back() else {
            return Ok(());
        };
        recovery.raise_anchor(Anchor {
            header: last.header,
            certificate: last.certificate,
        });
    }
}

async fn run<N, S, A, G, C>(
    config: EngineConfig,
    mut recovery: Recovery,
    ports: Ports<N, S, A, G, C>,
    outlets: Outlets,
    stop: CancellationToken,
) -> Result<(), EngineError>
where
    N: Network,
    S: Storage,
    A: Application,
    G: Signer,
    C: Clock,
{
    reconcile(&*ports.application, &mut recovery).await?;
    let (inbox_in, inbox) = mpsc::channel(INBOX);
    let network = Arc::clone(&ports.network);
    let counters = Arc::clone(&outlets.counters);
    let reader = tokio::spawn(async move {
        while let Some(incoming) = network.recv().await {
            let message = Message::decode(&incoming.bytes).map_err(|error| {
                tracing::debug!(peer = %incoming.from, %error, "malformed message");
                counters.messages_malformed.add(1);
            });
            if inbox_in.send((incoming.from, message)).await.is_err() {
                break;
            }
        }
    });
    let mut driver = Driver::new(config, recovery, ports, outlets, inbox);
    let ended = driver.run(stop).await;
    reader.abort();
    // What was begun is finished: a decided block half handed over would be asked for again.
    while driver.tasks.join_next().await.is_some() {}
    ended
}

struct Driver<N, S, A, G, C> {
    node: NodeId,
    committees: Committees,
    genesis: Digest,
    workers: usize,
    ports: Ports<N, S, A, G, C>,
    outlets: Outlets,
    inbox: mpsc::Receiver<Received>,

    core: Consensus,
    votes1: VoteTally<Phase1>,
    votes2: VoteTally<Phase2>,
    timeouts: TimeoutTally,
    budgets: Budgets,
    status: Status,
    timer: Duration,

    /// All that runs beside this task.
    tasks: JoinSet<Outcome>,
    /// Signatures of our own: few, first.
    signing: VecDeque<Job>,
    checks: VecDeque<Job>,
    running: usize,
    /// Leaves and certificates that are being checked.
    checking: BTreeSet<(u8, VoteData)>,

    /// Records not yet handed to the storage.
    unwritten: Vec<Record>,
    unwritten_tokens: Vec<Token>,
    writing: bool,
    undelivered: VecDeque<Arc<[DecidedBlock]>>,
    applying: bool,
    /// Validations that wait for the application to catch up.
    held: VecDeque<Output>,

    asked_proposals: VecDeque<Digest>,
    asked_blocks: BTreeMap<NodeId, Duration>,
    /// Inputs that came of outputs, in order.
    feed: VecDeque<Input>,
    ended: Option<EngineError>,
}

enum Next {
    Stop,
    Tick,
    Done(Result<Outcome, JoinError>),
    Received(Option<Received>),
}

impl<N, S, A, G, C> Driver<N, S, A, G, C>
where
    N: Network,
    S: Storage,
    A: Application,
    G: Signer,
    C: Clock,
{
    fn new(
        config: EngineConfig,
        recovery: Recovery,
        ports: Ports<N, S, A, G, C>,
        outlets: Outlets,
        inbox: mpsc::Receiver<Received>,
    ) -> Self {
        let now = now(&*ports.clock);
        let decided = Height::new(recovery.anchor.header.height);
        let core_config = Config {
            node: config.node,
            committees: config.committees.clone(),
            genesis: config.genesis.clone(),
            timing: config.timing,
        };
        let core = Consensus::new(core_config, recovery, now);
        let status = Status {
            view: core.view(),
            decided,
            timeouts: 0,
        };
        Self {
            node: config.node,
            committees: config.committees,
            genesis: config.genesis.commitment(),
            workers: config.crypto_workers.max(1),
            ports,
            outlets,
            inbox,
            core,
            votes1: VoteTally::default(),
            votes2: VoteTally::default(),
            timeouts: TimeoutTally::default(),
            budgets: Budgets::default(),
            status,
            timer: now.elapsed,
            tasks: JoinSet::new(),
            signing: VecDeque::new(),
            checks: VecDeque::new(),
            running: 0,
            checking: BTreeSet::new(),
            unwritten: Vec::new(),
            unwritten_tokens: Vec::new(),
            writing: false,
            undelivered: VecDeque::new(),
            applying: false,
            held: VecDeque::new(),
            asked_proposals: VecDeque::new(),
            asked_blocks: BTreeMap::new(),
            feed: VecDeque::new(),
            ended: None,
        }
    }

    async fn run(&mut self, stop: CancellationToken) -> Result<(), EngineError> {
        loop {
            self.settle();
            if let Some(error) = self.ended.take() {
                return Err(error);
            }
            let clock = Arc::clone(&self.ports.clock);
            // The timer comes before the inbox: a flood of messages must not stop time.
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => Next::Stop,
                () = clock.sleep_until(self.timer) => Next::Tick,
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => Next::Done(done),
                received = self.inbox.recv() => Next::Received(received),
            };
            match next {
                Next::Stop => return Ok(()),
                Next::Tick => {
                    self.timer = self.ports.clock.now().saturating_add(FAR);
                    self.feed.push_back(Input::Tick);
                }
                Next::Done(Ok(outcome)) => self.conclude(outcome),
                Next::Done(Err(error)) => return Err(EngineError::Died(error.to_string())),
                Next::Received(Some((from, message))) => self.receive(from, message),
                Next::Received(None) => return Err(EngineError::Network),
            }
        }
    }

    /// Feeds the core with all that waits, and starts what came of it.
    fn settle(&mut self) {
        let mut out = Vec::new();
        while let Some(input) = self.feed.pop_front() {
            self.core.step(now(&*self.ports.clock), input, &mut out);
            for output in out.drain(..) {
                self.carry_out(output);
            }
        }
        self.write();
        self.apply();
        self.work();
        self.publish();
    }

    fn publish(&mut self) {
        self.status.view = self.core.view();
        let status = self.status;
        self.outlets
            .status
            .send_if_modified(|known| std::mem::replace(known, status) != status);
        let counters = &self.outlets.counters;
        counters
            .queue_checks
            .set(self.checks.len() + self.signing.len() + self.running);
        counters.queue_decided.set(self.undelivered.len());
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Persist { token, records } => {
                self.unwritten.extend(records);
                self.unwritten_tokens.push(token);
            }
            Output::Send { to, what } => self.send(to, what),
            Output::Build { view, parent } => self.build(view, parent),
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
                self.prune();
            }
            Output::ViewChanged { view, timed_out } => {
                tracing::debug!(%view, timed_out, "view");
                let _ = self.outlets.events.send(Event::ViewChanged { view, timed_out });
                self.prune();
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

    fn prune(&mut self) {
        let decided = View::new(self.core.decided().view);
        let oldest = View::new(self.core.view().get().saturating_sub(VIEWS_BACK));
        let from = decided.next().max(oldest);
        self.votes1.prune(from);
        self.votes2.prune(from);
        self.timeouts.prune(self.core.view());
    }

    /// A peer's fault is a value: it is counted, told, and makes the peer's budget smaller.
    fn blame(&mut self, member: NodeId, fault: PeerFault) {
        tracing::warn!(peer = %member, %fault, "a member broke a rule");
        self.outlets.counters.faults.add(1);
        self.budgets.strike(member, self.ports.clock.now());
        let _ = self.outlets.events.send(Event::Misbehaviour { member, fault });
    }

    /// One write at a time, of all that has come up meanwhile: a group commit.
    fn write(&mut self) {
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
    fn apply(&mut self) {
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

    fn release_validations(&mut self) {
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

    fn build(&mut self, view: View, parent: rollup_abi::Header) {
        let request = BuildRequest {
            view,
            epoch: Epoch::new(parent.epoch),
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
            Outgoing::Proposal(proposal) => self.sign(to, move |sign| {
                let signature = sign(&Proposal::digest(&proposal.leaf()))?;
                Ok(Said::Other(Message::Proposal(SignedProposal {
                    proposal,
                    signature,
                })))
            }),
            Outgoing::Vote1(data) => {
                let digest = data.digest::<Phase1>(self.chain_id());
                self.sign(to, move |sign| Ok(Said::Vote1(Vote::new(data, sign(&digest)?))));
            }
            Outgoing::Vote2(data) => {
                let digest = data.digest::<Phase2>(self.chain_id());
                self.sign(to, move |sign| Ok(Said::Vote2(Vote::new(data, sign(&digest)?))));
            }
            Outgoing::Timeout(data, lock) => {
                let digest = data.digest(self.chain_id());
                self.sign(to, move |sign| {
                    let signature = sign(&digest)?;
                    Ok(Said::Timeout(TimeoutVote {
                        data,
                        signature,
                        lock,
                    }))
                });
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
        self.committees.at(Epoch::ZERO).chain_id()
    }

    fn sign(
        &mut self,
        to: Recipient,
        say: impl FnOnce(SignFn<'_>) -> Result<Said, crate::ports::SignerError> + Send + 'static,
    ) {
        let signer = Arc::clone(&self.ports.signer);
        self.signing.push_back(Box::new(move || {
            let said = say(&|digest| signer.sign(digest));
            Outcome::Signed {
                to,
                said: said.map(|said| (said.message().encode(), said)),
            }
        }));
    }

    fn transmit(&self, to: Recipient, message: &Message) {
        match message.encode() {
            Ok(bytes) => self.transmit_bytes(to, message, bytes.into()),
            Err(error) => tracing::error!(%error, kind = message.name(), "a message of ours does not fit"),
        }
    }

    fn transmit_bytes(&self, to: Recipient, message: &Message, bytes: Arc<[u8]>) {
        let target = match to {
            Recipient::Others => Target::Others,
            Recipient::One(node) => Target::One(node),
        };
        if let Err(error) = self.ports.network.send(target, priority(message), bytes) {
            tracing::debug!(%error, kind = message.name(), "not sent");
        }
    }

    /// Checks something of `from`'s on a worker, if it can afford that.
    fn check(&mut self, from: NodeId, job: impl FnOnce() -> Outcome + Send + 'static) -> bool {
        let affordable =
            self.checks.len() < MAX_CHECKS && self.budgets.begin_check(from, self.ports.clock.now());
        if affordable {
            self.checks.push_back(Box::new(job));
        } else {
            self.outlets.counters.messages_over_budget.add(1);
        }
        affordable
    }

    /// Gives work to the workers: own signatures first.
    fn work(&mut self) {
        while self.running < self.workers {
            let Some(job) = self.signing.pop_front().or_else(|| self.checks.pop_front()) else {
                return;
            };
            self.running += 1;
            self.tasks.spawn_blocking(move || Outcome::Work(Box::new(job())));
        }
    }

    fn committee_of(&self, epoch: Epoch) -> Option<&Committee> {
        self.committees.exactly(epoch)
    }
}

type SignFn<'a> = &'a dyn Fn(&Digest) -> Result<hotshot_types::Signature, crate::ports::SignerError>;

fn now(clock: &impl Clock) -> Now {
    Now {
        elapsed: clock.now(),
        wall_ms: clock.wall_ms(),
    }
}

fn priority(message: &Message) -> Priority {
    match message {
        Message::Proposal(_) => Priority::Proposal,
        Message::FetchProposal(_)
        | Message::FetchedProposal(_)
        | Message::FetchBlocks(_)
        | Message::FetchedBlocks(_) => Priority::Sync,
        Message::Vote1(_)
        | Message::Vote2(_)
        | Message::Certificate1(_)
        | Message::Certificate2(_)
        | Message::Timeout(_)
        | Message::TimeoutCertificate(_) => Priority::Vote,
    }
}
