//! A running local chain.

use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use futures::{StreamExt, TryStreamExt, stream};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use surfpool_core::runloops::start_local_surfnet_runloop;
use surfpool_core::surfnet::locker::SurfnetSvmLocker;
use surfpool_core::surfnet::svm::{SurfnetSvm, SurfnetSvmConfig};
use surfpool_types::{
    BlockProductionMode, RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig,
};
use tokio::sync::watch;

use crate::ports::Ports;
use crate::{Airdrop, LocalnetConfig, LocalnetError};

/// A start takes a third of a second on an idle machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How often what has no event is looked at: the balance after an airdrop, the ports after a stop.
const POLL: Duration = Duration::from_millis(25);
const AIRDROP_TIMEOUT: Duration = Duration::from_secs(10);
/// The chain's JSON-RPC server has six threads.
const AIRDROPS_AT_ONCE: usize = 6;
/// Longest log of one transaction that is kept.
const LOG_BYTES: usize = 10_000;
/// JSON-RPC and websocket each say when they are closed.
const SERVERS: usize = 2;

/// A local chain that runs until [`Localnet::stop`] or until it is dropped.
pub struct Localnet {
    ports: Ports,
    rpc_url: String,
    ws_url: String,
    commands: Sender<SimnetCommand>,
    phase: watch::Receiver<Phase>,
}

/// What the chain's own threads have said of it.
#[derive(Clone, Debug, Default)]
struct Phase {
    ready: bool,
    servers_closed: usize,
    ended: Option<String>,
}

impl Localnet {
    /// Starts a chain and returns once it answers and the airdrops have arrived.
    ///
    /// # Errors
    /// A port is taken (the error says which, and what to do), the chain does not come up, or an airdrop fails.
    pub async fn start(config: LocalnetConfig) -> Result<Self, LocalnetError> {
        let slot_time_ms = u64::try_from(config.slot_time.as_millis()).unwrap_or(u64::MAX);
        if slot_time_ms == 0 {
            return Err(LocalnetError::SlotTime {
                got: config.slot_time,
            });
        }
        let ports = Ports::find(config.rpc_port, config.ws_port)?;
        let (commands, phase) = launch(ports, slot_time_ms)?;
        let mut chain = Self {
            ports,
            rpc_url: format!("http://127.0.0.1:{}", ports.rpc),
            ws_url: format!("ws://127.0.0.1:{}", ports.ws),
            commands,
            phase,
        };
        chain.until_ready().await?;
        let rpc = RpcClient::new(chain.rpc_url.clone());
        stream::iter(config.airdrops)
            .map(|drop| airdrop(&rpc, drop))
            .buffer_unordered(AIRDROPS_AT_ONCE)
            .try_collect::<()>()
            .await?;
        tracing::info!(
            rpc = chain.rpc_url,
            ws = chain.ws_url,
            slot_time_ms,
            "local chain started"
        );
        Ok(chain)
    }

    /// URL of the JSON-RPC server.
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// URL of the websocket server.
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// Gives lamports to an account and returns once its balance shows them.
    ///
    /// # Errors
    /// The chain refuses, or does not show them in time.
    pub async fn airdrop(&self, drop: Airdrop) -> Result<(), LocalnetError> {
        airdrop(&RpcClient::new(self.rpc_url.clone()), drop).await
    }

    /// Stops the chain, with everything on it, and returns once its ports are free.
    ///
    /// # Errors
    /// The servers do not close in time.
    pub async fn stop(mut self) -> Result<(), LocalnetError> {
        self.terminate();
        let ports = self.ports;
        let closed = async {
            // An error means that the chain's threads are gone, which is what is waited for.
            let _ = self.phase.wait_for(|phase| phase.servers_closed >= SERVERS).await;
            while !ports.are_free() {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(STOP_TIMEOUT, closed)
            .await
            .map_err(|_| LocalnetError::StopTimeout {
                after: STOP_TIMEOUT,
                rpc_port: ports.rpc,
                ws_port: ports.ws,
            })
    }

    async fn until_ready(&mut self) -> Result<(), LocalnetError> {
        let ready = self.phase.wait_for(|phase| phase.ready || phase.ended.is_some());
        match tokio::time::timeout(START_TIMEOUT, ready).await {
            Err(_) => Err(LocalnetError::StartTimeout { after: START_TIMEOUT }),
            Ok(Err(_)) => Err(LocalnetError::Start {
                reason: "its threads ended".into(),
            }),
            Ok(Ok(phase)) => match &phase.ended {
                Some(reason) => Err(LocalnetError::Start {
                    reason: reason.clone(),
                }),
                None => Ok(()),
            },
        }
    }

    fn terminate(&self) {
        // An error means that it has ended already.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        self.terminate();
    }
}

/// Starts the chain's two threads: the runloop and the reader of its events. Both end with the chain.
fn launch(
    ports: Ports,
    slot_time_ms: u64,
) -> Result<(Sender<SimnetCommand>, watch::Receiver<Phase>), LocalnetError> {
    let start_error = |reason: String| LocalnetError::Start { reason };
    let (svm, events, geyser_events) = SurfnetSvm::new(SurfnetSvmConfig {
        slot_time: slot_time_ms,
        // Profiles of every instruction run it again and are kept; nobody reads them here.
        instruction_profiling_enabled: false,
        max_profiles: 1,
        log_bytes_limit: Some(LOG_BYTES),
        ..SurfnetSvmConfig::default()
    })
    .map_err(|error| start_error(error.to_string()))?;
    let config = surfpool_config(ports, slot_time_ms);
    // Surfpool's interface asks for this channel; only its RPC handlers, which wait for each answer, and `terminate` send.
    let (commands, commands_rx) = crossbeam_channel::unbounded();
    let (phase_tx, phase) = watch::channel(Phase::default());
    let runloop_phase = phase_tx.clone();
    let runloop_commands = commands.clone();
    thread::Builder::new()
        .name("localnet".into())
        .spawn(move || {
            let locker = SurfnetSvmLocker::new(svm);
            let ended = match tokio::runtime::Runtime::new() {
                Ok(runtime) => runtime
                    .block_on(start_local_surfnet_runloop(
                        locker,
                        config,
                        runloop_commands,
                        commands_rx,
                        geyser_events,
                    ))
                    .map_or_else(|error| error.to_string(), |()| "stopped".into()),
                Err(error) => error.to_string(),
            };
            runloop_phase.send_modify(|phase| phase.ended = Some(ended));
        })
        .map_err(|error| start_error(error.to_string()))?;
    thread::Builder::new()
        .name("localnet-events".into())
        .spawn(move || read_events(&events, &phase_tx))
        .map_err(|error| start_error(error.to_string()))?;
    Ok((commands, phase))
}

fn surfpool_config(ports: Ports, slot_time_ms: u64) -> SurfpoolConfig {
    SurfpoolConfig {
        simnets: vec![SimnetConfig {
            offline_mode: true,
            remote_rpc_url: None,
            slot_time: slot_time_ms,
            block_production_mode: BlockProductionMode::Clock,
            instruction_profiling_enabled: false,
            max_profiles: 1,
            log_bytes_limit: Some(LOG_BYTES),
            ..SimnetConfig::default()
        }],
        rpc: RpcConfig {
            bind_host: "127.0.0.1".into(),
            bind_port: ports.rpc,
            ws_port: ports.ws,
            ..RpcConfig::default()
        },
        ..SurfpoolConfig::default()
    }
}

/// Reads the chain's events to their end. The channel is bounded and the chain waits when it is full, so this must run.
fn read_events(events: &Receiver<SimnetEvent>, phase: &watch::Sender<Phase>) {
    for event in events {
        match event {
            SimnetEvent::CoreStarted(_) => phase.send_modify(|phase| phase.ready = true),
            SimnetEvent::Aborted(reason) => phase.send_modify(|phase| phase.ended = Some(reason)),
            SimnetEvent::Shutdown => phase.send_modify(|phase| phase.servers_closed += 1),
            SimnetEvent::ErrorLog(_, text) => tracing::warn!(text, "local chain"),
            SimnetEvent::WarnLog(_, text) | SimnetEvent::InfoLog(_, text) => {
                tracing::debug!(text, "local chain");
            }
            _ => {}
        }
    }
}

async fn airdrop(rpc: &RpcClient, drop: Airdrop) -> Result<(), LocalnetError> {
    let Airdrop { to, lamports } = drop;
    let failed = |source| LocalnetError::Airdrop {
        to,
        lamports,
        source: Box::new(source),
    };
    let balance = async || {
        rpc.get_balance_with_commitment(&to, CommitmentConfig::processed())
            .await
            .map(|response| response.value)
            .map_err(failed)
    };
    let expected = balance().await?.saturating_add(lamports);
    rpc.request_airdrop(&to, lamports).await.map_err(failed)?;
    let deadline = Instant::now() + AIRDROP_TIMEOUT;
    loop {
        let got = balance().await?;
        if got >= expected {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(LocalnetError::AirdropMissing { to, got, expected });
        }
        tokio::time::sleep(POLL).await;
    }
}
