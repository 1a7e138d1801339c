//! Several RPC endpoints behind one client: readings go to a healthy one and, if it is slow, to the next; transactions to all.
//!
//! ```text
//!  reading ─▶ healthiest ──answer──▶
//!                 └─ silent for HEDGE_AFTER, or failed ─▶ next ─▶ … the first answer wins
//!  transaction ─▶ all at once: the first that takes it answers, the others go on by themselves
//! ```
//!
//! An endpoint's health is a score: each failure in a row pushes it behind the others for twice as long, an answer clears it.
//! An error that the chain itself would give (a failing simulation, say) is an answer. One that was caught in a contradiction
//! ([`crate::Testimony`]) is behind all others until its time is over, whatever it answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use solana_client::client_error::{ClientError, Result};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_client::rpc_client::RpcClientConfig;
use solana_client::rpc_request::RpcRequest;
use solana_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_commitment_config::CommitmentConfig;

use crate::{Cause, Verdict, classify};

/// How long the first endpoint may be silent before the next is asked, too.
const HEDGE_AFTER: Duration = Duration::from_millis(400);
/// How long an endpoint is passed over after its first failure; it doubles with each further one.
const PENALTY: Duration = Duration::from_millis(500);
/// Longest penalty, as doublings of the first.
const MAX_DOUBLINGS: u32 = 6;
/// How long an endpoint is asked last after it contradicted the others.
const DISTRUST: Duration = Duration::from_secs(30);

/// A client of several endpoints, which serve the same chain.
///
/// # Panics
/// Without any URL.
pub fn rpc_client(urls: &[String], timeout: Duration, commitment: CommitmentConfig) -> RpcClient {
    Endpoints::new(urls, timeout).client(commitment)
}

/// Endpoints of one chain. Clones are the same endpoints.
#[derive(Clone)]
pub(crate) struct Endpoints {
    all: Vec<Arc<Endpoint>>,
    start: Instant,
}

struct Endpoint {
    rpc: RpcClient,
    failures: AtomicU32,
    /// Milliseconds since the start until which it is passed over.
    passed_over_until: AtomicU64,
    /// Milliseconds since the start until which it is asked last.
    distrusted_until: AtomicU64,
}

impl Endpoints {
    pub(crate) fn new(urls: &[String], timeout: Duration) -> Self {
        let endpoint = |url: &String| {
            Arc::new(Endpoint {
                rpc: RpcClient::new_with_timeout(url.clone(), timeout),
                failures: AtomicU32::new(0),
                passed_over_until: AtomicU64::new(0),
                distrusted_until: AtomicU64::new(0),
            })
        };
        Self {
            all: urls.iter().map(endpoint).collect(),
            start: Instant::now(),
        }
    }

    /// One client over all of them.
    pub(crate) fn client(&self, commitment: CommitmentConfig) -> RpcClient {
        assert!(!self.all.is_empty(), "a client needs an endpoint");
        let config = RpcClientConfig {
            commitment_config: commitment,
            ..RpcClientConfig::default()
        };
        RpcClient::new_sender(self.clone(), config)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The client of one of them.
    pub(crate) fn rpc(&self, index: usize) -> &RpcClient {
        &self.all[index].rpc
    }

    /// Which one it is among those that are configured; its URL may hold a credential.
    pub(crate) fn name(&self, index: usize) -> String {
        format!("{} of {}", index.saturating_add(1), self.all.len())
    }

    /// Asks it last for a while.
    pub(crate) fn distrust(&self, index: usize) {
        let until = millis(self.start.elapsed().saturating_add(DISTRUST));
        self.all[index].distrusted_until.store(until, Ordering::Relaxed);
    }

    /// All of them, in the order in which they are asked: as configured, but those that failed lately later, and those that
    /// contradicted the others last.
    fn in_order(&self) -> Vec<Arc<Endpoint>> {
        let now = millis(self.start.elapsed());
        let ahead = |until: &AtomicU64| Some(until.load(Ordering::Relaxed)).filter(|until| *until > now);
        let mut order = self.all.clone();
        order.sort_by_cached_key(|endpoint| {
            (
                ahead(&endpoint.distrusted_until),
                ahead(&endpoint.passed_over_until),
            )
        });
        order
    }

    /// Asks one after the other until one answers; a silent one is not waited for.
    async fn read(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let mut waiting = self.in_order().into_iter();
        let mut asked = FuturesUnordered::new();
        let mut failure = None;
        loop {
            if let Some(endpoint) = waiting.next() {
                asked.push(endpoint.ask(request, params.clone(), self.start));
            } else if asked.is_empty() {
                return Err(failure.expect("there is an endpoint, and each that does not answer fails"));
            }
            let hedge = tokio::time::sleep(HEDGE_AFTER);
            tokio::select! {
                Some(answer) = asked.next() => match answer {
                    Err(error) if is_endpoints_own(&error) => failure = Some(error),
                    answer => return answer,
                },
                () = hedge, if waiting.len() > 0 => {}
            }
        }
    }

    /// Hands a transaction to all. The first that takes it answers; the others are not waited for, nor stopped.
    async fn send_to_all(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let mut asked: FuturesUnordered<_> = self
            .in_order()
            .into_iter()
            .map(|endpoint| {
                let (params, start) = (params.clone(), self.start);
                tokio::spawn(async move { endpoint.ask(request, params, start).await })
            })
            .collect();
        let mut failure = None;
        while let Some(answer) = asked.next().await {
            match answer.expect("asking does not panic") {
                // What the chain says of a transaction weighs more than that an endpoint is down.
                Err(error) if failure.is_none() || !is_endpoints_own(&error) => failure = Some(error),
                Err(_) => {}
                taken => return taken,
            }
        }
        Err(failure.expect("there is an endpoint, and each that does not answer fails"))
    }
}

#[async_trait]
impl RpcSender for Endpoints {
    async fn send(&self, request: RpcRequest, params: Value) -> Result<Value> {
        match request {
            RpcRequest::SendTransaction => self.send_to_all(request, params).await,
            _ => self.read(request, params).await,
        }
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        self.all[0].rpc.get_transport_stats()
    }

    fn url(&self) -> String {
        let urls: Vec<_> = self.all.iter().map(|endpoint| endpoint.rpc.url()).collect();
        urls.join(", ")
    }
}

impl Endpoint {
    async fn ask(self: Arc<Self>, request: RpcRequest, params: Value, start: Instant) -> Result<Value> {
        let answer = self.rpc.send(request, params).await;
        match &answer {
            Err(error) if is_endpoints_own(error) => {
                let failures = self.failures.fetch_add(1, Ordering::Relaxed);
                let penalty = PENALTY * (1 << failures.min(MAX_DOUBLINGS));
                let until = millis(start.elapsed() + penalty);
                self.passed_over_until.store(until, Ordering::Relaxed);
            }
            _ => {
                self.failures.store(0, Ordering::Relaxed);
                self.passed_over_until.store(0, Ordering::Relaxed);
            }
        }
        answer
    }
}

/// Whether another endpoint may well answer otherwise.
fn is_endpoints_own(error: &ClientError) -> bool {
    let class = classify(error);
    class.verdict == Verdict::Retry && matches!(class.cause, Cause::Transport | Cause::Node)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;
    use std::thread;

    use std::io::{BufRead, BufReader, Read, Write};

    /// An endpoint that answers each call after `delay` with `answer`, and says what it was asked.
    fn endpoint(delay: Duration, answer: &'static str) -> (String, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, calls) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, asked) = (stream.unwrap(), asked.clone());
                thread::spawn(move || serve(stream, delay, answer, &asked));
            }
        });
        (url, calls)
    }

    fn serve(mut stream: TcpStream, delay: Duration, answer: &str, asked: &mpsc::Sender<String>) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let call: Value = serde_json::from_slice(&body).unwrap();
            // A test that does not ask may have let go of the other end.
            let _ = asked.send(call["method"].as_str().unwrap().to_owned());
            thread::sleep(delay);
            let text = answer.replace("ID", &call["id"].to_string());
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            );
        }
    }

    const SLOT_SEVEN: &str = r#"{"jsonrpc":"2.0","id":ID,"result":7}"#;
    const SLOT_EIGHT: &str = r#"{"jsonrpc":"2.0","id":ID,"result":8}"#;
    const BEHIND: &str = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32005,"message":"Node is behind"}}"#;
    const MALFORMED: &str = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"Invalid params"}}"#;

    fn client(urls: &[&String]) -> RpcClient {
        let urls: Vec<_> = urls.iter().map(|url| (*url).clone()).collect();
        rpc_client(&urls, Duration::from_secs(20), CommitmentConfig::confirmed())
    }

    #[tokio::test]
    async fn readings_go_to_the_first_that_is_well_and_soon_answered() {
        let (well, well_calls) = endpoint(Duration::ZERO, SLOT_SEVEN);
        let (other, other_calls) = endpoint(Duration::ZERO, SLOT_EIGHT);
        let (behind, behind_calls) = endpoint(Duration::ZERO, BEHIND);
        let (slow, _) = endpoint(Duration::from_secs(10), SLOT_EIGHT);

        assert_eq!(client(&[&well, &other]).get_slot().await.unwrap(), 7);
        assert_eq!(other_calls.try_iter().count(), 0, "the second is not asked");

        let failing_first = client(&[&behind, &well]);
        assert_eq!(failing_first.get_slot().await.unwrap(), 7);
        assert_eq!(failing_first.get_slot().await.unwrap(), 7);
        assert_eq!(
            behind_calls.try_iter().count(),
            1,
            "it is passed over for a while"
        );

        let started = Instant::now();
        assert_eq!(client(&[&slow, &well]).get_slot().await.unwrap(), 7);
        assert!(started.elapsed() < Duration::from_secs(9), "it is not waited for");
        assert_eq!(well_calls.try_iter().count(), 4);
    }

    #[tokio::test]
    async fn what_the_chain_would_say_is_an_answer_and_no_failure() {
        let (refuses, _) = endpoint(Duration::ZERO, MALFORMED);
        let (other, calls) = endpoint(Duration::ZERO, SLOT_EIGHT);
        let refused = client(&[&refuses, &other]).get_slot().await.unwrap_err();
        assert_eq!(classify(&refused).cause, Cause::Malformed);
        assert_eq!(calls.try_iter().count(), 0);
    }

    #[tokio::test]
    async fn transactions_go_to_all_and_the_first_that_takes_one_answers() {
        let taken = r#"{"jsonrpc":"2.0","id":ID,"result":"taken"}"#;
        let (behind, behind_calls) = endpoint(Duration::ZERO, BEHIND);
        let (takes, takes_calls) = endpoint(Duration::ZERO, taken);
        let client = client(&[&behind, &takes]);
        let answer: String = client
            .send(RpcRequest::SendTransaction, serde_json::json!(["bytes"]))
            .await
            .unwrap();
        assert_eq!(answer, "taken");
        for calls in [behind_calls, takes_calls] {
            assert_eq!(
                calls.recv_timeout(Duration::from_secs(20)).unwrap(),
                "sendTransaction"
            );
        }
        let (behind, _) = endpoint(Duration::ZERO, BEHIND);
        let none = rpc_client(&[behind], Duration::from_secs(20), CommitmentConfig::confirmed());
        let failed = none
            .send::<String>(RpcRequest::SendTransaction, serde_json::json!(["bytes"]))
            .await;
        assert_eq!(classify(&failed.unwrap_err()).cause, Cause::Node);
    }
}
