//! A peer that speaks the protocol by hand, to break its rules.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use hotshot_libp2p::{Keypair, Multiaddr, PeerBinding, PeerId};
use libp2p::{Stream, StreamProtocol, SwarmBuilder, noise, swarm::SwarmEvent, tcp, yamux};
use libp2p_stream::{Control, IncomingStreams};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{CHAIN, within};

pub const AUTH: StreamProtocol = StreamProtocol::new("/asset-l2/auth/1");
pub const VOTE: StreamProtocol = StreamProtocol::new("/asset-l2/vote/1");
/// First byte of the handshake's replies.
pub const HELLO: u8 = 0;
pub const CONFIRM: u8 = 1;
pub const REFUSED: u8 = 2;

const PROPOSAL: StreamProtocol = StreamProtocol::new("/asset-l2/proposal/1");
const SYNC: StreamProtocol = StreamProtocol::new("/asset-l2/sync/1");

pub struct Raw {
    /// The vote streams that the other side opens.
    pub votes: IncomingStreams,
    _others: [IncomingStreams; 2],
    control: Control,
    remote: PeerId,
    closed: Option<oneshot::Receiver<()>>,
    task: JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Raw {
    /// Connects to `address`.
    pub async fn connect(identity: Keypair, address: Multiaddr) -> Self {
        let mut swarm = SwarmBuilder::with_existing_identity(identity)
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| libp2p_stream::Behaviour::new())
            .unwrap()
            .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(600)))
            .build();
        let mut control = swarm.behaviour().new_control();
        let votes = control.accept(VOTE).unwrap();
        let _others = [PROPOSAL, SYNC].map(|protocol| control.accept(protocol).unwrap());
        swarm.dial(address).unwrap();
        let remote = within("raw connection", async {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => break peer_id,
                    SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
                    _ => {}
                }
            }
        })
        .await;
        let (closing, closed) = oneshot::channel();
        let task = tokio::spawn(async move {
            while !matches!(
                swarm.select_next_some().await,
                SwarmEvent::ConnectionClosed { .. }
            ) {}
            let _ = closing.send(());
            std::future::pending::<()>().await;
        });
        Self {
            votes,
            _others,
            control,
            remote,
            closed: Some(closed),
            task,
        }
    }

    /// Opens a stream. `None` if the connection closes meanwhile.
    pub async fn try_open(&mut self, protocol: StreamProtocol) -> Option<Stream> {
        within("raw stream", self.control.open_stream(self.remote, protocol))
            .await
            .ok()
    }

    pub async fn open(&mut self, protocol: StreamProtocol) -> Stream {
        self.try_open(protocol).await.expect("an open connection")
    }

    /// Waits until the other side has closed the connection.
    pub async fn closed(&mut self) {
        let closed = self.closed.take().expect("asked once");
        within("the connection's end", closed).await.unwrap();
    }

    /// Greets; returns the other side's reply and the stream.
    pub async fn greet(&mut self, instance: u64, binding: &PeerBinding) -> (Vec<u8>, Stream) {
        let mut stream = self.open(AUTH).await;
        let hello = borsh::to_vec(&(1u8, CHAIN, instance, binding)).unwrap();
        write(&mut stream, &hello).await;
        let reply = read(&mut stream).await.expect("a reply");
        (reply, stream)
    }

    /// Completes an honest handshake.
    pub async fn authenticate(&mut self, instance: u64, binding: &PeerBinding) {
        let (reply, mut stream) = self.greet(instance, binding).await;
        assert_eq!(reply[0], HELLO, "refused: {reply:?}");
        write(&mut stream, &[CONFIRM]).await;
    }
}

pub async fn write(stream: &mut Stream, body: &[u8]) {
    let len = u32::try_from(body.len()).unwrap();
    stream.write_all(&len.to_le_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream.flush().await.unwrap();
}

/// The next frame with a body. `None` once the stream has ended in whatever way.
pub async fn read(stream: &mut Stream) -> Option<Vec<u8>> {
    within("a raw frame", async {
        loop {
            let mut len = [0; 4];
            stream.read_exact(&mut len).await.ok()?;
            let mut body = vec![0; u32::from_le_bytes(len) as usize];
            stream.read_exact(&mut body).await.ok()?;
            if !body.is_empty() {
                return Some(body);
            }
        }
    })
    .await
}
