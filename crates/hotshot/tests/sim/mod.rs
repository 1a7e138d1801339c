//! A seeded network of cores in virtual time: random delay, loss, duplication and reordering, crashes that lose what is not
//! durable, partitions, and a twin (one member's key on two machines). Certificates carry a placeholder for a signature,
//! for the core never looks at one. Checked after every output: agreement, order, one vote per phase and view, durable
//! before sent.

#![allow(dead_code)]

mod node;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    sync::LazyLock,
    time::Duration,
};

use hotshot::{Committees, Config, Input, Now, Output, Record, Timing, Token};
use hotshot_types::{Committee, Epoch, KeyPair, Member, Message, NodeId, Stake, View, VoteData};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rollup_abi::{Digest, Header, sha256};

pub use node::Node;

pub const CHAIN: Digest = [7; 32];
/// Wall clock at virtual time zero.
const EPOCH_MS: u64 = 1_700_000_000_000;

static KEYS: LazyLock<Vec<KeyPair>> = LazyLock::new(|| {
    (1u8..=10)
        .map(|i| {
            let mut secret = [0; 32];
            secret[31] = i;
            KeyPair::from_bytes(&secret).unwrap()
        })
        .collect()
});

/// Stands where a signature would.
pub static PLACEHOLDER: LazyLock<hotshot_types::Signature> = LazyLock::new(|| KEYS[0].sign(&[0; 32]));

pub fn node_id(index: usize) -> NodeId {
    NodeId([u8::try_from(index + 1).unwrap(); 32])
}

pub fn committee(stakes: &[u64]) -> Committee {
    let members = stakes.iter().enumerate().map(|(i, stake)| Member {
        node: node_id(i),
        key: KEYS[i].public().clone(),
        stake: Stake::new(*stake),
    });
    Committee::new(CHAIN, Epoch::ZERO, members.collect()).unwrap()
}

pub fn genesis() -> Header {
    Header {
        chain_id: CHAIN,
        epoch: 0,
        view: 0,
        height: 0,
        timestamp_ms: EPOCH_MS - 1,
        parent: [0; 32],
        payload_commitment: [0; 32],
        state_root: [1; 32],
        roots_acc: [0; 32],
        history_root: [0; 32],
        next_committee: [0; 32],
        inbox_count: 0,
        inbox_hash: [0; 32],
        outbox_root: [0; 32],
    }
}

/// The simulated application's rule.
pub fn state_after(parent: &Header, payload: &[u8]) -> Digest {
    sha256(&[&parent.state_root, payload])
}

pub fn child(parent: &Header, view: View, now_ms: u64, payload: &[u8]) -> Header {
    Header {
        view: view.get(),
        height: parent.height + 1,
        timestamp_ms: now_ms.max(parent.timestamp_ms + 1),
        parent: parent.commitment(),
        payload_commitment: rollup_abi::vote::payload_commitment(payload),
        state_root: state_after(parent, payload),
        ..parent.clone()
    }
}

#[derive(Clone, Debug)]
pub struct Faults {
    pub drop: f64,
    pub duplicate: f64,
    pub max_delay: Duration,
    /// Chance of a crash before each output.
    pub crash: f64,
    /// Chance that the application has to be asked again.
    pub retry: f64,
}

impl Faults {
    pub fn none() -> Self {
        Self {
            drop: 0.0,
            duplicate: 0.0,
            max_delay: Duration::from_millis(5),
            crash: 0.0,
            retry: 0.0,
        }
    }

    pub fn rough() -> Self {
        Self {
            drop: 0.1,
            duplicate: 0.1,
            max_delay: Duration::from_millis(80),
            crash: 0.0005,
            retry: 0.05,
        }
    }
}

#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Event {
    Deliver {
        from: usize,
        to: usize,
        message: Message,
    },
    Input {
        to: usize,
        life: u64,
        input: Box<Input>,
    },
    Durable {
        to: usize,
        life: u64,
        token: Token,
    },
    Applied {
        to: usize,
        life: u64,
    },
    Timer {
        to: usize,
        life: u64,
        at: Duration,
    },
    Restart {
        to: usize,
    },
}

#[derive(Debug)]
struct Scheduled {
    at: Duration,
    order: u64,
    event: Event,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

pub struct Sim {
    pub seed: u64,
    pub rng: StdRng,
    pub now: Duration,
    pub config: Config,
    pub committee: Committee,
    pub nodes: Vec<Node>,
    pub faults: Faults,
    /// Machines of different groups do not hear each other.
    pub groups: Vec<u32>,
    queue: BinaryHeap<Reverse<Scheduled>>,
    order: u64,
    /// The one leaf of each height that honest nodes decided.
    agreed: BTreeMap<u64, Digest>,
    /// What each honest member said, by phase and view.
    votes: BTreeMap<(usize, u8, View), Digest>,
    pub faulty: BTreeSet<usize>,
    /// A fingerprint of all that happened, for the comparison of two runs.
    pub trace: Digest,
}

impl Sim {
    /// `twin` puts a second machine with the first member's identity into the network.
    pub fn new(seed: u64, stakes: &[u64], timing: Timing, twin: bool) -> Self {
        let committee = committee(stakes);
        let config = Config {
            node: node_id(0),
            committees: Committees::new(committee.clone()),
            genesis: genesis(),
            timing,
        };
        let mut sim = Self {
            seed,
            rng: StdRng::seed_from_u64(seed),
            now: Duration::ZERO,
            committee,
            nodes: Vec::new(),
            faults: Faults::none(),
            groups: vec![0; stakes.len() + usize::from(twin)],
            queue: BinaryHeap::new(),
            order: 0,
            agreed: BTreeMap::new(),
            votes: BTreeMap::new(),
            faulty: BTreeSet::new(),
            trace: [0; 32],
            config,
        };
        for index in 0..stakes.len() {
            sim.nodes.push(Node::new(index, &sim.config));
        }
        if twin {
            sim.nodes.push(Node::new(0, &sim.config));
            sim.faulty.extend([0, stakes.len()]);
        }
        for machine in 0..sim.nodes.len() {
            sim.start(machine);
        }
        sim
    }

    pub fn clock(&self) -> Now {
        Now {
            elapsed: self.now,
            wall_ms: EPOCH_MS + u64::try_from(self.now.as_millis()).unwrap(),
        }
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.order += 1;
        self.queue.push(Reverse(Scheduled {
            at: self.now + after,
            order: self.order,
            event,
        }));
    }

    fn delay(&mut self, max: Duration) -> Duration {
        let max = u64::try_from(max.as_micros()).unwrap();
        Duration::from_micros(self.rng.gen_range(0..=max))
    }

    /// Runs until `end`.
    pub fn run_until(&mut self, end: Duration) {
        while let Some(Reverse(next)) = self.queue.peek() {
            if next.at > end {
                break;
            }
            let Reverse(next) = self.queue.pop().unwrap();
            self.now = next.at;
            self.handle(next.event);
        }
        self.now = end;
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Deliver { from, to, message } => self.receive(from, to, message),
            Event::Input { to, life, input } => {
                if self.nodes[to].lives(life) {
                    self.step(to, *input);
                }
            }
            Event::Durable { to, life, token } => {
                if self.nodes[to].lives(life) {
                    self.nodes[to].make_durable(token);
                    self.step(to, Input::Persisted(token));
                }
            }
            Event::Applied { to, life } => {
                if self.nodes[to].lives(life) {
                    self.nodes[to].apply_one();
                }
            }
            Event::Timer { to, life, at } => {
                if self.nodes[to].lives(life) && self.nodes[to].timer == Some(at) {
                    self.step(to, Input::Tick);
                }
            }
            Event::Restart { to } => {
                if self.nodes[to].core.is_none() {
                    self.start(to);
                }
            }
        }
    }

    pub fn start(&mut self, machine: usize) {
        let prune = self.rng.gen_bool(0.5);
        let now = self.clock();
        self.nodes[machine].start(&self.config, now, prune);
        self.step(machine, Input::Tick);
    }

    pub fn crash(&mut self, machine: usize) {
        // Some of what was being written is durable though nobody was told.
        let pending = self.nodes[machine].writing.len();
        let survived = self.rng.gen_range(0..=pending);
        self.nodes[machine].crash(survived);
    }

    /// Feeds an input and carries out what comes of it.
    pub fn step(&mut self, machine: usize, input: Input) {
        let now = self.clock();
        let Some(core) = &mut self.nodes[machine].core else {
            return;
        };
        let mut out = Vec::new();
        core.step(now, input, &mut out);
        for output in out {
            if self.faults.crash > 0.0 && self.rng.gen_bool(self.faults.crash) {
                self.crash(machine);
                let after = self.delay(Duration::from_secs(2));
                self.schedule(after, Event::Restart { to: machine });
                return;
            }
            self.carry_out(machine, output);
        }
    }

    fn carry_out(&mut self, machine: usize, output: Output) {
        self.record(machine, &output);
        let life = self.nodes[machine].life;
        match output {
            Output::Persist { token, records } => self.write(machine, token, records),
            Output::Send { to, what } => self.send(machine, to, what),
            Output::Build { view, parent } => {
                let payload = self.rng.r#gen::<[u8; 8]>();
                let header = child(&parent, view, self.clock().wall_ms, &payload);
                let block = hotshot_types::Block {
                    header,
                    payload: payload[..].into(),
                };
                let after = self.delay(Duration::from_millis(4));
                let retry = self.rng.gen_bool(self.faults.retry);
                let input = if retry {
                    Input::BuildFailed(view)
                } else {
                    Input::Built { view, block }
                };
                self.answer(machine, after, input);
            }
            Output::Validate { parent, block, leaf } => {
                let right = block.header.state_root == state_after(&parent, &block.payload)
                    && block.header.parent == parent.commitment();
                let verdict = match (right, self.rng.gen_bool(self.faults.retry)) {
                    (_, true) => hotshot::Verdict::Retry,
                    (true, _) => hotshot::Verdict::Valid,
                    (false, _) => hotshot::Verdict::Invalid,
                };
                let after = self.delay(Duration::from_millis(6));
                self.answer(machine, after, Input::Validated { leaf, verdict });
            }
            Output::Decide(blocks) => {
                self.check_decided(machine, &blocks);
                self.nodes[machine].applying.push_back(blocks);
                let after = self.delay(Duration::from_millis(10));
                self.schedule(after, Event::Applied { to: machine, life });
            }
            Output::SetTimer(at) => {
                self.nodes[machine].timer = Some(at);
                let after = at.saturating_sub(self.now);
                self.schedule(
                    after,
                    Event::Timer {
                        to: machine,
                        life,
                        at,
                    },
                );
            }
            Output::Halt(reason) => panic!("seed {}: machine {machine} halted: {reason}", self.seed),
            Output::Misbehaviour { member, fault } => {
                let faulty = self.faulty.iter().any(|m| self.nodes[*m].id() == member);
                assert!(faulty, "seed {}: honest {member} blamed: {fault}", self.seed);
            }
            Output::ViewChanged { .. } | Output::TimedOut(_) => {}
        }
    }

    /// Later writes are never durable before earlier ones.
    fn write(&mut self, machine: usize, token: Token, records: Vec<Record>) {
        let node = &mut self.nodes[machine];
        node.writing.push_back((token, records));
        let (life, at) = (node.life, node.disk_free.max(self.now));
        let after = at - self.now + self.delay(Duration::from_millis(5));
        self.nodes[machine].disk_free = self.now + after;
        let to = machine;
        self.schedule(after, Event::Durable { to, life, token });
    }

    fn record(&mut self, machine: usize, output: &Output) {
        let text = match output {
            Output::Decide(blocks) => format!("{:?}", blocks.iter().map(|d| d.leaf).collect::<Vec<_>>()),
            Output::Persist { .. } | Output::Validate { .. } | Output::Build { .. } => String::new(),
            Output::Send { to, what } => format!("{to:?} {:?}", std::mem::discriminant(what)),
            other => format!("{other:?}"),
        };
        let (now, kind) = (self.now, std::mem::discriminant(output));
        let line = format!("{now:?} {machine} {kind:?} {text}");
        self.trace = sha256(&[&self.trace, line.as_bytes()]);
    }

    pub fn answer(&mut self, to: usize, after: Duration, input: Input) {
        let (life, input) = (self.nodes[to].life, Box::new(input));
        self.schedule(after, Event::Input { to, life, input });
    }

    fn post(&mut self, from: usize, to: usize, message: Message) {
        if self.groups[from] != self.groups[to] {
            return;
        }
        if self.rng.gen_bool(self.faults.drop) {
            return;
        }
        let copies = 1 + usize::from(self.rng.gen_bool(self.faults.duplicate));
        for _ in 0..copies {
            let after = self.delay(self.faults.max_delay);
            let message = message.clone();
            self.schedule(after, Event::Deliver { from, to, message });
        }
    }

    fn check_decided(&mut self, machine: usize, blocks: &[hotshot::Decided]) {
        let seed = self.seed;
        for decided in blocks {
            let height = decided.block.header.height;
            let node = &mut self.nodes[machine];
            assert_eq!(
                height,
                node.decided + 1,
                "seed {seed}: machine {machine} decides out of order"
            );
            node.decided = height;
            assert_eq!(decided.leaf, decided.block.header.commitment());
            if let Some(certificate) = &decided.certificate {
                assert_eq!(
                    *certificate.data(),
                    VoteData::of(&decided.block.header, decided.leaf)
                );
            }
            if !self.faulty.contains(&machine) {
                let agreed = self.agreed.entry(height).or_insert(decided.leaf);
                assert_eq!(
                    *agreed, decided.leaf,
                    "seed {seed}: two blocks decided at height {height}"
                );
            }
        }
    }

    /// One statement per member, phase and view; phase 0 is the proposal.
    fn check_once(&mut self, machine: usize, phase: u8, view: View, leaf: Digest) {
        if !self.faulty.contains(&machine) {
            let first = *self.votes.entry((machine, phase, view)).or_insert(leaf);
            let seed = self.seed;
            assert_eq!(
                first, leaf,
                "seed {seed}: machine {machine} equivocates in view {view}, phase {phase}"
            );
        }
    }

    /// The heights that the machines have decided.
    pub fn heights(&self) -> Vec<u64> {
        self.nodes.iter().map(|node| node.decided).collect()
    }

    /// The lowest decided height among honest machines.
    pub fn lowest(&self) -> u64 {
        let honest = (0..self.nodes.len()).filter(|machine| !self.faulty.contains(machine));
        honest.map(|machine| self.nodes[machine].decided).min().unwrap()
    }

    pub fn all_up(&mut self) {
        for machine in 0..self.nodes.len() {
            if self.nodes[machine].core.is_none() {
                self.start(machine);
            }
        }
    }
}

/// Times that make a run short.
pub fn fast() -> Timing {
    Timing {
        block_interval: Duration::ZERO,
        view_timeout: Duration::from_millis(300),
        max_view_timeout: Duration::from_secs(3),
        resend: Duration::from_millis(120),
        fetch_delay: Duration::from_millis(20),
        fetch_retry: Duration::from_millis(100),
        max_clock_drift: Duration::from_secs(1),
    }
}
