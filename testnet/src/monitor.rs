//! Watching a running testnet: what its validators say, what blocks are seen, what Solana holds; once a second, a [`Frame`].

mod alerts;
mod frame;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hotshot_types::{Committee, View};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

pub use frame::{Alert, BlockFrame, Frame, Health, Point, Severity, TARGETS, Targets, ValidatorFrame};

use crate::attach::Attached;
use crate::error::TestnetError;
use crate::http;
use crate::load::{Clock, tenth};
use crate::node::{Node, Nodes};
use crate::scrape::Scrape;
use crate::sight::{self, Sight};
use crate::stats::Spread;
use alerts::{Alerts, unwell};

/// How often a frame is made.
const EVERY: Duration = Duration::from_secs(1);
/// Blocks that recent figures are of: five seconds at four a second, so that what is over is soon forgotten.
const RECENT: usize = 20;
/// Blocks that are kept until they are settled: minutes of them.
const MAX_BLOCKS: usize = 1_024;
/// Blocks whose path is shown.
const SHOWN: usize = 24;
/// Points of the past that are shown: five minutes.
const MAX_HISTORY: usize = 300;

/// A task that watches. It ends with the last clone.
#[derive(Clone, Debug)]
pub struct Monitor {
    frames: watch::Receiver<Option<Arc<Frame>>>,
    _tasks: Arc<[AbortOnDropHandle<()>; 3]>,
}

/// The blocks that have been seen, oldest first.
#[derive(Debug, Default)]
struct Chain {
    blocks: VecDeque<BlockFrame>,
    settled: u64,
}

impl Chain {
    fn decided(&mut self, sight: &Sight, leader: Option<usize>) {
        let made_ms = sight.header.timestamp_ms;
        self.blocks.push_back(BlockFrame {
            height: sight.header.height,
            view: sight.header.view,
            leader,
            transactions: sight.transactions.len() as u64,
            made_ms,
            decided_after_ms: millis(sight.observed).saturating_sub(made_ms),
            settled_after_ms: None,
        });
        if self.blocks.len() > MAX_BLOCKS {
            self.blocks.pop_front();
        }
    }

    fn settled(&mut self, height: u64, at: Duration) {
        self.settled = height;
        let unsettled = self
            .blocks
            .iter_mut()
            .rev()
            .skip_while(|block| block.height > height);
        for block in unsettled.take_while(|block| block.settled_after_ms.is_none()) {
            block.settled_after_ms = Some(millis(at).saturating_sub(block.made_ms));
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Monitor {
    /// Starts to watch.
    ///
    /// # Errors
    /// The testnet's directory has been tampered with.
    pub fn start(attached: &Attached) -> Result<Self, TestnetError> {
        let clock = Clock::start();
        let chain = Arc::new(Mutex::new(Chain::default()));
        let (decided, settled) = (Arc::clone(&chain), Arc::clone(&chain));
        let (nodes, committee) = (attached.nodes.clone(), attached.deployment.committee.clone());
        let blocks = async move {
            let after = sight::tip(&nodes).await.saturating_sub(RECENT as u64);
            sight::blocks(nodes, clock, after, |sight| {
                let leader = leader(&committee, sight.header.view);
                lock(&decided).decided(&sight, leader);
            })
            .await;
        };
        let settlements = sight::settlements(attached.rollup()?, clock, move |height, at| {
            lock(&settled).settled(height, at);
        });
        let (told, frames) = watch::channel(None);
        let frames_of = make_frames(attached.nodes.clone(), clock, chain, told);
        let tasks = [
            AbortOnDropHandle::new(tokio::spawn(blocks)),
            AbortOnDropHandle::new(tokio::spawn(settlements)),
            AbortOnDropHandle::new(tokio::spawn(frames_of)),
        ];
        Ok(Self {
            frames,
            _tasks: Arc::new(tasks),
        })
    }

    /// The newest frame; none in the first second.
    pub fn frame(&self) -> Option<Arc<Frame>> {
        self.frames.borrow().clone()
    }

    /// Waits for the next frame.
    pub async fn next(&mut self) -> Option<Arc<Frame>> {
        self.frames.changed().await.ok()?;
        self.frames.borrow_and_update().clone()
    }
}

fn lock(chain: &Mutex<Chain>) -> MutexGuard<'_, Chain> {
    chain.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leader(committee: &Committee, view: u64) -> Option<usize> {
    committee.index_of(&committee.leader(View::new(view)).node)
}

/// What one validator said.
#[derive(Default)]
struct Said {
    metrics: Option<Scrape>,
    reasons: Vec<String>,
}

#[derive(Deserialize)]
struct Readiness {
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    ok: bool,
    detail: String,
}

async fn ask(node: &Node) -> Said {
    let (metrics, ready) = tokio::join!(
        tokio::time::timeout(EVERY, Scrape::of(node.health())),
        tokio::time::timeout(EVERY, http::get(node.health(), "/readyz")),
    );
    let ready = ready.ok().and_then(Result::ok).map(|(_, body)| body);
    let readiness: Option<Readiness> = ready.and_then(|body| serde_json::from_str(&body).ok());
    let checks = readiness.map(|readiness| readiness.checks).unwrap_or_default();
    Said {
        metrics: metrics.ok().and_then(Result::ok),
        reasons: checks
            .into_iter()
            .filter(|check| !check.ok)
            .map(|check| check.detail)
            .collect(),
    }
}

async fn make_frames(
    nodes: Nodes,
    clock: Clock,
    chain: Arc<Mutex<Chain>>,
    told: watch::Sender<Option<Arc<Frame>>>,
) {
    let mut maker = Maker {
        cpu: vec![None; nodes.len()],
        history: VecDeque::new(),
        alerts: Alerts::default(),
    };
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let said = futures::future::join_all(nodes.iter().map(ask)).await;
        let frame = maker.frame(clock.now(), &lock(&chain), said);
        told.send_replace(Some(Arc::new(frame)));
    }
}

/// What is remembered from frame to frame.
struct Maker {
    /// Of each validator, when its processor time was read last, and what it was.
    cpu: Vec<Option<(Duration, f64)>>,
    history: VecDeque<Point>,
    alerts: Alerts,
}

impl Maker {
    fn frame(&mut self, now: Duration, chain: &Chain, said: Vec<Said>) -> Frame {
        let now_ms = millis(now);
        let heights = said
            .iter()
            .filter_map(|said| Some(said.metrics.as_ref()?.count("decided_height")));
        let seen = chain.blocks.back().map_or(0, |block| block.height);
        let height = heights.max().unwrap_or(0).max(seen);
        let expected = said.len().saturating_sub(1) as u64;
        let validators: Vec<_> = said
            .iter()
            .enumerate()
            .map(|(index, said)| self.validator(index, said, now, height, expected))
            .collect();
        let skipped = chain.blocks.len().saturating_sub(RECENT);
        let recent: Vec<&BlockFrame> = chain.blocks.iter().skip(skipped).collect();
        let times: Vec<u64> = recent.iter().map(|block| block.made_ms).collect();
        let interval = Spread::of_intervals(&times);
        let oldest = chain.blocks.iter().find(|block| block.height > chain.settled);
        let newest = chain.blocks.back();
        let since_block_ms = newest.map_or(0, |block| {
            now_ms.saturating_sub(block.made_ms + block.decided_after_ms)
        });
        let diverged = said
            .iter()
            .filter_map(|said| Some(said.metrics.as_ref()?.count("root_divergence")));
        let mut frame = Frame {
            now_ms,
            targets: TARGETS,
            height,
            settled: chain.settled,
            since_block_ms,
            interval_ms: (interval.p50, interval.p95),
            tps: tenth(rate(&recent, now_ms)),
            lag_ms: oldest.map_or(0, |block| now_ms.saturating_sub(block.made_ms)),
            reorg_depth: validators.iter().map(|v| v.reorg_depth).max().unwrap_or(0),
            diverged: diverged.sum(),
            validators,
            blocks: chain.blocks.iter().rev().take(SHOWN).cloned().collect(),
            history: Vec::new(),
            alerts: Vec::new(),
        };
        self.remember(&frame, &times);
        frame.history = self.history.iter().copied().collect();
        frame.alerts = self.alerts.of(&frame);
        frame
    }

    fn remember(&mut self, frame: &Frame, times: &[u64]) {
        let ended = times
            .windows(2)
            .filter(|pair| pair[1] + millis(EVERY) > frame.now_ms);
        let longest = ended.map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        let up = frame
            .validators
            .iter()
            .filter(|v| v.health != Health::Down)
            .count();
        self.history.push_back(Point {
            at_ms: frame.now_ms,
            interval_ms: longest.max(frame.since_block_ms),
            tps: frame.tps,
            lag_ms: frame.lag_ms,
            up,
            cpu_percent: tenth(frame.validators.iter().map(|v| v.cpu_percent).sum()),
        });
        if self.history.len() > MAX_HISTORY {
            self.history.pop_front();
        }
    }

    fn validator(
        &mut self,
        index: usize,
        said: &Said,
        now: Duration,
        tip: u64,
        expected: u64,
    ) -> ValidatorFrame {
        let (health, wrong) = match &said.metrics {
            None => (Health::Down, vec!["does not answer".to_owned()]),
            Some(metrics) => {
                let (height, peers) = (metrics.count("decided_height"), metrics.count("peers"));
                let wrong = unwell(said.reasons.clone(), height, tip, peers, expected);
                let health = if wrong.is_empty() {
                    Health::Good
                } else {
                    Health::Unwell
                };
                (health, wrong)
            }
        };
        let metrics = said.metrics.clone().unwrap_or_default();
        let mib = |series: &str| tenth(metrics.get(series).unwrap_or(0.0) / f64::from(1u32 << 20));
        ValidatorFrame {
            index,
            health,
            wrong,
            height: metrics.count("decided_height"),
            view: metrics.count("current_view"),
            peers: metrics.count("peers"),
            timeouts: metrics.count("view_timeouts_total"),
            mempool: metrics.count("mempool_transactions"),
            reorg_depth: metrics.count("reorg_depth_blocks"),
            cpu_percent: self.cpu_percent(index, &metrics, now),
            resident_mib: mib("process_resident_bytes"),
            disk_mib: mib("store_size_bytes"),
        }
    }

    fn cpu_percent(&mut self, index: usize, metrics: &Scrape, now: Duration) -> f64 {
        let Some(seconds) = metrics.get("process_cpu_seconds_total") else {
            self.cpu[index] = None;
            return 0.0;
        };
        let before = self.cpu[index].replace((now, seconds));
        before.map_or(0.0, |(at, used)| {
            let elapsed = now.saturating_sub(at).as_secs_f64();
            // A process that has been started again begins at nothing.
            let percent = 100.0 * (seconds - used).max(0.0) / elapsed.max(f64::MIN_POSITIVE);
            tenth(percent)
        })
    }
}

/// Transactions a second, from the first of these blocks until now.
fn rate(recent: &[&BlockFrame], now_ms: u64) -> f64 {
    let Some((first, rest)) = recent.split_first() else {
        return 0.0;
    };
    let transactions: u64 = rest.iter().map(|block| block.transactions).sum();
    let span = now_ms.saturating_sub(first.made_ms);
    if span == 0 {
        0.0
    } else {
        transactions as f64 * 1_000.0 / span as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollup_abi::Header;

    fn sight(height: u64, made_ms: u64) -> Sight {
        Sight {
            header: Header {
                height,
                timestamp_ms: made_ms,
                ..Header::default()
            },
            transactions: vec![(assetvm::TxId::new([1; 32]), true); 100],
            observed: Duration::from_millis(made_ms + 120),
        }
    }

    fn maker() -> Maker {
        Maker {
            cpu: vec![None; 2],
            history: VecDeque::new(),
            alerts: Alerts::default(),
        }
    }

    fn said(height: u64, cpu: f64) -> Said {
        let metrics = format!(
            "asset_l2_decided_height {height}\nasset_l2_peers 1\nasset_l2_process_cpu_seconds_total {cpu}\n"
        );
        Said {
            metrics: Some(Scrape::parse(&metrics)),
            reasons: Vec::new(),
        }
    }

    #[test]
    fn blocks_settle_from_the_oldest_and_the_lag_is_of_the_next() {
        let mut chain = Chain::default();
        for height in 1..=8 {
            chain.decided(&sight(height, 250 * height), Some(0));
        }
        chain.settled(3, Duration::from_millis(2_000));
        chain.settled(5, Duration::from_millis(2_100));
        let after: Vec<_> = chain.blocks.iter().map(|block| block.settled_after_ms).collect();
        let expected = [
            Some(1_750),
            Some(1_500),
            Some(1_250),
            Some(1_100),
            Some(850),
            None,
            None,
            None,
        ];
        assert_eq!(after, expected);
        let frame = maker().frame(
            Duration::from_millis(2_250),
            &chain,
            vec![said(8, 1.0), said(8, 1.0)],
        );
        assert_eq!((frame.height, frame.settled, frame.lag_ms), (8, 5, 750));
        assert_eq!((frame.interval_ms, frame.since_block_ms), ((250, 250), 130));
        assert_eq!((frame.tps, frame.blocks[0].height), (350.0, 8));
        assert!(frame.alerts.is_empty(), "{:?}", frame.alerts);
    }

    #[test]
    fn who_does_not_answer_is_down_and_processor_time_is_a_rate() {
        let mut maker = maker();
        let chain = Chain::default();
        maker.frame(Duration::from_secs(1), &chain, vec![said(8, 1.0), said(8, 1.0)]);
        let frame = maker.frame(
            Duration::from_secs(3),
            &chain,
            vec![said(8, 2.0), Said::default()],
        );
        assert_eq!(frame.validators[0].cpu_percent, 50.0);
        assert_eq!(
            (frame.validators[0].health, frame.validators[1].health),
            (Health::Good, Health::Down)
        );
        assert_eq!(frame.alerts[0].text, "validator 1: does not answer");
        assert_eq!(
            frame.history.iter().map(|point| point.up).collect::<Vec<_>>(),
            [2, 1]
        );
    }
}
