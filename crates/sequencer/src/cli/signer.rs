//! `sequencer signer`.

use std::{path::PathBuf, sync::Arc};

use signer::{Guard, Record, RecordError};

use super::Failure;
use crate::{config::KeyFiles, keystore::Keys, rpc::text::Hex32};

const EXAMPLES: &str = "\
Examples:
  sequencer signer run --keys keys --chain-id <64 hex digits> --record signed.record --socket signer.sock --new-record
  sequencer signer run --keys keys --chain-id <64 hex digits> --record signed.record --socket signer.sock

--new-record is for keys that have never signed on this chain. A record that was lost is not made anew: register new keys.";

/// What may be done with a signer.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub enum SignerCommand {
    /// Hold a BLS key and the record of what it has signed, and sign what does not contradict it
    Run(Run),
}

/// Holds a BLS key and the record of what it has signed; signs, over a unix socket that only its own account may open, what does
/// not contradict the record. It runs until it is killed, which loses nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Directory of the key files
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// File whose first line opens sealed keys; else ASSET_L2_PASSPHRASE, else it is asked for
    #[arg(
        long,
        value_name = "FILE",
        env = "ASSET_L2_PASSPHRASE_FILE",
        hide_env_values = true
    )]
    passphrase_file: Option<PathBuf>,
    /// The chain on which it signs
    #[arg(long, value_name = "HEX")]
    chain_id: Hex32,
    /// The record of what has been signed
    #[arg(long, value_name = "FILE")]
    record: PathBuf,
    /// Make the record, which must not be there yet
    #[arg(long)]
    new_record: bool,
    /// Socket to listen on
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        let hint = match &error {
            RecordError::Missing { .. } => {
                "keys that have never signed on this chain get one with --new-record; others must be replaced"
            }
            RecordError::InUse { .. } => "a key runs in one place: end the other signer first",
            RecordError::Io { .. } => "check the path, its owner and the disk",
            RecordError::Damaged { .. } => "these keys do not know what they have signed: register new ones",
            RecordError::Chain { .. } => "each chain has a record of its own",
        };
        Self::new(error, hint)
    }
}

impl SignerCommand {
    pub(super) fn execute(self) -> Result<(), Failure> {
        match self {
            Self::Run(command) => command.execute(),
        }
    }
}

impl Run {
    fn execute(self) -> Result<(), Failure> {
        telemetry::logs::init(telemetry::Format::Auto, "info")
            .map_err(|error| Failure::new(error, "correct ASSET_L2_LOG"))?;
        let keys = Keys::read(&KeyFiles {
            passphrase: self.passphrase_file,
            ..KeyFiles::in_dir(&self.keys)
        })?;
        let record = match self.new_record {
            true => Record::create(&self.record, &self.chain_id.0)?,
            false => Record::open(&self.record, &self.chain_id.0)?,
        };
        tracing::info!(
            key = %keys.bls.public(), chain_id = %self.chain_id, socket = %self.socket.display(), "signer started"
        );
        let guard = Arc::new(Guard::new(vec![keys.bls], record));
        match signer::serve(&self.socket, &guard) {
            Ok(never) => match never {},
            Err(error) => Err(Failure::new(
                format!("{}: {error}", self.socket.display()),
                "choose another path for the socket, in a directory of your own",
            )),
        }
    }
}
