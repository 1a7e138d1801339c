//! Serving the socket.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use assetvm::Address;
use batch_poster::{PosterControl, PosterStatus};
use hotshot_types::NodeId;
use jsonrpsee::{
    Methods,
    core::{RpcResult, async_trait},
    types::error::PARSE_ERROR_CODE,
};
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    AdminError, IDLE, MAX_CONNECTIONS, MAX_REQUEST, NOT_LEADER_WITHIN, SOCKET,
    api::AdminApiServer,
    at_socket,
    lines::read_line,
    types::{ExitView, LogFilterView, NodeView, PeerView, PosterOrder, PosterView},
};
use crate::{
    http::Source,
    rpc::{RpcContext, read},
};

/// How long accepting rests after it has failed: the process is out of files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A poster's two ends.
#[derive(Clone, Debug)]
pub struct PosterHandle {
    /// What it is told by.
    pub control: PosterControl,
    /// What it says of itself.
    pub status: watch::Receiver<PosterStatus>,
}

/// What the calls need.
pub struct AdminContext {
    /// What JSON-RPC needs.
    pub rpc: Arc<RpcContext>,
    /// What readiness is judged by.
    pub vitals: Arc<dyn Source>,
    /// Where consensus stands.
    pub engine: watch::Receiver<hotshot_engine::Status>,
    /// The members that are connected.
    pub connected: watch::Receiver<std::collections::BTreeSet<NodeId>>,
    /// The poster, if this node posts.
    pub poster: Option<PosterHandle>,
    /// Ends the node.
    pub exit: CancellationToken,
}

/// The listening socket. Its file is removed with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    owner: u32,
}

impl Socket {
    /// Makes the socket in a data directory that this process has to itself: one that is there is a dead process's.
    pub fn bind(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = at_socket(directory, |path| UnixListener::bind(path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Self {
            listener,
            path,
            owner,
        })
    }

    /// The next connection of somebody who may.
    async fn accept(&self) -> io::Result<Option<UnixStream>> {
        let (stream, _) = self.listener.accept().await?;
        let user = stream.peer_cred()?.uid();
        if user != self.owner && user != 0 {
            tracing::warn!(user, owner = self.owner, "admin socket: not the owner, refused");
            return Ok(None);
        }
        Ok(Some(stream))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "admin socket not removed");
        }
    }
}

/// Serves until `stop`.
pub async fn serve(socket: Socket, context: AdminContext, stop: CancellationToken) {
    let methods: Methods = Calls(Arc::new(context)).into_rpc().into();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
        };
        match accepted {
            Ok(Some(stream)) => drop(connections.spawn(converse(stream, methods.clone()))),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "admin socket: not accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    connections.shutdown().await;
}

async fn converse(stream: UnixStream, methods: Methods) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let ended = async {
        // Idle too long, or at its end.
        while let Ok(Some(line)) = tokio::time::timeout(IDLE, read_line(&mut reader, MAX_REQUEST))
            .await
            .unwrap_or(Ok(None))
            .inspect_err(|error| tracing::debug!(%error, "admin socket"))
        {
            let mut answer = answer(&methods, &line).await;
            answer.push('\n');
            writer.write_all(answer.as_bytes()).await?;
        }
        io::Result::Ok(())
    };
    if let Err(error) = ended.await {
        tracing::debug!(%error, "admin socket: connection ended");
    }
}

async fn answer(methods: &Methods, request: &str) -> String {
    match methods.raw_json_request(request, 1).await {
        Ok((answer, _)) => answer.get().to_owned(),
        Err(error) => serde_json::json!({
            "jsonrpc": "2.0",
            "id": null,
            "error": { "code": PARSE_ERROR_CODE, "message": format!("not a JSON-RPC request: {error}") },
        })
        .to_string(),
    }
}

struct Calls(Arc<AdminContext>);

impl Calls {
    fn poster_view(&self) -> Option<PosterView> {
        let poster = self.0.poster.as_ref()?;
        Some(PosterView::of(&poster.status.borrow(), poster.control.orders()))
    }

    async fn until_not_leader(&self) -> Result<(), AdminError> {
        let mut engine = self.0.engine.clone();
        let turn = async {
            while self.0.rpc.progress.leading() && self.0.rpc.halt.reason().is_none() {
                // Its end is the engine's, which then leads nothing.
                if engine.changed().await.is_err() {
                    return;
                }
            }
        };
        let waited = tokio::time::timeout(NOT_LEADER_WITHIN, turn).await;
        waited.map_err(|_| AdminError::Leading {
            view: self.0.engine.borrow().view.get(),
        })
    }
}

#[async_trait]
impl AdminApiServer for Calls {
    async fn status(&self) -> RpcResult<NodeView> {
        let context = &self.0;
        Ok(NodeView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            readiness: context.vitals.vitals().readiness(),
            leading: context.rpc.progress.leading(),
            poster: self.poster_view(),
            status: read::status(&context.rpc),
        })
    }

    async fn peers(&self) -> RpcResult<Vec<PeerView>> {
        let rpc = &self.0.rpc;
        let connected = self.0.connected.borrow().clone();
        let members = rpc.deployment.committee.members().iter();
        let views = members.zip(&rpc.deployment.addresses);
        Ok(views
            .map(|(member, (_, peer_id, address))| PeerView {
                node: Address::new(member.node.0).to_string(),
                stake: member.stake.get(),
                peer_id: peer_id.clone(),
                address: address.clone(),
                this: member.node == rpc.node,
                connected: connected.contains(&member.node),
            })
            .collect())
    }

    async fn log_filter(&self, filter: Option<String>) -> RpcResult<LogFilterView> {
        if let Some(filter) = filter {
            telemetry::logs::set_filter(&filter).map_err(|error| AdminError::Filter {
                reason: error.to_string(),
            })?;
            tracing::info!(filter, "log filter changed");
        }
        Ok(LogFilterView {
            filter: telemetry::logs::filter(),
        })
    }

    async fn poster(&self, order: PosterOrder) -> RpcResult<PosterView> {
        let poster = self.0.poster.as_ref().ok_or(AdminError::NotPosting)?;
        match order {
            PosterOrder::Status => {}
            PosterOrder::Pause => poster.control.stop(),
            PosterOrder::Resume => poster.control.start(),
            PosterOrder::Flush => poster.control.flush(self.0.rpc.heads.newest().header.height),
        }
        if order != PosterOrder::Status {
            tracing::info!(?order, "poster told");
        }
        Ok(PosterView::of(&poster.status.borrow(), poster.control.orders()))
    }

    async fn exit(&self, when_not_leader: bool) -> RpcResult<ExitView> {
        if when_not_leader {
            self.until_not_leader().await?;
        }
        let view = self.0.engine.borrow().view.get();
        self.0.exit.cancel();
        Ok(ExitView {
            pid: std::process::id(),
            view,
        })
    }
}
