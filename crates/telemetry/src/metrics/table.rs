//! The table: every metric, its name, unit and help. A row makes the field of [`Metrics`] and the entry of [`TABLE`].

use prometheus::{Encoder as _, Registry, TextEncoder};

use super::{
    Counter, CounterBy, Gauge, Histogram, HistogramBy, Label, Seconds, SecondsTotal, Spec, Unit,
    handles::Handle,
};

macro_rules! label {
    ($(#[$doc:meta])* $type:ident = $name:literal { $($(#[$vdoc:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[$vdoc])* $variant,)+
        }
        impl Label for $type {
            const NAME: &'static str = $name;
            const VALUES: &'static [&'static str] = &[$($value),+];
            fn value(self) -> &'static str {
                match self {
                    $(Self::$variant => $value,)+
                }
            }
        }
    };
}

label! {
    /// What became of a transaction that came to the mempool.
    Admission = "outcome" {
        /// Taken.
        Accepted = "accepted",
        /// Already there, or already in a block.
        Duplicate = "duplicate",
        /// Malformed or wrongly signed, or for another chain.
        Invalid = "invalid",
        /// Its nonce is spent or too far ahead.
        Nonce = "nonce",
        /// The sender has too many waiting.
        SenderFull = "sender_full",
        /// The mempool is full.
        Full = "full",
    }
}

label! {
    /// Why a transaction left the mempool without having been in a block.
    Dropped = "reason" {
        /// It waited too long.
        Expired = "expired",
        /// A block made its nonce unusable.
        Stale = "stale",
        /// Execution refused it.
        Refused = "refused",
    }
}

label! {
    /// A part of a transaction's way from this node to Solana.
    Hop = "hop" {
        /// From when this node took it until the block that holds it was made, by the leader's clock.
        Mempool = "mempool",
        /// From then until this node learnt that the block is decided.
        Consensus = "consensus",
        /// From then until this node learnt that its root is on Solana.
        Settlement = "settlement",
        /// All of it.
        Total = "total",
    }
}

label! {
    /// What became of a post to Solana.
    PostOutcome = "outcome" {
        /// Moved the rollup forward.
        Accepted = "accepted",
        /// Landed, but another had been faster.
        Noop = "noop",
        /// Could not land in time.
        Expired = "expired",
        /// Failed.
        Failed = "failed",
    }
}

macro_rules! metrics {
    ($($field:ident: $handle:ident $(<$label:ident>)?, $name:literal, $unit:ident, $help:literal;)+) => {
        /// Every metric of a node, ready to count.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            $(#[doc = $help] pub $field: $handle $(<$label>)?,)+
        }

        /// Every metric: name, help, kind, unit, label.
        pub const TABLE: &[Spec] = &[$(Spec {
            name: $name,
            help: $help,
            kind: <$handle $(<$label>)? as Handle>::KIND,
            unit: Unit::$unit,
            label: <$handle $(<$label>)? as Handle>::LABEL,
        },)+];

        impl Metrics {
            /// All metrics at zero, in a registry of their own.
            #[expect(clippy::new_without_default, reason = "a registry is made once and shared, not defaulted")]
            pub fn new() -> Self {
                let registry = Registry::new();
                let mut rows = TABLE.iter();
                $(let $field = Handle::register(&registry, rows.next().expect("one row per field"));)+
                Self { registry, $($field,)+ }
            }
        }
    };
}

metrics! {
    // Consensus.
    decided_height: Gauge, "asset_l2_decided_height", None, "Height of the newest decided block.";
    current_view: Gauge, "asset_l2_current_view", None, "View that the node is in.";
    current_epoch: Gauge, "asset_l2_current_epoch", None, "Epoch that the node is in.";
    block_interval: Histogram, "asset_l2_block_interval_seconds", Seconds, "Time between the timestamps of successive decided blocks.";
    decide_latency: Histogram, "asset_l2_decide_latency_seconds", Seconds, "Time from a block's timestamp to its decision at this node.";
    blocks_decided: Counter, "asset_l2_blocks_decided_total", None, "Blocks that this process decided or caught up with.";
    blocks_built: Counter, "asset_l2_blocks_built_total", None, "Blocks that this node built as a leader.";
    blocks_refused: Counter, "asset_l2_blocks_refused_total", None, "Proposed blocks that failed this node's validation.";
    view_timeouts: Counter, "asset_l2_view_timeouts_total", None, "Views that ended by a timeout.";
    build_time: Histogram, "asset_l2_block_build_seconds", Seconds, "Time to choose and execute a block's transactions.";
    validate_time: Histogram, "asset_l2_block_validate_seconds", Seconds, "Time to execute and compare a proposed block.";
    commit_time: Histogram, "asset_l2_block_commit_seconds", Seconds, "Time to make a batch of decided blocks durable.";
    undecided_blocks: Gauge, "asset_l2_undecided_blocks", None, "Blocks that this node has executed and that are not decided yet.";
    blocks_abandoned: Counter, "asset_l2_blocks_abandoned_total", None, "Blocks that this node had executed and that others were decided instead of.";
    reorg_depth: Gauge, "asset_l2_reorg_depth_blocks", None, "Most blocks in a row that this node had executed and that others were decided instead of, since its start.";
    root_divergence: Gauge, "asset_l2_root_divergence", None, "1 if this node's state and another source of truth disagree; it has then stopped signing.";

    // Transactions.
    transactions: Counter, "asset_l2_transactions_total", None, "Transactions in decided blocks.";
    mempool_transactions: Gauge, "asset_l2_mempool_transactions", None, "Transactions that wait.";
    mempool_size: Gauge, "asset_l2_mempool_size_bytes", Bytes, "Encoded size of the transactions that wait.";
    mempool_admissions: CounterBy<Admission>, "asset_l2_mempool_admissions_total", None, "Transactions that came to the mempool, by what became of them.";
    mempool_dropped: CounterBy<Dropped>, "asset_l2_mempool_dropped_total", None, "Transactions that left the mempool without a block, by reason.";
    gossip_sent: Counter, "asset_l2_gossip_sent_total", None, "Transactions sent to other validators.";
    gossip_received: Counter, "asset_l2_gossip_received_total", None, "Transactions received from other validators.";
    gossip_refused: Counter, "asset_l2_gossip_refused_total", None, "Gossip messages that did not decode.";

    batch_latency: HistogramBy<Hop>, "asset_l2_batch_latency_seconds", Seconds, "Time that transactions which users gave to this node took to Solana, by part of the way.";

    // Network.
    peers: Gauge, "asset_l2_peers", None, "Committee members connected now.";
    messages_sent: Counter, "asset_l2_network_messages_sent_total", None, "Consensus messages given to a peer's stream.";
    messages_received: Counter, "asset_l2_network_messages_received_total", None, "Consensus messages received from members.";
    messages_dropped: Counter, "asset_l2_network_messages_dropped_total", None, "Consensus messages dropped at a full queue.";
    network_sent: Counter, "asset_l2_network_sent_bytes_total", Bytes, "Consensus bytes sent to members.";
    network_received: Counter, "asset_l2_network_received_bytes_total", Bytes, "Consensus bytes received from members.";

    // Settlement.
    posts: CounterBy<PostOutcome>, "asset_l2_posts_total", None, "Posts to Solana, by what became of them.";
    posts_sent: Counter, "asset_l2_posts_sent_total", None, "Transactions signed and sent to Solana.";
    lamports_spent: Counter, "asset_l2_lamports_spent_total", None, "Lamports paid for posts.";
    poster_balance: Gauge, "asset_l2_poster_balance_lamports", None, "Lamports that this node's poster has, as last read.";
    poster_runway: Seconds, "asset_l2_poster_runway_seconds", Seconds, "How long they last at the rate at which they were spent lately; 0 while nothing is spent.";
    poster_price: Gauge, "asset_l2_poster_price_micro_lamports", None, "Micro-lamports per compute unit that the newest post offered.";
    settled_height: Gauge, "asset_l2_settled_height", None, "Newest height that the program on Solana holds.";
    settled_slot: Gauge, "asset_l2_settled_slot", None, "Solana slot in which this node first saw that height there.";
    settlement_lag_blocks: Gauge, "asset_l2_settlement_lag_blocks", None, "Decided blocks whose root is not on Solana yet.";
    settlement_lag: Seconds, "asset_l2_settlement_lag_seconds", Seconds, "Age of the oldest decided block whose root is not on Solana yet.";
    settlement_pressure: Gauge, "asset_l2_settlement_pressure_per_mille", None, "Thousandths of its room in blocks and mempool that this node leaves empty because roots get to Solana too slowly.";
    poster_wrong_program: Gauge, "asset_l2_poster_wrong_program", None, "1 while nothing is posted because the program on Solana is not the one that this binary knows, or not recorded as such.";
    verification_compute_units: Gauge, "asset_l2_verification_compute_units", None, "Compute units that the newest accepted post used on Solana.";

    // RPC.
    rpc_requests: Counter, "asset_l2_rpc_requests_total", None, "JSON-RPC calls served.";
    rpc_errors: Counter, "asset_l2_rpc_errors_total", None, "JSON-RPC calls answered with an error.";

    // Process.
    process_resident: Gauge, "asset_l2_process_resident_bytes", Bytes, "Memory of this process in RAM.";
    process_cpu: SecondsTotal, "asset_l2_process_cpu_seconds_total", Seconds, "User and system time of this process since its start.";
    store_size: Gauge, "asset_l2_store_size_bytes", Bytes, "Size of the files in this node's data directory.";
    process_threads: Gauge, "asset_l2_process_threads", None, "Threads of this process.";
    process_open_files: Gauge, "asset_l2_process_open_files", None, "Open file descriptors of this process.";
    uptime: Seconds, "asset_l2_process_uptime_seconds", Seconds, "Time since this process started.";
}

impl Metrics {
    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("writing to memory does not fail");
        String::from_utf8(text).expect("the text format is UTF-8")
    }

    /// Copies what `/proc` says about this process.
    pub fn record_process(&self, uptime: std::time::Duration) {
        self.uptime.set(uptime);
        if let Some(usage) = crate::process::usage() {
            self.process_resident.set(usage.resident_bytes);
            self.process_cpu
                .raise_to(std::time::Duration::from_millis(usage.cpu_ms));
            self.process_threads.set(usage.threads);
            self.process_open_files.set(usage.open_files);
        }
    }
}
