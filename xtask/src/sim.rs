//! `cargo xtask sim`: the soak of the consensus simulator, in release, where it is fast.

use std::process::{Command, exit};

use eyre::Context;

/// Run many seeds of the consensus simulator. A violation is printed with the command that replays it.
#[derive(clap::Args)]
pub struct Args {
    /// What goes wrong: chaos, byzantine or epochs.
    #[arg(long)]
    profile: String,
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Write the result here, too: profile, seeds, views, violations, views_per_second.
    #[arg(long, value_name = "FILE")]
    json: Option<std::path::PathBuf>,
    /// Run each seed twice and compare the traces.
    #[arg(long)]
    twice: bool,
}

/// Builds and runs the simulator; its exit code is this process's.
pub fn run(args: &Args) -> eyre::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "hotshot-testing",
            "--bin",
            "sim",
            "--",
        ])
        .args(["--profile", &args.profile])
        .args(["--seeds", &args.seeds.to_string()])
        .args(["--first-seed", &args.first_seed.to_string()]);
    if let Some(file) = &args.json {
        command.arg("--json").arg(file);
    }
    if args.twice {
        command.arg("--twice");
    }
    let status = command.status().wrap_err("cannot start cargo")?;
    if !status.success() {
        exit(status.code().unwrap_or(1));
    }
    Ok(())
}
