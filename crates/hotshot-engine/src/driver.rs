//! The engine's one task: it owns the core, feeds it, and carries out what comes of it.

mod dispersal;
mod intake;
mod outcome;
mod output;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use hotshot::{
    Anchor, Config, Consensus, Input, Now, Output, Record, Recovery, Token,
    tally::{TimeoutTally, UpgradeTally, VoteTally},
};
use hotshot_types::{Epoch, Epochs, Height, Message, NodeId, Phase1, Phase2, Unvalidated, VoteData};
use rollup_abi::Digest;
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    budget::Budgets,
    driver::{
        dispersal::Dispersals,
        outcome::{Outcome, Said},
    },
    handle::{Counters, EVENT_CAPACITY, EngineConfig, EngineError, EngineHandle, Event, Ports, Status},
    ports::{Application, Clock, DecidedBlock, Network, Signer, Storage},
    verify::Rules,
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

/// Adds the committees around the epoch that the node starts in, if the application knows more than the configuration.
async fn know_committees<A: Application>(
    application: &A,
    config: &mut EngineConfig,
    recovery: &Recovery,
) -> Result<(), EngineError> {
    if config.epochs == Epochs::ENDLESS {
        return Ok(());
    }
    let epoch = config.epochs.of(Height::new(recovery.anchor.header.height));
    for epoch in [epoch.previous(), epoch, epoch.next(), epoch.plus(2)] {
        if let Some(committee) = application.committee(epoch).await? {
            config.committees.add(committee);
        }
    }
    config.committees.forget_before(epoch.previous());
    Ok(())
}

async fn run<N, S, A, G, C>(
    mut config: EngineConfig,
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
    know_committees(&*ports.application, &mut config, &recovery).await?;
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
    rules: Rules,
    workers: usize,
    ports: Ports<N, S, A, G, C>,
    outlets: Outlets,
    inbox: mpsc::Receiver<Received>,

    core: Consensus,
    votes1: VoteTally<Phase1>,
    votes2: VoteTally<Phase2>,
    timeouts: TimeoutTally,
    upgrades: UpgradeTally,
    dispersals: Dispersals,
    budgets: Budgets,
    status: Status,
    timer: Duration,
    /// The last epoch whose committee has a key for this node that its signer does not hold.
    keyless: Option<Epoch>,

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
            epochs: config.epochs,
            genesis: config.genesis.clone(),
            timing: config.timing,
            speaks: config.speaks,
            upgrade: config.upgrade,
        };
        let core = Consensus::new(core_config, recovery, now);
        let status = Status {
            view: core.view(),
            decided,
            timeouts: 0,
        };
        Self {
            node: config.node,
            rules: Rules {
                committees: config.committees,
                epochs: config.epochs,
                genesis: config.genesis.commitment(),
            },
            workers: config.crypto_workers.max(1),
            ports,
            outlets,
            inbox,
            core,
            votes1: VoteTally::default(),
            votes2: VoteTally::default(),
            timeouts: TimeoutTally::default(),
            upgrades: UpgradeTally::default(),
            dispersals: Dispersals::default(),
            budgets: Budgets::default(),
            status,
            timer: now.elapsed,
            keyless: None,
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
}

fn now(clock: &impl Clock) -> Now {
    Now {
        elapsed: clock.now(),
        wall_ms: clock.wall_ms(),
    }
}
