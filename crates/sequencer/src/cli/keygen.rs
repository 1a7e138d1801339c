//! `sequencer keygen` and `sequencer keys inspect`.

use std::path::PathBuf;

use super::{Failure, print_json};
use crate::{
    config::KeyFiles,
    keystore::{Keys, PublicKeys},
    passphrase::{self, PassphraseError},
    rpc::text::Hex32,
};

const EXAMPLES: &str = "\
Examples:
  sequencer keygen --out keys
  sequencer keygen --out keys --seal --passphrase-file passphrase
  sequencer keygen --out keys --json";

const SHOW_EXAMPLES: &str = "\
Examples:
  sequencer keys inspect --dir keys
  sequencer keys inspect --dir keys --chain-id <64 hex digits> --json

Sealed keys are shown without their passphrase, except for the proof of possession.";

const KEYS_EXAMPLES: &str = "\
Examples:
  sequencer keys inspect --dir keys";

/// What may be done with existing keys.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = KEYS_EXAMPLES)]
pub enum KeysCommand {
    /// Print their public parts
    Inspect(Show),
}

impl KeysCommand {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        match self {
            Self::Inspect(command) => command.execute(json),
        }
    }
}

/// Makes three files: BLS consensus key, libp2p identity, Solana keypair. Existing files are never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Keygen {
    /// Directory for the key files; made if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Seal the files under a passphrase, which run then needs
    #[arg(long)]
    seal: bool,
    /// File whose first line is the passphrase; else ASSET_L2_PASSPHRASE, else it is asked for
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSET_L2_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    passphrase_file: Option<PathBuf>,
    /// Chain to prove possession of the BLS key for, as registration on Solana asks
    #[arg(long, value_name = "HEX")]
    chain_id: Option<Hex32>,
}

/// Prints what others may know of a validator's keys.
#[derive(Debug, clap::Args)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct Show {
    /// Directory of the key files
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// File whose first line opens sealed keys; else ASSET_L2_PASSPHRASE, else it is asked for
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSET_L2_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    passphrase_file: Option<PathBuf>,
    /// Chain to prove possession of the BLS key for, as registration on Solana asks
    #[arg(long, value_name = "HEX")]
    chain_id: Option<Hex32>,
}

impl From<PassphraseError> for Failure {
    fn from(error: PassphraseError) -> Self {
        Self::new(
            error,
            "say --passphrase-file FILE, set ASSET_L2_PASSPHRASE, or run it on a terminal",
        )
    }
}

impl Keygen {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.out).map_err(|error| {
            Failure::new(
                format!("{}: {error}", self.out.display()),
                "choose a directory of your own",
            )
        })?;
        let keys = Keys::generate(&mut rand::rngs::OsRng);
        let files = KeyFiles::in_dir(&self.out);
        match self.seal {
            true => keys.write_sealed(&files, &passphrase::choose(self.passphrase_file.as_deref())?)?,
            false => keys.write(&files)?,
        }
        print(&keys.public(self.chain_id.as_ref().map(|id| &id.0)), json);
        eprintln!(
            "keys are in {}; back them up, nobody else has them",
            self.out.display()
        );
        Ok(())
    }
}

impl Show {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let files = KeyFiles {
            passphrase: self.passphrase_file,
            ..KeyFiles::in_dir(&self.dir)
        };
        if self.chain_id.is_none()
            && let Some(public) = PublicKeys::of_sealed(&files)?
        {
            print(&public, json);
            return Ok(());
        }
        let keys = Keys::read(&files)?;
        print(&keys.public(self.chain_id.as_ref().map(|id| &id.0)), json);
        Ok(())
    }
}

fn print(keys: &PublicKeys, json: bool) {
    if json {
        print_json(keys);
        return;
    }
    println!("node        {}", keys.node);
    println!("peer id     {}", keys.peer_id);
    println!("bls pk1     {}", keys.bls_pk1);
    println!("bls pk2     {}", keys.bls_pk2);
    if let Some(proof) = &keys.possession {
        println!("possession  {proof}");
    }
}
