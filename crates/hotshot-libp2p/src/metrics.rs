//! Counters of the network. Whoever exports metrics reads them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hotshot_engine::ports::Priority;

/// Counts up, or is set.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// `n` more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    /// Makes it `n`: for those that go up and down.
    pub fn set(&self, n: usize) {
        self.0.store(u64::try_from(n).unwrap_or(u64::MAX), Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The traffic of one class.
#[derive(Debug, Default)]
pub struct ClassMetrics {
    /// Frames received.
    pub frames_in: Counter,
    /// Frames handed to a connection.
    pub frames_out: Counter,
    /// Bytes of the frames received.
    pub bytes_in: Counter,
    /// Bytes of the frames handed to a connection.
    pub bytes_out: Counter,
    /// Frames that a full queue dropped before they were sent.
    pub dropped: Counter,
}

/// Everything that is counted.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Members with which all streams are open now.
    pub connected_members: Counter,
    /// Connections now, of any kind.
    pub connections: Counter,
    /// Sessions with a member after an earlier one with the same.
    pub reconnects: Counter,
    /// Dials that led nowhere.
    pub dial_failures: Counter,
    /// Connections refused because too many public ones were open.
    pub public_refused: Counter,
    /// Streams refused because their connection is not a member's.
    pub streams_refused: Counter,
    /// Members shut out for a while, because they broke the protocol.
    pub penalties: Counter,
    /// Gossip messages received.
    pub gossip_in: Counter,
    /// Gossip messages published here.
    pub gossip_out: Counter,
    /// Gossip messages dropped because the subscriber was slow.
    pub gossip_dropped: Counter,
    /// Gossip messages that the subscriber called invalid.
    pub gossip_rejected: Counter,
    classes: [ClassMetrics; 3],
    handshake_failures: [Counter; HandshakeFailure::ALL.len()],
}

impl Metrics {
    /// The traffic of one class.
    pub const fn class(&self, class: Priority) -> &ClassMetrics {
        &self.classes[class as usize]
    }

    /// Handshakes that failed for one reason.
    pub const fn handshake_failures(&self, reason: HandshakeFailure) -> &Counter {
        &self.handshake_failures[reason as usize]
    }
}

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandshakeFailure {
    /// The bytes were not a greeting.
    Malformed,
    /// Another version of the protocol.
    Version,
    /// Another chain.
    Chain,
    /// The binding names another peer id than the connection has.
    PeerId,
    /// The node is not in the committee.
    NotMember,
    /// The consensus key did not sign the binding.
    Signature,
    /// The member is shut out for a while.
    Banned,
    /// A session of the same two nodes exists and takes precedence.
    Duplicate,
    /// The other side refused.
    Refused,
    /// The stream broke or took too long.
    Io,
}

impl HandshakeFailure {
    /// All of them, in the order of their values.
    pub const ALL: [Self; 10] = [
        Self::Malformed,
        Self::Version,
        Self::Chain,
        Self::PeerId,
        Self::NotMember,
        Self::Signature,
        Self::Banned,
        Self::Duplicate,
        Self::Refused,
        Self::Io,
    ];

    /// Its name as a metrics label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Chain => "chain",
            Self::PeerId => "peer_id",
            Self::NotMember => "not_member",
            Self::Signature => "signature",
            Self::Banned => "banned",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Io => "io",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_counter() {
        let metrics = Metrics::default();
        for (i, reason) in HandshakeFailure::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, i);
            metrics.handshake_failures(reason).add(i as u64);
        }
        for (i, reason) in HandshakeFailure::ALL.into_iter().enumerate() {
            assert_eq!(
                metrics.handshake_failures(reason).get(),
                i as u64,
                "{}",
                reason.label()
            );
        }
    }
}
