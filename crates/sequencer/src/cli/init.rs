//! `sequencer init`.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Failure, print_json};
use crate::config::{Config, KeyFiles, Settings, file_text};

/// Name of the configuration file in its directory.
const FILE: &str = "sequencer.toml";

const EXAMPLES: &str = "\
Examples:
  sequencer init --dir /var/lib/asset-l2 --solana-rpc-url http://127.0.0.1:8899 \\
    --solana-ws-url ws://127.0.0.1:8900 --program-id <ADDRESS>
  sequencer init --dir . --posting true --posting-rank 1 …";

/// Makes DIR/data and DIR/sequencer.toml from the given settings. An existing file is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// Directory for the configuration file; made if missing
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    settings: Box<Settings>,
}

#[derive(Serialize)]
struct Made {
    config: PathBuf,
    data_dir: PathBuf,
}

impl Init {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let failed = |path: &Path, error: std::io::Error| {
            Failure::new(
                format!("{}: {error}", path.display()),
                "choose a directory of your own",
            )
        };
        let dir = std::path::absolute(&self.dir).map_err(|error| failed(&self.dir, error))?;
        let mut settings = self
            .settings
            .absolute()
            .map_err(|error| failed(&dir, error))?
            .over(defaults(&dir));
        let config = Config::resolve(settings.clone())?;
        let path = dir.join(FILE);
        fs::create_dir_all(&config.data_dir).map_err(|error| failed(&config.data_dir, error))?;
        settings.strip_base(&dir);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| {
                Failure::new(
                    format!("{}: {error}", path.display()),
                    "an existing configuration is never overwritten: edit it",
                )
            })?;
        file.write_all(file_text(&settings).as_bytes())
            .map_err(|error| failed(&path, error))?;
        if json {
            print_json(&Made {
                config: path,
                data_dir: config.data_dir,
            });
        } else {
            println!("{}", path.display());
            eprintln!(
                "next: put genesis.json and the keys where the file says, then: sequencer run --config {}",
                path.display()
            );
        }
        Ok(())
    }
}

fn defaults(dir: &Path) -> Settings {
    let keys = KeyFiles::in_dir(&dir.join("keys"));
    Settings {
        data_dir: Some(dir.join("data")),
        genesis: Some(dir.join("genesis.json")),
        bls_key: Some(keys.bls),
        libp2p_key: Some(keys.libp2p),
        solana_key: Some(keys.solana),
        listen_p2p: Some("/ip4/0.0.0.0/tcp/7845".into()),
        ..Settings::default()
    }
}
