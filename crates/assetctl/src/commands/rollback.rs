//! `assetctl rollback`: the last known good release comes back.

use clap::Args;
use registry::{Outcome, PROGRAM, Registry, Version};

use super::upgrade::HowArgs;
use crate::answer::step;
use crate::rollout::{Journal, Kind, Options, Rollout, journal_path};
use crate::running::Running;
use crate::{Answer, Error, Settings};

/// `assetctl rollback`
#[derive(Args, Debug)]
#[command(after_help = "\
Without --to, it is the release that ran last on this cluster and did not fail there. It must read the state version that is on
chain: there is no way back over a migration. The steps are those of `assetctl upgrade`, without approvals.

Posting goes on afterwards unless somebody else had paused it.

Examples:
  assetctl rollback --authority upgrade-authority.json
  assetctl rollback --to 0.1.0 --json

Exit codes: those of `assetctl upgrade`.")]
pub struct RollbackArgs {
    /// Which release [default: the last known good one]
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,
    /// How.
    #[command(flatten)]
    pub how: HowArgs,
}

pub(crate) async fn run(settings: &Settings, args: &RollbackArgs) -> Result<Answer, Error> {
    step(settings.shown());
    let registry = settings.open_registry()?;
    let running = Running::find(&settings.client(), &registry).await?;
    let options = args.how.options();
    // The upgrade that failed knows what ran before it, and who had paused posting.
    let failed = match running.version {
        Some(version) => Journal::read(&journal_path(settings, Kind::Upgrade, version))?,
        None => None,
    };
    let failed = failed.filter(Journal::is_failed);
    let to = match (args.to, failed.as_ref().and_then(|journal| journal.from)) {
        (Some(to), _) | (None, Some(to)) => to,
        (None, None) => last_known_good(settings, &registry, &running)?,
    };
    roll_back(settings, &registry, to, failed.as_ref(), &options).await
}

/// Undoes an upgrade that failed.
pub(crate) async fn undo(
    settings: &Settings,
    registry: &Registry,
    upgrade: &Journal,
    options: &Options,
) -> Result<Answer, Error> {
    let to = upgrade.from.ok_or_else(|| Error::NoWayBack {
        version: upgrade.begun.to.to_string(),
        cluster: settings.cluster.clone(),
    })?;
    roll_back(settings, registry, to, Some(upgrade), options).await
}

async fn roll_back(
    settings: &Settings,
    registry: &Registry,
    to: Version,
    upgrade: Option<&Journal>,
    options: &Options,
) -> Result<Answer, Error> {
    let mut rollout = Rollout::begin(settings, registry, Kind::Rollback, to, options).await?;
    if let Some(upgrade) = upgrade {
        rollout.undo(upgrade)?;
    }
    rollout.run(options.until).await
}

fn last_known_good(settings: &Settings, registry: &Registry, running: &Running) -> Result<Version, Error> {
    let mut best = None;
    for version in registry.versions(PROGRAM)? {
        let record = registry.record(PROGRAM, version)?;
        let newest = record
            .as_ref()
            .and_then(|record| record.newest(&settings.cluster));
        if let Some(rollout) = newest
            && rollout.outcome != Outcome::Failed
            && Some(version) != running.version
        {
            best = best.max(Some((rollout.slot, version)));
        }
    }
    best.map(|(_, version)| version).ok_or_else(|| Error::NoWayBack {
        version: running.name(),
        cluster: settings.cluster.clone(),
    })
}
