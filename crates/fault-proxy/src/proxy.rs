//! The proxy itself.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer;
use crate::call::Call;
use crate::dice::Dice;
use crate::ledger::{Ledger, Sent};
use crate::memory::Memory;
use crate::tally::Tally;
use crate::{Fault, Faults};

/// Largest request that is passed on.
const MAX_REQUEST: usize = 1 << 20;
/// Longest wait for the node.
const NODE_TIMEOUT: Duration = Duration::from_secs(20);
/// Methods whose calls are counted one by one; further ones share a count.
const MAX_METHODS: usize = 128;
/// What the count of further methods is kept under.
const OTHER_METHODS: &str = "other";

const SEND: &str = "sendTransaction";
const ACCOUNT: &str = "getAccountInfo";
const BLOCKHASH: &str = "getLatestBlockhash";
const STATUSES: &str = "getSignatureStatuses";
const FEES: &str = "getRecentPrioritizationFees";
/// Readings that may be stale.
const READINGS: [&str; 7] = [
    ACCOUNT,
    "getBalance",
    "getBlockHeight",
    "getMultipleAccounts",
    "getSlot",
    "getTransaction",
    STATUSES,
];

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No port on loopback.
    #[error("cannot listen on loopback: {0}")]
    Listen(#[from] std::io::Error),
    /// No HTTP client.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A proxy that serves until [`FaultProxy::stop`] or until it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    shutdown: CancellationToken,
    server: JoinHandle<()>,
}

struct Shared {
    node: String,
    seed: u64,
    http: reqwest::Client,
    faults: Mutex<Faults>,
    numbers: Mutex<HashMap<String, u64>>,
    memory: Mutex<Memory>,
    freeze: Mutex<Option<Freeze>>,
    forgery: Mutex<Option<Forgery>>,
    sent: Ledger,
    tally: Tally,
    /// Transactions on their way although they were acknowledged.
    late: TaskTracker,
    shutdown: CancellationToken,
}

/// What becomes of a call that is never answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does not reach the node.
    Lost,
    /// The node gets it.
    Reached,
    /// The node gets it so much later.
    Late(Duration),
}

/// A call that is never answered.
struct Freeze {
    calls_before: u64,
    fate: Fate,
    reached: oneshot::Sender<()>,
}

/// Changes the data of accounts in answers.
type Forgery = Arc<dyn Fn(&mut Vec<u8>) + Send + Sync>;

impl FaultProxy {
    /// Starts a proxy before the node at `node_url`, on a free port of loopback, without any faults.
    ///
    /// # Errors
    /// There is no port, or no HTTP client.
    pub async fn start(node_url: &str, seed: u64) -> Result<Self, ProxyError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shutdown = CancellationToken::new();
        let shared = Arc::new(Shared {
            node: node_url.to_owned(),
            seed,
            http: reqwest::Client::builder()
                .timeout(NODE_TIMEOUT)
                .no_proxy()
                .build()?,
            faults: Mutex::default(),
            numbers: Mutex::default(),
            memory: Mutex::default(),
            freeze: Mutex::default(),
            forgery: Mutex::default(),
            sent: Ledger::default(),
            tally: Tally::default(),
            late: TaskTracker::new(),
            shutdown: shutdown.clone(),
        });
        let service = Router::new()
            .fallback(serve)
            .layer(DefaultBodyLimit::max(MAX_REQUEST))
            .with_state(shared.clone());
        let until = shutdown.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(until).await {
                tracing::error!(%error, "fault proxy");
            }
        });
        Ok(Self {
            address,
            shared,
            shutdown,
            server,
        })
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From the next call on, these faults.
    pub fn set(&self, faults: Faults) {
        *self.shared.faults.lock().expect("setting does not panic") = faults;
    }

    /// From the next call on, lies about accounts: `forge` gets the data of each that is read, and may change it.
    pub fn forge(&self, forge: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) {
        *self.shared.forgery.lock().expect("setting does not panic") = Some(Arc::new(forge));
    }

    /// After `calls` more calls, one is never answered, and this becomes of it. Ends when that is so, of a late one when it is
    /// still on its way: the moment to kill the client. Takes the place of what was asked before.
    pub fn freeze_after(&self, calls: u64, fate: Fate) -> impl Future<Output = ()> + use<> {
        let (reached, when) = oneshot::channel();
        *self.shared.freeze.lock().expect("setting does not panic") = Some(Freeze {
            calls_before: calls,
            fate,
            reached,
        });
        async move {
            // Given up for another one, it never ends.
            if when.await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How often each fault struck.
    pub fn tally(&self) -> BTreeMap<Fault, u64> {
        self.shared.tally.read()
    }

    /// The transactions that clients sent, whatever became of them.
    pub fn sent(&self) -> Sent {
        self.shared.sent.read()
    }

    /// Waits until no transaction is on its way any more that was acknowledged or given up.
    pub async fn until_delivered(&self) {
        self.shared.late.close();
        self.shared.late.wait().await;
    }

    /// Stops serving, and returns once no transaction is on its way any more.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.until_delivered().await;
        // Connections that clients keep open do not hold it up.
        self.server.abort();
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.server.abort();
    }
}

async fn serve(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(call) = Call::read(&body) else {
        return shared.forward(&body).await.map_or_else(gone, answer::whole);
    };
    if call.method == SEND {
        shared.sent.count(call.signature());
    }
    if let Some(freeze) = shared.frozen() {
        shared.freeze(freeze, &body).await;
    }
    let faults = *shared.faults.lock().expect("setting does not panic");
    let mut dice = Dice::new(shared.seed, &call.method, shared.number(&call.method));
    let wait = dice.up_to(faults.latency);
    if !wait.is_zero() {
        shared.tally.count(Fault::Latency);
        tokio::time::sleep(wait).await;
    }
    if let Some(denial) = shared.deny(&call, &faults, &mut dice) {
        return denial;
    }
    let answered = if call.method == SEND {
        shared.send(&call, body, &faults, &mut dice).await
    } else {
        shared.read(&call, &body, &faults, &mut dice).await
    };
    let Ok(answered) = answered else {
        return answer::status(StatusCode::BAD_GATEWAY);
    };
    let (broken, garbled) = (dice.strikes(faults.broken), dice.strikes(faults.garbled));
    match (broken, garbled) {
        (true, _) => {
            shared.tally.count(Fault::Broken);
            answer::broken(answered)
        }
        (false, true) => {
            shared.tally.count(Fault::Garbled);
            answer::garbled(answered)
        }
        (false, false) => answer::whole(answered),
    }
}

fn gone(error: reqwest::Error) -> Response {
    tracing::debug!(%error, "the node behind the proxy");
    answer::status(StatusCode::BAD_GATEWAY)
}

impl Shared {
    /// How many calls of this method came before.
    fn number(&self, method: &str) -> u64 {
        let mut numbers = self.numbers.lock().expect("counting does not panic");
        let known = numbers.contains_key(method) || numbers.len() < MAX_METHODS;
        let method = if known { method } else { OTHER_METHODS };
        let number = numbers.entry(method.to_owned()).or_default();
        *number += 1;
        *number
    }

    /// Whether this is the call that is never answered.
    fn frozen(&self) -> Option<Freeze> {
        let mut freeze = self.freeze.lock().expect("setting does not panic");
        let next = freeze.as_mut()?;
        let Some(left) = next.calls_before.checked_sub(1) else {
            return freeze.take();
        };
        next.calls_before = left;
        None
    }

    async fn freeze(self: &Arc<Self>, freeze: Freeze, body: &Bytes) {
        match freeze.fate {
            Fate::Lost => {}
            // What the node says does not matter: nobody hears it.
            Fate::Reached => drop(self.forward(body).await),
            Fate::Late(lateness) => self.send_later(body.clone(), lateness),
        }
        // Nobody may wait for it any more.
        let _ = freeze.reached.send(());
        self.shutdown.cancelled().await;
    }

    /// An answer instead of the node's.
    fn deny(&self, call: &Call, faults: &Faults, dice: &mut Dice) -> Option<Response> {
        let chances = [faults.unavailable, faults.rate_limited, faults.unhealthy];
        let [unavailable, rate_limited, unhealthy] = chances.map(|often| dice.strikes(often));
        let (fault, response) = if faults.outage {
            (Fault::Outage, answer::broken(Vec::new()))
        } else if unavailable {
            (
                Fault::Unavailable,
                answer::status(StatusCode::SERVICE_UNAVAILABLE),
            )
        } else if rate_limited {
            (Fault::RateLimited, answer::status(StatusCode::TOO_MANY_REQUESTS))
        } else if unhealthy {
            (Fault::Unhealthy, answer::whole(answer::unhealthy(&call.id)))
        } else {
            return None;
        };
        self.tally.count(fault);
        Some(response)
    }

    /// A transaction: to the node once, twice, late or never.
    async fn send(
        self: &Arc<Self>,
        call: &Call,
        body: Bytes,
        faults: &Faults,
        dice: &mut Dice,
    ) -> Result<Vec<u8>, reqwest::Error> {
        let chances = [faults.lost, faults.late, faults.doubled];
        let [lost, late, doubled] = chances.map(|often| dice.strikes(often));
        let signature = call.signature().filter(|_| lost || late);
        if let Some(signature) = signature {
            self.tally.count(if lost { Fault::Lost } else { Fault::Late });
            if !lost {
                self.send_later(body, faults.lateness);
            }
            return Ok(answer::result(&call.id, &Value::from(signature)));
        }
        let answered = self.forward(&body).await;
        if doubled {
            self.tally.count(Fault::Doubled);
            self.forward(&body).await?;
        }
        answered
    }

    fn send_later(self: &Arc<Self>, body: Bytes, lateness: Duration) {
        let shared = self.clone();
        self.late.spawn(async move {
            tokio::select! {
                () = shared.shutdown.cancelled() => {}
                () = tokio::time::sleep(lateness) => {
                    if let Err(error) = shared.forward(&body).await {
                        tracing::debug!(%error, "a late transaction");
                    }
                }
            }
        });
    }

    /// Anything else: from the node, or from what it said before.
    async fn read(
        &self,
        call: &Call,
        body: &Bytes,
        faults: &Faults,
        dice: &mut Dice,
    ) -> Result<Vec<u8>, reqwest::Error> {
        let method = call.method.as_str();
        let chances = [
            faults.stale,
            faults.old_blockhash,
            faults.lying_status,
            faults.fee_spike,
        ];
        let [stale, old, lie, spike] = chances.map(|often| dice.strikes(often));
        let remembered = if stale && READINGS.contains(&method) {
            self.remembered(Fault::Stale, |memory, now| {
                memory.within(&call.key(), faults.staleness, now)
            })
        } else if old && method == BLOCKHASH {
            self.remembered(Fault::OldBlockhash, |memory, now| {
                memory.beyond(&call.key(), faults.blockhash_age, now)
            })
        } else {
            None
        };
        if let Some(result) = remembered {
            return Ok(answer::result(&call.id, &result));
        }
        let forgery = self.forgery.lock().expect("setting does not panic").clone();
        let forgery = forgery.filter(|_| method == ACCOUNT);
        let answered = match &forgery {
            // Only the plain form is looked into.
            Some(_) => self.forward(&call.asking_for_base64().into()).await?,
            None => self.forward(body).await?,
        };
        let Some(mut result) = result_of(&answered) else {
            return Ok(answered);
        };
        if READINGS.contains(&method) || method == BLOCKHASH {
            let mut memory = self.memory.lock().expect("remembering does not panic");
            memory.remember(call.key(), &result, Instant::now());
        }
        let tampered = if let Some(forge) = &forgery {
            answer::forge_account(&mut result, &**forge).map(|()| Fault::Forged)
        } else if lie && method == STATUSES {
            answer::lie_about_statuses(&mut result, dice.one_of(2) == 0).map(|()| Fault::LyingStatus)
        } else if spike && method == FEES {
            answer::raise_fees(&mut result).map(|()| Fault::FeeSpike)
        } else {
            None
        };
        Ok(match tampered {
            Some(fault) => {
                self.tally.count(fault);
                answer::result(&call.id, &result)
            }
            None => answered,
        })
    }

    fn remembered(&self, fault: Fault, recall: impl Fn(&Memory, Instant) -> Option<Value>) -> Option<Value> {
        let memory = self.memory.lock().expect("remembering does not panic");
        let result = recall(&memory, Instant::now())?;
        self.tally.count(fault);
        Some(result)
    }

    async fn forward(&self, body: &Bytes) -> Result<Vec<u8>, reqwest::Error> {
        let request = self
            .http
            .post(&self.node)
            .header("content-type", "application/json")
            .body(body.clone());
        let answered = request.send().await?.bytes().await?;
        Ok(answered.to_vec())
    }
}

/// A successful answer's result.
fn result_of(answered: &[u8]) -> Option<Value> {
    let mut answered: Value = serde_json::from_slice(answered).ok()?;
    answered.as_object_mut()?.remove("result")
}
