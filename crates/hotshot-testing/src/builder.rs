//! Test descriptions in words.

use std::{collections::BTreeSet, ops::RangeInclusive, sync::Arc, time::Duration};

use hotshot_types::{Height, Upgrade};
use rollup_abi::header::FIRST_VERSION;

use crate::{
    Reductions, Violation,
    behaviour::Behaviour,
    description::{ChangeNode, FailedViews, Heal, NodeAction, Partitions, Parts, TestDescription, Upgrading},
    launcher::TestLauncher,
    reliability::NetworkReliability,
    runner::Summary,
    shrink::shrink,
};

/// Builds a [`TestDescription`], and runs it.
#[derive(Clone)]
pub struct TestBuilder {
    description: TestDescription,
    seeds: u64,
}

impl TestBuilder {
    /// A quiet network that must decide 50 views in a row; see [`TestDescription::new`].
    pub fn new(name: &str, nodes: usize) -> Self {
        Self {
            description: TestDescription::new(name, nodes),
            seeds: 3,
        }
    }

    /// Changes the description itself.
    pub fn with(mut self, change: impl FnOnce(&mut TestDescription)) -> Self {
        change(&mut self.description);
        self
    }

    /// How many seeds [`Self::check`] runs.
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = seeds;
        self
    }

    /// Unequal members.
    pub fn stakes(self, stakes: &[u64]) -> Self {
        self.with(|d| d.node_stakes = stakes.to_vec())
    }

    /// Epochs of `height` blocks.
    pub fn epochs(self, height: u64) -> Self {
        self.with(|d| d.epoch_height = height)
    }

    /// The members' stakes by epoch: zero for who is not in its committee.
    pub fn stakes_by_epoch(self, stakes: impl Fn(u64) -> Vec<u64> + Send + Sync + 'static) -> Self {
        self.with(|d| d.stakes_by_epoch = Some(Arc::new(stakes)))
    }

    /// Machines beside the members.
    pub fn observers(self, observers: usize) -> Self {
        self.with(|d| d.observers = observers)
    }

    /// All but `undecided` plan to upgrade to version 2 in this window of heights; all but `old` can.
    ///
    /// # Panics
    ///
    /// If the window is empty or begins at genesis.
    pub fn upgrade(
        self,
        window: RangeInclusive<u64>,
        undecided: impl IntoIterator<Item = usize>,
        old: impl IntoIterator<Item = usize>,
    ) -> Self {
        let (first, last) = (Height::new(*window.start()), Height::new(*window.end()));
        let upgrading = Upgrading {
            upgrade: Upgrade::new(FIRST_VERSION, FIRST_VERSION + 1, first, last).expect("a window"),
            undecided: undecided.into_iter().collect(),
            old: old.into_iter().collect(),
        };
        self.with(|d| d.upgrading = Some(upgrading))
    }

    /// The links.
    pub fn network(self, network: impl NetworkReliability + 'static) -> Self {
        self.with(|d| d.unreliable_network = Arc::new(network))
    }

    /// Disks, applications and processes.
    pub fn parts(self, parts: Parts) -> Self {
        self.with(|d| d.async_delay_config = parts)
    }

    /// What happens to `nodes` when somebody honest enters `view`.
    pub fn change(self, view: u64, nodes: impl IntoIterator<Item = usize>, updown: NodeAction) -> Self {
        let changes = nodes.into_iter().map(|idx| ChangeNode { idx, updown });
        self.with(|d| {
            d.spinning_properties.entry(view).or_default().extend(changes);
        })
    }

    /// Links between groups of machines are cut, differently each time.
    pub fn partitions(self, every: Duration, groups: u32) -> Self {
        self.with(|d| {
            d.partitions = Some(Partitions {
                every,
                groups,
                adverse: false,
            });
        })
    }

    /// The members' behaviours.
    pub fn behaviour(self, behaviour: impl Fn(usize) -> Behaviour + Send + Sync + 'static) -> Self {
        self.with(|d| d.behaviour = Arc::new(behaviour))
    }

    /// Blocks that each honest node must decide.
    pub fn views(self, views: u64) -> Self {
        self.with(|d| d.overall_safety_properties.num_successful_views = views)
    }

    /// Exactly these views end without a block. The run goes beyond the last of them.
    pub fn fails(self, views: impl IntoIterator<Item = u64>) -> Self {
        self.fails_maybe(views, [])
    }

    /// Exactly `expected` views end without a block, and some of `possible`.
    pub fn fails_maybe(
        self,
        expected: impl IntoIterator<Item = u64>,
        possible: impl IntoIterator<Item = u64>,
    ) -> Self {
        let expected: BTreeSet<u64> = expected.into_iter().collect();
        let possible: BTreeSet<u64> = possible.into_iter().collect();
        self.with(|d| {
            let last = expected.last().into_iter().chain(possible.last()).max();
            d.overall_safety_properties.horizon = last.map_or(0, |last| last + 1);
            d.overall_safety_properties.failed_views = FailedViews::Exactly { expected, possible };
        })
    }

    /// The members in `down` lead no view from `view` on, and exactly those views fail, far enough for everything else.
    pub fn fails_led_by(self, down: &[usize], view: u64) -> Self {
        let n = self.description.node_stakes.len() as u64;
        let views = self.description.overall_safety_properties.num_successful_views;
        let led = |v: &u64| down.iter().any(|member| *v % n == *member as u64);
        let last = view.max(views) + n;
        let beyond = last * 3;
        self.fails_maybe((view..=last).filter(led), (last + 1..beyond).filter(led))
            .with(|d| d.overall_safety_properties.horizon = last + 1)
    }

    /// Any views may fail.
    pub fn fails_anyhow(self) -> Self {
        self.with(|d| d.overall_safety_properties.failed_views = FailedViews::Any)
    }

    /// Faults end at `at`; within `within` everybody must decide `blocks` more than the highest then.
    pub fn heals(self, at: Duration, blocks: u64, within: Duration) -> Self {
        self.with(|d| d.heal = Some(Heal { at, blocks, within }))
            .fails_anyhow()
    }

    /// The description.
    pub fn build(self) -> TestDescription {
        self.description
    }

    /// Runs one seed, once.
    pub fn run(&self, seed: u64) -> Result<Summary, Box<Violation>> {
        TestLauncher::new(self.description.clone(), seed)
            .launch()
            .run_test()
    }

    /// Runs all seeds, each twice with equal traces. In the environment, `HOTSHOT_SEED` runs only that seed, and
    /// `HOTSHOT_REDUCE` takes away what the [`Reductions`] name.
    ///
    /// # Panics
    ///
    /// At the first violation, with the seed and the command that replays it, and with the least that violates the same.
    pub fn check(self) -> Vec<Summary> {
        let only = std::env::var("HOTSHOT_SEED").ok();
        let only = only.map(|seed| seed.parse::<u64>().expect("HOTSHOT_SEED is a number"));
        let reduce = std::env::var("HOTSHOT_REDUCE").unwrap_or_default();
        let reductions: Reductions = reduce
            .parse()
            .unwrap_or_else(|error| panic!("HOTSHOT_REDUCE: {error}"));
        let seeds = only.map_or(0..self.seeds, |seed| seed..seed + 1);
        let reduced = self.with(|d| *d = d.clone().reduced(&reductions));
        let run = |seed| {
            reduced.run(seed).unwrap_or_else(|violation| {
                let least = shrink(reduced.description.clone(), &violation);
                panic!("{violation}\n{least}")
            })
        };
        seeds
            .map(|seed| {
                let (first, second) = (run(seed), run(seed));
                assert_eq!(first.trace, second.trace, "seed {seed}: two runs differ");
                first
            })
            .collect()
    }
}
