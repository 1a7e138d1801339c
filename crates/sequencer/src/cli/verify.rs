//! `sequencer verify`.

use std::{sync::Arc, time::Instant};

use hotshot_types::Height;
use serde::Serialize;
use settlement::RollupClient;
use store::{Directory, Opened, Store};

use super::{
    Failure,
    live::{Place, Progress},
    print_json,
};
use crate::{
    config::{Config, Settings, read_text},
    genesis::{Deployment, GenesisFile},
    rpc::text::Hex32,
    verify::{self, VerifyError},
};

/// Exit code of a difference: that of a node that stops for one.
const DIVERGED: u8 = 3;

const EXAMPLES: &str = "\
Examples:
  sequencer verify --config sequencer.toml
  sequencer verify --config sequencer.toml --offline --json

The validator must not be running: end it with sequencer exit.
Exit codes: 0 everything agrees, 1 it could not be found out, 3 a block or a root differs.";

/// Executes all stored blocks from genesis on and compares every root with its header, and those that Solana holds with Solana.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    #[command(flatten)]
    place: Place,
    /// Do not ask Solana
    #[arg(long)]
    offline: bool,
}

#[derive(Serialize)]
struct View {
    height: u64,
    state_root: Hex32,
    transactions: u64,
    seconds: f64,
    /// How many roots of Solana were compared; absent if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<u64>,
    /// Newest height on Solana.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled: Option<u64>,
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Store(error) => error.into(),
            VerifyError::Missing { .. } => Self::new(error, "verify on a validator that keeps every block"),
            error => Self {
                code: DIVERGED,
                ..Self::new(
                    error,
                    "docs/operators/troubleshooting.md says what to do when roots differ",
                )
            },
        }
    }
}

impl Verify {
    pub(super) fn execute(self, json: bool) -> Result<(), Failure> {
        let config = Config::resolve(Settings {
            data_dir: Some(self.place.directory()?),
            ..self.place.settings()?
        })?;
        let deployment = Arc::new(GenesisFile::parse(&read_text(&config.genesis)?)?.deploy()?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime =
            runtime.map_err(|error| Failure::new(error, "the system is out of threads or files"))?;
        let Opened { store, .. } = Store::open_in(
            Directory::existing(&config.data_dir)?,
            &deployment.genesis,
            &deployment.header,
        )?;
        let started = Instant::now();
        let progress = Progress::new();
        let verified = verify::execute(&store, &deployment, |height| progress.at(height));
        drop(progress);
        let verified = verified?;
        let mut view = View {
            height: verified.height,
            state_root: Hex32(verified.root),
            transactions: verified.transactions,
            seconds: started.elapsed().as_secs_f64(),
            compared: None,
            settled: None,
        };
        if !self.offline {
            let (settled, compared) = runtime.block_on(compare(&config, &store, &deployment))?;
            (view.settled, view.compared) = (Some(settled), Some(compared));
        }
        show(&view, json);
        Ok(())
    }
}

async fn compare(config: &Config, store: &Store, deployment: &Deployment) -> Result<(u64, u64), Failure> {
    let solana = &config.solana;
    let client = RollupClient::with_endpoints(&solana.rpc_urls, solana.program_id, solana.commitment.into());
    let account = client.rollup_state().await.map_err(|error| {
        Failure::new(
            format!(
                "Solana at {}: {error}",
                config.redacted().solana_rpc_url.unwrap_or_default()
            ),
            "check solana_rpc_url, or say --offline to compare with the headers only",
        )
    })?;
    let executed = |height: u64| {
        let header = match height {
            0 => Some(deployment.header.clone()),
            _ => store.header(Height::new(height))?,
        };
        Ok(header.map(|header| header.state_root))
    };
    let newest = account.state.last.height;
    let on_chain = |height| account.root_at(height).map(|entry| entry.state_root);
    Ok((newest, verify::compare(newest, on_chain, executed)?))
}

fn show(view: &View, json: bool) {
    if json {
        print_json(view);
        return;
    }
    println!(
        "executed heights 1 to {} with {} transactions in {:.1} s: every root is its header's",
        view.height, view.transactions, view.seconds
    );
    if let (Some(settled), Some(compared)) = (view.settled, view.compared) {
        println!("Solana is at height {settled}: {compared} of its roots compared, all the same");
    }
}
