//! `assetctl upgrade`: an approved release in place of what runs.

use std::path::PathBuf;

use clap::Args;
use registry::Version;
use serde_json::json;

use crate::answer::step;
use crate::commands::rollback;
use crate::rollout::{Kind, Options, Rollout, Step};
use crate::{Answer, Error, Settings};

/// `assetctl upgrade`
#[derive(Args, Debug)]
#[command(after_help = "\
Refused without a complete checklist, signed by the policy's approvers, and, where the cluster's configuration says so, without a
healthy rollout to the cluster before. The signer is governance; --authority is the program's upgrade authority.

Posting is paused, everywhere, from the pause to the resume; blocks go on and their roots settle afterwards. A step that fails for
lack of a cluster can be run again. A program that is not as it should be stays paused, or is rolled back with --auto-rollback.

Examples:
  assetctl upgrade 0.2.0 --authority upgrade-authority.json
  assetctl --cluster testnet upgrade 0.2.0 --authority upgrade-authority.json --auto-rollback
  assetctl upgrade 0.2.0 --until verify        stop there; the same without --until goes on

Exit codes: 0 done, 1 refused or found bad, 2 the cluster or a file cannot be used: run it again.")]
pub struct UpgradeArgs {
    /// Which release.
    pub version: Version,
    /// How.
    #[command(flatten)]
    pub how: HowArgs,
    /// If the new program is found bad, put the one before back at once.
    #[arg(long)]
    pub auto_rollback: bool,
}

/// How a rollout is done.
#[derive(Args, Clone, Debug)]
pub struct HowArgs {
    /// The program's upgrade authority [default: the signer]
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
    /// Where what is done is written down [default: .assetctl/KIND-CLUSTER-VERSION.json]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Do no step after this one.
    #[arg(long, value_name = "STEP", value_enum)]
    pub until: Option<Step>,
    /// Seconds that the first root has to settle after the resume; 0 leaves it out, and the rollout does not count as healthy.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub canary_seconds: u64,
}

impl HowArgs {
    pub(crate) fn options(&self) -> Options {
        Options {
            authority: self.authority.clone(),
            journal: self.journal.clone(),
            until: self.until,
            canary_seconds: self.canary_seconds,
        }
    }
}

pub(crate) async fn run(settings: &Settings, args: &UpgradeArgs) -> Result<Answer, Error> {
    step(settings.shown());
    let registry = settings.open_registry()?;
    let options = args.how.options();
    let mut rollout = Rollout::begin(settings, &registry, Kind::Upgrade, args.version, &options).await?;
    let error = match rollout.run(args.how.until).await {
        Err(error @ Error::Unhealthy { .. }) if args.auto_rollback => error,
        other => return other,
    };
    step(format_args!("error: {error}"));
    let back = Options {
        // The upgrade's own journal has its place already.
        journal: options
            .journal
            .as_ref()
            .map(|path| path.with_extension("rollback.json")),
        until: None,
        ..options
    };
    let answer = rollback::undo(settings, &registry, rollout.journal(), &back).await?;
    let json = json!({ "failed": error.to_string(), "rolled_back": answer.json });
    Ok(Answer::new(format!("{error}\n{}", answer.text), &json).good_if(false))
}
