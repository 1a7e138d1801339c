//! The admin socket: what whoever owns the data directory may ask of the validator that runs on it.
//!
//! A unix socket, `admin.sock` in the data directory, of mode 0600; who connects must be the directory's owner or root.
//! JSON-RPC 2.0, one request and one answer a line:
//!
//! | method | does |
//! |---|---|
//! | `admin_status` | where the node stands: `asset_status`, readiness, leadership, poster |
//! | `admin_peers` | the committee and whether each member is connected |
//! | `admin_logFilter` | shows the log filter, or changes it until the process ends |
//! | `admin_poster` | shows the poster, pauses it, lets it go on, or has it post at once |
//! | `admin_exit` | ends the process in order, if asked so only when it is not about to lead |
//!
//! Bounds: [`MAX_REQUEST`] bytes a request, [`MAX_CONNECTIONS`] connections, each closed after [`IDLE`] without a request.

mod api;
mod client;
mod lines;
mod server;
mod types;

use std::{io, path::Path, time::Duration};

use jsonrpsee::types::ErrorObjectOwned;

pub use api::AdminApiClient;
pub use client::{ConnectError, connect};
pub use server::{AdminContext, PosterHandle, Socket, serve};
pub use types::{ExitView, LogFilterView, NodeView, PeerView, PosterOrder, PosterView};

/// The socket's name in the data directory.
pub const SOCKET: &str = "admin.sock";
/// Longest request, bytes: a log filter is the longest thing that is ever said.
pub const MAX_REQUEST: usize = 64 << 10;
/// Longest answer, bytes: a full committee with its addresses is far below.
pub const MAX_ANSWER: usize = 1 << 20;
/// Most connections at a time; more wait.
pub const MAX_CONNECTIONS: usize = 8;
/// A connection without a request for this long is closed.
pub const IDLE: Duration = Duration::from_secs(60);
/// How long an exit waits for views in which others lead.
pub const NOT_LEADER_WITHIN: Duration = Duration::from_secs(30);

/// Why the node does not do what it was told. Codes 700 to 799; a code never changes its meaning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The filter does not parse.
    #[error("{reason}")]
    Filter {
        /// Where it fails.
        reason: String,
    },
    /// This node does not post.
    #[error("this node does not post: its setting posting is false")]
    NotPosting,
    /// It leads one view after the other.
    #[error("this node still leads view {view} or the next one, after {} seconds", NOT_LEADER_WITHIN.as_secs())]
    Leading {
        /// The view it is in.
        view: u64,
    },
}

impl AdminError {
    /// The stable code.
    pub const fn code(&self) -> i32 {
        match self {
            Self::Filter { .. } => 700,
            Self::NotPosting => 701,
            Self::Leading { .. } => 702,
        }
    }
}

impl From<AdminError> for ErrorObjectOwned {
    fn from(error: AdminError) -> Self {
        Self::owned(error.code(), error.to_string(), None::<()>)
    }
}

/// Longest path that fits into a socket's address everywhere, bytes.
const MAX_SOCKET_PATH: usize = 100;

/// Runs `with` on a path to the socket that fits into an address, however long the directory's own path is.
fn at_socket<T>(directory: &Path, with: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = directory.join(SOCKET);
    if path.as_os_str().len() <= MAX_SOCKET_PATH {
        return with(&path);
    }
    let open = std::fs::File::open(directory)?;
    let descriptor = std::os::fd::AsRawFd::as_raw_fd(&open);
    with(
        &Path::new("/proc/self/fd")
            .join(descriptor.to_string())
            .join(SOCKET),
    )
}

#[cfg(test)]
mod tests;
