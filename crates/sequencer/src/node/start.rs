//! Starting a node and running it.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Instant};

use assetvm::Address;
use hotshot_engine::ports::SystemClock;
use hotshot_libp2p::identity_from_seed;
use hotshot_types::Epochs;
use store::{Opened, Store};
use telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use super::{NodeError, keyring::Keyring, network::start_network, parts::Shared};
use crate::{
    application::{App, Branch},
    config::{Config, read_text},
    genesis::{Deployment, GenesisFile},
    halt::Halt,
    keystore::Keys,
    mempool::Mempool,
    settled::Settled,
    supervisor::{Stage, Supervisor},
};

/// A running node.
pub struct Node {
    supervisor: Supervisor,
    halt: Halt,
    exit: CancellationToken,
    ports: Ports,
}

/// Where a running node is reached: the configured addresses, with the ports that were chosen for 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// JSON-RPC.
    pub rpc: SocketAddr,
    /// Metrics and health.
    pub metrics: SocketAddr,
}

impl Node {
    /// Starts all parts. What fails here has left nothing behind but files.
    pub async fn start(config: &Config) -> Result<Self, NodeError> {
        let started = Instant::now();
        let (deployment, keys) = load(config)?;
        let Opened { store, recovery, tip } = open(config, &deployment).await?;
        let (metrics, halt, clock) = (Arc::new(Metrics::new()), Halt::default(), SystemClock::default());
        let mempool = Arc::new(Mempool::new(config.mempool));
        let exit = CancellationToken::new();
        let anchor = Branch::stored(tip.header, tip.state, tip.history);
        tracing::info!(
            chain_id = %hex::encode(deployment.chain_id),
            height = anchor.header.height,
            root = %hex::encode(anchor.header.state_root),
            "opened"
        );
        let app = App::new(
            store.clone(),
            anchor,
            Arc::clone(&mempool),
            Arc::clone(&metrics),
            halt.clone(),
            config.max_block_transactions,
        );
        let keyring = Keyring::new(keys.bls.clone(), config.keys.clone(), halt.clone());
        let shared = Shared {
            deployment,
            keyring: Arc::new(keyring),
            keys,
            store,
            heads: app.heads().clone(),
            mempool,
            settled: Arc::new(Settled::new(config.solana.posting)),
            metrics,
            halt: halt.clone(),
            exit: exit.clone(),
            clock,
            started,
        };
        let mut supervisor = Supervisor::default();
        let network = start_network(config, &shared).await?;
        let ports = shared
            .start_all(config, &mut supervisor, app, recovery, network)
            .await?;
        tracing::info!(rpc = %ports.rpc, metrics = %ports.metrics, "started");
        Ok(Self {
            supervisor,
            halt,
            exit,
            ports,
        })
    }

    /// Where it is reached.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The stop switch of its signer and poster.
    pub fn halt(&self) -> Halt {
        self.halt.clone()
    }

    /// Runs until `asked` completes, which names who asks, or until a part dies; then stops everything in order. After a
    /// divergence, consensus and posting stop at once, and what remains goes on telling why until somebody asks.
    pub async fn run_until(mut self, asked: impl Future<Output = &'static str>) -> Result<(), NodeError> {
        tokio::pin!(asked);
        let mut diverged = None;
        let ended = loop {
            tokio::select! {
                by = &mut asked => {
                    tracing::info!(by, "stopping");
                    break Ok(());
                }
                () = self.exit.cancelled() => {
                    tracing::info!(by = "admin socket", "stopping");
                    break Ok(());
                }
                divergence = self.halt.tripped(), if diverged.is_none() => {
                    diverged = Some(divergence);
                    for stage in [Stage::Settlement, Stage::Consensus] {
                        self.supervisor.stop_stage(stage).await;
                    }
                }
                // After a divergence the engine ends by itself, too: its signer refuses.
                death = self.supervisor.death() => match self.halt.reason() {
                    Some(_) if diverged.is_none() => {
                        tracing::warn!(%death, "after a divergence");
                    }
                    _ => {
                        tracing::error!(task = death.task, reason = %death.reason, "critical task ended");
                        break Err(NodeError::Death(death));
                    }
                },
            }
        };
        self.supervisor.shutdown().await;
        tracing::info!("stopped");
        match (ended, diverged) {
            (_, Some(divergence)) => Err(NodeError::Diverged(divergence)),
            (ended, None) => ended,
        }
    }
}

/// Reads genesis and keys, and checks that they belong together.
fn load(config: &Config) -> Result<(Arc<Deployment>, Keys), NodeError> {
    let deployment = GenesisFile::parse(&read_text(&config.genesis)?)?.deploy()?;
    let keys = Keys::read(&config.keys)?;
    let node = keys.node();
    let expected = Address::new(config.solana.program_id.to_bytes());
    if deployment.genesis.program_id != expected {
        let expected = deployment.genesis.program_id.to_string();
        return Err(NodeError::Program {
            got: config.solana.program_id.to_string(),
            expected,
        });
    }
    if deployment.epochs() != Epochs::ENDLESS {
        // The roster says who validates, and with which key: whoever is not on it follows.
        return Ok((Arc::new(deployment), keys));
    }
    let member = deployment
        .committee
        .index_of(&node)
        .map(|index| &deployment.committee.members()[index]);
    let member = member.ok_or_else(|| NodeError::NotMember {
        node: keys.solana.address().to_string(),
    })?;
    let wrong = |what, got: String, expected: String| NodeError::WrongKey { what, got, expected };
    if member.key != *keys.bls.public() {
        return Err(wrong(
            "BLS key",
            keys.bls.public().to_string(),
            member.key.to_string(),
        ));
    }
    let peer_id = identity_from_seed(*keys.libp2p).public().to_peer_id().to_string();
    let expected = deployment.addresses.iter().find(|(of, ..)| *of == node);
    if let Some((_, expected, _)) = expected.filter(|(_, expected, _)| *expected != peer_id) {
        return Err(wrong("peer id", peer_id, expected.clone()));
    }
    Ok((Arc::new(deployment), keys))
}

/// Opens the store: reads all accounts, so on a blocking thread.
async fn open(config: &Config, deployment: &Arc<Deployment>) -> Result<Opened, NodeError> {
    let (path, deployment) = (config.data_dir.clone(), Arc::clone(deployment));
    let opened = tokio::task::spawn_blocking(move || {
        let opened = Store::open(&path, &deployment.genesis, &deployment.header);
        opened.map_err(|source| NodeError::Store {
            path,
            source: Box::new(source),
        })
    });
    opened.await.unwrap_or_else(|error| {
        Err(NodeError::System {
            what: "opening the store",
            reason: error.to_string(),
        })
    })
}
