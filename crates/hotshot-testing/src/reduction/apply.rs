//! What a reduction does to a description, and which are left for it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{Reduction, Reductions};
use crate::{
    Behaviour, PerfectNetwork,
    description::{FailedViews, NodeAction, Parts, TestDescription},
};

/// Fewest members: fewer bear no faulty one.
const FEWEST: usize = 4;

impl TestDescription {
    /// The same test, in which less goes wrong.
    pub fn reduced(self, reductions: &Reductions) -> Self {
        reductions.0.iter().fold(self, Self::without)
    }

    fn without(mut self, reduction: &Reduction) -> Self {
        let parts = &mut self.async_delay_config;
        let usual = Parts::default();
        match *reduction {
            Reduction::Members(n) => self.keep_members(n),
            Reduction::NoObservers => self.observers = 0,
            Reduction::Honest(honest) => {
                let others = Arc::clone(&self.behaviour);
                self.behaviour = Arc::new(move |member| match member {
                    _ if member == honest => Behaviour::Standard,
                    _ => others(member),
                });
            }
            Reduction::PerfectLinks => self.unreliable_network = Arc::new(PerfectNetwork),
            Reduction::NoPartitions => self.partitions = None,
            Reduction::NoCrashes => {
                parts.crash = 0.0;
                self.crash_before = None;
            }
            Reduction::SureDisks => parts.storage_fails = 0.0,
            Reduction::NoRetries => parts.retry = 0.0,
            Reduction::QuickParts => {
                parts.storage = usual.storage;
                parts.validated_state = usual.validated_state;
                parts.block_header = usual.block_header;
                parts.application = usual.application;
            }
            Reduction::RightClocks => self.clock_skew_ms = 0,
            Reduction::NoUpgrade => self.upgrading = None,
            Reduction::Steady(machine) => self.keep_changes(|_, idx, _| idx != machine),
            Reduction::NoRestart { view, machine } => {
                self.keep_changes(|at, idx, action| (at, idx) != (view, machine) || !is_restart(action));
            }
            Reduction::FaultsMs(ms) => {
                if let Some(heal) = &mut self.heal {
                    heal.at = Duration::from_millis(ms);
                }
            }
            Reduction::Blocks(blocks) => match &mut self.heal {
                Some(heal) => heal.blocks = blocks,
                None => self.overall_safety_properties.num_successful_views = blocks,
            },
        }
        if changes_who_fails(*reduction) {
            // Which views are expected to fail was said for the whole test.
            self.overall_safety_properties.failed_views = FailedViews::Any;
        }
        self.reductions.0.push(*reduction);
        self
    }

    fn keep_members(&mut self, n: usize) {
        self.node_stakes.truncate(n);
        self.observers = 0;
        self.keep_changes(|_, idx, _| idx < n);
        self.crash_before = self.crash_before.filter(|(machine, _)| *machine < n);
        self.faulty.retain(|member| *member < n);
        if let Some(upgrading) = &mut self.upgrading {
            upgrading.undecided.retain(|member| *member < n);
            upgrading.old.retain(|machine| *machine < n);
        }
        self.async_delay_config.full_disks.retain(|machine| *machine < n);
    }

    fn keep_changes(&mut self, keep: impl Fn(u64, usize, NodeAction) -> bool) {
        for (view, changes) in &mut self.spinning_properties {
            changes.retain(|change| keep(*view, change.idx, change.updown));
        }
        self.spinning_properties.retain(|_, changes| !changes.is_empty());
    }

    /// The members whose behaviour is not standard.
    pub(crate) fn liars(&self) -> Vec<usize> {
        let all = 0..self.node_stakes.len() + self.observers;
        all.filter(|member| !matches!((self.behaviour)(*member), Behaviour::Standard))
            .collect()
    }

    /// Whether less than a third of the stake is faulty, as the protocol demands.
    pub(crate) fn is_borne(&self) -> bool {
        let faulty = self.liars().into_iter().chain(self.faulty.iter().copied());
        let faulty: BTreeSet<usize> = faulty.collect();
        let stake: u64 = faulty
            .iter()
            .filter_map(|member| self.node_stakes.get(*member))
            .sum();
        stake * 3 < self.node_stakes.iter().sum::<u64>()
    }

    /// What could be taken away next, the largest pieces first. `expected` says that which views fail is what is judged.
    pub(crate) fn reductions_left(&self, expected: bool) -> Vec<Reduction> {
        let mut left = Vec::new();
        let count = self.node_stakes.len();
        let fewer = [FEWEST, count / 2, count.saturating_sub(1)];
        // Committees that change were drawn for all members.
        let fixed = self.stakes_by_epoch.is_none();
        let fewer = fewer.into_iter().filter(|n| fixed && (FEWEST..count).contains(n));
        left.extend(fewer.map(Reduction::Members));
        left.extend(self.liars().into_iter().map(Reduction::Honest));
        let parts = &self.async_delay_config;
        let usual = Parts::default();
        let delays = |p: &Parts| [p.storage, p.validated_state, p.block_header, p.application];
        let plain = [
            (self.observers > 0, Reduction::NoObservers),
            (self.partitions.is_some(), Reduction::NoPartitions),
            (
                parts.crash > 0.0 || self.crash_before.is_some(),
                Reduction::NoCrashes,
            ),
            (parts.storage_fails > 0.0, Reduction::SureDisks),
            (parts.retry > 0.0, Reduction::NoRetries),
            (delays(parts) != delays(&usual), Reduction::QuickParts),
            (self.clock_skew_ms != 0, Reduction::RightClocks),
            (self.upgrading.is_some(), Reduction::NoUpgrade),
        ];
        left.extend(
            plain
                .into_iter()
                .filter(|(is, _)| *is)
                .map(|(_, reduction)| reduction),
        );
        if !self.reductions.0.contains(&Reduction::PerfectLinks) {
            left.push(Reduction::PerfectLinks);
        }
        left.extend(self.changes_left());
        left.extend(self.times_left());
        left.retain(|reduction| !(expected && changes_who_fails(*reduction)));
        left
    }

    fn changes_left(&self) -> Vec<Reduction> {
        let changes = self.spinning_properties.iter();
        let changes: Vec<_> = changes
            .flat_map(|(view, all)| all.iter().map(|one| (*view, *one)))
            .collect();
        let mut steady: Vec<usize> = changes.iter().map(|(_, change)| change.idx).collect();
        steady.sort_unstable();
        steady.dedup();
        let restarts = changes.iter().filter(|(_, change)| is_restart(change.updown));
        let restarts = restarts.map(|(view, change)| Reduction::NoRestart {
            view: *view,
            machine: change.idx,
        });
        steady
            .into_iter()
            .map(Reduction::Steady)
            .chain(restarts)
            .collect()
    }

    fn times_left(&self) -> Vec<Reduction> {
        let ms = self.heal.map_or(0, |heal| heal.at.as_millis());
        let ms = u64::try_from(ms).unwrap_or(u64::MAX);
        let shorter = [ms / 2, ms - ms / 4]
            .into_iter()
            .filter(|less| (50..ms).contains(less));
        let wanted = self.overall_safety_properties.num_successful_views;
        let blocks = self.heal.map_or(wanted, |heal| heal.blocks);
        let fewer = [1, blocks / 2]
            .into_iter()
            .filter(|less| (1..blocks).contains(less));
        shorter
            .map(Reduction::FaultsMs)
            .chain(fewer.map(Reduction::Blocks))
            .collect()
    }
}

fn is_restart(action: NodeAction) -> bool {
    matches!(action, NodeAction::Restart(_) | NodeAction::RestartBlank(_))
}

fn changes_who_fails(reduction: Reduction) -> bool {
    matches!(
        reduction,
        Reduction::Members(_)
            | Reduction::Honest(_)
            | Reduction::Steady(_)
            | Reduction::NoRestart { .. }
            | Reduction::Blocks(_)
    )
}
