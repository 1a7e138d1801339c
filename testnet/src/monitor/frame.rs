//! Everything that a person watches, at one moment.

use serde::Serialize;

/// How a validator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It takes part.
    Good,
    /// It answers, and something is wrong.
    Unwell,
    /// It does not answer.
    Down,
}

/// One validator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValidatorFrame {
    /// Which.
    pub index: usize,
    /// How it is.
    pub health: Health,
    /// What is wrong with it, in words.
    pub wrong: Vec<String>,
    /// Its newest decided height.
    pub height: u64,
    /// The view that it is in.
    pub view: u64,
    /// Members that it is connected to.
    pub peers: u64,
    /// Views that it gave up, since its start.
    pub timeouts: u64,
    /// Transactions that wait there.
    pub mempool: u64,
    /// The deepest chain that it executed and gave up.
    pub reorg_depth: u64,
    /// Processor time, percent of one processor.
    pub cpu_percent: f64,
    /// Memory in RAM, MiB.
    pub resident_mib: f64,
    /// Data on disk, MiB.
    pub disk_mib: f64,
}

/// One decided block on its way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BlockFrame {
    /// Its height.
    pub height: u64,
    /// The view that decided it.
    pub view: u64,
    /// The validator that led that view.
    pub leader: Option<usize>,
    /// Transactions in it.
    pub transactions: u64,
    /// When its leader made it, milliseconds since 1970.
    pub made_ms: u64,
    /// How long after that it was seen decided.
    pub decided_after_ms: u64,
    /// How long after it was made its root was seen on Solana.
    pub settled_after_ms: Option<u64>,
}

/// One second of the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Point {
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// The longest time without a block in it.
    pub interval_ms: u64,
    /// Transactions a second in the newest blocks.
    pub tps: f64,
    /// Age of the oldest decided block whose root is not on Solana.
    pub lag_ms: u64,
    /// Validators that answer.
    pub up: usize,
    /// Processor time of all validators, percent of one processor.
    pub cpu_percent: f64,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The rollup does not do what it is for.
    Critical,
    /// It does, with less margin than it should have.
    Warning,
}

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// How bad.
    pub severity: Severity,
    /// What is wrong.
    pub text: String,
    /// Since when, milliseconds since 1970.
    pub since_ms: u64,
}

/// The targets that the figures are held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Targets {
    /// Block interval, median and 95th percentile, milliseconds.
    pub interval_ms: (u64, u64),
    /// Age of the oldest unsettled block, milliseconds.
    pub lag_ms: u64,
    /// Depth of a reorg, blocks.
    pub reorg_depth: u64,
}

/// What the targets are: those of the service levels, as far as a moment can be held against them.
pub const TARGETS: Targets = Targets {
    interval_ms: (250, 500),
    lag_ms: 5_000,
    reorg_depth: 2,
};

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// The moment, milliseconds since 1970.
    pub now_ms: u64,
    /// The targets.
    pub targets: Targets,
    /// Newest decided height.
    pub height: u64,
    /// Newest height whose root is on Solana.
    pub settled: u64,
    /// Time since the newest block was seen decided.
    pub since_block_ms: u64,
    /// Block intervals of the last five seconds of blocks, median and 95th percentile, by the headers' timestamps.
    pub interval_ms: (u64, u64),
    /// Transactions a second in them.
    pub tps: f64,
    /// Age of the oldest decided block whose root is not on Solana.
    pub lag_ms: u64,
    /// The deepest reorg that a validator has seen.
    pub reorg_depth: u64,
    /// Validators that have stopped signing because roots differ.
    pub diverged: u64,
    /// The validators, by index.
    pub validators: Vec<ValidatorFrame>,
    /// The newest blocks, newest first.
    pub blocks: Vec<BlockFrame>,
    /// The past, oldest first.
    pub history: Vec<Point>,
    /// What is wrong, worst first.
    pub alerts: Vec<Alert>,
}
