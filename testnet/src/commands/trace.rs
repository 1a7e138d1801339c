//! `testnet trace`.

use std::path::PathBuf;

use assetvm::TxId;
use clap::Args;

use super::host::{LATEST, attach};
use super::{Failure, USAGE};
use crate::live::Progress;
use crate::trace::journey;

/// Options of a trace.
#[derive(Clone, Debug, Args)]
pub struct TraceArgs {
    /// The transaction's id
    #[arg(value_name = "TXID")]
    pub id: TxId,
    /// The testnet's directory; `latest` is the newest one that runs
    #[arg(long, value_name = "DIR", default_value = LATEST)]
    pub attach: PathBuf,
}

/// Prints a transaction's way. Says whether every hop of it is known.
///
/// # Errors
/// No testnet runs, or nobody there knows the transaction.
pub async fn run(args: TraceArgs) -> Result<bool, Failure> {
    let attached = attach(&args.attach).map_err(|error| Failure::new(USAGE, &error, error.hint()))?;
    let journey = journey(&attached, args.id).await;
    let journey = journey.map_err(|error| Failure::of(&error, &mut Progress::new(false)))?;
    println!("{journey}");
    Ok(journey.is_complete())
}
