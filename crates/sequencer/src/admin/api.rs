//! The calls, for server and client.

use jsonrpsee::{core::RpcResult, proc_macros::rpc};

use super::types::{ExitView, LogFilterView, NodeView, PeerView, PosterOrder, PosterView};

/// A validator's admin socket.
#[rpc(server, client, namespace = "admin")]
pub trait AdminApi {
    /// Where the node stands.
    #[method(name = "status")]
    async fn status(&self) -> RpcResult<NodeView>;

    /// The committee's members, in order.
    #[method(name = "peers")]
    async fn peers(&self) -> RpcResult<Vec<PeerView>>;

    /// The log filter, after `filter` has been put in its place if there is one.
    #[method(name = "logFilter")]
    async fn log_filter(&self, filter: Option<String>) -> RpcResult<LogFilterView>;

    /// The poster, after it has been told this.
    #[method(name = "poster")]
    async fn poster(&self, order: PosterOrder) -> RpcResult<PosterView>;

    /// Ends the process in order; if `when_not_leader`, as soon as others lead this view and the next one.
    #[method(name = "exit")]
    async fn exit(&self, when_not_leader: bool) -> RpcResult<ExitView>;
}
