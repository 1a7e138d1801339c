//! Drives the consensus core: ports for network, storage, application, signer and clock.
//!
//! ```text
//!  Network ─▶ decode, bound ─▶ Driver ─┬─▶ workers: aggregates, proposals, certificates, own signatures
//!                                      ├─▶ Consensus (hotshot), step by step
//!                                      ├─▶ Storage: one group commit at a time ─▶ Persisted ─▶ sign ─▶ Network
//!                                      └─▶ Application: build, validate, decided (in order, once)
//! ```
//!
//! One task, [`Engine::spawn`]'s, owns all state; everything slow runs beside it and comes back as a value. So there are no
//! locks, and what the core sees is one sequence of inputs.
//!
//! Rules:
//! - Nothing of a peer's reaches the core unchecked. Views and epochs are bounded first, then signatures are checked on
//!   workers: a quorum's votes as one aggregate, one by one only if that fails.
//! - What a certificate claims and this node has verified is not verified again; what it passes on is its own.
//! - A vote is signed after what it depends on is durable, and counted here when it is sent.
//! - Every queue has a limit: at it, messages are dropped and counted ([`Counters`]), for consensus repeats what matters; a
//!   slow application holds back validation, and so voting.
//! - A fault of a peer is a value ([`PeerFault`]); a fault of ours ends the engine with a reason ([`EngineError`]).

mod budget;
mod driver;
mod handle;
pub mod ports;
mod serve;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod verify;

pub use driver::Engine;
pub use handle::{
    Count, Counters, EVENT_CAPACITY, EngineConfig, EngineError, EngineHandle, Event, Ports, Status,
};
pub use verify::PeerFault;
