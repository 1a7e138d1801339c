//! Serving the calls.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Instant};

use hotshot_types::NodeId;
use jsonrpsee::{
    PendingSubscriptionSink, SubscriptionMessage,
    core::{RpcResult, SubscriptionResult, async_trait},
    server::{BatchRequestConfig, PingConfig, Server, ServerConfig, ServerHandle},
};
use store::Store;
use telemetry::Metrics;
use tokio::sync::{Semaphore, broadcast::error::RecvError};

use super::{
    AssetApiServer, IDLE_LIMIT, MAX_BATCH, MAX_CONNECTIONS, MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES,
    MAX_SUBSCRIPTIONS, PING_EVERY, RpcError, programs, read, roster, submit,
    text::{Hex32, HexBytes},
    types::{
        AccountView, AddressText, Answer, BlockSummary, BlockView, CertifiedHeader, EntryView, GenesisView,
        IdText, ProgramView, RosterView, Simulation, StatusView, StoredEntry, Submitted, TransactionStatus,
    },
};
use crate::{
    admission::Admission, application::Heads, genesis::Deployment, gossip::Announcer, halt::Halt,
    latency::Ingested, mempool::Mempool, settled::Settled,
};

/// Calls that do blocking work at a time; more wait, so that they cannot take all threads from consensus.
const BLOCKING_CALLS: usize = 4;

/// Where consensus stands, for `asset_status`.
pub trait Progress: Send + Sync + 'static {
    /// View and epoch that the node is in.
    fn view_and_epoch(&self) -> (u64, u64);
    /// Committee members connected.
    fn peers(&self) -> u64;
    /// Whether this node leads its view or the next one.
    fn leading(&self) -> bool;
}

/// What the calls need.
pub struct RpcContext {
    /// This member.
    pub node: NodeId,
    /// Genesis and committee.
    pub deployment: Arc<Deployment>,
    /// Decided blocks.
    pub store: Store,
    /// The newest decided state.
    pub heads: Heads,
    /// What waits.
    pub mempool: Arc<Mempool>,
    /// The gate to it.
    pub admission: Admission,
    /// Tells other validators.
    pub announcer: Announcer,
    /// What is on Solana.
    pub settled: Arc<Settled>,
    /// What users gave to this node, for measuring how long it takes.
    pub ingested: Arc<Ingested>,
    /// Where consensus stands.
    pub progress: Arc<dyn Progress>,
    /// The stop switch.
    pub halt: Halt,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// When the process started.
    pub started: Instant,
}

/// A running server; dropping it does not stop it.
#[derive(Clone, Debug)]
pub struct RpcHandle {
    handle: ServerHandle,
    address: SocketAddr,
}

impl RpcHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more calls, and waits for those under way.
    pub async fn stop(self) {
        // Stopped already is stopped.
        let _ = self.handle.stop();
        self.handle.stopped().await;
    }

    /// Completes when it has stopped.
    pub async fn stopped(self) {
        self.handle.stopped().await;
    }
}

/// Listens on `address` and serves.
pub async fn serve(address: SocketAddr, context: Arc<RpcContext>) -> io::Result<RpcHandle> {
    let config = ServerConfig::builder()
        .max_request_body_size(MAX_REQUEST_BYTES)
        .max_response_body_size(MAX_RESPONSE_BYTES)
        .max_connections(MAX_CONNECTIONS)
        .max_subscriptions_per_connection(MAX_SUBSCRIPTIONS)
        .set_batch_request_config(BatchRequestConfig::Limit(MAX_BATCH))
        .enable_ws_ping(
            PingConfig::new()
                .ping_interval(PING_EVERY)
                .inactive_limit(IDLE_LIMIT),
        )
        .build();
    let server = Server::builder().set_config(config).build(address).await?;
    let address = server.local_addr()?;
    let calls = Calls {
        context,
        blocking: Arc::new(Semaphore::new(BLOCKING_CALLS)),
    };
    Ok(RpcHandle {
        handle: server.start(calls.into_rpc()),
        address,
    })
}

struct Calls {
    context: Arc<RpcContext>,
    blocking: Arc<Semaphore>,
}

impl Calls {
    /// Runs `work` on a blocking thread and counts the call.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&RpcContext) -> Result<T, RpcError> + Send + 'static,
    ) -> RpcResult<T> {
        let context = Arc::clone(&self.context);
        self.counted(async {
            let _turn = self
                .blocking
                .acquire()
                .await
                .expect("the semaphore is never closed");
            let done = tokio::task::spawn_blocking(move || work(&context)).await;
            done.unwrap_or_else(|error| Err(RpcError::Internal(error.to_string())))
        })
        .await
    }

    async fn counted<T>(&self, answer: impl Future<Output = Result<T, RpcError>>) -> RpcResult<T> {
        let answer = answer.await;
        self.context.metrics.rpc_requests.add(1);
        if let Err(error) = &answer {
            self.context.metrics.rpc_errors.add(1);
            if matches!(error, RpcError::Internal(_)) {
                tracing::error!(%error, "call failed");
            }
        }
        Ok(answer?)
    }
}

#[async_trait]
impl AssetApiServer for Calls {
    async fn submit_transaction(&self, transaction: HexBytes) -> RpcResult<IdText> {
        self.call(move |context| submit::one(context, &transaction.0))
            .await
    }

    async fn submit_transactions(&self, transactions: Vec<HexBytes>) -> RpcResult<Vec<Submitted>> {
        self.call(move |context| submit::many(context, &transactions))
            .await
    }

    async fn transaction_status(&self, id: IdText) -> RpcResult<TransactionStatus> {
        self.call(move |context| read::transaction_status(context, &id.0))
            .await
    }

    async fn account(&self, address: AddressText) -> RpcResult<AccountView> {
        self.call(move |context| Ok(read::account(context, &address.0)))
            .await
    }

    async fn program(&self, address: AddressText) -> RpcResult<ProgramView> {
        self.call(move |context| programs::program(context, &address.0))
            .await
    }

    async fn code(&self, address: AddressText) -> RpcResult<HexBytes> {
        self.call(move |context| programs::code(context, &address.0))
            .await
    }

    async fn entry(&self, program: AddressText, key: Hex32) -> RpcResult<EntryView> {
        self.call(move |context| Ok(programs::entry(context, &program.0, &key)))
            .await
    }

    async fn entries(&self, program: AddressText, after: Option<Hex32>) -> RpcResult<Vec<StoredEntry>> {
        self.call(move |context| programs::entries(context, &program.0, after))
            .await
    }

    async fn view(&self, program: AddressText, view: String, args: HexBytes) -> RpcResult<Answer> {
        self.call(move |context| programs::view(context, &program.0, &view, &args.0))
            .await
    }

    async fn simulate(&self, body: HexBytes) -> RpcResult<Simulation> {
        self.call(move |context| programs::simulate(context, &body.0))
            .await
    }

    async fn block(&self, height: u64) -> RpcResult<BlockView> {
        self.call(move |context| read::block(context, height)).await
    }

    async fn latest_root(&self) -> RpcResult<CertifiedHeader> {
        self.call(read::latest_root).await
    }

    async fn certificate(&self, height: u64) -> RpcResult<CertifiedHeader> {
        self.call(move |context| read::certificate(context, height)).await
    }

    async fn status(&self) -> RpcResult<StatusView> {
        self.counted(async { Ok(read::status(&self.context)) }).await
    }

    async fn genesis(&self) -> RpcResult<GenesisView> {
        self.counted(async { Ok(read::genesis(&self.context)) }).await
    }

    async fn roster(&self) -> RpcResult<RosterView> {
        self.call(|context| Ok(roster::roster(context))).await
    }

    async fn subscribe_blocks(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        let mut news = self.context.heads.subscribe();
        let sink = pending.accept().await?;
        loop {
            let decided = tokio::select! {
                () = sink.closed() => return Ok(()),
                decided = news.recv() => decided,
            };
            let branch = match decided {
                Ok(decided) => decided.branch,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return Ok(()),
            };
            let summary = BlockSummary::of(&branch.header, branch.receipts.len());
            let message = SubscriptionMessage::from(serde_json::value::to_raw_value(&summary)?);
            if sink.send(message).await.is_err() {
                return Ok(());
            }
        }
    }
}
