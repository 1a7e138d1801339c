//! One run, from an empty directory to its summary.
//!
//! ```text
//! start ─▶ mint, fund the payers ─▶ pay at the pace ─(duration over, or Ctrl-C)─▶ pay the rest at once
//!       ─▶ wait until the last block's root is on chain ─▶ prove every balance against it ─▶ stop ─▶ summary
//! ```
//!
//! Whatever goes wrong after the start ends the run early and in order, and is in the summary.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::dashboard::Dashboard;
use crate::error::TestnetError;
use crate::explorer::Explorer;
use crate::live::Progress;
use crate::network::{Testnet, TestnetConfig};
use crate::payments::Payments;
use crate::plan::Funding;
use crate::run_dir::RunDir;
use crate::session::{Findings, Session};
use crate::summary::Summary;

/// What to run.
#[derive(Debug)]
pub struct RunConfig {
    /// The testnet's own binary.
    pub exe: PathBuf,
    /// An empty directory.
    pub dir: RunDir,
    /// What to pay.
    pub payments: Payments,
    /// What that takes.
    pub funding: Funding,
    /// When to end; `None` is at Ctrl-C.
    pub duration: Option<Duration>,
    /// Payments a second, if chosen.
    pub tps: Option<u32>,
    /// Validators.
    pub validators: usize,
    /// Time from block to block.
    pub block_interval: Duration,
}

/// Runs a testnet to its end.
///
/// # Errors
/// It does not start, or is interrupted before it has.
pub async fn run(config: RunConfig, progress: &mut Progress) -> Result<Summary, TestnetError> {
    let mut interrupts = Interrupts::listen()?;
    let mut network = TestnetConfig::new(config.dir.path().to_owned(), config.exe.clone());
    network.validators = config.validators;
    network.block_interval = config.block_interval;
    let testnet = tokio::select! {
        started = Testnet::start(network, progress) => started?,
        () = interrupts.next() => return Err(TestnetError::Interrupted),
    };
    let _dashboard = Dashboard::of(&testnet.attached()?, progress).await?;
    let _explorer = Explorer::of(&testnet.attached()?, progress).await?;
    let mut session = Session::begin(&config, &testnet, interrupts, progress)?;
    let mut findings = Findings::default();
    if let Err(error) = session.play(&mut findings).await {
        session.explain(&error);
        findings.failures.push(error.to_string());
    }
    let mut summary = session.report(findings).await;
    drop(session);
    progress.step("stopping");
    for trouble in testnet.stop().await {
        progress.warn(&trouble);
        summary.failures.push(trouble);
    }
    Ok(summary)
}

/// Ctrl-C and SIGTERM.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    pub(crate) fn listen() -> Result<Self, TestnetError> {
        let listen = |kind| signal(kind).map_err(TestnetError::io(Path::new("signal handler")));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
