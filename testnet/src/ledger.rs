//! What this process has seen and executed: roots, times, and what became of each payment.

use std::collections::{HashMap, VecDeque};

use assetvm::{Address, Outcome, Receipt, State, TxId};
use rollup_abi::{Digest, Header};

use crate::reconcile::Fate;
use crate::stats::Spread;

/// Roots and times that are kept, newest first to stay: 4.5 hours of blocks at four a second.
const MAX_KEPT: usize = 65_536;
/// Blocks that recent figures are of: 15 seconds at four a second.
const RECENT: usize = 60;

/// One block's times.
#[derive(Clone, Copy, Debug)]
struct Seen {
    timestamp_ms: u64,
    observed_ms: u64,
    transactions: u64,
}

/// Everything about the chain that a run reports. Filled by the follower alone.
#[derive(Debug)]
pub struct Ledger {
    height: u64,
    state: State,
    /// Roots of the heights up to `height`, oldest first.
    roots: VecDeque<Digest>,
    seen: VecDeque<Seen>,
    blocks: u64,
    transactions: u64,
    payments: HashMap<TxId, usize>,
    fates: Vec<Fate>,
    made: u64,
    /// Header timestamps of the first and the last block with a payment.
    paying: Option<(u64, u64)>,
}

impl Ledger {
    /// Before the first block. `payments` gives each expected transaction the index of its row.
    pub fn new(genesis_root: Digest, state: State, payments: HashMap<TxId, usize>) -> Self {
        Self {
            height: 0,
            state,
            roots: VecDeque::from([genesis_root]),
            seen: VecDeque::new(),
            blocks: 0,
            transactions: 0,
            fates: vec![Fate::default(); payments.len()],
            payments,
            made: 0,
            paying: None,
        }
    }

    /// Takes in a block that has been executed here.
    pub fn record(&mut self, header: &Header, receipts: &[Receipt], state: State, observed_ms: u64) {
        self.height = header.height;
        self.roots.push_back(state.root());
        self.state = state;
        self.blocks += 1;
        self.transactions += receipts.len() as u64;
        self.seen.push_back(Seen {
            timestamp_ms: header.timestamp_ms,
            observed_ms,
            transactions: receipts.len() as u64,
        });
        for receipt in receipts {
            let Some(row) = self.payments.get(&receipt.id) else {
                continue;
            };
            let fate = &mut self.fates[*row];
            match receipt.outcome {
                Outcome::Applied(_) => fate.applied += 1,
                Outcome::Failed(_) => fate.failed += 1,
            }
            self.made += u64::from(
                *fate
                    == Fate {
                        applied: 1,
                        failed: 0,
                    },
            );
            let first = self.paying.map_or(header.timestamp_ms, |(first, _)| first);
            self.paying = Some((first, header.timestamp_ms));
        }
        while self.roots.len() > MAX_KEPT {
            self.roots.pop_front();
        }
        while self.seen.len() > MAX_KEPT {
            self.seen.pop_front();
        }
    }

    /// Newest height executed here.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The state after it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The root that executing height `height` here gave, while it is kept.
    pub fn root_at(&self, height: u64) -> Option<Digest> {
        let age = usize::try_from(self.height.checked_sub(height)?).ok()?;
        let index = self.roots.len().checked_sub(age.checked_add(1)?)?;
        self.roots.get(index).copied()
    }

    /// The nonce of an account: how many of its transactions have been decided.
    pub fn nonce(&self, address: &Address) -> u64 {
        self.state.get(address).map_or(0, |account| account.nonce.get())
    }

    /// Blocks, and transactions in them.
    pub fn totals(&self) -> (u64, u64) {
        (self.blocks, self.transactions)
    }

    /// What became of each row.
    pub fn fates(&self) -> &[Fate] {
        &self.fates
    }

    /// Rows that have been made exactly once, so far.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Intervals by the headers' timestamps and as observed here, of all kept blocks.
    pub fn intervals(&self) -> (Spread, Spread) {
        let of =
            |time: fn(&Seen) -> u64| Spread::of_intervals(&self.seen.iter().map(time).collect::<Vec<_>>());
        (of(|seen| seen.timestamp_ms), of(|seen| seen.observed_ms))
    }

    /// Interval by the headers' timestamps and transactions a second, of the newest blocks.
    pub fn recent(&self) -> (Spread, f64) {
        let skipped = self.seen.len().saturating_sub(RECENT);
        let recent: Vec<_> = self.seen.iter().skip(skipped).collect();
        let times: Vec<u64> = recent.iter().map(|seen| seen.timestamp_ms).collect();
        let transactions: u64 = recent.iter().skip(1).map(|seen| seen.transactions).sum();
        let span = times
            .last()
            .zip(times.first())
            .map_or(0, |(last, first)| last.saturating_sub(*first));
        (Spread::of_intervals(&times), per_second(transactions, span))
    }

    /// Payments' transactions a second, between the first and the last block that has some.
    pub fn payment_rate(&self) -> f64 {
        let span = self.paying.map_or(0, |(first, last)| last.saturating_sub(first));
        per_second(self.made, span)
    }
}

fn per_second(count: u64, span_ms: u64) -> f64 {
    if span_ms == 0 {
        return 0.0;
    }
    // Counts and milliseconds of a run are far below 2⁵², where these are exact.
    let rate = count as f64 * 1_000.0 / span_ms as f64;
    (rate * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use assetvm::{Amount, Failure, Gas, GasRules, Genesis, Output};

    fn ledger(rows: usize) -> Ledger {
        let genesis = Genesis {
            program_id: Address::new([1; 32]),
            mint_authority: Address::new([2; 32]),
            supply_cap: Amount::MAX,
            minimum_fee: Amount::ZERO,
            gas: GasRules::default(),
            accounts: Vec::new(),
            committee: [0; 32],
            timestamp_ms: 0,
            roster: assetvm::GenesisRoster::default(),
        };
        let state = genesis.state().unwrap();
        let payments = (0..rows).map(|row| (id(row), row)).collect();
        Ledger::new(state.root(), state, payments)
    }

    fn id(row: usize) -> TxId {
        TxId::new([row as u8 + 1; 32])
    }

    fn block(ledger: &mut Ledger, timestamp_ms: u64, receipts: &[(usize, Outcome)]) {
        let header = Header {
            height: ledger.height() + 1,
            timestamp_ms,
            ..Header::default()
        };
        let receipts: Vec<_> = receipts
            .iter()
            .map(|(row, outcome)| Receipt {
                id: id(*row),
                fee: Amount::ZERO,
                gas_used: Gas(0),
                outcome: outcome.clone(),
            })
            .collect();
        let state = ledger.state().clone();
        ledger.record(&header, &receipts, state, timestamp_ms + 7);
    }

    #[test]
    fn fates_and_rates() {
        let mut ledger = ledger(4);
        let failed = Outcome::Failed(Failure::ZeroAmount);
        block(
            &mut ledger,
            1_000,
            &[
                (0, Outcome::Applied(Output::default())),
                (9, Outcome::Applied(Output::default())),
            ],
        );
        block(&mut ledger, 1_250, &[(1, Outcome::Applied(Output::default()))]);
        block(
            &mut ledger,
            1_500,
            &[(1, Outcome::Applied(Output::default())), (2, failed)],
        );
        let fates: Vec<_> = ledger.fates().iter().map(|f| (f.applied, f.failed)).collect();
        assert_eq!(fates, [(1, 0), (2, 0), (0, 1), (0, 0)]);
        assert_eq!(ledger.totals(), (3, 5));
        assert_eq!(
            ledger.intervals(),
            (Spread { p50: 250, p95: 250 }, Spread { p50: 250, p95: 250 })
        );
        assert_eq!(ledger.recent().1, 6.0);
    }

    #[test]
    fn roots_by_height_while_kept() {
        let mut ledger = ledger(0);
        let root = ledger.state().root();
        assert_eq!((ledger.root_at(0), ledger.root_at(1)), (Some(root), None));
        for height in 1..=MAX_KEPT as u64 {
            block(&mut ledger, height, &[]);
        }
        let oldest = ledger.height() - MAX_KEPT as u64 + 1;
        assert_eq!(
            (ledger.root_at(oldest), ledger.root_at(oldest - 1)),
            (Some(root), None)
        );
    }
}
