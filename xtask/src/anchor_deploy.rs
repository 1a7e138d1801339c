//! `cargo xtask anchor-deploy`: `anchor deploy` with the registry's newest release, then a look at what is on chain. It installs
//! nothing; what is missing it names, with the command that makes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{WrapErr, bail, ensure};
use registry::{PROGRAM, Registry};

/// The version that Anchor.toml names.
const ANCHOR: &str = "2.0.0-rc.1";

/// Arguments of `anchor-deploy`.
#[derive(clap::Args)]
pub struct Args {
    /// Where to: localnet, devnet, or the URL of an RPC node.
    #[arg(long, default_value = "localnet")]
    cluster: String,
    /// Who pays and may upgrade: a keypair file [default: the provider's wallet in Anchor.toml]
    #[arg(long, value_name = "FILE")]
    wallet: Option<PathBuf>,
    /// The key of the program's address [default: the development key of the registry]
    #[arg(long, value_name = "FILE")]
    program_keypair: Option<PathBuf>,
    /// The `anchor` to run.
    #[arg(long, value_name = "FILE", default_value = "anchor")]
    anchor: PathBuf,
}

/// Runs the chore.
pub fn run(args: &Args) -> eyre::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root");
    check_anchor(&args.anchor)?;
    let wallet = args.wallet.clone().map_or_else(default_wallet, Ok)?;
    ensure!(
        wallet.exists(),
        "there is no wallet at {}\nhint: `anchor keygen new -o {}` makes one; fund it with `anchor airdrop`",
        wallet.display(),
        wallet.display()
    );
    let key = deploy_folder(root)?;
    let key = args.program_keypair.as_deref().unwrap_or(&key);
    let mut anchor = Command::new(&args.anchor);
    anchor
        .args([
            "deploy",
            "--no-idl",
            "--program-name",
            PROGRAM,
            "--program-keypair",
        ])
        .arg(key)
        .arg("--provider.wallet")
        .arg(&wallet)
        .args(["--provider.cluster", &args.cluster])
        .current_dir(root);
    let status = anchor.status().wrap_err("anchor does not start")?;
    ensure!(
        status.success(),
        "anchor deploy: {status}\nhint: is the cluster up, and the wallet funded?"
    );
    verify(root, &args.cluster)
}

/// Puts the newest release and the development key where Anchor looks for them, and says where the key is.
fn deploy_folder(root: &Path) -> eyre::Result<PathBuf> {
    let release = Registry::open(root.join("registry"))?.latest(PROGRAM)?;
    crate::build_program::deploy_folder(root, &release)?;
    Ok(root.join(format!("target/deploy/{PROGRAM}-keypair.json")))
}

fn check_anchor(anchor: &Path) -> eyre::Result<()> {
    let hint = format!("hint: cargo install anchor-cli --version ={ANCHOR} --locked");
    let output = Command::new(anchor)
        .arg("--version")
        .output()
        .wrap_err_with(|| format!("{} is not there\n{hint}", anchor.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.trim().strip_prefix("anchor-cli ") {
        Some(ANCHOR) => Ok(()),
        _ => bail!("anchor is {:?}, expected {ANCHOR}\n{hint}", text.trim()),
    }
}

fn default_wallet() -> eyre::Result<PathBuf> {
    let home = std::env::home_dir().ok_or_else(|| eyre::eyre!("HOME is not set"))?;
    Ok(home.join(".config/solana/id.json"))
}

/// Compares the code on chain with the registry, by a tool that is not Anchor's.
fn verify(root: &Path, cluster: &str) -> eyre::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--package", "assetctl", "--"]);
    if cluster.contains("://") {
        command.args(["--url", cluster]);
    } else {
        command.args(["--cluster", cluster]);
    }
    let status = command
        .args(["registry", "verify"])
        .current_dir(root)
        .status()
        .wrap_err("cargo does not start")?;
    ensure!(status.success(), "what is on chain is no release of the registry");
    Ok(())
}
