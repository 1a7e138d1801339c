//! What may happen to a call, and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often something happens, in thousandths; 1,000 and more is always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PerMille(pub u16);

/// What may happen to a call, and how often. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Longest extra time before a call goes on; each call waits for some part of it.
    pub latency: Duration,
    /// Nothing is answered and nothing reaches the node: the endpoint is down.
    pub outage: bool,
    /// Answered with HTTP 503; does not reach the node.
    pub unavailable: PerMille,
    /// Answered with HTTP 429; does not reach the node.
    pub rate_limited: PerMille,
    /// Answered with JSON-RPC error -32005, "node is behind"; does not reach the node.
    pub unhealthy: PerMille,
    /// The connection breaks in the answer: the node has done what it was asked.
    pub broken: PerMille,
    /// The answer is cut: the node has done what it was asked.
    pub garbled: PerMille,

    /// A transaction is acknowledged and never reaches the node.
    pub lost: PerMille,
    /// A transaction reaches the node twice.
    pub doubled: PerMille,
    /// A transaction is acknowledged at once and reaches the node only after [`Faults::lateness`].
    pub late: PerMille,
    /// How late.
    pub lateness: Duration,

    /// A reading is answered with what the node said before, at most [`Faults::staleness`] ago.
    pub stale: PerMille,
    /// Greatest age of a stale answer.
    pub staleness: Duration,
    /// A blockhash is answered that was the latest one at least [`Faults::blockhash_age`] ago.
    pub old_blockhash: PerMille,
    /// Least age of an old blockhash; above a blockhash's life it cannot be used any more.
    pub blockhash_age: Duration,
    /// A transaction's status is a lie: what landed is unknown, what is unknown was successful or failed.
    pub lying_status: PerMille,
    /// Recent priority fees are answered a thousand times as high, and never below a thousand micro-lamports.
    pub fee_spike: PerMille,
}

impl Faults {
    /// Everything a call can meet, at rates under which a client that does not give up makes progress. An outage is not
    /// part of it: that is a state, not a chance.
    pub const fn everything() -> Self {
        Self {
            latency: Duration::from_millis(60),
            outage: false,
            unavailable: PerMille(20),
            rate_limited: PerMille(20),
            unhealthy: PerMille(20),
            broken: PerMille(20),
            garbled: PerMille(20),
            lost: PerMille(100),
            doubled: PerMille(100),
            late: PerMille(50),
            lateness: Duration::from_millis(700),
            stale: PerMille(100),
            staleness: Duration::from_secs(2),
            old_blockhash: PerMille(30),
            blockhash_age: Duration::from_secs(5),
            lying_status: PerMille(100),
            fee_spike: PerMille(100),
        }
    }
}
