//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use registry::Name;

use crate::commands::{
    committee, deploy, evidence, pause, poster, registry as releases, role, rollback, upgrade,
};

/// Deploy, upgrade and govern a rollup on Solana.
///
/// Where to act is said by flags, the environment, or assetctl.toml, in this order. Whatever changes the chain may be
/// interrupted and run again.
#[derive(Debug, Parser)]
#[command(
    name = "assetctl",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = "\
Examples:
  assetctl status                          the rollup on localnet
  assetctl --cluster devnet deploy         the newest release to devnet
  assetctl registry verify                 every release, and what is on chain
  assetctl upgrade 0.2.0 --authority upgrade-authority.json

Exit codes: 0 done, 1 what was looked at is not as it should be, 2 a command line, file or cluster cannot be used."
)]
pub struct Cli {
    /// Where to act and with what.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where to act and with what.
#[derive(Args, Clone, Debug, Default)]
pub struct GlobalArgs {
    /// The configuration; without it assetctl.toml, if it is there.
    #[arg(
        long,
        global = true,
        env = "ASSETCTL_CONFIG",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// A cluster of the configuration, or localnet, devnet, testnet, mainnet-beta [default: localnet]
    #[arg(
        long,
        global = true,
        env = "ASSETCTL_CLUSTER",
        value_name = "NAME",
        hide_env_values = true
    )]
    pub cluster: Option<Name>,
    /// The cluster's RPC, in place of what the configuration says.
    #[arg(long, global = true, env = "ASSETCTL_URL", hide_env_values = true)]
    pub url: Option<String>,
    /// The program's address [default: that of the newest release]
    #[arg(
        long,
        global = true,
        env = "ASSETCTL_PROGRAM_ID",
        value_name = "ADDRESS",
        hide_env_values = true
    )]
    pub program_id: Option<String>,
    /// Who signs and pays: a keypair file of Solana's format [default: ~/.config/solana/id.json]
    #[arg(
        long,
        short,
        global = true,
        env = "ASSETCTL_KEYPAIR",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub keypair: Option<PathBuf>,
    /// The deployment registry [default: registry]
    #[arg(
        long,
        global = true,
        env = "ASSETCTL_REGISTRY",
        value_name = "DIR",
        hide_env_values = true
    )]
    pub registry: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Deploy a release to an address that has no program yet.
    Deploy(deploy::DeployArgs),
    /// Look at releases, check them, approve them.
    #[command(subcommand)]
    Registry(releases::RegistryCommand),
    /// Show how the rollup and its program stand.
    #[command(after_help = "\
Examples:
  assetctl status
  assetctl --cluster devnet status --json

Exit codes: 0 roots may be posted, 1 paused, frozen, without committee, or not the recorded program, 2 it cannot be read.")]
    Status,
    /// Stop all posting; guardian or governance signs.
    #[command(after_help = pause::PAUSE_HELP)]
    Pause,
    /// End a pause; governance signs.
    #[command(after_help = pause::RESUME_HELP)]
    Resume,
    /// Who may post.
    #[command(subcommand)]
    Poster(poster::PosterCommand),
    /// Hand governance or the guardian's role to another key, in two steps.
    #[command(subcommand)]
    Role(role::RoleCommand),
    /// Look at committees and stage the next one.
    #[command(subcommand)]
    Committee(committee::CommitteeCommand),
    /// The proof of a conflict that froze the rollup.
    #[command(subcommand)]
    Evidence(evidence::EvidenceCommand),
    /// Replace the program by an approved release, with posting paused, and check it before posting resumes.
    Upgrade(upgrade::UpgradeArgs),
    /// Put the last known good release back at the same address.
    Rollback(rollback::RollbackArgs),
}
