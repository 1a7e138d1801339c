//! `cargo xtask sim`: the soak of the consensus simulator, in release, where it is fast.

use std::{
    ffi::OsString,
    process::{Command, exit},
};

use eyre::Context;

/// Run many seeds of the consensus simulator; `cargo xtask sim --help` has the simulator's own options.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Args {
    /// Handed to the simulator.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// Builds and runs the simulator; its exit code is this process's.
pub fn run(args: &Args) -> eyre::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
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
        .args(&args.options)
        .status()
        .wrap_err("cannot start cargo")?;
    if !status.success() {
        exit(status.code().unwrap_or(1));
    }
    Ok(())
}
