//! Starting the parts of a node, each under the supervisor.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use batch_poster::{BatchPoster, Poster};
use hotshot::{Committees, Recovery, Timing};
use hotshot_engine::{Engine, EngineConfig, EngineError, ports::SystemClock};
use hotshot_libp2p::{Gossip, GossipMessage, Libp2pNetwork, Running, Started};
use settlement::{Keypair, KnownProgram, RollupClient};
use store::Store;
use telemetry::Metrics;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{
    NodeError,
    keyring::Keyring,
    observe::{EngineStatus, Observer},
    start::Ports,
};
use crate::{
    admin::{self, AdminContext, PosterHandle, Socket},
    admission::Admission,
    application::{App, Heads},
    config::Config,
    genesis::Deployment,
    gossip::{self, Announcer},
    halt::{Divergence, Halt},
    http,
    keystore::Keys,
    latency::{self, Ingested},
    mempool::Mempool,
    pressure::{self, Pressure},
    rpc::{self, RpcContext, RpcHandle},
    settled::{self, Settled, StoreSource},
    supervisor::{Stage, Supervisor},
    trace::{Trace, Witness},
};

/// Signature checks of votes at a time: several validators often share a machine.
const CRYPTO_WORKERS: usize = 2;
/// A view may take at least this many block intervals before it is given up.
const INTERVALS_PER_VIEW: u32 = 6;

/// What all parts share.
pub(super) struct Shared {
    pub deployment: Arc<Deployment>,
    pub keys: Keys,
    pub keyring: Arc<Keyring>,
    pub store: Store,
    pub heads: Heads,
    pub mempool: Arc<Mempool>,
    pub settled: Arc<Settled>,
    pub metrics: Arc<Metrics>,
    pub halt: Halt,
    pub exit: CancellationToken,
    pub clock: SystemClock,
    pub started: Instant,
}

impl Shared {
    /// Starts everything that runs, each part under the supervisor.
    pub(super) async fn start_all(
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
        watch_network(supervisor, Arc::clone(&network), running);
        let ingested = self.start_measuring(supervisor);
        let (admission, announcer) = self.start_gossip(supervisor, network.gossip(), gossip_messages);
        let poster = self.start_settlement(config, supervisor)?;
        let trace = Arc::clone(ingested.trace());
        let engine = self.start_engine(config, supervisor, app, recovery, Arc::clone(&network), trace);
        let connected = network.connected();
        let observer = Arc::new(Observer {
            node: self.keys.node(),
            committee: self.follow_committees(supervisor, &network),
            connected: connected.clone(),
            network: Arc::clone(network.metrics()),
            engine: engine.clone(),
            heads: self.heads.clone(),
            halt: self.halt.clone(),
            metrics: Arc::clone(&self.metrics),
            data_dir: config.data_dir.clone(),
            trace: Arc::clone(ingested.trace()),
            started: self.started,
        });
        let metrics_address = start_http(config, supervisor, Arc::clone(&observer)).await?;
        let context = Arc::new(RpcContext {
            node: self.keys.node(),
            deployment: self.deployment,
            store: self.store,
            heads: self.heads,
            mempool: self.mempool,
            admission,
            announcer,
            settled: self.settled,
            ingested,
            progress: Arc::clone(&observer) as _,
            halt: self.halt,
            metrics: self.metrics,
            started: self.started,
        });
        let rpc = start_rpc(config, supervisor, Arc::clone(&context)).await?;
        let admin = AdminContext {
            rpc: context,
            vitals: observer,
            engine,
            connected,
            poster,
            exit: self.exit,
        };
        start_admin(config, supervisor, admin)?;
        Ok(Ports {
            rpc,
            metrics: metrics_address,
        })
    }

    /// How long users' transactions take.
    fn start_measuring(&self, supervisor: &mut Supervisor) -> Arc<Ingested> {
        let ingested = Arc::new(Ingested::default());
        let (heads, settled) = (self.heads.clone(), Arc::clone(&self.settled));
        let measuring = latency::follow(Arc::clone(&ingested), heads, settled, Arc::clone(&self.metrics));
        supervisor.run(Stage::Watch, "latencies", measuring);
        ingested
    }

    /// Transactions from and to other validators, and the mempool's upkeep.
    fn start_gossip(
        &self,
        supervisor: &mut Supervisor,
        gossip: &Gossip,
        messages: mpsc::Receiver<GossipMessage>,
    ) -> (Admission, Announcer) {
        let (announcer, queue) = Announcer::new();
        let (mempool, metrics) = (|| Arc::clone(&self.mempool), || Arc::clone(&self.metrics));
        let admission = Admission::new(mempool(), self.heads.clone(), self.clock, metrics());
        let out = gossip::announce(queue, gossip.clone(), metrics());
        let receive = gossip::receive(messages, gossip.clone(), admission.clone(), metrics());
        let upkeep = gossip::upkeep(mempool(), announcer.clone(), self.clock, metrics());
        supervisor.run(Stage::Network, "gossip out", out);
        supervisor.run(Stage::Network, "gossip in", receive);
        supervisor.run(Stage::Network, "mempool upkeep", upkeep);
        (admission, announcer)
    }

    /// Consensus. It ends by itself only for a reason that the node cannot live with.
    fn start_engine(
        &self,
        config: &Config,
        supervisor: &mut Supervisor,
        app: App,
        recovery: Recovery,
        network: Arc<Libp2pNetwork>,
        trace: Arc<Trace>,
    ) -> EngineStatus {
        let block_interval = config.block_interval;
        let defaults = Timing::default();
        let engine = EngineConfig {
            node: self.keys.node(),
            committees: Committees::new(self.deployment.committee.clone()),
            epochs: self.deployment.epochs(),
            genesis: self.deployment.header.clone(),
            timing: Timing {
                block_interval,
                view_timeout: defaults
                    .view_timeout
                    .max(block_interval.saturating_mul(INTERVALS_PER_VIEW)),
                ..defaults
            },
            speaks: hotshot_types::Versions::up_to(rollup_abi::header::NEWEST_VERSION),
            upgrade: None,
            crypto_workers: CRYPTO_WORKERS,
        };
        let ports = hotshot_engine::Ports {
            network,
            storage: Arc::new(Witness::new(self.store.clone(), trace)),
            application: Arc::new(app),
            signer: Arc::clone(&self.keyring),
            clock: Arc::new(self.clock),
        };
        let engine = Engine::spawn(engine, recovery, ports);
        let status = engine.status();
        let (stop, halt) = (supervisor.stop(Stage::Consensus), self.halt.clone());
        supervisor.watch(Stage::Consensus, "consensus engine", async move {
            // The engine holds the other end for as long as it lives.
            let mut alive = engine.status();
            tokio::select! {
                () = stop.cancelled() => engine.shutdown(),
                () = async { while alive.changed().await.is_ok() {} } => {}
            }
            let ended = engine.join().await;
            ended.map_err(|error| died(&error, &halt))
        });
        status
    }

    /// Slow settlement makes this node's blocks smaller.
    fn start_pressure(&self, config: &Config, supervisor: &mut Supervisor) {
        let limits = config.solana.pressure;
        let pressure = Pressure::new(limits, Arc::clone(&self.mempool), Arc::clone(&self.metrics));
        let (store, settled) = (self.store.clone(), Arc::clone(&self.settled));
        supervisor.run(
            Stage::Settlement,
            "back-pressure",
            pressure::watch(pressure, store, settled, self.heads.clone(), self.started),
        );
    }

    /// The poster, or the lookout of a node that does not post.
    fn start_settlement(
        &self,
        config: &Config,
        supervisor: &mut Supervisor,
    ) -> Result<Option<PosterHandle>, NodeError> {
        let solana = &config.solana;
        self.start_pressure(config, supervisor);
        let client =
            RollupClient::with_endpoints(&solana.rpc_urls, solana.program_id, solana.commitment.into());
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
            return Ok(None);
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
            program: known_program()?,
        };
        let (poster, status) = BatchPoster::new(parts, solana.poster());
        let handle = PosterHandle {
            control: poster.control(),
            status: status.clone(),
        };
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
        Ok(Some(handle))
    }
}

/// The program that this binary was built with.
fn known_program() -> Result<KnownProgram, NodeError> {
    let release = registry::embedded().map_err(|error| NodeError::System {
        what: "embedded program",
        reason: error.to_string(),
    })?;
    let version = rollup_abi::release::parse(&release.manifest.version.to_string());
    Ok(KnownProgram::new(version, &release.program))
}

/// The network's own task; it ends in order when its stage stops.
fn watch_network(supervisor: &mut Supervisor, network: Arc<Libp2pNetwork>, running: Running) {
    let stop = supervisor.stop(Stage::Network);
    supervisor.watch(Stage::Network, "network", async move {
        let joined = running.join();
        tokio::pin!(joined);
        let joined = tokio::select! {
            joined = &mut joined => joined,
            () = stop.cancelled() => {
                network.stop();
                joined.await
            }
        };
        joined.map_err(|error| error.to_string())
    });
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

fn start_admin(config: &Config, supervisor: &mut Supervisor, context: AdminContext) -> Result<(), NodeError> {
    let socket = Socket::bind(&config.data_dir).map_err(|error| NodeError::Listen {
        what: "admin socket",
        address: config.data_dir.join(admin::SOCKET).display().to_string(),
        reason: error.to_string(),
    })?;
    let stop = supervisor.stop(Stage::Watch);
    supervisor.watch(Stage::Watch, "admin socket", async move {
        admin::serve(socket, context, stop).await;
        Ok(())
    });
    Ok(())
}

/// Why the engine died. If it was for safety's sake, posting must stop, too, and everybody must be told.
fn died(error: &EngineError, halt: &Halt) -> String {
    if let EngineError::Halted(reason) = error {
        halt.trip(Divergence::Consensus {
            reason: reason.to_string(),
        });
    }
    error.to_string()
}

async fn start_rpc(
    config: &Config,
    supervisor: &mut Supervisor,
    context: Arc<RpcContext>,
) -> Result<SocketAddr, NodeError> {
    let served = rpc::serve(config.listen.rpc, context).await;
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

#[cfg(test)]
mod tests {
    use hotshot::HaltReason;
    use hotshot_types::View;

    use super::*;

    #[test]
    fn a_stop_for_safetys_sake_stops_posting_too() {
        let view = View::new(7);
        let halt = Halt::default();
        let other = died(&EngineError::Network, &halt);
        assert_eq!((other, halt.reason()), (EngineError::Network.to_string(), None));
        let reason = HaltReason::Diverged { view };
        let told = died(&EngineError::Halted(reason.clone()), &halt);
        assert!(told.contains(&reason.to_string()), "{told}");
        let reason = reason.to_string();
        assert_eq!(halt.reason(), Some(Divergence::Consensus { reason }));
    }
}
