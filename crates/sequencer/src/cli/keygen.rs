//! `sequencer keygen` and `sequencer keys`.

use std::path::PathBuf;

use super::{Failure, print_json};
use crate::{
    config::KeyFiles,
    keystore::{Keys, PublicKeys},
    rpc::text::Hex32,
};

const EXAMPLES: &str = "\
Examples:
  sequencer keygen --out keys
  sequencer keygen --out keys --json";

const SHOW_EXAMPLES: &str = "\
Examples:
  sequencer keys --dir keys
  sequencer keys --dir keys --chain-id <64 hex digits> --json";

/// Makes three files: BLS consensus key, libp2p identity, Solana keypair. Existing files are never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Keygen {
    /// Directory for the key files; made if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
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
    /// Chain to prove possession of the BLS key for, as registration on Solana asks
    #[arg(long, value_name = "HEX")]
    chain_id: Option<Hex32>,
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
        keys.write(&KeyFiles::in_dir(&self.out))?;
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
        let keys = Keys::read(&KeyFiles::in_dir(&self.dir))?;
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
