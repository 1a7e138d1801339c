//! One connection's part of the behaviour: negotiates the stream protocols and hands the streams over.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use libp2p::{
    InboundUpgrade, Stream,
    core::{UpgradeInfo, upgrade::ReadyUpgrade},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, StreamProtocol, SubstreamProtocol,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use super::{Event, Purpose};

/// Streams that may wait to be opened or handed over on one connection. Far above what an honest peer causes (eight).
const MAX_QUEUED: usize = 32;

/// Whatever the other side may open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offered;

impl UpgradeInfo for Offered {
    type Info = StreamProtocol;
    type InfoIter = [StreamProtocol; 4];

    fn protocol_info(&self) -> Self::InfoIter {
        Purpose::ALL.map(Purpose::protocol)
    }
}

impl InboundUpgrade<Stream> for Offered {
    type Output = (Purpose, Stream);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        let purpose = Purpose::ALL.into_iter().find(|p| p.protocol() == protocol);
        ready(Ok((
            purpose.expect("only what was offered is negotiated"),
            stream,
        )))
    }
}

/// The handler of one connection.
#[derive(Default)]
pub struct Handler {
    queue: VecDeque<ConnectionHandlerEvent<ReadyUpgrade<StreamProtocol>, Purpose, Event>>,
}

impl Handler {
    /// Tells the behaviour. At the limit, a stream that the other side opened is dropped: it sees a reset.
    fn tell(&mut self, event: Event) {
        if self.queue.len() < MAX_QUEUED || !matches!(event, Event::Inbound(..)) {
            self.queue
                .push_back(ConnectionHandlerEvent::NotifyBehaviour(event));
        }
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Purpose;
    type ToBehaviour = Event;
    type InboundProtocol = Offered;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Purpose;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(Offered, ())
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        self.queue.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn on_behaviour_event(&mut self, purpose: Purpose) {
        let protocol = SubstreamProtocol::new(ReadyUpgrade::new(purpose.protocol()), purpose);
        // Our own wish: never dropped, and bounded by the driver, which asks for each stream once.
        self.queue
            .push_back(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        let event = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (purpose, stream),
                ..
            }) => Event::Inbound(purpose, stream),
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: stream,
                info: purpose,
            }) => Event::Outbound(purpose, stream),
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info: purpose, error }) => {
                Event::Failed(purpose, error.to_string())
            }
            _ => return,
        };
        self.tell(event);
    }
}
