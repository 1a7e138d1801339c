//! Sessions: from a handshake's question to the end of the last stream.

use std::{collections::BTreeSet, time::Duration};

use futures::FutureExt;
use hotshot_engine::ports::Priority;
use hotshot_types::NodeId;
use libp2p::{Stream, swarm::ConnectionId};
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Admission, Driver, End, EndOf, direct, direct::Purpose};
use crate::{
    frame::ReadError,
    gossip::MEMBER_SCORE,
    handshake::{Admit, Handshake},
    link::Link,
    metrics::HandshakeFailure,
    peers::{Claim, Precedence, precedence},
    session::Session,
};

/// How long the old one of two connections may take to run dry.
const DRYING: Duration = Duration::from_secs(3);
/// Streams refused on one connection before it is closed.
const MAX_REFUSED: u32 = 32;
const CLASSES: [Priority; 3] = [Priority::Vote, Priority::Proposal, Priority::Sync];

impl Driver {
    pub(super) fn on_stream(&mut self, connection: ConnectionId, event: direct::Event) {
        match event {
            direct::Event::Inbound(Purpose::Auth, stream) => self.handshake(connection, stream, false),
            direct::Event::Outbound(Purpose::Auth, stream) => self.handshake(connection, stream, true),
            direct::Event::Inbound(Purpose::Frames(class), stream) => self.reader(connection, class, stream),
            direct::Event::Outbound(Purpose::Frames(class), stream) => self.writer(connection, class, stream),
            direct::Event::Failed(Purpose::Auth, reason) => {
                tracing::debug!(%connection, reason, "no handshake");
                self.on_handshake_end(connection, true, Err(HandshakeFailure::Io));
            }
            direct::Event::Failed(Purpose::Frames(class), reason) => {
                tracing::debug!(%connection, ?class, reason, "no stream");
                self.close(connection);
            }
        }
    }

    fn handshake(&mut self, id: ConnectionId, stream: Stream, opener: bool) {
        let local = self.hello.as_ref().map(|hello| hello.borrow().clone());
        let (Some(local), Some(connection)) = (local, self.connections.get_mut(&id)) else {
            return;
        };
        // One at a time: whoever opens more of them sees them reset.
        if !opener && (connection.barred || std::mem::replace(&mut connection.accepting, true)) {
            return self.refuse(id);
        }
        let admissions = self.admissions.0.clone();
        let admit: Admit = Box::new(move |node, instance| {
            let admissions = admissions.clone();
            async move {
                let (reply, answer) = oneshot::channel();
                let admission = Admission {
                    connection: id,
                    node,
                    instance,
                    reply,
                };
                admissions
                    .send(admission)
                    .await
                    .map_err(|_| HandshakeFailure::Io)?;
                answer.await.unwrap_or(Err(HandshakeFailure::Io))
            }
            .boxed()
        });
        let handshake = Handshake {
            local,
            members: self.members.clone(),
            peer: connection.peer,
            admit,
        };
        let cancel = connection.cancel.clone();
        self.spawn(id, cancel, async move {
            End::Handshake {
                opener,
                result: handshake.run(stream, opener).await,
            }
        });
    }

    /// A verified member asks for a session on this connection.
    pub(super) fn admit(
        &mut self,
        id: ConnectionId,
        node: NodeId,
        instance: u64,
    ) -> Result<(), HandshakeFailure> {
        let own = self.own.ok_or(HandshakeFailure::Io)?;
        if own == node {
            tracing::error!(%node, "another process runs with our consensus key");
            return Err(HandshakeFailure::Duplicate);
        }
        if !self.members.contains(&node) {
            return Err(HandshakeFailure::NotMember);
        }
        let now = Instant::now();
        let peer = self.peers.get_mut(&node).ok_or(HandshakeFailure::NotMember)?;
        if peer.is_banned(now) {
            return Err(HandshakeFailure::Banned);
        }
        let current = peer.current;
        let expected = peer.address.as_ref().and_then(|a| a.peer_id);
        let connection = self.connections.get(&id).ok_or(HandshakeFailure::Io)?;
        if expected.is_some_and(|expected| expected != connection.peer) {
            return Err(HandshakeFailure::PeerId);
        }
        if let Some(session) = &connection.session {
            return if session.node == node {
                Ok(())
            } else {
                Err(HandshakeFailure::Duplicate)
            };
        }
        let claim = Claim {
            instance,
            dialer: if connection.outbound { own } else { node },
            since: now,
        };
        let old = current.and_then(|id| self.connections.get(&id)?.session.as_ref());
        if old.is_some_and(|old| precedence(&old.claim, &claim) == Precedence::Keep) {
            return Err(HandshakeFailure::Duplicate);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.session = Some(Session::new(node, claim, &connection.cancel));
        }
        Ok(())
    }

    fn on_handshake_end(&mut self, id: ConnectionId, opener: bool, result: Result<(), HandshakeFailure>) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        *connection.handshake(opener) = false;
        let Err(failure) = result else {
            return self.promote(id);
        };
        self.metrics.handshake_failures(failure).increment();
        tracing::debug!(connection = %id, reason = failure.label(), "handshake failed");
        connection.barred |= failure == HandshakeFailure::Signature;
        if connection.session.as_ref().is_some_and(|s| !s.promoted)
            && let Some(session) = connection.session.take()
        {
            session.cancel.cancel();
        }
        if failure == HandshakeFailure::Duplicate {
            self.close(id);
        } else {
            self.try_again(id);
        }
    }

    /// Both sides know each other: this connection is the one to send on.
    fn promote(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let peer_id = connection.peer;
        let Some(session) = connection.session.as_mut() else {
            return self.try_again(id);
        };
        if std::mem::replace(&mut session.promoted, true) {
            return;
        }
        let (node, claim) = (session.node, session.claim);
        let Some(peer) = self.peers.get_mut(&node) else {
            return self.close(id);
        };
        let (met, current) = (peer.met, peer.current);
        let old = current.and_then(|old| Some((old, self.connections.get(&old)?.session.as_ref()?.claim)));
        match old.map(|(old, claim_of_old)| (old, precedence(&claim_of_old, &claim))) {
            Some((_, Precedence::Keep)) => return self.close(id),
            // The old one serves until everything is open here.
            Some((_, Precedence::MoveOver)) => {}
            Some((old, Precedence::Replace)) => {
                self.close(old);
                self.take_over(id);
            }
            None => self.take_over(id),
        }
        let again = met && old.is_none_or(|(_, old)| old.instance != claim.instance);
        if again {
            self.metrics.reconnects.increment();
        }
        tracing::info!(peer = %node, connection = %id, again, "member authenticated");
        let behaviour = self.swarm.behaviour_mut();
        for class in CLASSES {
            behaviour.direct.open(peer_id, id, Purpose::Frames(class));
        }
        behaviour.gossip.set_application_score(&peer_id, MEMBER_SCORE);
        self.protect_members();
    }

    /// From now on this is the connection that counts; another one runs dry.
    fn take_over(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (peer_id, session) = (connection.peer, connection.session.as_ref());
        let Some(peer) = session.and_then(|s| self.peers.get_mut(&s.node)) else {
            return;
        };
        let old = peer.current.filter(|old| *old != id);
        peer.connected(id, peer_id);
        if let Some(old) = old {
            self.retire(old);
        }
    }

    fn link(&self, node: NodeId, class: Priority) -> Link {
        Link {
            node,
            class,
            limits: self.limits.clone(),
            metrics: self.metrics.clone(),
        }
    }

    fn writer(&mut self, id: ConnectionId, class: Priority, stream: Stream) {
        let Some(session) = self.session_mut(id) else {
            return;
        };
        if session.deadline.is_some() {
            return;
        }
        session.writers += 1;
        session.tasks += 1;
        let (node, all_open) = (session.node, session.is_open());
        let (stop, cancel) = (session.stop_writers.clone(), session.cancel.clone());
        let Some(queue) = self.outboxes.queue(&node, class) else {
            return self.close(id);
        };
        let link = self.link(node, class);
        self.spawn(id, cancel, async move {
            End::Writer(link.write(stream, queue, stop).await)
        });
        if all_open {
            self.take_over(id);
            self.tell_connected();
        }
    }

    /// Accepts a member's stream. A stream on any other connection is dropped, which resets it.
    fn reader(&mut self, id: ConnectionId, class: Priority, stream: Stream) {
        let Some(session) = self.session_mut(id) else {
            return self.refuse(id);
        };
        session.tasks += 1;
        let (node, cancel) = (session.node, session.reader(class));
        let (link, inbox) = (self.link(node, class), self.inbox.sender(class));
        self.spawn(
            id,
            cancel,
            async move { End::Reader(link.read(stream, inbox).await) },
        );
    }

    /// A stream came that may not be opened. Nobody honest opens many of these.
    fn refuse(&mut self, id: ConnectionId) {
        self.metrics.streams_refused.increment();
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.refused += 1;
        if connection.refused >= MAX_REFUSED {
            self.close(id);
        }
    }

    fn session_mut(&mut self, id: ConnectionId) -> Option<&mut Session> {
        self.connections.get_mut(&id)?.session.as_mut()
    }

    fn spawn(
        &mut self,
        id: ConnectionId,
        cancel: CancellationToken,
        task: impl Future<Output = End> + Send + 'static,
    ) {
        self.tasks.spawn(async move {
            let end = cancel.run_until_cancelled(task).await;
            (id, EndOf(end.unwrap_or(End::Cancelled)))
        });
    }

    pub(super) fn on_task_end(&mut self, id: ConnectionId, end: End) {
        let (result, reader_ended) = match end {
            End::Handshake { opener, result } => return self.on_handshake_end(id, opener, result),
            End::Reader(result) => (result, true),
            End::Writer(result) => (result, false),
            End::Cancelled => (Ok(()), false),
        };
        let Some(session) = self.session_mut(id) else {
            return;
        };
        session.tasks = session.tasks.saturating_sub(1);
        let (node, done) = (session.node, session.tasks == 0 && session.deadline.is_some());
        match result {
            Err(ReadError::TooLarge { got, limit }) => self.penalise(node, got, limit),
            Err(error) => {
                tracing::debug!(peer = %node, %error, "stream broke");
                self.close(id);
            }
            Ok(()) if done => self.close(id),
            // The other side ended its stream in order: it moves to another connection, or stops.
            Ok(()) if reader_ended => self.retire(id),
            Ok(()) => {}
        }
    }

    /// Lets a session run dry: we send no more there, but read what still comes.
    fn retire(&mut self, id: ConnectionId) {
        let Some(session) = self.session_mut(id) else {
            return;
        };
        if session.deadline.is_some() {
            return;
        }
        session.stop_writers.cancel();
        session.deadline = Some(Instant::now() + DRYING);
        let empty = session.tasks == 0;
        self.release(id);
        if empty {
            self.close(id);
        }
    }

    /// Ends a connection and all that runs on it.
    pub(super) fn close(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id) {
            connection.cancel.cancel();
        }
        self.release(id);
        self.swarm.close_connection(id);
    }

    /// The connection is no longer the one that we send on.
    fn release(&mut self, id: ConnectionId) {
        let dice = rand::random();
        let Some(node) = self.session_mut(id).map(|session| session.node) else {
            return;
        };
        let Some(peer) = self.peers.get_mut(&node).filter(|peer| peer.current == Some(id)) else {
            return;
        };
        peer.current = None;
        peer.schedule(Instant::now(), &self.limits, dice);
        self.tell_connected();
    }

    /// The swarm has closed a connection.
    pub(super) fn on_closed(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get(&id) {
            connection.cancel.cancel();
        }
        self.release(id);
        self.try_again(id);
        self.connections.remove(&id);
        self.metrics.connections.set(self.connections.len());
    }

    /// Plans another attempt at the node behind a connection, unless it has a session or an attempt runs.
    fn try_again(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (dialed, peer_id) = (connection.dialed, connection.peer);
        let (now, limits) = (Instant::now(), &self.limits);
        let behind = |node: &NodeId, peer: Option<_>| dialed == Some(*node) || peer == Some(peer_id);
        for (_, peer) in self
            .peers
            .iter_mut()
            .filter(|(node, peer)| behind(node, peer.peer_id))
        {
            if peer.current.is_none() && peer.dialing.is_none() && peer.next_attempt.is_none() {
                peer.schedule(now, limits, rand::random());
            }
        }
    }

    /// Shuts a member out for a while: no honest node sends such a frame.
    fn penalise(&mut self, node: NodeId, got: usize, limit: usize) {
        tracing::warn!(peer = %node, got, limit, "frame over the limit; member shut out for a while");
        self.metrics.penalties.increment();
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.banned_until = Some(Instant::now() + self.limits.penalty);
        }
        let its = |c: &crate::session::Connection| c.session.as_ref().is_some_and(|s| s.node == node);
        let its: Vec<_> = self
            .connections
            .iter()
            .filter(|(_, c)| its(c))
            .map(|(id, _)| *id)
            .collect();
        for id in its {
            self.close(id);
        }
    }

    fn tell_connected(&self) {
        let open = |id: ConnectionId| {
            let session = self.connections.get(&id).and_then(|c| c.session.as_ref());
            session.is_some_and(Session::is_open)
        };
        let peers = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.current.is_some_and(open));
        let connected: BTreeSet<NodeId> = peers.map(|(node, _)| *node).collect();
        self.metrics.connected_members.set(connected.len());
        self.connected.send_if_modified(|old| {
            let changed = *old != connected;
            *old = connected;
            changed
        });
    }
}
