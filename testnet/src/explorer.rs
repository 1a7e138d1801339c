//! The explorer: a page that shows blocks, transactions, accounts, programs and their settlement, and checks proofs itself;
//! with it the faucet, and the note by which other programs find this testnet.
//!
//! ```text
//!  browser ──GET /, *.js──▶ assets                        asset ──reads the note──▶ POST /rpc testnet_faucet
//!          ──POST /rpc────▶ reading calls ──▶ validators
//!          ──GET /*.json──▶ index (blocks, as they were decided) · settlements and roots (as Solana has them)
//! ```

mod faucet;
mod index;
mod settlements;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use assetvm::Address;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use client::rpc::types::AddressText;
use client::testnet::{FAUCET, Left, Note};
use client::{Client, Solana};
use jsonrpsee::core::ClientError;
use jsonrpsee::core::client::ClientT as _;
use jsonrpsee::core::params::ArrayParams;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use self::faucet::Faucet;
pub(crate) use self::faucet::{STOCK, fund};
use self::index::Index;
use self::settlements::Settlements;
use crate::attach::Attached;
use crate::error::TestnetError;
use crate::live::Progress;
use crate::node::Nodes;

/// What the page is made of: path, type, contents.
const ASSETS: [(&str, &str, &str); 7] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../assets/explorer/page.html"),
    ),
    (
        "/style.css",
        "text/css; charset=utf-8",
        include_str!("../assets/explorer/style.css"),
    ),
    ("/main.js", SCRIPT, include_str!("../assets/explorer/main.js")),
    ("/views.js", SCRIPT, include_str!("../assets/explorer/views.js")),
    ("/dom.js", SCRIPT, include_str!("../assets/explorer/dom.js")),
    ("/data.js", SCRIPT, include_str!("../assets/explorer/data.js")),
    ("/proof.js", SCRIPT, include_str!("../assets/explorer/proof.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";
/// The page loads nothing from anywhere else, and nothing runs in it but its own scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Calls that the page may make of a validator.
const READING: [&str; 9] = [
    "asset_status",
    "asset_genesis",
    "asset_block",
    "asset_certificate",
    "asset_latestRoot",
    "asset_transactionStatus",
    "asset_account",
    "asset_program",
    "asset_entries",
];
/// Largest request.
const MAX_REQUEST: usize = 16 << 10;
/// JSON-RPC's own codes.
const INVALID_PARAMS: i32 = -32602;
const NO_METHOD: i32 = -32601;
const INTERNAL: i32 = -32603;

/// A served explorer. It ends with it.
#[derive(Debug)]
pub struct Explorer {
    address: SocketAddr,
    _note: Option<Left>,
    _task: AbortOnDropHandle<()>,
}

struct Shared {
    nodes: Nodes,
    solana: Solana,
    program: Address,
    index: Index,
    settlements: Settlements,
    faucet: Faucet,
}

impl Explorer {
    /// Serves that of a testnet that has just been started, says where, and leaves the note.
    ///
    /// # Errors
    /// There is no free port, or the testnet's directory has been tampered with.
    pub async fn of(attached: &Attached, progress: &mut Progress) -> Result<Self, TestnetError> {
        let mut explorer = Self::serve(attached).await?;
        progress.step(format_args!("explorer and faucet: {}/", explorer.url()));
        let path = client::testnet::default_path();
        match explorer.note(attached).leave(&path) {
            Ok(left) => explorer._note = Some(left),
            Err(error) => progress.warn(format_args!(
                "`asset --testnet` will not find this testnet: {}: {error}",
                path.display()
            )),
        }
        Ok(explorer)
    }

    /// Serves on a free loopback port.
    ///
    /// # Errors
    /// There is none, or the testnet's directory has been tampered with.
    pub async fn serve(attached: &Attached) -> Result<Self, TestnetError> {
        let unusable =
            |what: &str, reason: String| TestnetError::io(Path::new(what))(io::Error::other(reason));
        let urls = urls(attached);
        let client = Client::new(&urls).map_err(|error| unusable("validators", error.to_string()))?;
        let solana =
            Solana::new(&attached.place.solana_rpc).map_err(|error| unusable("Solana", error.to_string()))?;
        let shared = Shared {
            nodes: attached.nodes.clone(),
            solana,
            program: attached.deployment.genesis.program_id,
            index: Index::start(client.clone()),
            settlements: Settlements::start(attached.posts()?),
            faucet: Faucet::open(&attached.dir, client)?,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(TestnetError::io(Path::new("explorer")))?;
        let address = listener
            .local_addr()
            .map_err(TestnetError::io(Path::new("explorer")))?;
        let app = router(Arc::new(shared));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(%error, "the explorer is gone");
            }
        });
        Ok(Self {
            address,
            _note: None,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The note by which others find the testnet.
    pub fn note(&self, attached: &Attached) -> Note {
        Note {
            pid: attached.place.pid,
            dir: attached.dir.clone(),
            validators: urls(attached),
            solana: attached.place.solana_rpc.clone(),
            program: attached.deployment.genesis.program_id,
            explorer: self.url(),
        }
    }
}

fn urls(attached: &Attached) -> Vec<String> {
    let validators = attached.place.validators.iter();
    validators.map(|at| format!("http://{}", at.rpc)).collect()
}

fn router(shared: Arc<Shared>) -> Router {
    let mut app = Router::new();
    for (path, kind, contents) in ASSETS {
        app = app.route(path, get(move || async move { asset(kind, contents) }));
    }
    app.route("/rpc", post(rpc))
        .route("/transactions.json", get(transactions))
        .route("/programs.json", get(programs))
        .route("/settlements.json", get(settlements))
        .route("/root.json", get(root))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .with_state(shared)
}

fn asset(kind: &'static str, contents: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (headers, contents).into_response()
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: Value,
    method: String,
    #[serde(default)]
    params: Vec<Value>,
}

/// One JSON-RPC call: the faucet's, or one that a validator answers.
async fn rpc(State(shared): State<Arc<Shared>>, Json(call): Json<Call>) -> Json<Value> {
    let answer = match call.method.as_str() {
        FAUCET => gift(&shared.faucet, call.params).await,
        reading if READING.contains(&reading) => forward(&shared.nodes, reading, call.params).await,
        other => Err((NO_METHOD, format!("no call {other:?} here"))),
    };
    Json(match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": call.id, "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": call.id, "error": { "code": code, "message": message } })
        }
    })
}

async fn gift(faucet: &Faucet, params: Vec<Value>) -> Result<Value, (i32, String)> {
    let to: (AddressText,) = serde_json::from_value(Value::Array(params))
        .map_err(|error| (INVALID_PARAMS, format!("{error}, expected an address")))?;
    let gift = faucet.give(to.0.0).await;
    let gift = gift.map_err(|error| (error.code(), error.to_string()))?;
    serde_json::to_value(gift).map_err(|error| (INTERNAL, error.to_string()))
}

/// Asks the validators in turn until one answers.
async fn forward(nodes: &Nodes, method: &str, params: Vec<Value>) -> Result<Value, (i32, String)> {
    let mut last = (INTERNAL, "no validator answers".to_owned());
    for _ in 0..nodes.len() {
        let mut given = ArrayParams::new();
        for param in &params {
            given
                .insert(param)
                .map_err(|error| (INVALID_PARAMS, error.to_string()))?;
        }
        match nodes.next().rpc().request(method, given).await {
            Ok(answer) => return Ok(answer),
            Err(ClientError::Call(object)) => return Err((object.code(), object.message().to_owned())),
            Err(error) => last.1 = error.to_string(),
        }
    }
    Err(last)
}

#[derive(Deserialize)]
struct Which {
    account: Option<AddressText>,
    before: Option<u64>,
    height: Option<u64>,
}

async fn transactions(State(shared): State<Arc<Shared>>, Query(which): Query<Which>) -> Json<Value> {
    let account = which.account.map(|account| account.0);
    Json(match which.height {
        Some(height) => json!(shared.index.block(height)),
        None => json!(shared.index.transactions(account.as_ref(), which.before)),
    })
}

async fn programs(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!(shared.index.programs()))
}

async fn settlements(State(shared): State<Arc<Shared>>, Query(at): Query<Height>) -> Json<Value> {
    Json(match at.height {
        Some(height) => json!(shared.settlements.of(height)),
        None => json!(shared.settlements.newest()),
    })
}

#[derive(Deserialize)]
struct Height {
    height: Option<u64>,
}

/// The root of a height as Solana has recorded it, or the newest.
async fn root(State(shared): State<Arc<Shared>>, Query(at): Query<Height>) -> Response {
    match shared.solana.rollup(&shared.program).await {
        Ok(rollup) => {
            let root = rollup.root_at(at.height.unwrap_or(rollup.height()));
            let root = root.map(|root| {
                json!({ "height": root.height, "slot": root.slot, "state_root": hex::encode(root.state_root) })
            });
            let frozen = rollup.state.frozen != 0;
            Json(json!({ "newest": rollup.height(), "frozen": frozen, "root": root })).into_response()
        }
        Err(error) => (
            StatusCode::BAD_GATEWAY,
            Json(json!({ "error": error.to_string() })),
        )
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_else() {
        for (path, _, contents) in ASSETS {
            for outside in ["http://", "https://", "//cdn", "@import", "url(", "innerHTML"] {
                let found = contents
                    .replace("http://www.w3.org/2000/svg", "")
                    .contains(outside);
                assert!(!found, "{outside} in {path}");
            }
        }
        let page = ASSETS[0].2;
        for used in ["/style.css", "/main.js"] {
            assert!(
                page.contains(used) && ASSETS.iter().any(|(path, ..)| *path == used),
                "{used}"
            );
        }
    }
}
