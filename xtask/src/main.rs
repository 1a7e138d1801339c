//! The repository's chores, for people and for CI alike: `cargo xtask tidy`, `cargo xtask build-program`, `cargo xtask
//! sim`.

mod build_program;
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
    /// Build the Solana program to sBPF, write its IDL, and keep both in registry/.
    BuildProgram(build_program::Args),
    /// Simulate consensus with many seeds; exit code 1 if anything is violated.
    Sim(sim::Args),
    /// Check layers, sizes, docs, licences and forbidden words.
    Tidy(tidy::Args),
}

fn main() -> eyre::Result<()> {
    color_eyre::install()?;
    match Cli::parse().chore {
        Chore::BuildProgram(args) => build_program::run(&args),
        Chore::Sim(args) => sim::run(&args),
        Chore::Tidy(args) => tidy::run(&args),
    }
}
