//! The dashboard: one page and the frames that it draws, on a loopback address.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::attach::Attached;
use crate::error::TestnetError;
use crate::live::Progress;
use crate::monitor::Monitor;

/// The page: markup, style and script in one.
const PAGE: &str = include_str!("dashboard/page.html");

/// A served dashboard. It ends with it.
#[derive(Debug)]
pub struct Dashboard {
    address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Dashboard {
    /// Serves on a loopback port; 0 takes a free one.
    ///
    /// # Errors
    /// The port is taken.
    pub async fn serve(monitor: Monitor, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let app = Router::new()
            .route("/", get(|| async { Html(PAGE) }))
            .route("/frame.json", get(frame))
            .with_state(Arc::new(monitor));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::warn!(%error, "the dashboard is gone");
            }
        });
        Ok(Self {
            address,
            _task: AbortOnDropHandle::new(task),
        })
    }

    /// Serves that of a testnet that has just been started, and says where.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn of(attached: &Attached, progress: &mut Progress) -> Result<Self, TestnetError> {
        let served = Self::serve(Monitor::start(attached)?, 0).await;
        let dashboard = served.map_err(TestnetError::io(Path::new("dashboard")))?;
        progress.step(format_args!("dashboard: {}", dashboard.url()));
        Ok(dashboard)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

async fn frame(State(monitor): State<Arc<Monitor>>) -> Response {
    match monitor.frame() {
        Some(frame) => Json(frame.as_ref()).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_else() {
        for outside in ["http://", "https://", "src=", "<link", "@import", "url("] {
            assert!(!PAGE.contains(outside), "{outside}");
        }
        assert!(PAGE.contains("frame.json"));
    }
}
