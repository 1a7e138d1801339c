//! A test as data: who takes part, what goes wrong, and what must hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use hotshot::Timing;
use hotshot_types::Upgrade;

use crate::{
    Profile, Reductions,
    behaviour::Behaviour,
    fixtures,
    reliability::{DelayMs, NetworkReliability, SynchronousNetwork},
    roster::Stakes,
};

/// What is done to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeAction {
    /// It starts. A node whose first change is this one is down before: it joins late.
    Up,
    /// It stops: what is not durable is lost.
    Down,
    /// It is connected again.
    NetworkUp,
    /// It neither hears nor is heard.
    NetworkDown,
    /// It stops and starts again from its storage after this time.
    Restart(Duration),
    /// It stops and starts again at once with software that speaks the new version.
    Install,
    /// As [`NodeAction::Restart`], but its storage is gone. Only who is counted as faulty may forget what it said.
    RestartBlank(Duration),
}

/// A change of one node.
#[derive(Clone, Copy, Debug)]
pub struct ChangeNode {
    /// Which.
    pub idx: usize,
    /// What.
    pub updown: NodeAction,
}

/// How long the parts of a node take, and how often they fail.
#[derive(Clone, Debug)]
pub struct Parts {
    /// A write of the log.
    pub storage: DelayMs,
    /// The judgement of a block.
    pub validated_state: DelayMs,
    /// The building of a block.
    pub block_header: DelayMs,
    /// Making a decided block durable.
    pub application: DelayMs,
    /// Chance that a write fails; it is tried again, and nothing overtakes it.
    pub storage_fails: f64,
    /// Chance that the application has to be asked again.
    pub retry: f64,
    /// Chance of a crash before each output.
    pub crash: f64,
    /// Longest time until a machine that crashed is back.
    pub restart_after: DelayMs,
    /// Machines whose writes never become durable.
    pub full_disks: BTreeSet<usize>,
    /// A defect of the shell, for the test of a checker: it says that a write is durable when it has only begun.
    pub lying_disk: bool,
    /// Another: it believes every upgrade certificate.
    pub credulous: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            storage: DelayMs { low: 0, high: 5 },
            validated_state: DelayMs { low: 0, high: 6 },
            block_header: DelayMs { low: 0, high: 4 },
            application: DelayMs { low: 0, high: 10 },
            storage_fails: 0.0,
            retry: 0.0,
            crash: 0.0,
            restart_after: DelayMs { low: 0, high: 2_000 },
            full_disks: BTreeSet::new(),
            lying_disk: false,
            credulous: false,
        }
    }
}

impl Parts {
    /// What a bad day looks like.
    pub fn rough() -> Self {
        Self {
            storage_fails: 0.02,
            retry: 0.05,
            crash: 0.0005,
            ..Self::default()
        }
    }
}

/// Which views may end without a decided block.
#[derive(Clone, Debug, Default)]
pub enum FailedViews {
    /// Any.
    #[default]
    Any,
    /// Exactly these, except that `possible` ones may.
    Exactly {
        /// These do.
        expected: BTreeSet<u64>,
        /// These may.
        possible: BTreeSet<u64>,
    },
}

/// What must have come about at the end.
#[derive(Clone, Debug)]
pub struct OverallSafetyPropertiesDescription {
    /// Blocks decided by each honest node that is up.
    pub num_successful_views: u64,
    /// The views without one, up to the last decided view.
    pub failed_views: FailedViews,
    /// The run goes on until a block of this view or a later one is decided.
    pub horizon: u64,
    /// Whether nodes that joined late may lag.
    pub skip_late: bool,
    /// Virtual time in which all this must happen.
    pub within: Duration,
}

/// All faults of links, disks and processes end; from then on there must be progress.
#[derive(Clone, Copy, Debug)]
pub struct Heal {
    /// When.
    pub at: Duration,
    /// Blocks above the highest decided one that everybody must decide
    pub blocks: u64,
    /// in this time.
    pub within: Duration,
}

/// How links between groups of machines are cut over time.
#[derive(Clone, Copy, Debug)]
pub struct Partitions {
    /// How often they change.
    pub every: Duration,
    /// Into how many groups machines are sorted at most.
    pub groups: u32,
    /// Whether an adversary cuts: faulty members are on every side, and with them bare quorums of the committee in office and of the
    /// next one are two of the groups.
    pub adverse: bool,
}

impl fmt::Display for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            every,
            groups,
            adverse,
        } = self;
        let who = if *adverse { "an adversary's" } else { "random" };
        write!(f, "{who}, up to {groups} groups, anew every {every:?}")
    }
}

/// An upgrade that most operators planned and installed.
#[derive(Clone, Debug)]
pub struct Upgrading {
    /// The plan.
    pub upgrade: Upgrade,
    /// Members whose operators have no plan: they follow, and do not agree.
    pub undecided: BTreeSet<usize>,
    /// Machines whose software does not speak the new version.
    pub old: BTreeSet<usize>,
}

/// Gives each member its behaviour.
pub type Behaviours = Arc<dyn Fn(usize) -> Behaviour + Send + Sync>;

/// What runs a test again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The test function of its name.
    Scenario,
    /// The soak.
    Soak(Profile),
}

/// A whole test.
#[derive(Clone)]
pub struct TestDescription {
    /// Its name: the test function's, or the profile's.
    pub name: String,
    /// What runs it again.
    pub replay: Replay,
    /// What was taken away from it.
    pub reductions: Reductions,
    /// The members' stakes in the first epoch.
    pub node_stakes: Vec<u64>,
    /// Blocks in an epoch; zero for one that does not end.
    pub epoch_height: u64,
    /// The members' stakes by epoch, if they change: zero for who is not in the committee.
    pub stakes_by_epoch: Option<Stakes>,
    /// Machines beside the members, behind them in number: they follow and say nothing.
    pub observers: usize,
    /// Who upgrades to which version and when.
    pub upgrading: Option<Upgrading>,
    /// The protocol's times.
    pub timing_data: Timing,
    /// The links.
    pub unreliable_network: Arc<dyn NetworkReliability>,
    /// Disks, applications and processes.
    pub async_delay_config: Parts,
    /// Changes of nodes, when somebody honest enters the view.
    pub spinning_properties: BTreeMap<u64, Vec<ChangeNode>>,
    /// Random partitions.
    pub partitions: Option<Partitions>,
    /// A crash before one machine's n-th output.
    pub crash_before: Option<(usize, u64)>,
    /// Most that a wall clock is off.
    pub clock_skew_ms: i64,
    /// The members' behaviours.
    pub behaviour: Behaviours,
    /// Members that are counted as faulty though their behaviour is standard.
    pub faulty: BTreeSet<usize>,
    /// When faults end.
    pub heal: Option<Heal>,
    /// What must have come about.
    pub overall_safety_properties: OverallSafetyPropertiesDescription,
}

impl TestDescription {
    /// A quiet network of `nodes` equal members that must decide 50 views in a row.
    pub fn new(name: &str, nodes: usize) -> Self {
        Self {
            name: name.to_owned(),
            replay: Replay::Scenario,
            reductions: Reductions::default(),
            node_stakes: vec![1; nodes],
            epoch_height: 0,
            stakes_by_epoch: None,
            observers: 0,
            upgrading: None,
            timing_data: fixtures::fast(),
            unreliable_network: Arc::new(SynchronousNetwork {
                delay: DelayMs { low: 0, high: 5 },
            }),
            async_delay_config: Parts::default(),
            spinning_properties: BTreeMap::new(),
            partitions: None,
            crash_before: None,
            clock_skew_ms: 0,
            behaviour: Arc::new(|_| Behaviour::Standard),
            faulty: BTreeSet::new(),
            heal: None,
            overall_safety_properties: OverallSafetyPropertiesDescription {
                num_successful_views: 50,
                failed_views: FailedViews::Exactly {
                    expected: BTreeSet::new(),
                    possible: BTreeSet::new(),
                },
                horizon: 0,
                skip_late: false,
                within: Duration::from_secs(120),
            },
        }
    }
}

impl TestDescription {
    /// The command that runs this seed again.
    pub fn command(&self, seed: u64) -> String {
        let reduced = !self.reductions.0.is_empty();
        let (name, reductions) = (&self.name, &self.reductions);
        match self.replay {
            Replay::Scenario => {
                let reduce = if reduced {
                    format!(" HOTSHOT_REDUCE={reductions}")
                } else {
                    String::new()
                };
                format!(
                    "HOTSHOT_SEED={seed}{reduce} cargo nextest run -p hotshot-testing -E 'test(/{name}$/)'"
                )
            }
            Replay::Soak(profile) => {
                let reduce = if reduced {
                    format!(" --reduce {reductions}")
                } else {
                    String::new()
                };
                format!("cargo xtask sim --profile {profile} --seeds 1 --first-seed {seed}{reduce}")
            }
        }
    }
}

/// What goes wrong, one thing per line.
impl fmt::Display for TestDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            node_stakes,
            observers,
            async_delay_config: parts,
            ..
        } = self;
        writeln!(
            f,
            "  {} members with stakes {node_stakes:?}, {observers} observers",
            node_stakes.len()
        )?;
        if self.epoch_height > 0 {
            writeln!(f, "  epochs of {} blocks", self.epoch_height)?;
        }
        if let Some(stakes) = &self.stakes_by_epoch {
            let first: Vec<Vec<u64>> = (0..4).map(|epoch| stakes(epoch)).collect();
            writeln!(f, "  stakes by epoch: {first:?} …")?;
        }
        if let Some(Upgrading {
            upgrade,
            undecided,
            old,
        }) = &self.upgrading
        {
            writeln!(
                f,
                "  upgrade {upgrade}; without a plan: {undecided:?}, with old software: {old:?}"
            )?;
        }
        for member in self.liars() {
            writeln!(f, "  member {member}: {}", (self.behaviour)(member))?;
        }
        if !self.faulty.is_empty() {
            writeln!(f, "  counted as faulty: {:?}", self.faulty)?;
        }
        writeln!(f, "  links: {:?}", self.unreliable_network)?;
        writeln!(f, "  machines: {parts:?}")?;
        if let Some(partitions) = self.partitions {
            writeln!(f, "  partitions: {partitions}")?;
        }
        for (view, changes) in &self.spinning_properties {
            let each: Vec<String> = changes
                .iter()
                .map(|c| format!("{} {:?}", c.idx, c.updown))
                .collect();
            writeln!(f, "  in view {view}: {}", each.join(", "))?;
        }
        if let Some((machine, output)) = self.crash_before {
            writeln!(f, "  machine {machine} crashes before output {output}")?;
        }
        if self.clock_skew_ms != 0 {
            writeln!(f, "  clocks off by up to {} ms", self.clock_skew_ms)?;
        }
        if let Some(Heal { at, blocks, within }) = self.heal {
            writeln!(
                f,
                "  faults end at {at:?}; then {blocks} blocks within {within:?}"
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for TestDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
