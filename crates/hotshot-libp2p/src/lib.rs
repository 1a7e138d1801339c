//! The engine's network over libp2p: authenticated direct streams between members, and public gossip.
//!
//! ```text
//! engine ──send──▶ queue (member, class) ──writer──▶ stream ═══ connection ═══ stream ──reader──▶ inbox (class) ──recv──▶
//!                  full: oldest dropped             TCP + noise + yamux, or QUIC            full: sender slowed down
//!
//! connection ──handshake: binding of peer id to consensus key──▶ session (a member) │ public (anybody: gossip only)
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`network`] | the handle: [`Libp2pNetwork`] implements [`hotshot_engine::ports::Network`] |
//! | [`driver`] | the one task that owns the swarm and all state |
//! | [`direct`] | the libp2p behaviour: opens and accepts streams on a given connection |
//! | [`handshake`], [`binding`] | who is a member |
//! | [`peers`] | whom to dial and when; which of two connections stays. Plain data |
//! | [`link`], [`frame`], [`queue`] | writer, reader, frames, bounded queues |
//! | [`gossip`] | transactions |
//!
//! Rules:
//! - Each node opens one stream per class to each member and only writes to it; a vote never waits behind a proposal.
//! - A length is checked before anything is allocated. A frame over its limit shuts the member out for a while.
//! - Direct streams are accepted from authenticated members of the current committees only. All others take part in the
//!   gossip, and their connections are limited in number.
//! - Nothing here waits for a slow peer: its queue drops the oldest frame, and counts it.
//! - A node that restarts with the same identity replaces its old connection at once; two nodes that dial each other at
//!   the same moment agree on which connection stays.
#![warn(missing_docs)]

mod binding;
mod config;
mod direct;
mod driver;
mod frame;
mod gossip;
mod handshake;
mod link;
mod metrics;
mod network;
mod peers;
mod queue;
mod session;

pub use binding::PeerBinding;
pub use config::{AddressError, Config, Limits, PeerAddress, identity_from_seed};
pub use driver::Fatal;
pub use gossip::{Gossip, GossipMessage, PublishError, Verdict};
pub use libp2p::{Multiaddr, PeerId, identity::Keypair};
pub use metrics::{ClassMetrics, Counter, HandshakeFailure, Metrics};
pub use network::{Libp2pNetwork, Running, StartError, Started};
pub use queue::QueueLimit;
