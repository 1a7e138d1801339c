//! Logs and metrics: how a process tells what it does.
//!
//! ```text
//!  tracing events ──▶ logs: pretty on a terminal, JSON lines otherwise ──▶ stderr
//!  counters of engine, network, mempool, poster ──▶ Metrics (one table) ──▶ text for /metrics
//!  /proc/self ──▶ process::usage ──────────────────▲
//! ```
//!
//! Rules:
//! - every metric stands once in the table of [`metrics`], with its unit and its help; its typed handle is a field of
//!   [`Metrics`], so nothing can count under a name that is not in the table;
//! - names start with [`PREFIX`] and end with the base unit (`_seconds`, `_bytes`); counters end with `_total`;
//! - a label has a closed set of values, an enum that implements [`Label`], and every series exists from the start;
//! - logs carry fields (`height`, `view`, `epoch`, `root`, `peer`), not sentences with numbers in them.
//!
//! ```
//! let metrics = telemetry::Metrics::new();
//! metrics.decided_height.set(7);
//! assert!(metrics.render().contains("asset_l2_decided_height 7"));
//! ```

pub mod logs;
pub mod metrics;
pub mod process;

pub use logs::{Format, LogError};
pub use metrics::{Label, Metrics, PREFIX, Spec, TABLE};
