//! Where every transaction of a load stands, and how long it took there from the moment at which it was due.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use assetvm::TxId;
use hdrhistogram::Histogram;
use rollup_abi::Header;

use super::report::Latency;
use super::traffic::{Intent, Planned};
use crate::sight::Sight;

/// The longest latency that is told apart, microseconds: an hour.
const LONGEST: u64 = 3_600_000_000;
/// Significant digits of a latency.
const DIGITS: u8 = 3;

/// Microseconds since 1970 that never go back: the system's clock as it was when this one was made, and a steady one since.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    unix: Duration,
}

impl Clock {
    /// From now on.
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            started: Instant::now(),
            unix,
        }
    }

    /// Since 1970.
    pub fn now(&self) -> Duration {
        self.unix + self.started.elapsed()
    }
}

/// Blocks and settlements that are kept for whoever looks at the whole: two hours and more.
const MAX_SEEN: usize = 32_768;

/// A block as it was first seen decided.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its header.
    pub header: Header,
    /// When, since 1970.
    pub observed: Duration,
    /// Transactions in it.
    pub transactions: u64,
}

/// One transaction.
#[derive(Clone, Copy, Debug)]
struct Entry {
    due: Duration,
    decided: bool,
}

/// The state of a load. Moments are since 1970.
#[derive(Debug)]
pub struct Track {
    entries: Vec<Entry>,
    by_id: HashMap<TxId, usize>,
    /// Decided blocks whose root has not been seen on Solana: height, and when its transactions were due.
    unsettled: VecDeque<(u64, Vec<Duration>)>,
    valid: u64,
    decided: u64,
    failed: u64,
    settled: u64,
    /// When the first and the last decided transactions' blocks were made.
    span: Option<(Duration, Duration)>,
    histograms: Hops,
    blocks: Vec<Seen>,
    settlements: Vec<(u64, Duration)>,
    /// What is due later is not offered.
    end: Duration,
}

#[derive(Debug)]
struct Hops {
    included: Histogram<u64>,
    decided: Histogram<u64>,
    settled: Histogram<u64>,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("bounds that the type documents")
}

fn note(histogram: &mut Histogram<u64>, from: Duration, to: Duration) {
    let micros = u64::try_from(to.saturating_sub(from).as_micros()).unwrap_or(LONGEST);
    histogram.saturating_record(micros);
}

impl Track {
    /// Nothing has been sent; the load starts at `start`.
    pub fn new(planned: &[Planned], start: Duration) -> Self {
        let entries = planned.iter().map(|planned| Entry {
            due: start + planned.due,
            decided: false,
        });
        let valid = planned
            .iter()
            .enumerate()
            .filter(|(_, p)| p.intent == Intent::Valid);
        let by_id: HashMap<_, _> = valid.map(|(index, planned)| (planned.signed.id, index)).collect();
        Self {
            entries: entries.collect(),
            valid: by_id.len() as u64,
            by_id,
            unsettled: VecDeque::new(),
            decided: 0,
            failed: 0,
            settled: 0,
            span: None,
            histograms: Hops {
                included: histogram(),
                decided: histogram(),
                settled: histogram(),
            },
            blocks: Vec::new(),
            settlements: Vec::new(),
            end: Duration::MAX,
        }
    }

    /// When a transaction is due.
    pub fn due(&self, index: usize) -> Duration {
        self.entries[index].due
    }

    /// Whether it is due by now, and offered.
    pub fn is_due(&self, index: usize, now: Duration) -> bool {
        self.due(index) <= now.min(self.end)
    }

    /// Offers nothing any more that is due after `end`.
    pub fn truncate(&mut self, end: Duration) {
        self.end = end;
        let offered = self
            .by_id
            .values()
            .filter(|index| self.entries[**index].due <= end);
        self.valid = offered.count() as u64;
    }

    /// Whether it is in a decided block.
    pub fn is_decided(&self, index: usize) -> bool {
        self.entries[index].decided
    }

    /// A block has been seen decided.
    pub fn block(&mut self, sight: &Sight) {
        if self.blocks.len() < MAX_SEEN {
            self.blocks.push(Seen {
                header: sight.header.clone(),
                observed: sight.observed,
                transactions: sight.transactions.len() as u64,
            });
        }
        let made = Duration::from_millis(sight.header.timestamp_ms);
        let mut dues = Vec::new();
        for (id, applied) in &sight.transactions {
            let Some(entry) = self.by_id.get(id).map(|index| &mut self.entries[*index]) else {
                continue;
            };
            if std::mem::replace(&mut entry.decided, true) {
                continue;
            }
            note(&mut self.histograms.included, entry.due, made);
            note(&mut self.histograms.decided, entry.due, sight.observed);
            self.decided += 1;
            self.failed += u64::from(!applied);
            dues.push(entry.due);
        }
        if !dues.is_empty() {
            self.span = Some((self.span.map_or(made, |(first, _)| first), made));
            self.unsettled.push_back((sight.header.height, dues));
        }
    }

    /// Solana has been seen to hold the roots up to `height`.
    pub fn settled(&mut self, height: u64, at: Duration) {
        if self.settlements.len() < MAX_SEEN {
            self.settlements.push((height, at));
        }
        while let Some((_, dues)) = self.unsettled.pop_front_if(|(held, _)| *held <= height) {
            self.settled += dues.len() as u64;
            for due in dues {
                note(&mut self.histograms.settled, due, at);
            }
        }
    }

    /// Transactions that must be decided; that are; and whose root is on Solana.
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.valid, self.decided, self.settled)
    }

    /// The blocks that have been seen since the start.
    pub fn blocks(&self) -> &[Seen] {
        &self.blocks
    }

    /// The heights that Solana has been seen to hold, and when.
    pub fn settlements(&self) -> &[(u64, Duration)] {
        &self.settlements
    }

    /// Whether nothing is left to wait for.
    pub fn is_complete(&self) -> bool {
        self.settled == self.valid
    }

    /// Decided transactions whose action failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Decided transactions a second, from the first one's block to the last one's.
    pub fn rate(&self) -> f64 {
        let seconds = self
            .span
            .map_or(0.0, |(first, last)| last.saturating_sub(first).as_secs_f64());
        if seconds > 0.0 {
            self.decided as f64 / seconds
        } else {
            0.0
        }
    }

    /// How long transactions took until they were in a block, decided, and settled.
    pub fn latencies(&self) -> [Latency; 3] {
        let hops = &self.histograms;
        [&hops.included, &hops.decided, &hops.settled].map(Latency::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Signed;
    use rollup_abi::Header;

    fn planned(id: u8, due_ms: u64, intent: Intent) -> Planned {
        Planned {
            due: Duration::from_millis(due_ms),
            sender: 0,
            signed: Signed {
                id: TxId::new([id; 32]),
                bytes: Vec::new(),
            },
            intent,
        }
    }

    fn sight(height: u64, made_ms: u64, ids: &[(u8, bool)]) -> Sight {
        Sight {
            header: Header {
                height,
                timestamp_ms: made_ms,
                ..Header::default()
            },
            transactions: ids
                .iter()
                .map(|(id, applied)| (TxId::new([*id; 32]), *applied))
                .collect(),
            observed: Duration::from_millis(made_ms + 100),
        }
    }

    #[test]
    fn latency_counts_from_when_a_transaction_was_due() {
        let start = Duration::from_secs(1_000);
        let plan = [
            planned(1, 0, Intent::Valid),
            planned(2, 200, Intent::Valid),
            planned(3, 200, Intent::Hostile),
        ];
        let mut track = Track::new(&plan, start);
        track.block(&sight(5, 1_000_300, &[(1, true), (9, true)]));
        track.block(&sight(6, 1_000_600, &[(1, true), (2, false)]));
        assert_eq!(
            (track.counts(), track.failed()),
            ((2, 2, 0), 1),
            "the second copy changes nothing"
        );
        track.settled(5, start + Duration::from_millis(900));
        assert!(!track.is_complete());
        track.settled(9, start + Duration::from_millis(1_500));
        assert!(track.is_complete());
        // The histogram keeps three digits.
        let near = |got: f64, expected: f64| (got - expected).abs() <= expected / 1_000.0;
        let expected = [(300.0, 400.0), (400.0, 500.0), (900.0, 1_300.0)];
        for (got, (p50, max)) in track.latencies().iter().zip(expected) {
            assert!(near(got.p50_ms, p50) && near(got.max_ms, max), "{got:?}");
        }
        assert!((track.rate() - 2.0 / 0.3).abs() < 1e-9);
    }
}
