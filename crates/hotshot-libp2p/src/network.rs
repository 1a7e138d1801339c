//! The engine's handle on the network.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use hotshot_engine::ports::{Incoming, Network, NetworkError, Priority, Target};
use hotshot_types::{NodeId, PublicKey};
use libp2p::{Multiaddr, PeerId};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Config, Fatal, Gossip, GossipMessage, Limits, Metrics, PeerAddress, PeerBinding,
    driver::{Driver, build, listen},
    gossip::topic,
    handshake::{Hello, Keys, Members},
    link::{Outlet, inbox},
    peers::Peers,
    queue::Queue,
};

/// Publications and verdicts that wait for the driver; then their callers wait.
const GOSSIP_COMMANDS: usize = 256;
/// Handshakes that wait for the driver; then they wait.
const ADMISSIONS: usize = 64;

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be used.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address asked for.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// A transport could not be made.
    #[error("transport: {0}")]
    Transport(String),
    /// Gossip's settings contradict each other.
    #[error("gossip: {0}")]
    Gossip(String),
    /// The binding was signed for another identity key.
    #[error("the binding names peer id {got}, the identity key has {expected}")]
    Binding {
        /// The peer id in the binding, in hexadecimal.
        got: String,
        /// Ours.
        expected: PeerId,
    },
}

/// The queues to all members: one for each class.
#[derive(Debug)]
pub struct Outboxes {
    limits: Arc<Limits>,
    queues: RwLock<BTreeMap<NodeId, [Arc<Queue>; 3]>>,
}

impl Outboxes {
    fn new(limits: Arc<Limits>) -> Self {
        let queues = RwLock::default();
        Self { limits, queues }
    }

    /// Keeps the queues of members that stay.
    fn set(&self, nodes: impl Iterator<Item = NodeId>) {
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::take(&mut *queues);
        let new = |class| Arc::new(Queue::new(self.limits.queue(class)));
        let make = || [new(Priority::Vote), new(Priority::Proposal), new(Priority::Sync)];
        *queues = nodes
            .map(|node| (node, old.get(&node).cloned().unwrap_or_else(make)))
            .collect();
    }

    /// One queue.
    pub fn queue(&self, node: &NodeId, class: Priority) -> Option<Arc<Queue>> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        queues.get(node).map(|queues| queues[class as usize].clone())
    }

    fn sent(&self) -> BTreeMap<NodeId, [u64; 3]> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let sent = |queues: &[Arc<Queue>; 3]| std::array::from_fn(|class| queues[class].sent.get());
        queues
            .iter()
            .map(|(node, queues)| (*node, sent(queues)))
            .collect()
    }

    /// Queues a frame; returns how many old ones were dropped for it.
    fn push(&self, target: Target, class: Priority, frame: &Arc<[u8]>) -> u64 {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let push = |queues: &[Arc<Queue>; 3]| queues[class as usize].push(frame.clone());
        match target {
            Target::Others => queues.values().map(push).sum(),
            Target::One(node) => queues.get(&node).map_or(1, push),
        }
    }
}

/// The network over libp2p. Stops when it is dropped.
#[derive(Debug)]
pub struct Libp2pNetwork {
    own: Option<NodeId>,
    peer_id: PeerId,
    limits: Arc<Limits>,
    hello: Option<watch::Sender<Hello>>,
    listed: watch::Sender<Vec<PeerAddress>>,
    members: Arc<Members>,
    outboxes: Arc<Outboxes>,
    outlet: Outlet,
    gossip: Gossip,
    metrics: Arc<Metrics>,
    connected: watch::Receiver<BTreeSet<NodeId>>,
    addresses: Vec<Multiaddr>,
    stop: CancellationToken,
    _guard: DropGuard,
}

/// The network's task, which its owner must watch.
#[derive(Debug)]
#[must_use = "the death of the network's task must end the process"]
pub struct Running(JoinHandle<Result<(), Fatal>>);

impl Running {
    /// Waits until the network has stopped.
    ///
    /// # Errors
    /// If it stopped by itself: this node cannot go on.
    pub async fn join(self) -> Result<(), Fatal> {
        self.0.await?
    }
}

/// What [`Libp2pNetwork::start`] gives.
#[derive(Debug)]
pub struct Started {
    /// The handle.
    pub network: Libp2pNetwork,
    /// Transactions and other public messages; each needs a [`crate::Verdict`].
    pub gossip_messages: mpsc::Receiver<GossipMessage>,
    /// The task to watch.
    pub running: Running,
}

impl Libp2pNetwork {
    /// Listens, and begins to connect. Without a `binding` (an observer's node) there is only gossip. `members` are those
    /// of all committees that may speak now.
    ///
    /// # Errors
    /// If an address cannot be used, or the configuration contradicts itself.
    pub async fn start(
        config: Config,
        binding: Option<PeerBinding>,
        members: impl IntoIterator<Item = (NodeId, PublicKey)>,
    ) -> Result<Started, StartError> {
        let peer_id = config.identity.public().to_peer_id();
        check_binding(binding.as_ref(), peer_id)?;
        let own = binding.as_ref().map(|b| b.node);
        let topic = topic(&config.chain_id);
        let mut swarm = build(&config, &topic)?;
        let (listeners, addresses) = listen(&mut swarm, &config.listen).await?;

        let limits = Arc::new(config.limits);
        let outboxes = Arc::new(Outboxes::new(limits.clone()));
        let (inbox, outlet) = inbox(limits.inbox_frames);
        let (gossip_tx, gossip_commands) = mpsc::channel(GOSSIP_COMMANDS);
        let (messages_tx, gossip_messages) = mpsc::channel(limits.gossip_inbox);
        let (connected_tx, connected) = watch::channel(BTreeSet::new());
        let stop = CancellationToken::new();
        let hello = binding.map(|binding| Hello::new(config.chain_id, rand::random(), binding));
        let network = Self {
            own,
            peer_id,
            limits: limits.clone(),
            hello: hello.map(watch::Sender::new),
            listed: watch::Sender::new(config.peers.clone()),
            members: Arc::new(Members::new()),
            outboxes: outboxes.clone(),
            outlet,
            gossip: Gossip {
                commands: gossip_tx,
                limit: limits.gossip_len,
            },
            metrics: Arc::new(Metrics::default()),
            connected,
            addresses,
            stop: stop.clone(),
            _guard: stop.clone().drop_guard(),
        };
        network.set_members(members);
        let driver = Driver {
            swarm,
            topic,
            listeners,
            own,
            hello: network.hello.as_ref().map(watch::Sender::subscribe),
            addresses: network.listed.subscribe(),
            members: network.members.clone(),
            peers: Peers::new(own.as_ref(), config.peers),
            connections: HashMap::new(),
            outboxes,
            inbox,
            limits,
            metrics: network.metrics.clone(),
            tasks: JoinSet::new(),
            admissions: mpsc::channel(ADMISSIONS),
            gossip_commands,
            gossip_messages: messages_tx,
            connected: connected_tx,
            stop,
        };
        tracing::info!(%peer_id, addresses = ?network.addresses, "network started");
        let running = Running(tokio::spawn(driver.run()));
        Ok(Started {
            network,
            gossip_messages,
            running,
        })
    }

    /// Replaces the members of the committees that may speak now. Sessions with others end. A member may stand there with more
    /// than one key.
    pub fn set_members(&self, members: impl IntoIterator<Item = (NodeId, PublicKey)>) {
        let mut keys = Keys::new();
        for (node, key) in members {
            let known = keys.entry(node).or_default();
            if !known.contains(&key) {
                known.push(key);
            }
        }
        self.outboxes
            .set(keys.keys().copied().filter(|node| Some(*node) != self.own));
        self.members.set(keys);
    }

    /// Replaces where other nodes are reached. Sessions go on.
    pub fn set_addresses(&self, addresses: Vec<PeerAddress>) {
        self.listed.send_replace(addresses);
    }

    /// From now on, this node shows itself with this binding, which another key of its has signed.
    ///
    /// # Errors
    /// The binding is not of this network's identity.
    pub fn set_binding(&self, binding: PeerBinding) -> Result<(), StartError> {
        let Some(hello) = &self.hello else { return Ok(()) };
        check_binding(Some(&binding), self.peer_id)?;
        hello.send_modify(|hello| hello.binding = binding);
        Ok(())
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// The members to which all streams are open, as they come and go.
    pub fn connected(&self) -> watch::Receiver<BTreeSet<NodeId>> {
        self.connected.clone()
    }

    /// The public gossip.
    pub const fn gossip(&self) -> &Gossip {
        &self.gossip
    }

    /// The counters.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Bytes of the frames handed to connections so far, by member and class; the classes are in the order of [`Priority`].
    pub fn sent(&self) -> BTreeMap<NodeId, [u64; 3]> {
        self.outboxes.sent()
    }

    /// Ends it: streams are ended in order, then [`Network::recv`] returns `None`.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

fn check_binding(binding: Option<&PeerBinding>, expected: PeerId) -> Result<(), StartError> {
    match binding {
        Some(binding) if binding.peer_id != expected.to_bytes() => {
            let got = binding.peer_id.iter().map(|b| format!("{b:02x}")).collect();
            Err(StartError::Binding { got, expected })
        }
        _ => Ok(()),
    }
}

impl Network for Libp2pNetwork {
    fn send(&self, target: Target, priority: Priority, bytes: Arc<[u8]>) -> Result<(), NetworkError> {
        if self.stop.is_cancelled() {
            return Err(NetworkError::Stopped);
        }
        let limit = self.limits.frame_len(priority);
        if bytes.len() > limit {
            return Err(NetworkError::TooLarge {
                got: bytes.len(),
                limit,
            });
        }
        let dropped = self.outboxes.push(target, priority, &bytes);
        self.metrics.class(priority).dropped.add(dropped);
        Ok(())
    }

    async fn recv(&self) -> Option<Incoming> {
        self.outlet.recv().await
    }
}
