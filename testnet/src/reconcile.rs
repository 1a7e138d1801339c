//! Did every payment happen, exactly once, and does every recipient own what the file says?

use std::collections::BTreeMap;

use assetvm::{Address, Amount};

/// Most lines of the file that are listed one by one.
const MAX_LINES: usize = 10;
/// Most balances that are listed one by one.
const MAX_BALANCES: usize = 3;

/// What the decided blocks say of one payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// Blocks that hold its transaction and in which it took effect.
    pub applied: u32,
    /// Blocks that hold its transaction and in which it failed.
    pub failed: u32,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Payments that took effect exactly once.
    pub made: u64,
    /// Recipients whose proven balance is what the file says.
    pub proven: u64,
    /// What is not as it must be.
    pub failures: Vec<String>,
}

/// Compares. `fates` has an entry per payment, named by its line of the file; `proven` holds the balances that were proven
/// against a root on chain.
pub fn reconcile(
    fates: &[(usize, Fate)],
    expected: &BTreeMap<Address, Amount>,
    proven: &BTreeMap<Address, Amount>,
) -> Reconciliation {
    let mut failures = Vec::new();
    let of = |wanted: fn(&Fate) -> bool| -> Vec<usize> {
        fates
            .iter()
            .filter(|(_, fate)| wanted(fate))
            .map(|(line, _)| *line)
            .collect()
    };
    let made = of(|fate| fate.applied == 1 && fate.failed == 0).len();
    for (what, lines) in [
        ("not made", of(|fate| fate.applied == 0 && fate.failed == 0)),
        ("refused by the chain", of(|fate| fate.failed > 0)),
        ("made more than once", of(|fate| fate.applied > 1)),
    ] {
        if !lines.is_empty() {
            failures.push(format!(
                "{} payment(s) {what}: line(s) {}",
                lines.len(),
                listed(&lines, MAX_LINES)
            ));
        }
    }
    let wrong: Vec<String> = expected
        .iter()
        .filter_map(|(address, sum)| match proven.get(address) {
            Some(balance) if balance == sum => None,
            Some(balance) => Some(format!("{address} has {balance}, expected {sum}")),
            None => Some(format!("{address} not proven, expected {sum}")),
        })
        .collect();
    if !wrong.is_empty() {
        failures.push(format!(
            "{} balance(s) do not reconcile: {}",
            wrong.len(),
            listed(&wrong, MAX_BALANCES)
        ));
    }
    Reconciliation {
        made: made as u64,
        proven: (expected.len() - wrong.len()) as u64,
        failures,
    }
}

fn listed<T: ToString>(items: &[T], limit: usize) -> String {
    let shown: Vec<_> = items.iter().take(limit).map(T::to_string).collect();
    let more = if items.len() > limit { ", …" } else { "" };
    shown.join(", ") + more
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: Fate = Fate {
        applied: 1,
        failed: 0,
    };
    const NEVER: Fate = Fate {
        applied: 0,
        failed: 0,
    };
    const TWICE: Fate = Fate {
        applied: 2,
        failed: 0,
    };
    const REFUSED: Fate = Fate {
        applied: 0,
        failed: 1,
    };

    fn balances(of: &[(u8, u64)]) -> BTreeMap<Address, Amount> {
        of.iter()
            .map(|(who, sum)| (Address::new([*who; 32]), Amount::from_base_units(*sum)))
            .collect()
    }

    #[test]
    fn all_is_well() {
        let owed = balances(&[(1, 5), (2, 6)]);
        let more = balances(&[(1, 5), (2, 6), (3, 1)]);
        let verdict = reconcile(&[(2, ONCE), (3, ONCE)], &owed, &more);
        assert_eq!((verdict.made, verdict.proven, verdict.failures.len()), (2, 2, 0));
    }

    #[test]
    fn every_kind_of_discrepancy_is_named() {
        let fates = [(2, ONCE), (3, NEVER), (4, TWICE), (5, REFUSED)];
        let verdict = reconcile(
            &fates,
            &balances(&[(1, 5), (2, 6), (3, 7)]),
            &balances(&[(1, 5), (2, 7)]),
        );
        assert_eq!((verdict.made, verdict.proven), (1, 1));
        insta::assert_debug_snapshot!(verdict.failures);
    }

    #[test]
    fn long_lists_are_cut() {
        let fates: Vec<_> = (2..100).map(|line| (line, NEVER)).collect();
        let verdict = reconcile(&fates, &BTreeMap::new(), &BTreeMap::new());
        assert_eq!(
            verdict.failures,
            ["98 payment(s) not made: line(s) 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"]
        );
    }
}
