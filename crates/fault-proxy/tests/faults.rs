//! The proxy before a node that answers with the count of calls that reached it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::{Json, Router};
use base64::Engine;
use fault_proxy::{Fate, Fault, FaultProxy, Faults, PerMille};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const ALWAYS: PerMille = PerMille(1_000);

/// A node, the proxy before it, and a client.
struct Stage {
    reached: Arc<AtomicU64>,
    proxy: FaultProxy,
    http: reqwest::Client,
}

impl Stage {
    async fn new(seed: u64) -> Self {
        let reached = Arc::new(AtomicU64::new(0));
        let service = Router::new().fallback(count).with_state(reached.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let node = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, service).await });
        Self {
            reached,
            proxy: FaultProxy::start(&node, seed).await.unwrap(),
            http: reqwest::Client::new(),
        }
    }

    fn reached(&self) -> u64 {
        self.reached.load(Ordering::SeqCst)
    }

    fn set(&self, change: impl FnOnce(&mut Faults)) {
        let mut faults = Faults::default();
        change(&mut faults);
        self.proxy.set(faults);
    }

    async fn raw(&self, method: &str, params: Value) -> Result<(u16, String), reqwest::Error> {
        let call = json!({ "jsonrpc": "2.0", "id": 5, "method": method, "params": params });
        let response = self
            .http
            .post(self.proxy.url())
            .body(call.to_string())
            .send()
            .await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    async fn call(&self, method: &str, params: Value) -> Value {
        let (status, text) = self.raw(method, params).await.unwrap();
        assert_eq!(status, 200, "{text}");
        let answered: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answered["id"], 5, "an answer bears its call's id");
        answered
    }

    async fn until_reached(&self, calls: u64) {
        let reached = async {
            while self.reached() < calls {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached)
            .await
            .unwrap();
    }
}

async fn count(State(reached): State<Arc<AtomicU64>>, Json(call): Json<Value>) -> Json<Value> {
    let number = reached.fetch_add(1, Ordering::SeqCst) + 1;
    let result = match call["method"].as_str() {
        Some("getSignatureStatuses") => json!({ "context": { "slot": number }, "value": [null] }),
        Some("getAccountInfo") => {
            assert_eq!(call["params"][1]["encoding"], "base64", "asked for in plain form");
            json!({ "context": { "slot": number }, "value": { "data": ["AQID", "base64"] } })
        }
        Some("getRecentPrioritizationFees") => json!([{ "slot": number, "prioritizationFee": 7 }]),
        _ => json!(number),
    };
    Json(json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }))
}

/// A transaction's text form and its signature's.
fn transaction() -> (Value, String) {
    let bytes = [&[1][..], &[9; 64], &[0; 40]].concat();
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    (
        json!([text, { "encoding": "base64" }]),
        bs58::encode([9; 64]).into_string(),
    )
}

#[tokio::test]
async fn without_faults_everything_passes_as_it_is() {
    let stage = Stage::new(1).await;
    assert_eq!(stage.call("getSlot", json!([])).await["result"], 1);
    assert_eq!(stage.call("sendTransaction", transaction().0).await["result"], 2);
    assert_eq!(stage.proxy.tally(), BTreeMap::new());
    stage.proxy.stop().await;
}

#[tokio::test]
async fn what_is_denied_does_not_reach_the_node() {
    let stage = Stage::new(1).await;
    stage.set(|faults| faults.unavailable = ALWAYS);
    assert_eq!(stage.raw("getSlot", json!([])).await.unwrap().0, 503);
    stage.set(|faults| faults.rate_limited = ALWAYS);
    assert_eq!(stage.raw("getSlot", json!([])).await.unwrap().0, 429);
    stage.set(|faults| faults.unhealthy = ALWAYS);
    assert_eq!(stage.call("getSlot", json!([])).await["error"]["code"], -32005);
    stage.set(|faults| faults.outage = true);
    assert!(stage.raw("getSlot", json!([])).await.is_err());
    assert_eq!(stage.reached(), 0);
    let struck = stage.proxy.tally();
    for fault in [
        Fault::Unavailable,
        Fault::RateLimited,
        Fault::Unhealthy,
        Fault::Outage,
    ] {
        assert_eq!(struck.get(&fault), Some(&1), "{fault:?}");
    }
}

#[tokio::test]
async fn broken_and_garbled_answers_come_after_the_deed() {
    let stage = Stage::new(1).await;
    stage.set(|faults| faults.broken = ALWAYS);
    assert!(stage.raw("getSlot", json!([])).await.is_err());
    stage.set(|faults| faults.garbled = ALWAYS);
    let (status, text) = stage.raw("getSlot", json!([])).await.unwrap();
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&text).is_err(), "{text}");
    assert_eq!(stage.reached(), 2);
}

#[tokio::test]
async fn transactions_are_lost_doubled_and_late() {
    let stage = Stage::new(1).await;
    let (params, signature) = transaction();
    stage.set(|faults| faults.lost = ALWAYS);
    assert_eq!(
        stage.call("sendTransaction", params.clone()).await["result"],
        signature
    );
    assert_eq!(stage.reached(), 0);
    stage.set(|faults| faults.doubled = ALWAYS);
    stage.call("sendTransaction", params.clone()).await;
    assert_eq!(stage.reached(), 2);
    stage.set(|faults| {
        faults.late = ALWAYS;
        faults.lateness = Duration::from_millis(50);
    });
    assert_eq!(stage.call("sendTransaction", params).await["result"], signature);
    stage.until_reached(3).await;
}

#[tokio::test]
async fn readings_are_stale_and_blockhashes_old() {
    let stage = Stage::new(1).await;
    assert_eq!(stage.call("getSlot", json!([])).await["result"], 1);
    stage.set(|faults| {
        faults.stale = ALWAYS;
        faults.staleness = Duration::from_secs(60);
    });
    assert_eq!(stage.call("getSlot", json!([])).await["result"], 1);
    assert_eq!(
        stage.call("getSlot", json!([7])).await["result"],
        2,
        "another question"
    );
    assert_eq!(stage.call("getLatestBlockhash", json!([])).await["result"], 3);
    let old = |age| {
        move |faults: &mut Faults| {
            faults.old_blockhash = ALWAYS;
            faults.blockhash_age = age;
        }
    };
    stage.set(old(Duration::ZERO));
    assert_eq!(stage.call("getLatestBlockhash", json!([])).await["result"], 3);
    stage.set(old(Duration::from_secs(60)));
    assert_eq!(
        stage.call("getLatestBlockhash", json!([])).await["result"],
        4,
        "none is so old"
    );
    assert_eq!(stage.proxy.tally().get(&Fault::OldBlockhash), Some(&1));
}

#[tokio::test]
async fn statuses_and_fees_are_tampered_with() {
    let stage = Stage::new(1).await;
    stage.set(|faults| {
        faults.lying_status = ALWAYS;
        faults.fee_spike = ALWAYS;
    });
    let status = stage.call("getSignatureStatuses", json!([["a"]])).await;
    assert_ne!(status["result"]["value"][0], Value::Null);
    let fees = stage.call("getRecentPrioritizationFees", json!([])).await;
    assert_eq!(fees["result"][0]["prioritizationFee"], 1_000_000);
}

#[tokio::test]
async fn the_same_seed_meets_the_same_faults() {
    let met = |seed| async move {
        let stage = Stage::new(seed).await;
        stage.proxy.set(Faults {
            unavailable: PerMille(300),
            garbled: PerMille(300),
            ..Faults::default()
        });
        let mut met = Vec::new();
        for _ in 0..60 {
            let (status, text) = stage.raw("getSlot", json!([])).await.unwrap();
            met.push((status, text.len()));
        }
        met
    };
    let (first, again, other) = (met(3).await, met(3).await, met(4).await);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn what_is_no_call_passes_and_what_is_too_large_does_not() {
    let stage = Stage::new(1).await;
    let post = |body: String| stage.http.post(stage.proxy.url()).body(body).send();
    assert!(post("[]".into()).await.unwrap().status().is_success());
    let large = post(" ".repeat(2 << 20)).await.unwrap();
    assert_eq!(large.status().as_u16(), 413);
}

#[tokio::test]
async fn accounts_are_forged_and_transactions_counted() {
    let stage = Stage::new(1).await;
    stage.proxy.forge(|data| data.reverse());
    let zipped = json!(["address", { "encoding": "base64+zstd" }]);
    let account = stage.call("getAccountInfo", zipped).await;
    assert_eq!(account["result"]["value"]["data"][0], "AwIB");
    assert_eq!(stage.proxy.tally().get(&Fault::Forged), Some(&1));

    let (params, signature) = transaction();
    stage.set(|faults| faults.outage = true);
    let _ = stage.raw("sendTransaction", params.clone()).await;
    stage.set(|_| {});
    stage.call("sendTransaction", params).await;
    let sent = stage.proxy.sent();
    assert_eq!((sent.calls, sent.signatures), (2, vec![signature]));
}

#[tokio::test]
async fn one_call_is_never_answered() {
    let stage = Stage::new(1).await;
    let late = Fate::Late(Duration::from_millis(30));
    for (fate, reaches) in [(Fate::Lost, 0), (Fate::Reached, 1), (late, 1)] {
        let before = stage.reached();
        let frozen = stage.proxy.freeze_after(1, fate);
        stage.call("getSlot", json!([])).await;
        tokio::select! {
            answered = stage.raw("getSlot", json!([])) => panic!("{answered:?}"),
            () = frozen => {}
        }
        stage.until_reached(before + 1 + reaches).await;
        stage.call("getSlot", json!([])).await;
    }
}
