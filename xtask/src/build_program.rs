//! `build-program`: source to sBPF bytecode and IDL, into the registry; `--check` rebuilds and compares.
//!
//! The bytes depend on the sources, on Cargo.lock and on the toolchain that the manifest names, and on nothing else: paths
//! are remapped, so that any checkout on any machine gives the same file.

mod idl;
mod toolchain;

use std::path::{Path, PathBuf};

use eyre::{WrapErr, bail};
use registry::{Manifest, PROGRAM, Registry, Release, Version, sha256_hex};
use rollup_abi::account::STATE_VERSION;
use toolchain::Toolchain;

/// Arguments of `build-program`.
#[derive(clap::Args)]
pub struct Args {
    /// Compare with the registry instead of writing to it; a difference is an error.
    #[arg(long)]
    check: bool,
    /// What to build with; the default prefers platform-tools, and with --check takes what the manifest names.
    #[arg(long, value_enum)]
    toolchain: Option<toolchain::Kind>,
    /// Build the same source as another version, for rehearsals of upgrades; needs --into.
    #[arg(long, value_name = "VERSION", requires = "into")]
    as_version: Option<Version>,
    /// Write to this registry instead of the repository's.
    #[arg(long, value_name = "DIR", requires = "as_version")]
    into: Option<PathBuf>,
}

/// Runs the chore.
pub fn run(args: &Args) -> eyre::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root");
    let registry = Registry::open(args.into.clone().unwrap_or_else(|| root.join("registry")))?;
    let version = match args.as_version {
        Some(version) => version,
        None => env!("CARGO_PKG_VERSION").parse()?,
    };
    let recorded = if args.check {
        Some(
            registry
                .release(PROGRAM, version)
                .wrap_err("nothing to compare with; run without --check")?,
        )
    } else {
        None
    };
    let kind = match (args.toolchain, &recorded) {
        (Some(kind), _) => kind,
        (None, Some(release)) => toolchain::Kind::recorded(&release.manifest)?,
        (None, None) => toolchain::Kind::preferred(),
    };
    let toolchain = Toolchain::find(kind)?;
    let built = build(root, &toolchain, version, args.as_version)?;
    match recorded {
        None => {
            let folder = registry.write(&built)?;
            if args.as_version.is_none() {
                deploy_folder(root, &built)?;
            }
            println!("{} {}", built.manifest.program_sha256, folder.display());
            Ok(())
        }
        Some(recorded) => compare(&recorded, &built),
    }
}

fn build(
    root: &Path,
    toolchain: &Toolchain,
    version: Version,
    as_version: Option<Version>,
) -> eyre::Result<Release> {
    let program_id = program_id(root)?;
    let program = toolchain.build(root, as_version)?;
    let idl = idl::generate(&program_id, &version.to_string())?;
    let manifest = Manifest {
        program: PROGRAM.to_owned(),
        version,
        program_id,
        program_bytes: program.len() as u64,
        program_sha256: sha256_hex(&program),
        idl_sha256: sha256_hex(&idl),
        state_version: STATE_VERSION,
        toolchain: toolchain.describe(),
    };
    Ok(Release::checked(manifest, program, idl)?)
}

fn compare(recorded: &Release, built: &Release) -> eyre::Result<()> {
    if recorded == built {
        println!("{} as in the registry", built.manifest.program_sha256);
        return Ok(());
    }
    let (old, new) = (&recorded.manifest, &built.manifest);
    bail!(
        "the registry does not hold what the source gives: program {} (registry {}), IDL {} (registry {}), toolchain {:?} \
         (registry {:?})\nhint: `cargo xtask build-program` writes it anew; commit the result with the source",
        new.program_sha256,
        old.program_sha256,
        new.idl_sha256,
        old.idl_sha256,
        new.toolchain,
        old.toolchain
    )
}

/// The address in the program's `declare_id!`; it must be that of the key for local use and of Anchor.toml.
fn program_id(root: &Path) -> eyre::Result<String> {
    let path = root.join("programs").join(PROGRAM).join("src/lib.rs");
    let source = std::fs::read_to_string(&path).wrap_err_with(|| path.display().to_string())?;
    let declared = source
        .split_once("declare_id!(\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(id, _)| id.to_owned());
    let Some(declared) = declared else {
        bail!("{} has no declare_id!", path.display());
    };
    let local = bs58::encode(&registry::local_program_keypair()?[32..]).into_string();
    let anchor = std::fs::read_to_string(root.join("Anchor.toml"))?;
    if local != declared || !anchor.contains(&declared) {
        bail!("declare_id! is {declared}, the local key is {local}, and Anchor.toml must name the same");
    }
    Ok(declared)
}

/// Puts the binary and the local key where `anchor deploy` and `solana program deploy` look for them.
pub(crate) fn deploy_folder(root: &Path, release: &Release) -> eyre::Result<()> {
    let folder: PathBuf = root.join("target/deploy");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{PROGRAM}.so")), &release.program)?;
    std::fs::copy(
        root.join("registry").join(PROGRAM).join("program-keypair.json"),
        folder.join(format!("{PROGRAM}-keypair.json")),
    )?;
    Ok(())
}
