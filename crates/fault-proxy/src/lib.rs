//! Stands between a client and a Solana RPC node, and does to their calls what real networks and nodes do.
//!
//! ```text
//!             ┌─────────────── FaultProxy ───────────────┐
//!  client ───▶│ wait ─▶ deny? ─▶ tamper with the call? ──┼──▶ RPC node
//!         ◀───┼── break off? ◀─ tamper with the answer? ◀┼───
//!             └──────── Faults · Dice · Memory · Tally ──┘
//! ```
//!
//! [`Faults`] says how often what happens; they may be changed while calls are under way. A call's fate is drawn from the
//! proxy's seed, its method and how many calls of that method came before it, so a run with the same seed and the same
//! calls meets the same faults, whatever the calls' timing.
//!
//! Rules:
//! - the node behind it is a real one: what the proxy does not tamper with passes as it is;
//! - each fault that struck is counted by name ([`FaultProxy::tally`]), so that a test can show that it met what it names;
//! - it listens on loopback only, and what it remembers is bounded.
//!
//! What a proxy cannot do, a chain that drops what had landed or makes no blocks, `localnet` does to the chain itself.

mod answer;
mod call;
mod dice;
mod faults;
mod ledger;
mod memory;
mod proxy;
mod tally;

pub use faults::{Faults, PerMille};
pub use ledger::Sent;
pub use proxy::{Fate, FaultProxy, ProxyError};
pub use tally::Fault;
