//! The two ways to sBPF: Solana's platform-tools where they are installed, else Debian's rustc with the BPF backend and
//! sbpf-linker. `.ci/install-sbf-toolchain` installs the second.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use eyre::{WrapErr, bail, ensure};
use registry::{Manifest, PROGRAM, Version};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// `cargo build-sbf`.
    PlatformTools,
    /// A stock rustc with the BPF backend, and sbpf-linker.
    SbpfLinker,
}

/// An installed toolchain.
pub struct Toolchain {
    kind: Kind,
    tools: BTreeMap<String, String>,
    bin: PathBuf,
}

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const TARGET: &str = "sbpf-solana";

/// Everything that the BPF backend needs to give what Solana's loader takes.
const RUSTFLAGS: [&str; 15] = [
    "-Clinker=sbpf-linker",
    "-Zunstable-options",
    "-Cpanic=immediate-abort",
    "-Cpasses=lower-atomic",
    "-Ctarget-cpu=v2",
    "-Ctarget-feature=+allows-misaligned-mem-access",
    "-Clink-arg=--arch=v0",
    "-Clink-arg=--allow-bpf-trap",
    "-Clink-arg=--ignore-inline-never",
    "-Clink-arg=--disable-math-builtins",
    // The backend passes five arguments at most and returns no aggregates: everything that can be is inlined.
    "-Clink-arg=--llvm-args=--bpf-stack-size=4096,--inline-all-viable-calls",
    "-Aexplicit_builtin_cfgs_in_flags",
    // Anchor's macros ask for configurations that no one declares here.
    "-Aunexpected_cfgs",
    "-Astable_features",
    "-Aunused_imports",
];

impl Kind {
    /// Platform-tools where they are installed.
    pub fn preferred() -> Self {
        match version(Command::new("cargo").args(["build-sbf", "--version"])) {
            Ok(_) => Self::PlatformTools,
            Err(_) => Self::SbpfLinker,
        }
    }

    /// The way that a manifest names.
    pub fn recorded(manifest: &Manifest) -> eyre::Result<Self> {
        match manifest.toolchain.get("kind").map(String::as_str) {
            Some("platform-tools") => Ok(Self::PlatformTools),
            Some("sbpf-linker") => Ok(Self::SbpfLinker),
            other => bail!("the manifest's toolchain is {other:?}, expected platform-tools or sbpf-linker"),
        }
    }
}

impl Toolchain {
    /// Finds the toolchain and asks each tool for its version.
    pub fn find(kind: Kind) -> eyre::Result<Self> {
        let bin = tools_folder()?.join("bin");
        let mut tools = BTreeMap::new();
        match kind {
            Kind::PlatformTools => {
                tools.insert("kind".to_owned(), "platform-tools".to_owned());
                let text = version(Command::new("cargo").args(["build-sbf", "--version"]))?;
                tools.insert("cargo-build-sbf".to_owned(), text);
            }
            Kind::SbpfLinker => {
                tools.insert("kind".to_owned(), "sbpf-linker".to_owned());
                let hint = "hint: `.ci/install-sbf-toolchain` installs it";
                let rustc = version(Command::new(RUSTC).arg("--version")).wrap_err(hint)?;
                tools.insert("rustc".to_owned(), rustc);
                let linker =
                    version(Command::new(bin.join("sbpf-linker")).arg("--version")).wrap_err(hint)?;
                tools.insert("sbpf-linker".to_owned(), linker);
            }
        }
        Ok(Self { kind, tools, bin })
    }

    /// What the manifest records.
    pub fn describe(&self) -> BTreeMap<String, String> {
        self.tools.clone()
    }

    /// Builds the program, as another version if so wished, and returns its bytes.
    pub fn build(&self, root: &Path, as_version: Option<Version>) -> eyre::Result<Vec<u8>> {
        // Cargo does not know of the other version, and would take one for the other.
        let target_dir = match as_version {
            Some(version) => root.join(format!("target/sbf-as-{version}")),
            None => root.join("target/sbf"),
        };
        let (mut command, binary) = match self.kind {
            Kind::PlatformTools => {
                ensure!(as_version.is_none(), "only sbpf-linker builds as another version");
                platform_tools(root, &target_dir)
            }
            Kind::SbpfLinker => self.sbpf_linker(root, &target_dir)?,
        };
        if let Some(version) = as_version {
            command.env("SBF_VERSION", version.to_string());
        }
        // Cargo skips the link if the sources did not change, and then gives what it linked before.
        let status = command
            .current_dir(root)
            .status()
            .wrap_err("cargo does not start")?;
        ensure!(status.success(), "the build of {PROGRAM} failed: {status}");
        std::fs::read(&binary).wrap_err_with(|| binary.display().to_string())
    }

    fn sbpf_linker(&self, root: &Path, target_dir: &Path) -> eyre::Result<(Command, PathBuf)> {
        let sbf = root.join("xtask/sbf");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(self.bin.clone()).chain(std::env::split_paths(&path)))?;
        let mut command = Command::new(CARGO);
        for (name, _) in std::env::vars_os() {
            // What cargo told this process about itself is not for the other cargo.
            if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME"
                || name == "RUSTUP_TOOLCHAIN"
            {
                command.env_remove(name);
            }
        }
        command
            .args(["build", "--locked", "--profile", "sbf", "--package", PROGRAM])
            .args(["-Zjson-target-spec", "-Zbuild-std=std,panic_abort", "-Zbuild-std-features="])
            .arg("--target")
            .arg(sbf.join(format!("{TARGET}.json")))
            .arg("--target-dir")
            .arg(target_dir)
            .env("PATH", path)
            .env("RUSTC", RUSTC)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1")
            .env("RUSTC_WRAPPER", sbf.join("rustc-wrapper"))
            .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\x1f"))
            // The wrapper passes these on; they are not among the flags, which cargo hashes into every symbol.
            .env("SBF_REMAP", remap(root)?);
        let binary = target_dir.join(TARGET).join(format!("sbf/lib{PROGRAM}.so"));
        Ok((command, binary))
    }
}

fn platform_tools(root: &Path, target_dir: &Path) -> (Command, PathBuf) {
    let mut command = Command::new("cargo");
    command
        .arg("build-sbf")
        .arg("--manifest-path")
        .arg(root.join("programs").join(PROGRAM).join("Cargo.toml"))
        .arg("--sbf-out-dir")
        .arg(target_dir.join("platform-tools"))
        .args(["--", "--locked", "--ignore-rust-version"])
        .env("CARGO_TARGET_DIR", target_dir);
    (
        command,
        target_dir.join("platform-tools").join(format!("{PROGRAM}.so")),
    )
}

/// `from=to` for every folder of this machine whose name could reach the binary, one a line.
fn remap(root: &Path) -> eyre::Result<String> {
    let cargo_home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => home()?.join(".cargo"),
    };
    let sysroot = version(Command::new(RUSTC).args(["--print", "sysroot"]))?;
    Ok(format!(
        "{}=/source\n{}=/cargo\n{sysroot}/lib/rustlib=/rustlib",
        root.display(),
        cargo_home.display()
    ))
}

/// Where `.ci/install-sbf-toolchain` puts what it builds.
fn tools_folder() -> eyre::Result<PathBuf> {
    match std::env::var_os("ASSET_L2_TOOLS") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(home()?.join(".cache/asset-l2/tools")),
    }
}

fn home() -> eyre::Result<PathBuf> {
    std::env::home_dir().ok_or_else(|| eyre::eyre!("HOME is not set"))
}

/// First line of what a command prints.
fn version(command: &mut Command) -> eyre::Result<String> {
    let output = command
        .output()
        .wrap_err_with(|| format!("{command:?} does not start"))?;
    ensure!(output.status.success(), "{command:?}: {}", output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
