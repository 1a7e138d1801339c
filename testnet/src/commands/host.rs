//! The testnet that a subcommand works on: started for it, or running already.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::{FAILED, Failure, USAGE};
use crate::attach::Attached;
use crate::dashboard::Dashboard;
use crate::error::TestnetError;
use crate::live::Progress;
use crate::log;
use crate::network::{Testnet, TestnetConfig};
use crate::run::Interrupts;
use crate::run_dir::{DEFAULT_PARENT, RunDir};

/// What stands for the newest testnet that runs.
pub const LATEST: &str = "latest";

/// Which testnet.
#[derive(Clone, Debug, Args)]
pub struct NetworkArgs {
    /// Use the running testnet of this directory; `latest`, which is also meant if none is given, is the newest that runs
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = LATEST, conflicts_with_all = ["validators", "block_interval_ms", "data_dir"])]
    pub attach: Option<PathBuf>,
    /// Validators of the testnet that is started
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(4..=i64::from(crate::cli::MAX_VALIDATORS)))]
    pub validators: u16,
    /// Its time from block to block, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 250, value_parser = clap::value_parser!(u64).range(50..=10_000))]
    pub block_interval_ms: u64,
    /// Its directory, which must be empty or missing; without it, data/testnet/<time>
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
}

impl NetworkArgs {
    /// Of a testnet that is started with five validators and a block every 250 ms.
    pub fn own(data_dir: Option<PathBuf>, quiet: bool) -> Self {
        Self {
            attach: None,
            validators: 5,
            block_interval_ms: 250,
            data_dir,
            quiet,
        }
    }
}

/// A testnet to work on.
pub struct Host {
    /// How to reach it.
    pub attached: Attached,
    testnet: Option<Testnet>,
    dashboard: Option<Dashboard>,
    interrupts: Interrupts,
}

/// The running testnet of `dir`; of [`LATEST`], the newest that runs.
///
/// # Errors
/// There is none.
pub fn attach(dir: &Path) -> Result<Attached, TestnetError> {
    if dir == Path::new(LATEST) {
        Attached::newest(Path::new(DEFAULT_PARENT))
    } else {
        Attached::to(dir)
    }
}

impl Host {
    /// Attaches, or starts one, which can be disturbed if that is what it is for.
    ///
    /// # Errors
    /// There is none to attach to, or it does not start.
    pub async fn open(
        args: &NetworkArgs,
        disturbable: bool,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let mut interrupts = Interrupts::listen().map_err(|error| Failure::of(&error, progress))?;
        if let Some(dir) = &args.attach {
            let attached = attach(dir).map_err(|error| Failure::new(USAGE, &error, error.hint()))?;
            progress.step(format_args!("using the testnet of {}", attached.dir.display()));
            return Ok(Self {
                attached,
                testnet: None,
                dashboard: None,
                interrupts,
            });
        }
        let exe = std::env::current_exe()
            .map_err(|error| Failure::new(FAILED, error, "the binary must be where it was started from"))?;
        let dir = RunDir::create(args.data_dir.as_deref())
            .map_err(|error| Failure::new(USAGE, error, "choose another --data-dir, or leave it out"))?;
        log::start(dir.path())?;
        progress.step(format_args!("data and logs: {}", dir.path().display()));
        let mut config = TestnetConfig::new(dir.path().to_owned(), exe);
        config.disturbable = disturbable;
        config.validators = usize::from(args.validators);
        config.block_interval = Duration::from_millis(args.block_interval_ms);
        let started = tokio::select! {
            started = Testnet::start(config, progress) => started,
            () = interrupts.next() => Err(TestnetError::Interrupted),
        };
        let testnet = started.map_err(|error| Failure::of(&error, progress))?;
        let attached = testnet
            .attached()
            .map_err(|error| Failure::of(&error, progress))?;
        let dashboard = Dashboard::of(&attached, progress).await;
        let dashboard = dashboard.map_err(|error| Failure::of(&error, progress))?;
        Ok(Self {
            attached,
            testnet: Some(testnet),
            dashboard: Some(dashboard),
            interrupts,
        })
    }

    /// Does the work, unless it is interrupted first; then ends the testnet if it was started for it.
    ///
    /// # Errors
    /// The work fails, is interrupted, or the testnet does not end as it should.
    pub async fn finish<T>(
        self,
        work: impl AsyncFnOnce(Option<&mut Testnet>) -> Result<T, TestnetError>,
        progress: &mut Progress,
    ) -> Result<T, Failure> {
        let Self {
            mut testnet,
            dashboard: _dashboard,
            mut interrupts,
            ..
        } = self;
        let done = tokio::select! {
            done = work(testnet.as_mut()) => done,
            () = interrupts.next() => Err(TestnetError::Interrupted),
        };
        let mut troubles = Vec::new();
        if let Some(testnet) = testnet {
            progress.step("stopping");
            let ended = testnet.check();
            troubles.extend(ended.err().map(|error| error.to_string()));
            troubles.extend(testnet.stop().await);
        }
        for trouble in &troubles {
            progress.warn(trouble);
        }
        let done = done.map_err(|error| Failure::of(&error, progress))?;
        match troubles.first() {
            None => Ok(done),
            Some(trouble) => Err(Failure::new(
                FAILED,
                trouble,
                "the logs in the data directory say more",
            )),
        }
    }
}
