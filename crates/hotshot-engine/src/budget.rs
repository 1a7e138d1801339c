//! What one sender may cost.

use std::{collections::BTreeMap, time::Duration};

use hotshot_types::NodeId;

/// Checks of one sender's messages that may wait or run at a time.
const MAX_CHECKS: u32 = 64;
/// Fetches of one sender answered at a time.
const MAX_SERVING: u32 = 2;
/// Fetches of one sender answered within a second.
const MAX_SERVED: u32 = 40;
/// Faults after which a sender's messages are dropped until they are forgotten.
const MAX_STRIKES: u32 = 16;
/// A fault is forgotten after this.
const FORGIVE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Account {
    checks: u32,
    serving: u32,
    served: u32,
    strikes: u32,
    since: Duration,
}

/// The senders' accounts: as many as there are members.
#[derive(Debug, Default)]
pub(crate) struct Budgets(BTreeMap<NodeId, Account>);

impl Budgets {
    fn account(&mut self, node: NodeId, now: Duration) -> &mut Account {
        let account = self.0.entry(node).or_default();
        if now >= account.since + FORGIVE {
            account.since = now;
            account.served = 0;
            account.strikes = account.strikes.saturating_sub(1);
        }
        account
    }

    /// Whether another check of this sender's is affordable; if so, it is begun.
    pub(crate) fn begin_check(&mut self, node: NodeId, now: Duration) -> bool {
        let account = self.account(node, now);
        let affordable = account.checks < MAX_CHECKS && account.strikes < MAX_STRIKES;
        account.checks += u32::from(affordable);
        affordable
    }

    pub(crate) fn end_check(&mut self, node: NodeId) {
        if let Some(account) = self.0.get_mut(&node) {
            account.checks = account.checks.saturating_sub(1);
        }
    }

    /// Whether another answer to this sender is affordable; if so, it is begun.
    pub(crate) fn begin_serving(&mut self, node: NodeId, now: Duration) -> bool {
        let account = self.account(node, now);
        let affordable = account.serving < MAX_SERVING && account.served < MAX_SERVED;
        account.serving += u32::from(affordable);
        account.served += u32::from(affordable);
        affordable
    }

    pub(crate) fn end_serving(&mut self, node: NodeId) {
        if let Some(account) = self.0.get_mut(&node) {
            account.serving = account.serving.saturating_sub(1);
        }
    }

    pub(crate) fn strike(&mut self, node: NodeId, now: Duration) {
        let account = self.account(node, now);
        account.strikes = account.strikes.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId([1; 32]);
    const OTHER: NodeId = NodeId([2; 32]);

    #[test]
    fn one_sender_cannot_use_up_anothers_checks() {
        let mut budgets = Budgets::default();
        for _ in 0..MAX_CHECKS {
            assert!(budgets.begin_check(NODE, Duration::ZERO));
        }
        assert!(!budgets.begin_check(NODE, Duration::ZERO));
        assert!(budgets.begin_check(OTHER, Duration::ZERO));
        budgets.end_check(NODE);
        assert!(budgets.begin_check(NODE, Duration::ZERO));
    }

    #[test]
    fn faults_silence_a_sender_until_they_are_forgotten() {
        let mut budgets = Budgets::default();
        for _ in 0..MAX_STRIKES {
            assert!(budgets.begin_check(NODE, Duration::ZERO));
            budgets.end_check(NODE);
            budgets.strike(NODE, Duration::ZERO);
        }
        assert!(!budgets.begin_check(NODE, Duration::ZERO));
        assert!(budgets.begin_check(NODE, FORGIVE));
    }

    #[test]
    fn answers_are_bounded_at_a_time_and_by_the_second() {
        let mut budgets = Budgets::default();
        for _ in 0..MAX_SERVED {
            assert!(budgets.begin_serving(NODE, Duration::ZERO));
            budgets.end_serving(NODE);
        }
        assert!(!budgets.begin_serving(NODE, Duration::ZERO));
        assert!(budgets.begin_serving(NODE, FORGIVE));
        assert!(budgets.begin_serving(NODE, FORGIVE));
        assert!(!budgets.begin_serving(NODE, FORGIVE));
    }
}
