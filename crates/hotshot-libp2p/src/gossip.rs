//! Public gossip: transactions. Anybody may take part; who spreads invalid ones loses score, then is ignored.

use libp2p::{
    PeerId,
    gossipsub::{
        self, IdentTopic, IdentityTransform, MessageAcceptance, MessageAuthenticity, MessageId,
        PeerScoreParams, PeerScoreThresholds, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
    },
};
use rollup_abi::{Digest, sha256};
use std::{collections::HashSet, net::Ipv4Addr, net::Ipv6Addr, time::Duration};
use tokio::sync::{mpsc, oneshot};

use crate::StartError;

/// Heartbeat of the mesh. The default of 1 s delays a new node's place in the mesh.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Score of an authenticated member, so that strangers never displace members from the mesh.
pub const MEMBER_SCORE: f64 = 100.0;

/// A message from the gossip, waiting for a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GossipMessage {
    /// SHA-256 of the bytes.
    pub id: Digest,
    /// Who passed it on to us (not who made it).
    pub from: PeerId,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// The subscriber's verdict on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Valid: pass it on.
    Accept,
    /// Not useful to us, but nobody's fault.
    Ignore,
    /// Invalid, and whoever passed it on could have known: do not pass on, penalise.
    Reject,
}

/// Why a message was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Larger than a receiver would read.
    #[error("gossip message of {got} bytes, at most {limit} fit")]
    TooLarge {
        /// Its size in bytes.
        got: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nobody is there to receive it.
    #[error("no connected peer takes part in the gossip")]
    NoPeers,
    /// All peers' queues are full, or too many messages wait here.
    #[error("gossip is busy")]
    Busy,
    /// The network has stopped.
    #[error("the network has stopped")]
    Stopped,
}

/// What the handle asks of the driver.
#[derive(Debug)]
pub enum GossipCommand {
    /// Publish it.
    Publish(Vec<u8>, oneshot::Sender<Result<(), PublishError>>),
    /// A verdict on a received message.
    Report(Digest, PeerId, Verdict),
}

/// Takes part in the gossip. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gossip {
    pub(crate) commands: mpsc::Sender<GossipCommand>,
    pub(crate) limit: usize,
}

impl Gossip {
    /// Publishes a message. Publishing the same bytes again soon does nothing and succeeds.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn publish(&self, bytes: Vec<u8>) -> Result<(), PublishError> {
        if bytes.len() > self.limit {
            return Err(PublishError::TooLarge {
                got: bytes.len(),
                limit: self.limit,
            });
        }
        let (reply, result) = oneshot::channel();
        self.commands
            .send(GossipCommand::Publish(bytes, reply))
            .await
            .map_err(|_| PublishError::Stopped)?;
        result.await.unwrap_or(Err(PublishError::Stopped))
    }

    /// Gives the verdict on a received message: until then it is not passed on.
    pub async fn report(&self, message: &GossipMessage, verdict: Verdict) {
        // After a stop there is nobody left to whom the verdict could matter.
        let _ = self
            .commands
            .send(GossipCommand::Report(message.id, message.from, verdict))
            .await;
    }
}

/// The topic of a chain's transactions.
pub fn topic(chain_id: &Digest) -> IdentTopic {
    let name: String = chain_id.iter().map(|b| format!("{b:02x}")).collect();
    IdentTopic::new(format!("asset-l2/{name}/transactions/1"))
}

/// Gossipsub that knows of no topic but ours: what else peers subscribe to is not remembered.
pub type Gossipsub = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// The gossipsub behaviour for one topic.
pub fn behaviour(topic: &IdentTopic, limit: usize) -> Result<Gossipsub, StartError> {
    let config = gossipsub::ConfigBuilder::default()
        .heartbeat_interval(HEARTBEAT)
        .heartbeat_initial_delay(HEARTBEAT / 5)
        .history_length(20)
        .history_gossip(6)
        // Protobuf framing needs some bytes on top of the message.
        .max_transmit_size(limit.saturating_add(1024))
        // A transaction carries its sender's signature; another one by whoever passes it on doubles the cost.
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(|message: &gossipsub::Message| message_id(&sha256(&[&message.data])))
        .build()
        .map_err(|e| StartError::Gossip(e.to_string()))?;
    let gossip = |e: &str| StartError::Gossip(e.to_owned());
    let filter = WhitelistSubscriptionFilter(HashSet::from([topic.hash()]));
    let mut behaviour =
        Gossipsub::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, filter)
            .map_err(gossip)?;
    let (params, thresholds) = score(topic);
    behaviour
        .with_peer_score(params, thresholds)
        .map_err(|e| gossip(&e))?;
    behaviour
        .subscribe(topic)
        .map_err(|e| StartError::Gossip(e.to_string()))?;
    Ok(behaviour)
}

/// Only invalid messages and protocol abuse cost score: with few peers, delivery rates say nothing.
fn score(topic: &IdentTopic) -> (PeerScoreParams, PeerScoreThresholds) {
    let topic_params = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        // The counter is squared: 3 invalid messages outweigh a member's bonus, 4 silence anybody.
        invalid_message_deliveries_weight: -20.0,
        invalid_message_deliveries_decay: 0.97,
        ..TopicScoreParams::default()
    };
    let params = PeerScoreParams {
        topics: [(topic.hash(), topic_params)].into(),
        app_specific_weight: 1.0,
        // Several nodes of a testnet share the loopback addresses.
        ip_colocation_factor_whitelist: HashSet::from([
            Ipv4Addr::LOCALHOST.into(),
            Ipv6Addr::LOCALHOST.into(),
        ]),
        ..PeerScoreParams::default()
    };
    let thresholds = PeerScoreThresholds {
        gossip_threshold: -50.0,
        publish_threshold: -100.0,
        graylist_threshold: -200.0,
        ..PeerScoreThresholds::default()
    };
    (params, thresholds)
}

/// Gossipsub's form of a message's id.
pub fn message_id(id: &Digest) -> MessageId {
    MessageId::new(id)
}

impl From<Verdict> for MessageAcceptance {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Accept,
            Verdict::Ignore => Self::Ignore,
            Verdict::Reject => Self::Reject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_do_not_share_a_topic() {
        assert_ne!(topic(&[1; 32]).hash(), topic(&[2; 32]).hash());
    }

    #[test]
    fn parameters_are_consistent() {
        assert!(behaviour(&topic(&[1; 32]), 1 << 18).is_ok());
    }
}
