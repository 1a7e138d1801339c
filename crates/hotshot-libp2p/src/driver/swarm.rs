//! Builds the swarm: transports, behaviours, limits.

use std::{
    collections::HashSet,
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    time::Duration,
};

use futures::StreamExt;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder,
    connection_limits::{self, ConnectionLimits},
    core::transport::ListenerId,
    gossipsub,
    multiaddr::Protocol,
    noise,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};

use crate::{
    Config, StartError, direct,
    gossip::{self, Gossipsub},
};

/// Streams on one connection: eight are ours, two gossipsub's.
const MAX_STREAMS: usize = 64;
/// Inbound connections whose transport handshake is under way.
const MAX_PENDING: u32 = 64;
/// Connections of one peer: one in use, one running dry, one being made.
const MAX_PER_PEER: u32 = 4;
/// A connection that nobody uses is closed after this.
const IDLE: Duration = Duration::from_secs(60);

/// All behaviours. The first may refuse a connection before the others hear of it.
#[derive(NetworkBehaviour)]
pub struct Behaviour {
    limits: connection_limits::Behaviour,
    /// Our streams.
    pub direct: direct::Behaviour,
    /// Transactions.
    pub gossip: Gossipsub,
}

fn yamux_config() -> yamux::Config {
    // The receive window grows with the bandwidth measured, from 256 KiB, within 1 GiB for the connection.
    let mut config = yamux::Config::default();
    config.set_max_num_streams(MAX_STREAMS);
    config
}

/// The swarm, not listening yet.
pub fn build(config: &Config, topic: &gossipsub::IdentTopic) -> Result<Swarm<Behaviour>, StartError> {
    let limits = ConnectionLimits::default()
        .with_max_pending_incoming(Some(MAX_PENDING))
        .with_max_established_per_peer(Some(MAX_PER_PEER));
    let behaviour = Behaviour {
        limits: connection_limits::Behaviour::new(limits),
        direct: direct::Behaviour::new(config.limits.public_connections),
        gossip: gossip::behaviour(topic, config.limits.gossip_len)?,
    };
    let builder = SwarmBuilder::with_existing_identity(config.identity.clone())
        .with_tokio()
        .with_tcp(
            tcp::Config::default().nodelay(true),
            noise::Config::new,
            yamux_config,
        )
        .map_err(|e| StartError::Transport(e.to_string()))?
        .with_quic()
        .with_behaviour(|_| behaviour)
        .map_err(|e| StartError::Transport(e.to_string()))?
        .with_swarm_config(|c| {
            c.with_idle_connection_timeout(IDLE)
                .with_max_negotiating_inbound_streams(32)
        });
    Ok(builder.build())
}

/// Listens on all addresses, and waits until the system has told which ones these really are.
pub async fn listen(
    swarm: &mut Swarm<Behaviour>,
    addresses: &[Multiaddr],
) -> Result<(HashSet<ListenerId>, Vec<Multiaddr>), StartError> {
    let failed = |address: &Multiaddr, reason: String| StartError::Listen {
        address: address.clone(),
        reason,
    };
    let mut listeners = HashSet::new();
    let mut actual = Vec::new();
    for address in addresses {
        check_free(address).map_err(|e| failed(address, e.to_string()))?;
        let id = swarm
            .listen_on(address.clone())
            .map_err(|e| failed(address, e.to_string()))?;
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } if listener_id == id => {
                    actual.push(address);
                    break;
                }
                SwarmEvent::ListenerClosed {
                    listener_id, reason, ..
                } if listener_id == id => {
                    let reason = reason.map_or_else(|e| e.to_string(), |()| "closed".to_owned());
                    return Err(failed(address, reason));
                }
                _ => {}
            }
        }
        listeners.insert(id);
    }
    Ok((listeners, actual))
}

/// libp2p listens with `SO_REUSEPORT`: without this, two nodes that were given the same port would share it, and each
/// would lose half of its connections to the other.
fn check_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => IpAddr::V4(ip),
        Some(Protocol::Ip6(ip)) => IpAddr::V6(ip),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind(SocketAddr::new(ip, port)).map(drop),
        _ => Ok(()),
    }
}
