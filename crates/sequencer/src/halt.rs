//! The stop switch: once this node's state and another source of truth disagree, it signs and posts nothing more.

use rollup_abi::Digest;
use tokio::sync::watch;

/// Why a node stopped signing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// A quorum decided a block whose root this node does not compute.
    #[error(
        "decided block {height} has {field} {}, this node computed {}",
        hex::encode(got),
        hex::encode(expected)
    )]
    Decided {
        /// The block's height.
        height: u64,
        /// Which field.
        field: &'static str,
        /// What the decided header says.
        got: Digest,
        /// What this node computed.
        expected: Digest,
    },
    /// A quorum decided a block that this node calls invalid.
    #[error("decided block {height} is invalid here: {reason}")]
    Block {
        /// The block's height.
        height: u64,
        /// What is wrong.
        reason: String,
    },
    /// Consensus has stopped: a quorum certified what this node finds wrong, or two things that exclude each other.
    #[error("consensus has stopped: {reason}")]
    Consensus {
        /// Why.
        reason: String,
    },
    /// The program on Solana holds another root than this node.
    #[error("Solana and this node disagree: {reason}")]
    Settled {
        /// What the poster saw.
        reason: String,
    },
}

/// Shared by signer, poster and application; set at most once, never reset while the process lives.
#[derive(Clone, Debug)]
pub struct Halt(watch::Sender<Option<Divergence>>);

impl Default for Halt {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Halt {
    /// Stops signing and posting. The first reason stays.
    pub fn trip(&self, divergence: Divergence) {
        let first = self.0.send_if_modified(|slot| {
            let first = slot.is_none();
            if first {
                *slot = Some(divergence.clone());
            }
            first
        });
        if first {
            tracing::error!(reason = %divergence, "root divergence: this node stops signing and posting");
        }
    }

    /// The reason, if it has been tripped.
    pub fn reason(&self) -> Option<Divergence> {
        self.0.borrow().clone()
    }

    /// Completes when it is tripped.
    pub async fn tripped(&self) -> Divergence {
        let mut receiver = self.0.subscribe();
        loop {
            if let Some(divergence) = receiver.borrow_and_update().clone() {
                return divergence;
            }
            receiver.changed().await.expect("self holds the sender");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_stays_and_wakes() {
        let halt = Halt::default();
        assert_eq!(halt.reason(), None);
        let waiting = tokio::spawn({
            let halt = halt.clone();
            async move { halt.tripped().await }
        });
        let first = Divergence::Settled {
            reason: "root at height 3".into(),
        };
        halt.trip(first.clone());
        halt.trip(Divergence::Settled {
            reason: "later".into(),
        });
        assert_eq!(waiting.await.expect("it ends"), first);
        assert_eq!(halt.reason(), Some(first));
    }
}
