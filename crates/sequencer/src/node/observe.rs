//! What a running node says of itself: readiness, progress, and the counters of its parts copied into the metrics.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Instant,
};

use hotshot_engine::ports::Priority;
use hotshot_libp2p::Metrics as NetworkMetrics;
use hotshot_types::{Committee, NodeId, View};
use telemetry::Metrics;
use tokio::sync::watch;

use crate::{
    application::Heads,
    halt::Halt,
    http::{Source, Vitals},
    rpc::Progress,
    trace::Trace,
};

/// Where consensus stands, as the engine tells it.
pub type EngineStatus = watch::Receiver<hotshot_engine::Status>;

/// Sees all parts.
pub struct Observer {
    pub node: NodeId,
    pub committee: watch::Receiver<Committee>,
    pub connected: watch::Receiver<BTreeSet<NodeId>>,
    pub network: Arc<NetworkMetrics>,
    pub engine: EngineStatus,
    pub heads: Heads,
    pub halt: Halt,
    pub metrics: Arc<Metrics>,
    pub data_dir: PathBuf,
    pub trace: Arc<Trace>,
    pub started: Instant,
}

impl Observer {
    fn reached_stake(&self) -> u64 {
        let connected = self.connected.borrow();
        let committee = self.committee.borrow();
        let stakes: HashMap<&NodeId, u64> = committee
            .members()
            .iter()
            .map(|member| (&member.node, member.stake.get()))
            .collect();
        let reached = connected
            .iter()
            .filter(|node| **node != self.node)
            .chain([&self.node]);
        // Bounded by the committee's total, which fits.
        reached.filter_map(|node| stakes.get(node)).sum()
    }
}

impl Progress for Observer {
    fn view_and_epoch(&self) -> (u64, u64) {
        let status = self.engine.borrow();
        (status.view.get(), self.committee.borrow().epoch().get())
    }

    fn leading(&self) -> bool {
        let view = self.engine.borrow().view.get();
        let views = [view, view.saturating_add(1)].map(View::new);
        views
            .iter()
            .any(|view| self.committee.borrow().leader(*view).node == self.node)
    }

    fn peers(&self) -> u64 {
        u64::try_from(self.connected.borrow().len()).unwrap_or(u64::MAX)
    }
}

impl Source for Observer {
    fn vitals(&self) -> Vitals {
        Vitals {
            reached_stake: self.reached_stake(),
            quorum_stake: self.committee.borrow().quorum().get(),
            since_decided: self.heads.last_decided().map(|at| at.elapsed()),
            halted: self.halt.reason().is_some(),
        }
    }

    fn trace(&self) -> &Trace {
        &self.trace
    }

    fn metrics(&self) -> &Metrics {
        let metrics = &self.metrics;
        let (view, epoch) = self.view_and_epoch();
        metrics.current_view.set(view);
        metrics.current_epoch.set(epoch);
        metrics.decided_height.set(self.heads.newest().header.height);
        metrics.view_timeouts.raise_to(self.engine.borrow().timeouts);
        metrics.peers.set(self.peers());
        metrics
            .root_divergence
            .set(u64::from(self.halt.reason().is_some()));
        let classes =
            [Priority::Vote, Priority::Proposal, Priority::Sync].map(|class| self.network.class(class));
        metrics
            .messages_sent
            .raise_to(classes.iter().map(|class| class.frames_out.get()).sum());
        metrics
            .messages_received
            .raise_to(classes.iter().map(|class| class.frames_in.get()).sum());
        metrics
            .messages_dropped
            .raise_to(classes.iter().map(|class| class.dropped.get()).sum());
        metrics
            .network_sent
            .raise_to(classes.iter().map(|class| class.bytes_out.get()).sum());
        metrics
            .network_received
            .raise_to(classes.iter().map(|class| class.bytes_in.get()).sum());
        metrics
            .store_size
            .set(telemetry::process::files_bytes(&self.data_dir));
        metrics.record_process(self.started.elapsed());
        metrics
    }
}
