//! `/metrics`, `/livez`, `/readyz` and `/trace/<transaction>/<view>/<height>`, on an address of their own.
//!
//! `/livez` answers 200 as long as the process can answer: restarting it would not help more. `/readyz` answers 200 if this
//! node takes part: connected to a quorum, and blocks are being decided; else 503 with the reasons.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
    routing::get,
};
use serde::{Deserialize, Serialize};
use telemetry::Metrics;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{rpc::types::IdText, trace::Trace};

/// Without a decided block for this long a node is not ready: many views have then timed out in a row.
pub const DECIDED_WITHIN: Duration = Duration::from_secs(10);

/// What readiness is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    /// Stake of the members that this node reaches, itself included.
    pub reached_stake: u64,
    /// Stake of a quorum.
    pub quorum_stake: u64,
    /// Time since the last decided block; `None` if this process has not seen one.
    pub since_decided: Option<Duration>,
    /// Whether it has stopped signing.
    pub halted: bool,
}

/// One check of readiness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub ok: bool,
    /// What was found and what was expected.
    pub detail: String,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether all checks hold.
    pub ready: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

impl Vitals {
    /// The checks.
    pub fn readiness(&self) -> Readiness {
        let decided = match self.since_decided {
            Some(since) => format!(
                "last block {} ms ago, expected at most {}",
                since.as_millis(),
                DECIDED_WITHIN.as_millis()
            ),
            None => "no block decided since start".into(),
        };
        let checks = vec![
            Check {
                name: "quorum".into(),
                ok: self.reached_stake >= self.quorum_stake,
                detail: format!(
                    "reaching stake {}, expected at least {}",
                    self.reached_stake, self.quorum_stake
                ),
            },
            Check {
                name: "deciding".into(),
                ok: self.since_decided.is_some_and(|since| since <= DECIDED_WITHIN),
                detail: decided,
            },
            Check {
                name: "signing".into(),
                ok: !self.halted,
                detail: if self.halted {
                    "stopped after a root divergence"
                } else {
                    "signing"
                }
                .into(),
            },
        ];
        Readiness {
            ready: checks.iter().all(|check| check.ok),
            checks,
        }
    }
}

/// What the pages show.
pub trait Source: Send + Sync + 'static {
    /// Readiness' input, now.
    fn vitals(&self) -> Vitals;
    /// The metrics, after whatever is copied on demand has been copied.
    fn metrics(&self) -> &Metrics;
    /// What this node remembers of transactions.
    fn trace(&self) -> &Trace;
}

/// A listener, so that a taken port is an error at the start.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `stop`.
pub async fn serve<S: Source>(
    listener: TcpListener,
    source: Arc<S>,
    stop: CancellationToken,
) -> io::Result<()> {
    let app = Router::new()
        .route("/metrics", get(metrics::<S>))
        .route(
            "/livez",
            get(|| async { Json(serde_json::json!({ "live": true })) }),
        )
        .route("/readyz", get(readyz::<S>))
        .route("/trace/{id}/{view}/{height}", get(trace::<S>))
        .with_state(source);
    axum::serve(listener, app)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn metrics<S: Source>(State(source): State<Arc<S>>) -> impl IntoResponse {
    (
        [("content-type", "text/plain; version=0.0.4")],
        source.metrics().render(),
    )
}

async fn trace<S: Source>(
    State(source): State<Arc<S>>,
    Path((IdText(id), view, height)): Path<(IdText, u64, u64)>,
) -> impl IntoResponse {
    Json(source.trace().tell(&id, view, height))
}

async fn readyz<S: Source>(State(source): State<Arc<S>>) -> impl IntoResponse {
    let readiness = source.vitals().readiness();
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_fails() {
        let good = Vitals {
            reached_stake: 4,
            quorum_stake: 4,
            since_decided: Some(Duration::from_millis(250)),
            halted: false,
        };
        let failing = |vitals: Vitals| -> Vec<String> {
            let readiness = vitals.readiness();
            let failing: Vec<_> = readiness
                .checks
                .iter()
                .filter(|c| !c.ok)
                .map(|c| c.name.clone())
                .collect();
            assert_eq!(readiness.ready, failing.is_empty());
            failing
        };
        assert!(failing(good).is_empty());
        assert_eq!(
            failing(Vitals {
                reached_stake: 3,
                ..good
            }),
            ["quorum"]
        );
        assert_eq!(
            failing(Vitals {
                since_decided: None,
                ..good
            }),
            ["deciding"]
        );
        let late = Some(DECIDED_WITHIN + Duration::from_millis(1));
        assert_eq!(
            failing(Vitals {
                since_decided: late,
                halted: true,
                ..good
            }),
            ["deciding", "signing"]
        );
    }
}
