//! Which faults struck, and how often.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;

/// A fault that struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The call waited.
    Latency,
    /// The endpoint was down.
    Outage,
    /// HTTP 503.
    Unavailable,
    /// HTTP 429.
    RateLimited,
    /// JSON-RPC error -32005.
    Unhealthy,
    /// The connection broke in the answer.
    Broken,
    /// The answer was cut.
    Garbled,
    /// A transaction was acknowledged and dropped.
    Lost,
    /// A transaction went out twice.
    Doubled,
    /// A transaction went out late.
    Late,
    /// A reading was stale.
    Stale,
    /// A blockhash was old.
    OldBlockhash,
    /// A status was a lie.
    LyingStatus,
    /// Priority fees were inflated.
    FeeSpike,
    /// An account's data was a lie.
    Forged,
}

/// Counts of what struck.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<Fault, u64>>);

impl Tally {
    pub(crate) fn count(&self, fault: Fault) {
        let mut counts = self.0.lock().expect("counting does not panic");
        *counts.entry(fault).or_default() += 1;
    }

    pub(crate) fn read(&self) -> BTreeMap<Fault, u64> {
        self.0.lock().expect("counting does not panic").clone()
    }
}
