//! The repository's chores, for people and for CI alike: `cargo xtask tidy`, `build-program`, `client`, `anchor-deploy`, `sim`.

mod anchor_deploy;
mod build_program;
mod client;
mod sim;
mod tidy;

use clap::{Parser, Subcommand};

/// The repository's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Deploy the newest release with Anchor's command line, and compare what is on chain with the registry.
    AnchorDeploy(anchor_deploy::Args),
    /// Build the Solana program to sBPF, write its IDL, and keep both in registry/.
    BuildProgram(build_program::Args),
    /// Generate, compile and test the TypeScript client of the Solana program.
    Client(client::Args),
    /// Simulate consensus with many seeds; exit code 1 if anything is violated.
    Sim(sim::Args),
    /// Check layers, sizes, docs, licences and forbidden words.
    Tidy(tidy::Args),
}

fn main() -> eyre::Result<()> {
    color_eyre::install()?;
    match Cli::parse().chore {
        Chore::AnchorDeploy(args) => anchor_deploy::run(&args),
        Chore::BuildProgram(args) => build_program::run(&args),
        Chore::Client(args) => client::run(&args),
        Chore::Sim(args) => sim::run(&args),
        Chore::Tidy(args) => tidy::run(&args),
    }
}
