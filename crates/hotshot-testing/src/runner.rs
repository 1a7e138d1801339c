//! The network: one seeded scheduler that carries out what the cores want, and asks the checkers after everything.

mod carry;
mod changes;
mod shell;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use hotshot::{Config, Input, Now};
use hotshot_types::Versions;
use rand::{Rng, SeedableRng};
use rollup_abi::{Digest, header::FIRST_VERSION};

use crate::{
    SimRng, Violation,
    behaviour::Behaviour,
    checks::{Checked, Checks, Finding},
    description::{ChangeNode, FailedViews, Parts, TestDescription, Upgrading},
    fixtures::{self, EPOCH_MS},
    ledger::Ledger,
    node::Node,
    reliability::{DelayMs, NetworkReliability},
    roster::Roster,
    schedule::{Event, Queue, Scheduled},
    trace::Trace,
};

/// What a good run came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Fingerprint of all that happened.
    pub trace: Digest,
    /// The highest view that an honest node reached.
    pub views: u64,
    /// The highest decided height.
    pub decided: u64,
    /// The views without a decided block, up to the highest decided one.
    pub failed_views: Vec<u64>,
    /// Decided heights of the machines.
    pub heights: Vec<u64>,
    /// Headers' timestamps of the first machine's blocks.
    pub timestamps_ms: Vec<u64>,
    /// Virtual time.
    pub elapsed: Duration,
    /// Steps of cores.
    pub steps: u64,
    /// Outputs of each machine.
    pub outputs: Vec<u64>,
    /// Times that a node gave a view up.
    pub timeouts: u64,
    /// Heights at which the decided chain's version changed, with the new versions.
    pub upgrades: Vec<(u64, u16)>,
}

/// Gives the machines their software and their operators' plan.
fn install(upgrading: &Upgrading, nodes: &mut [Node]) {
    for (machine, node) in nodes.iter_mut().enumerate() {
        if !upgrading.old.contains(&machine) {
            node.speaks = Versions::up_to(upgrading.upgrade.to());
            let agrees = !upgrading.undecided.contains(&node.member);
            node.upgrade = agrees.then_some(upgrading.upgrade);
        }
    }
}

/// One run of one seed.
pub struct TestRunner {
    description: TestDescription,
    seed: u64,
    rng: SimRng,
    now: Duration,
    config: Config,
    nodes: Vec<Node>,
    ledger: Ledger,
    queue: Queue,
    checks: Checks,
    trace: Trace,
    /// Machines of different groups do not hear each other.
    groups: Vec<u32>,
    network: Arc<dyn NetworkReliability>,
    parts: Parts,
    /// Faulty members' machines.
    faulty: BTreeSet<usize>,
    changes: BTreeMap<u64, Vec<ChangeNode>>,
    next_partition: Option<Duration>,
    late: BTreeSet<usize>,
    highest_view: u64,
    steps: u64,
    timeouts: u64,
    /// After the network has healed: the height to reach, and until when.
    goal: Option<(u64, Duration)>,
    finding: Option<(usize, Finding)>,
}

impl TestRunner {
    pub(crate) fn new(description: TestDescription, seed: u64) -> Self {
        let stakes = description.node_stakes.clone();
        let stakes = description
            .stakes_by_epoch
            .clone()
            .unwrap_or_else(|| Arc::new(move |_| stakes.clone()));
        let roster = Roster::new(description.epoch_height, stakes);
        let genesis = fixtures::genesis();
        let config = Config {
            node: fixtures::node_id(0),
            committees: roster.known_at(0),
            epochs: roster.epochs,
            genesis: genesis.clone(),
            timing: description.timing_data,
            speaks: Versions::up_to(FIRST_VERSION),
            upgrade: None,
        };
        let mut rng = SimRng::seed_from_u64(seed);
        let machines = description.node_stakes.len() + description.observers;
        let mut nodes: Vec<Node> = (0..machines).map(Node::new).collect();
        let mut faulty: BTreeSet<usize> = description.faulty.clone();
        for member in 0..nodes.len() {
            match (description.behaviour)(member) {
                Behaviour::Standard => continue,
                Behaviour::Byzantine(transformer) => nodes[member].transformer = Some(transformer),
                Behaviour::ByzantineTwins => {
                    faulty.insert(nodes.len());
                    nodes.push(Node::new(member));
                }
            }
            faulty.insert(member);
        }
        if let Some(upgrading) = &description.upgrading {
            install(upgrading, &mut nodes);
        }
        for node in &mut nodes {
            let most = description.clock_skew_ms;
            node.skew_ms = rng.gen_range(-most..=most);
        }
        let ids = faulty.iter().map(|machine| nodes[*machine].id()).collect();
        Self {
            seed,
            rng,
            now: Duration::ZERO,
            checks: Checks::new(&genesis, roster.epochs, ids),
            ledger: Ledger::new(roster, &genesis, description.async_delay_config.credulous),
            config,
            queue: Queue::default(),
            trace: Trace::default(),
            groups: vec![0; nodes.len()],
            network: Arc::clone(&description.unreliable_network),
            parts: description.async_delay_config.clone(),
            faulty,
            changes: description.spinning_properties.clone(),
            next_partition: description.partitions.map(|p| p.every),
            late: BTreeSet::new(),
            highest_view: 0,
            steps: 0,
            timeouts: 0,
            goal: None,
            finding: None,
            nodes,
            description,
        }
    }

    pub(crate) fn start_all(&mut self, late: &[usize]) {
        self.late.extend(late);
        for machine in 0..self.nodes.len() {
            if self.late.contains(&machine) {
                self.nodes[machine].off = true;
            } else {
                self.start(machine);
            }
        }
    }

    /// Runs until all that is expected has come about, or something that must not.
    pub fn run_test(mut self) -> Result<Summary, Box<Violation>> {
        let limit = self.description.overall_safety_properties.within;
        loop {
            if let Some((machine, (checker, what))) = self.finding.take() {
                return Err(self.violation(checker, format!("machine {machine}: {what}")));
            }
            let next = self.queue.next_at();
            if let Some(heal) = self.description.heal.filter(|_| self.goal.is_none())
                && next.is_none_or(|at| at >= heal.at)
            {
                self.now = heal.at;
                self.heal(heal.blocks, heal.at + heal.within);
                continue;
            }
            if self.is_done() {
                break;
            }
            let until = self.goal.map_or(limit, |(_, until)| until);
            if next.is_none_or(|at| at > until) {
                return Err(self.violation("liveness", self.lagging(until)));
            }
            if let Some(next) = self.queue.pop() {
                self.handle(next);
            }
        }
        self.check_failed_views()
            .map_err(|what| self.violation("failed views", what))?;
        Ok(self.summary())
    }

    fn summary(&self) -> Summary {
        let chain = self.nodes[0].chain.iter();
        Summary {
            trace: self.trace.hash,
            views: self.highest_view,
            decided: self.checks.agreement.height(),
            failed_views: self.checks.agreement.failed_views(),
            heights: self.nodes.iter().map(Node::height).collect(),
            timestamps_ms: chain.map(|decided| decided.block.header.timestamp_ms).collect(),
            elapsed: self.now,
            steps: self.steps,
            outputs: self.nodes.iter().map(|node| node.outputs).collect(),
            timeouts: self.timeouts,
            upgrades: self.checks.version.changes(),
        }
    }

    fn violation(&self, checker: &'static str, what: String) -> Box<Violation> {
        Box::new(Violation {
            name: self.description.name.clone(),
            checker,
            what,
            seed: self.seed,
            at: self.now,
            view: self.highest_view,
            replay: self.description.command(self.seed),
            tail: self.trace.tail(),
        })
    }

    fn clock(&self, machine: usize) -> Now {
        let millis = EPOCH_MS + u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX);
        Now {
            elapsed: self.now,
            wall_ms: millis.saturating_add_signed(self.nodes[machine].skew_ms),
        }
    }

    fn is_honest(&self, machine: usize) -> bool {
        !self.faulty.contains(&machine)
    }

    fn draw(&mut self, delay: DelayMs) -> Duration {
        delay.sample(&mut self.rng)
    }

    fn chance(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.rng.gen_bool(chance)
    }

    fn schedule(&mut self, after: Duration, to: usize, event: Event) {
        self.queue.push(self.now + after, to, event);
    }

    /// Keeps the first finding about an honest machine.
    fn note(&mut self, machine: usize, checked: Result<(), Finding>) {
        if let Err(finding) = checked
            && self.finding.is_none()
        {
            self.finding = Some((machine, finding));
        }
    }

    fn handle(&mut self, next: Scheduled) {
        self.now = next.at;
        self.cut_links();
        let to = next.to;
        match next.event {
            Event::Deliver { from, message } => self.deliver(from, to, *message),
            Event::Input { life, input } if self.nodes[to].lives(life) => self.step(to, *input),
            Event::Durable { life, token } if self.nodes[to].lives(life) => {
                self.nodes[to].make_durable(token);
                self.step(to, Input::Persisted(token));
            }
            Event::Applied { life } if self.nodes[to].lives(life) => self.applied(to),
            Event::Timer { life, at } if self.nodes[to].lives(life) && self.nodes[to].timer == Some(at) => {
                self.step(to, Input::Tick);
            }
            Event::Restart if self.nodes[to].core.is_none() && !self.nodes[to].off => self.start(to),
            _ => {}
        }
    }

    /// Honest machines that are to be up and connected at the end.
    fn expected(&self) -> impl Iterator<Item = usize> + '_ {
        let skip = self.description.overall_safety_properties.skip_late;
        (0..self.nodes.len()).filter(move |machine| {
            let node = &self.nodes[*machine];
            let lags = skip && self.late.contains(machine);
            let full = self.parts.full_disks.contains(machine);
            self.is_honest(*machine) && !node.off && node.online && !lags && !full
        })
    }

    fn lowest(&self) -> u64 {
        self.expected().map(|m| self.nodes[m].height()).min().unwrap_or(0)
    }

    fn is_done(&self) -> bool {
        if self.description.heal.is_some() {
            return self.goal.is_some_and(|(height, _)| self.lowest() >= height);
        }
        let wanted = &self.description.overall_safety_properties;
        self.changes.is_empty()
            && self.lowest() >= wanted.num_successful_views
            && self.checks.agreement.view() >= wanted.horizon
    }

    fn lagging(&self, until: Duration) -> String {
        let heights: Vec<u64> = self.nodes.iter().map(Node::height).collect();
        let wanted = &self.description.overall_safety_properties;
        let goal = self
            .goal
            .map_or(wanted.num_successful_views, |(height, _)| height);
        format!("not all have decided height {goal} within {until:?}: {heights:?}")
    }

    fn check_failed_views(&self) -> Checked {
        let FailedViews::Exactly { expected, possible } =
            &self.description.overall_safety_properties.failed_views
        else {
            return Ok(());
        };
        let failed: BTreeSet<u64> = self.checks.agreement.failed_views().into_iter().collect();
        let missing: Vec<&u64> = expected.difference(&failed).collect();
        let more: Vec<&u64> = failed
            .difference(expected)
            .filter(|view| !possible.contains(view))
            .collect();
        if missing.is_empty() && more.is_empty() {
            Ok(())
        } else {
            Err(format!(
                "views {more:?} failed unexpectedly, views {missing:?} should have failed"
            ))
        }
    }
}
