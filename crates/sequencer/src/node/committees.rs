//! Which committee serves, and whom the network lets in, as blocks are decided.
//!
//! The network lets in whoever is on the roster or in a committee that is fixed, with any of the keys that these have for it:
//! members of the next committee are connected before their epoch begins, whoever has left may follow a while, and a
//! validator without stake always.

use std::sync::Arc;

use assetvm::{Roster, Validator};
use hotshot_libp2p::{Libp2pNetwork, PeerAddress, PeerBinding, PeerId};
use hotshot_types::{Committee, Epochs, Height, NodeId, PublicKey};
use rollup_abi::Digest;
use tokio::sync::watch;

use super::keyring::Keyring;
use crate::{
    application::{Branch, Heads, committee_of, key_of},
    keystore::FileSigner,
};

/// Follows the roster.
pub struct Follower {
    pub node: NodeId,
    pub peer_id: PeerId,
    pub chain_id: Digest,
    pub epochs: Epochs,
    pub heads: Heads,
    pub network: Arc<Libp2pNetwork>,
    pub keyring: Arc<Keyring>,
    /// The committee that serves.
    pub serving: watch::Sender<Committee>,
}

impl Follower {
    /// Follows for ever.
    pub async fn run(self) {
        let mut known: Option<Arc<Roster>> = None;
        loop {
            let head = self.heads.newest();
            let roster = head.state.roster();
            if known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, roster)) {
                self.let_in(roster);
                self.show(roster);
                known = Some(Arc::clone(roster));
            }
            self.seat(&head);
            self.heads.reached(head.header.height.saturating_add(1)).await;
        }
    }

    fn let_in(&self, roster: &Roster) {
        let others = everybody(roster).filter(|validator| NodeId(*validator.node.as_bytes()) != self.node);
        self.network.set_addresses(addresses(others));
        self.network.set_members(members(roster));
    }

    /// Shows this node with the key that others expect.
    fn show(&self, roster: &Roster) {
        let signer = shown_with(&self.keyring, self.node, roster);
        let binding = PeerBinding::sign(&*signer, &self.chain_id, self.node, &self.peer_id);
        let shown = binding.map(|binding| self.network.set_binding(binding));
        if !matches!(shown, Ok(Ok(()))) {
            tracing::error!(?shown, "this node cannot show itself with its key");
        }
    }

    fn seat(&self, head: &Branch) {
        let epoch = self.epochs.of(Height::new(head.header.height).next());
        if self.serving.borrow().epoch() == epoch {
            return;
        }
        if let Some(validators) = head.state.roster().committee(epoch.get()) {
            let committee = committee_of(&self.chain_id, epoch, validators);
            let member = committee.index_of(&self.node).is_some();
            tracing::info!(%epoch, members = committee.members().len(), member, "a committee serves");
            self.serving.send_replace(committee);
        }
    }
}

/// The signer of the key that the roster has for this node; of its first one if it is not there, or that key not here.
pub fn shown_with(keyring: &Keyring, node: NodeId, roster: &Roster) -> Arc<FileSigner> {
    let own = everybody(roster).find(|validator| NodeId(*validator.node.as_bytes()) == node);
    let Some(key) = own.map(key_of) else {
        return keyring.first();
    };
    if let Err(error) = keyring.look_for(&key) {
        tracing::error!(%error, "the next key cannot be read");
    }
    keyring.signer(&key).unwrap_or_else(|| {
        tracing::error!(%key, "the roster has a key for this node that it does not hold");
        keyring.first()
    })
}

/// Everybody on the roster, then those of the committees, the latest first: of one node, the first entry is the newest.
fn everybody(roster: &Roster) -> impl Iterator<Item = &Validator> {
    let seated = roster.committees.iter().rev().flat_map(|seats| &seats.validators);
    roster.validators.iter().chain(seated)
}

/// All members with all of their keys.
pub fn members(roster: &Roster) -> Vec<(NodeId, PublicKey)> {
    let mut members: Vec<(NodeId, PublicKey)> = Vec::new();
    for validator in everybody(roster) {
        let node = NodeId(*validator.node.as_bytes());
        let is_known = |(of, key): &(NodeId, PublicKey)| *of == node && key.to_bytes() == validator.key;
        if !members.iter().any(is_known) {
            members.push((node, key_of(validator)));
        }
    }
    members
}

/// Where they are reached; of one node, the first entry counts.
fn addresses<'a>(validators: impl Iterator<Item = &'a Validator>) -> Vec<PeerAddress> {
    let mut addresses: Vec<PeerAddress> = Vec::new();
    for validator in validators {
        let node = NodeId(*validator.node.as_bytes());
        if addresses.iter().any(|known| known.node == node) {
            continue;
        }
        match PeerAddress::parse(node, validator.address.as_str()) {
            Ok(address) => addresses.push(address),
            Err(error) => tracing::warn!(%node, %error, "it has to dial us"),
        }
    }
    addresses
}

/// Where the members of a roster are reached.
pub fn addresses_of(roster: &Roster) -> Vec<PeerAddress> {
    addresses(everybody(roster))
}
