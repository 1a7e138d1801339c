//! Listening for other validators, and connecting to them.

use std::sync::Arc;

use hotshot_libp2p::{Libp2pNetwork, Limits, PeerAddress, PeerBinding, PeerId, Started, identity_from_seed};
use hotshot_types::{Committee, Epochs, Height, NodeId, PublicKey};
use tokio::sync::watch;

use super::{
    NodeError,
    committees::{self, Follower},
    parts::Shared,
};
use crate::{
    application::committee_of,
    config::Config,
    genesis::Deployment,
    supervisor::{Stage, Supervisor},
};

/// Listens, and begins to connect.
pub(super) async fn start_network(config: &Config, shared: &Shared) -> Result<Started, NodeError> {
    let identity = identity_from_seed(*shared.keys.libp2p);
    let peer_id = identity.public().to_peer_id();
    let chain_id = shared.deployment.chain_id;
    let (head, node) = (shared.heads.newest(), shared.keys.node());
    let signer = committees::shown_with(&shared.keyring, node, head.state.roster());
    let binding = PeerBinding::sign(&*signer, &chain_id, node, &peer_id);
    let binding = binding.map_err(|error| NodeError::System {
        what: "peer binding",
        reason: error.to_string(),
    })?;
    let listen = &config.listen.p2p;
    let (members, peers) = known(shared)?;
    let network = hotshot_libp2p::Config {
        chain_id,
        identity,
        listen: vec![
            listen
                .parse()
                .map_err(|error| failed("listen_p2p", listen, format!("{error}")))?,
        ],
        peers,
        limits: Limits::default(),
    };
    let started = Libp2pNetwork::start(network, Some(binding), members).await;
    started.map_err(|error| failed("listen_p2p", listen, error.to_string()))
}

fn failed(what: &'static str, address: &str, reason: String) -> NodeError {
    NodeError::Listen {
        what,
        address: address.to_owned(),
        reason,
    }
}

type Known = (Vec<(NodeId, PublicKey)>, Vec<PeerAddress>);

/// Whom to let in, and where they are: by the roster, or by genesis if it has none.
fn known(shared: &Shared) -> Result<Known, NodeError> {
    let head = shared.heads.newest();
    let roster = head.state.roster();
    if !roster.is_empty() {
        return Ok((committees::members(roster), committees::addresses_of(roster)));
    }
    let members = shared.deployment.committee.members().iter();
    let members = members.map(|member| (member.node, member.key.clone()));
    let peers = shared.deployment.addresses.iter();
    let peers = peers.map(|(node, peer_id, address)| {
        let parsed = address.parse();
        let address = parsed.map_err(|error| failed("address of a member", address, format!("{error}")))?;
        let parsed = peer_id.parse::<PeerId>();
        let peer_id = parsed.map_err(|error| failed("peer id of a member", peer_id, format!("{error}")))?;
        Ok(PeerAddress {
            node: *node,
            address,
            peer_id: Some(peer_id),
        })
    });
    Ok((members.collect(), peers.collect::<Result<_, NodeError>>()?))
}

impl Deployment {
    /// How the chain is divided into epochs.
    pub(super) fn epochs(&self) -> Epochs {
        self.state.params().epochs
    }
}

impl Shared {
    /// Tells which committee serves. On a chain with epochs, it changes as blocks are decided, and the network with it.
    pub(super) fn follow_committees(
        &self,
        supervisor: &mut Supervisor,
        network: &Arc<Libp2pNetwork>,
    ) -> watch::Receiver<Committee> {
        let head = self.heads.newest();
        let (deployment, epochs) = (&self.deployment, self.deployment.epochs());
        let epoch = epochs.of(Height::new(head.header.height).next());
        let validators = head.state.roster().committee(epoch.get());
        let committee = validators.map_or_else(
            || deployment.committee.clone(),
            |validators| committee_of(&deployment.chain_id, epoch, validators),
        );
        let (serving, receiver) = watch::channel(committee);
        if epochs != Epochs::ENDLESS {
            let follower = Follower {
                node: self.keys.node(),
                peer_id: identity_from_seed(*self.keys.libp2p).public().to_peer_id(),
                chain_id: deployment.chain_id,
                epochs,
                heads: self.heads.clone(),
                network: Arc::clone(network),
                keyring: Arc::clone(&self.keyring),
                serving,
            };
            supervisor.run(Stage::Network, "committees", follower.run());
        }
        receiver
    }
}
