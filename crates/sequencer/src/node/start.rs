//! Starting a node and running it.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Instant};

use assetvm::Address;
use batch_poster::{BatchPoster, Poster, PosterConfig};
use hotshot::{Committees, Recovery, Timing};
use hotshot_engine::{Engine, EngineConfig, ports::SystemClock};
use hotshot_libp2p::{Libp2pNetwork, Limits, PeerAddress, PeerBinding, Started, identity_from_seed};
use settlement::{CommitmentConfig, Keypair, RollupClient};
use store::{Opened, Store};
use telemetry::Metrics;
use tokio::sync::watch;

use super::{
    NodeError,
    observe::{EngineStatus, Observer},
};
use crate::{
    admission::Admission,
    application::{App, Branch, Heads},
    config::{Config, read_text},
    genesis::{Deployment, GenesisFile},
    gossip::{self, Announcer},
    halt::Halt,
    http,
    keystore::{FileSigner, Keys},
    mempool::Mempool,
    rpc::{self, RpcContext, RpcHandle},
    settled::{self, Settled, StoreSource},
    supervisor::{Stage, Supervisor},
};

/// Signature checks of votes at a time: several validators often share a machine.
const CRYPTO_WORKERS: usize = 2;
/// A view may take at least this many block intervals before it is given up.
const INTERVALS_PER_VIEW: u32 = 6;

/// A running node.
pub struct Node {
    supervisor: Supervisor,
    halt: Halt,
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

/// What all parts share.
struct Shared {
    deployment: Arc<Deployment>,
    keys: Keys,
    store: Store,
    heads: Heads,
    mempool: Arc<Mempool>,
    settled: Arc<Settled>,
    metrics: Arc<Metrics>,
    halt: Halt,
    clock: SystemClock,
    started: Instant,
}

impl Node {
    /// Starts all parts. What fails here has left nothing behind but files.
    pub async fn start(config: &Config) -> Result<Self, NodeError> {
        let started = Instant::now();
        let (deployment, keys) = load(config)?;
        let Opened { store, recovery, tip } = open(config, &deployment).await?;
        let (metrics, halt, clock) = (Arc::new(Metrics::new()), Halt::default(), SystemClock::default());
        let mempool = Arc::new(Mempool::new(config.mempool));
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
        let shared = Shared {
            deployment,
            keys,
            store,
            heads: app.heads().clone(),
            mempool,
            settled: Arc::new(Settled::new(config.solana.posting)),
            metrics,
            halt: halt.clone(),
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
        opened.map_err(|source| NodeError::Store { path, source })
    });
    opened.await.unwrap_or_else(|error| {
        Err(NodeError::System {
            what: "opening the store",
            reason: error.to_string(),
        })
    })
}

async fn start_network(config: &Config, shared: &Shared) -> Result<Started, NodeError> {
    let failed = |what, address: &str, reason: String| NodeError::Listen {
        what,
        address: address.to_owned(),
        reason,
    };
    let identity = identity_from_seed(*shared.keys.libp2p);
    let signer = FileSigner::new(shared.keys.bls.clone(), shared.halt.clone());
    let peer_id = identity.public().to_peer_id();
    let binding = PeerBinding::sign(&signer, &shared.deployment.chain_id, shared.keys.node(), &peer_id)
        .map_err(|error| NodeError::System {
            what: "peer binding",
            reason: error.to_string(),
        })?;
    let mut peers = Vec::new();
    for (node, peer_id, address) in &shared.deployment.addresses {
        peers.push(PeerAddress {
            node: *node,
            address: address
                .parse()
                .map_err(|error| failed("address of a member", address, format!("{error}")))?,
            peer_id: Some(
                peer_id
                    .parse()
                    .map_err(|error| failed("peer id of a member", peer_id, format!("{error}")))?,
            ),
        });
    }
    let listen = &config.listen.p2p;
    let network = hotshot_libp2p::Config {
        chain_id: shared.deployment.chain_id,
        identity,
        listen: vec![
            listen
                .parse()
                .map_err(|error| failed("listen_p2p", listen, format!("{error}")))?,
        ],
        peers,
        limits: Limits::default(),
    };
    let members = shared
        .deployment
        .committee
        .members()
        .iter()
        .map(|member| (member.node, member.key.clone()));
    let started = Libp2pNetwork::start(network, Some(binding), members).await;
    started.map_err(|error| failed("listen_p2p", listen, error.to_string()))
}

impl Shared {
    /// Starts everything that runs, each part under the supervisor.
    async fn start_all(
        self,
        config: &Config,
        supervisor: &mut Supervisor,
        app: App,
        recovery: Recovery,
        network: Started,
    ) -> Result<Ports, NodeError> {
        let Started {
            network,
            gossip_messages,
            running,
        } = network;
        let network = Arc::new(network);
        let stop = supervisor.stop(Stage::Network);
        let stopping = Arc::clone(&network);
        supervisor.watch(Stage::Network, "network", async move {
            let joined = running.join();
            tokio::pin!(joined);
            let joined = tokio::select! {
                joined = &mut joined => joined,
                () = stop.cancelled() => {
                    stopping.stop();
                    joined.await
                }
            };
            joined.map_err(|error| error.to_string())
        });
        let (announcer, queue) = Announcer::new();
        let admission = Admission::new(
            Arc::clone(&self.mempool),
            self.heads.clone(),
            self.clock,
            Arc::clone(&self.metrics),
        );
        let gossip = network.gossip().clone();
        let metrics = || Arc::clone(&self.metrics);
        supervisor.run(
            Stage::Network,
            "gossip out",
            gossip::announce(queue, gossip.clone(), metrics()),
        );
        let receive = gossip::receive(gossip_messages, gossip, admission.clone(), metrics());
        supervisor.run(Stage::Network, "gossip in", receive);
        let upkeep = gossip::upkeep(
            Arc::clone(&self.mempool),
            announcer.clone(),
            self.clock,
            metrics(),
        );
        supervisor.run(Stage::Network, "mempool upkeep", upkeep);
        self.start_settlement(config, supervisor)?;
        let engine = self.start_engine(config, supervisor, app, recovery, Arc::clone(&network));
        let observer = Arc::new(Observer {
            node: self.keys.node(),
            committee: self.deployment.committee.clone(),
            connected: network.connected(),
            network: Arc::clone(network.metrics()),
            engine,
            heads: self.heads.clone(),
            halt: self.halt.clone(),
            metrics: metrics(),
            started: self.started,
        });
        let metrics_address = start_http(config, supervisor, Arc::clone(&observer)).await?;
        let context = RpcContext {
            node: self.keys.node(),
            deployment: self.deployment,
            store: self.store,
            heads: self.heads,
            mempool: self.mempool,
            admission,
            announcer,
            settled: self.settled,
            progress: observer,
            halt: self.halt,
            metrics: self.metrics,
            started: self.started,
        };
        let rpc = start_rpc(config, supervisor, context).await?;
        Ok(Ports {
            rpc,
            metrics: metrics_address,
        })
    }

    /// Consensus. It ends by itself only for a reason that the node cannot live with.
    fn start_engine(
        &self,
        config: &Config,
        supervisor: &mut Supervisor,
        app: App,
        recovery: Recovery,
        network: Arc<Libp2pNetwork>,
    ) -> EngineStatus {
        let block_interval = config.block_interval;
        let defaults = Timing::default();
        let engine = EngineConfig {
            node: self.keys.node(),
            committees: Committees::new(self.deployment.committee.clone()),
            genesis: self.deployment.header.clone(),
            timing: Timing {
                block_interval,
                view_timeout: defaults
                    .view_timeout
                    .max(block_interval.saturating_mul(INTERVALS_PER_VIEW)),
                ..defaults
            },
            crypto_workers: CRYPTO_WORKERS,
        };
        let ports = hotshot_engine::Ports {
            network,
            storage: Arc::new(self.store.clone()),
            application: Arc::new(app),
            signer: Arc::new(FileSigner::new(self.keys.bls.clone(), self.halt.clone())),
            clock: Arc::new(self.clock),
        };
        let engine = Engine::spawn(engine, recovery, ports);
        let status = engine.status();
        let stop = supervisor.stop(Stage::Consensus);
        supervisor.watch(Stage::Consensus, "consensus engine", async move {
            // The engine holds the other end for as long as it lives.
            let mut alive = engine.status();
            tokio::select! {
                () = stop.cancelled() => engine.shutdown(),
                () = async { while alive.changed().await.is_ok() {} } => {}
            }
            engine.join().await.map_err(|error| error.to_string())
        });
        status
    }

    /// The poster, or the lookout of a node that does not post.
    fn start_settlement(&self, config: &Config, supervisor: &mut Supervisor) -> Result<(), NodeError> {
        let solana = &config.solana;
        let client = RollupClient::new(&solana.rpc_url, solana.program_id, CommitmentConfig::confirmed());
        let (settled, metrics, halt) = (
            Arc::clone(&self.settled),
            Arc::clone(&self.metrics),
            self.halt.clone(),
        );
        if !solana.posting {
            let (store, heads) = (self.store.clone(), self.heads.clone());
            supervisor.run(
                Stage::Settlement,
                "lookout",
                settled::look(client, store, heads, settled, metrics, halt),
            );
            return Ok(());
        }
        let bytes = zeroize::Zeroizing::new(self.keys.solana.to_keypair_bytes());
        let key = Keypair::try_from(&bytes[..]).map_err(|error| NodeError::System {
            what: "poster key",
            reason: error.to_string(),
        })?;
        let (tip, heights) = watch::channel(self.heads.newest().header.height);
        let heads = self.heads.clone();
        supervisor.run(Stage::Settlement, "poster's tip", async move {
            loop {
                let next = tip.borrow().saturating_add(1);
                tip.send_replace(heads.reached(next).await.header.height);
            }
        });
        let source = Arc::new(StoreSource(self.store.clone()));
        let parts = Poster {
            client,
            key: Arc::new(key),
            source,
            tip: heights,
        };
        let (poster, status) = BatchPoster::new(
            parts,
            PosterConfig {
                rank: u32::from(solana.rank),
                ..PosterConfig::default()
            },
        );
        let stop = supervisor.stop(Stage::Settlement);
        supervisor.watch(Stage::Settlement, "poster", async move {
            poster.run(stop).await;
            Ok(())
        });
        supervisor.run(
            Stage::Settlement,
            "poster's status",
            settled::follow_poster(status, settled, metrics, halt),
        );
        Ok(())
    }
}

async fn start_http(
    config: &Config,
    supervisor: &mut Supervisor,
    observer: Arc<Observer>,
) -> Result<SocketAddr, NodeError> {
    let failed = |error: std::io::Error| NodeError::Listen {
        what: "listen_metrics",
        address: config.listen.metrics.to_string(),
        reason: error.to_string(),
    };
    let listener = http::bind(config.listen.metrics).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let stop = supervisor.stop(Stage::Watch);
    supervisor.watch(Stage::Watch, "metrics and health", async move {
        http::serve(listener, observer, stop)
            .await
            .map_err(|error| error.to_string())
    });
    Ok(address)
}

async fn start_rpc(
    config: &Config,
    supervisor: &mut Supervisor,
    context: RpcContext,
) -> Result<SocketAddr, NodeError> {
    let served = rpc::serve(config.listen.rpc, Arc::new(context)).await;
    let handle: RpcHandle = served.map_err(|error| NodeError::Listen {
        what: "listen_rpc",
        address: config.listen.rpc.to_string(),
        reason: error.to_string(),
    })?;
    let address = handle.address();
    let stop = supervisor.stop(Stage::Intake);
    supervisor.watch(Stage::Intake, "JSON-RPC", async move {
        tokio::select! {
            () = handle.clone().stopped() => Err("the server stopped".into()),
            () = stop.cancelled() => {
                handle.stop().await;
                Ok(())
            }
        }
    });
    Ok(address)
}
