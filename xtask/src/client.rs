//! `cargo xtask client`: the TypeScript client. Its packages as the lock file has them, its sources as the IDL gives them, compiled, and
//! tested against a rollup on a local chain.

use std::path::Path;
use std::process::Command;

use eyre::{WrapErr, bail, ensure};

/// The oldest Node that the client's packages run on.
const NODE: (u32, u32) = (20, 18);

/// Arguments of `client`.
#[derive(clap::Args)]
pub struct Args {
    /// Compare the generated sources instead of writing them; a difference is an error.
    #[arg(long)]
    check: bool,
}

/// Runs the chore.
pub fn run(args: &Args) -> eyre::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root");
    let client = root.join("clients/ts");
    check_node()?;
    let npm = |args: &[&str]| finish(Command::new("npm").args(args).current_dir(&client));
    npm(&["ci", "--no-audit", "--no-fund"])?;
    npm(&["run", "--silent", if args.check { "check" } else { "generate" }])?;
    npm(&["run", "--silent", "build"])?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let test = [
        "test",
        "--package",
        "assetctl",
        "--features",
        "typescript",
        "--test",
        "assetctl",
        "typescript",
    ];
    finish(Command::new(cargo).args(test).current_dir(root))
}

fn finish(command: &mut Command) -> eyre::Result<()> {
    let status = command
        .status()
        .wrap_err_with(|| format!("{command:?} does not start"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

fn check_node() -> eyre::Result<()> {
    let hint = "hint: `.ci/install` installs it";
    let output = Command::new("node").arg("--version").output().wrap_err(hint)?;
    let text = String::from_utf8_lossy(&output.stdout);
    match version(&text) {
        Some(version) if version >= NODE => Ok(()),
        _ => bail!(
            "node is {}, expected {}.{} or newer\n{hint}",
            text.trim(),
            NODE.0,
            NODE.1
        ),
    }
}

/// Major and minor of `v20.18.1`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_compared_by_number() {
        for (text, good) in [
            ("v20.20.2\n", true),
            ("v20.18.0", true),
            ("v22.1.0", true),
            ("v20.9.0", false),
            ("v18.20.4", false),
            ("20.20.2", false),
            ("", false),
        ] {
            assert_eq!(
                version(text).is_some_and(|version| version >= NODE),
                good,
                "{text}"
            );
        }
    }
}
