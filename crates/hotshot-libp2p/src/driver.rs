//! The one task that owns the swarm and all state: events in, streams, dials and closes out.

mod sessions;
mod swarm;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use hotshot_types::NodeId;
use libp2p::{
    Multiaddr, Swarm,
    core::transport::ListenerId,
    gossipsub::{self, IdentTopic},
    swarm::{
        ConnectionId, DialError, ListenError, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Limits, PeerAddress},
    direct::{self, PublicFull, Purpose},
    frame::ReadError,
    gossip::{GossipCommand, GossipMessage, PublishError, message_id},
    handshake::{Hello, Keys, Members},
    link::Inbox,
    metrics::{HandshakeFailure, Metrics},
    network::Outboxes,
    peers::Peers,
    session::Connection,
};
pub use swarm::{Behaviour, BehaviourEvent, build, listen};

/// How long a stop waits for the writers to end their streams in order.
const FAREWELL: Duration = Duration::from_secs(1);
/// A timer that never fires in practice.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// Why the network stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Nobody can reach us any more.
    #[error("listener {addresses:?} closed: {reason}")]
    ListenerClosed {
        /// Where it listened.
        addresses: Vec<Multiaddr>,
        /// Why.
        reason: String,
    },
    /// A task broke one of our own invariants.
    #[error("network task: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

/// A handshake's question to the driver.
pub struct Admission {
    connection: ConnectionId,
    node: NodeId,
    instance: u64,
    reply: oneshot::Sender<Result<(), HandshakeFailure>>,
}

/// How a task of a connection ended.
enum End {
    Handshake {
        opener: bool,
        result: Result<(), HandshakeFailure>,
    },
    Writer(Result<(), ReadError>),
    Reader(Result<(), ReadError>),
    Cancelled,
}

/// The driver. See [`Driver::run`].
pub struct Driver {
    pub swarm: Swarm<Behaviour>,
    pub topic: IdentTopic,
    pub listeners: HashSet<ListenerId>,
    pub own: Option<NodeId>,
    pub hello: Option<watch::Receiver<Hello>>,
    pub addresses: watch::Receiver<Vec<PeerAddress>>,
    pub members: Arc<Members>,
    pub peers: Peers,
    pub connections: HashMap<ConnectionId, Connection>,
    pub outboxes: Arc<Outboxes>,
    pub inbox: Inbox,
    pub limits: Arc<Limits>,
    pub metrics: Arc<Metrics>,
    pub tasks: JoinSet<(ConnectionId, EndOf)>,
    pub admissions: (mpsc::Sender<Admission>, mpsc::Receiver<Admission>),
    pub gossip_commands: mpsc::Receiver<GossipCommand>,
    pub gossip_messages: mpsc::Sender<GossipMessage>,
    pub connected: watch::Sender<BTreeSet<NodeId>>,
    pub stop: CancellationToken,
}

/// An [`End`], opaque outside of the driver.
pub struct EndOf(End);

impl Driver {
    /// Runs until told to stop.
    ///
    /// # Errors
    /// If nobody can reach us any more, or a task panicked.
    pub async fn run(mut self) -> Result<(), Fatal> {
        let mut members = self.members.changes();
        self.apply_members(&members.borrow_and_update().clone());
        loop {
            let wake = self.next_deadline();
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm_event(event)?,
                Some(ended) = self.tasks.join_next() => {
                    let (connection, EndOf(end)) = ended?;
                    self.on_task_end(connection, end);
                }
                Some(Admission { connection, node, instance, reply }) = self.admissions.1.recv() => {
                    // A handshake that gave up meanwhile has no use for the answer.
                    let _ = reply.send(self.admit(connection, node, instance));
                }
                Some(command) = self.gossip_commands.recv() => self.on_gossip_command(command),
                Ok(()) = members.changed() => {
                    let keys = members.borrow_and_update().clone();
                    self.apply_members(&keys);
                }
                Ok(()) = self.addresses.changed() => {
                    let addresses = self.addresses.borrow_and_update().clone();
                    self.apply_addresses(addresses);
                }
                () = sleep_until(wake) => self.on_timer(),
                () = self.stop.cancelled() => break,
            }
        }
        self.farewell().await;
        Ok(())
    }

    fn next_deadline(&self) -> Instant {
        let drying = self
            .connections
            .values()
            .filter_map(|c| c.session.as_ref()?.deadline)
            .min();
        let attempt = self.peers.next_attempt();
        drying
            .into_iter()
            .chain(attempt)
            .min()
            .unwrap_or_else(|| Instant::now() + FAR)
    }

    fn on_timer(&mut self) {
        let now = Instant::now();
        let mut dry = Vec::new();
        for (id, connection) in &mut self.connections {
            let deadline = connection.session.as_mut().and_then(|s| s.deadline.as_mut());
            if let Some(at) = deadline.filter(|at| **at <= now) {
                dry.push(*id);
                // Closing takes its time where the other side is gone: do not wake again for it.
                *at = now + FAR;
            }
        }
        for connection in dry {
            self.close(connection);
        }
        for node in self.peers.due(now) {
            self.attempt(node);
        }
    }

    /// Lets the writers end their streams in order, for a moment.
    async fn farewell(mut self) {
        for session in self.connections.values().filter_map(|c| c.session.as_ref()) {
            session.stop_writers.cancel();
        }
        let mut open: usize = self
            .connections
            .values()
            .filter_map(|c| Some(c.session.as_ref()?.writers))
            .sum();
        let last_words = async {
            while open > 0 {
                tokio::select! {
                    _ = self.swarm.select_next_some() => {}
                    Some(Ok((_, EndOf(end)))) = self.tasks.join_next() => {
                        if matches!(end, End::Writer(_) | End::Cancelled) {
                            open = open.saturating_sub(1);
                        }
                    }
                }
            }
        };
        if timeout(FAREWELL, last_words).await.is_err() {
            tracing::debug!("some streams did not end in order");
        }
        for connection in self.connections.values() {
            connection.cancel.cancel();
        }
        self.tasks.shutdown().await;
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) -> Result<(), Fatal> {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Direct((connection, event))) => {
                self.on_stream(connection, event);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => {
                let dialed = self.peers.dialed_by(connection_id).map(|(node, peer)| {
                    peer.dialing = None;
                    *node
                });
                let connection = Connection::new(peer_id, dialed, endpoint.is_dialer());
                self.connections.insert(connection_id, connection);
                self.metrics.connections.set(self.connections.len());
                if let Some(node) = dialed {
                    self.attempt(node);
                }
            }
            SwarmEvent::ConnectionClosed {
                connection_id, cause, ..
            } => {
                let cause = cause.map(|e| e.to_string());
                tracing::debug!(connection = %connection_id, cause, "connection closed");
                self.on_closed(connection_id);
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id, error, ..
            } => {
                self.on_dial_failure(connection_id, &error);
            }
            SwarmEvent::IncomingConnectionError {
                error: ListenError::Denied { cause },
                ..
            } if cause.downcast_ref::<PublicFull>().is_some() => {
                self.metrics.public_refused.increment();
            }
            SwarmEvent::ListenerClosed {
                listener_id,
                addresses,
                reason,
            } => {
                self.listeners.remove(&listener_id);
                let reason = reason.map_or_else(|e| e.to_string(), |()| "ended".to_owned());
                tracing::error!(?addresses, reason, "listener closed");
                if self.listeners.is_empty() {
                    return Err(Fatal::ListenerClosed { addresses, reason });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn on_dial_failure(&mut self, connection: ConnectionId, error: &DialError) {
        self.metrics.dial_failures.increment();
        if let Some((node, peer)) = self.peers.dialed_by(connection) {
            tracing::debug!(peer = %node, %error, "dial failed");
            peer.dialing = None;
            peer.schedule(Instant::now(), &self.limits, rand::random());
        }
    }

    /// Connects to a node, or, when connected, authenticates.
    fn attempt(&mut self, node: NodeId) {
        let may_authenticate = self.hello.is_some() && self.members.contains(&node);
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        peer.next_attempt = None;
        let peer_id = peer.peer_id;
        let found = self
            .connections
            .iter_mut()
            .filter(|(_, c)| c.session.as_ref().is_none_or(|s| s.deadline.is_none()))
            .find(|(_, c)| c.dialed == Some(node) || Some(c.peer) == peer_id);
        if let Some((id, connection)) = found {
            if may_authenticate && connection.session.is_none() && !connection.opening {
                connection.opening = true;
                self.swarm
                    .behaviour_mut()
                    .direct
                    .open(connection.peer, *id, Purpose::Auth);
            }
            return;
        }
        let Some(address) = &peer.address else { return };
        let opts = match address.peer_id {
            Some(id) => DialOpts::peer_id(id)
                .condition(PeerCondition::Always)
                .addresses(vec![address.address.clone()])
                .allocate_new_port()
                .build(),
            None => DialOpts::unknown_peer_id()
                .address(address.address.clone())
                .build(),
        };
        let connection = opts.connection_id();
        peer.dialing = Some(connection);
        if let Err(error) = self.swarm.dial(opts) {
            self.on_dial_failure(connection, &error);
        }
    }

    /// The committees have changed.
    fn apply_members(&mut self, keys: &Keys) {
        let nodes: Vec<NodeId> = keys.keys().copied().collect();
        self.peers.set_members(self.own.as_ref(), &nodes);
        let left = |c: &Connection| c.session.as_ref().is_some_and(|s| !keys.contains_key(&s.node));
        let left: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, c)| left(c))
            .map(|(id, _)| *id)
            .collect();
        for connection in left {
            self.close(connection);
        }
        let now = Instant::now();
        for (_, peer) in self
            .peers
            .iter_mut()
            .filter(|(_, p)| p.current.is_none() && p.dialing.is_none())
        {
            peer.schedule_now(now);
        }
        self.protect_members();
    }

    /// Members have come, gone or moved.
    fn apply_addresses(&mut self, addresses: Vec<PeerAddress>) {
        let now = Instant::now();
        for node in self.peers.set_addresses(self.own.as_ref(), addresses) {
            if let Some(peer) = self.peers.get_mut(&node) {
                peer.schedule_now(now);
            }
        }
        let members = self.members.changes().borrow().clone();
        self.apply_members(&members);
    }

    /// Known members get a connection also when the public ones are many.
    fn protect_members(&mut self) {
        let members = &self.members;
        let known = self.peers.iter().filter(|(node, _)| members.contains(node));
        let known = known.filter_map(|(_, peer)| peer.peer_id).collect();
        self.swarm.behaviour_mut().direct.set_members(known);
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message {
            propagation_source,
            message_id,
            message,
        } = event
        else {
            return;
        };
        self.metrics.gossip_in.increment();
        let Ok(id) = message_id.0.as_slice().try_into() else {
            return;
        };
        let received = GossipMessage {
            id,
            from: propagation_source,
            bytes: message.data,
        };
        if self.gossip_messages.try_send(received).is_err() {
            self.metrics.gossip_dropped.increment();
            let ignore = gossipsub::MessageAcceptance::Ignore;
            let gossip = &mut self.swarm.behaviour_mut().gossip;
            gossip.report_message_validation_result(&message_id, &propagation_source, ignore);
        }
    }

    fn on_gossip_command(&mut self, command: GossipCommand) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        match command {
            GossipCommand::Publish(bytes, reply) => {
                let result = match gossip.publish(self.topic.clone(), bytes) {
                    Ok(_) => {
                        self.metrics.gossip_out.increment();
                        Ok(())
                    }
                    Err(gossipsub::PublishError::Duplicate) => Ok(()),
                    Err(gossipsub::PublishError::NoPeersSubscribedToTopic) => Err(PublishError::NoPeers),
                    Err(error) => {
                        tracing::debug!(%error, "gossip not published");
                        Err(PublishError::Busy)
                    }
                };
                // A publisher that gave up meanwhile has no use for the answer.
                let _ = reply.send(result);
            }
            GossipCommand::Report(id, from, verdict) => {
                if verdict == crate::Verdict::Reject {
                    self.metrics.gossip_rejected.increment();
                }
                gossip.report_message_validation_result(&message_id(&id), &from, verdict.into());
            }
        }
    }
}
