//! The libp2p behaviour that opens and accepts our streams, and says on which connection.
//!
//! `libp2p-stream` does nearly the same, but hides the connection behind the peer id (a node that restarts with the same
//! identity would get streams on its dead connection), drops an inbound stream when its one-place channel is full, and
//! keeps a sender for every connection that ever was.

mod handler;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, ListenFailure, NetworkBehaviour,
        NotifyHandler, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
};

use handler::Handler;
use hotshot_engine::ports::Priority;

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The handshake that binds a peer id to a committee member.
    Auth,
    /// Frames of one class, in one direction: from whoever opened it.
    Frames(Priority),
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Auth,
        Self::Frames(Priority::Vote),
        Self::Frames(Priority::Proposal),
        Self::Frames(Priority::Sync),
    ];

    /// The protocol's name on the wire.
    pub const fn protocol(self) -> StreamProtocol {
        StreamProtocol::new(match self {
            Self::Auth => "/asset-l2/auth/1",
            Self::Frames(Priority::Vote) => "/asset-l2/vote/1",
            Self::Frames(Priority::Proposal) => "/asset-l2/proposal/1",
            Self::Frames(Priority::Sync) => "/asset-l2/sync/1",
        })
    }
}

/// What happened on a connection.
#[derive(Debug)]
pub enum Event {
    /// The other side opened a stream.
    Inbound(Purpose, Stream),
    /// A stream that we asked for is open.
    Outbound(Purpose, Stream),
    /// A stream that we asked for could not be opened.
    Failed(Purpose, String),
}

/// Too many connections of nodes that are not known members.
#[derive(Debug, thiserror::Error)]
#[error("{limit} public connections are open already")]
pub struct PublicFull {
    limit: usize,
}

/// The behaviour.
pub struct Behaviour {
    limit: usize,
    members: HashSet<PeerId>,
    public: HashMap<ConnectionId, PeerId>,
    queue: VecDeque<ToSwarm<(ConnectionId, Event), Purpose>>,
}

impl Behaviour {
    /// Accepts at most `limit` connections from peers that are not known members.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            members: HashSet::new(),
            public: HashMap::new(),
            queue: VecDeque::new(),
        }
    }

    /// Replaces the set of peers that always get a connection.
    pub fn set_members(&mut self, members: HashSet<PeerId>) {
        self.public.retain(|_, peer| !members.contains(peer));
        self.members = members;
    }

    /// Asks for a stream on one connection; an [`Event`] tells the outcome, unless the connection closes first.
    pub fn open(&mut self, peer: PeerId, connection: ConnectionId, purpose: Purpose) {
        let handler = NotifyHandler::One(connection);
        self.queue.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler,
            event: purpose,
        });
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = (ConnectionId, Event);

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            if self.public.len() >= self.limit {
                return Err(ConnectionDenied::new(PublicFull { limit: self.limit }));
            }
            self.public.insert(connection, peer);
        }
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, event: FromSwarm) {
        if let FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. })
        | FromSwarm::ListenFailure(ListenFailure { connection_id, .. }) = event
        {
            self.public.remove(&connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.queue.push_back(ToSwarm::GenerateEvent((connection, event)));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.queue.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
