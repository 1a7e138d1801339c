//! Whom we are connected to, whom we try next, and when. Plain data: the driver brings the time and the dice.

use std::{collections::BTreeMap, time::Duration};

use hotshot_types::NodeId;
use libp2p::{PeerId, swarm::ConnectionId};
use tokio::time::Instant;

use crate::config::{Limits, PeerAddress};

/// The node with the larger id lets the other one dial first, so that two connections are rare.
const DEFERENCE: Duration = Duration::from_millis(200);

/// What is known of one other node.
#[derive(Debug)]
pub struct Peer {
    /// Where to dial it; none for a member that only dials us.
    pub address: Option<PeerAddress>,
    /// Its peer id: configured, or proven by a handshake.
    pub peer_id: Option<PeerId>,
    /// The connection that carries our session.
    pub current: Option<ConnectionId>,
    /// The connection that we are making.
    pub dialing: Option<ConnectionId>,
    /// When to try again.
    pub next_attempt: Option<Instant>,
    /// Shut out until then.
    pub banned_until: Option<Instant>,
    /// Whether there ever was a session.
    pub met: bool,
    attempts: u32,
    deference: Duration,
}

impl Peer {
    fn new(own: Option<&NodeId>, node: &NodeId, address: Option<PeerAddress>) -> Self {
        Self {
            peer_id: address.as_ref().and_then(|a| a.peer_id),
            address,
            current: None,
            dialing: None,
            next_attempt: None,
            banned_until: None,
            met: false,
            attempts: 0,
            deference: if own > Some(node) {
                DEFERENCE
            } else {
                Duration::ZERO
            },
        }
    }

    /// Whether it is shut out now.
    pub fn is_banned(&self, now: Instant) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }

    /// Plans the next attempt: later after each failure, spread by `dice` (0 to 1).
    pub fn schedule(&mut self, now: Instant, limits: &Limits, dice: f64) {
        let doubled = limits.backoff_min.saturating_mul(1 << self.attempts.min(16));
        let wait = doubled.min(limits.backoff_max).mul_f64(0.5 + dice / 2.0);
        self.attempts = self.attempts.saturating_add(1);
        let at = now + wait + self.deference;
        self.next_attempt = Some(self.banned_until.map_or(at, |until| at.max(until)));
    }

    /// Plans an attempt at once (after the other side's right to be first).
    pub fn schedule_now(&mut self, now: Instant) {
        let at = now + self.deference;
        self.next_attempt = Some(self.banned_until.map_or(at, |until| at.max(until)));
    }

    /// A session is up.
    pub fn connected(&mut self, connection: ConnectionId, peer_id: PeerId) {
        self.current = Some(connection);
        self.peer_id = Some(peer_id);
        self.attempts = 0;
        self.next_attempt = None;
        self.met = true;
    }

    /// Whether an attempt is due.
    pub fn is_due(&self, now: Instant) -> bool {
        self.current.is_none() && self.dialing.is_none() && self.next_attempt.is_some_and(|at| at <= now)
    }
}

/// All other nodes: those of the configured list and those of the committees.
#[derive(Debug, Default)]
pub struct Peers(BTreeMap<NodeId, Peer>);

impl Peers {
    /// The configured ones.
    pub fn new(own: Option<&NodeId>, addresses: Vec<PeerAddress>) -> Self {
        let others = addresses
            .into_iter()
            .map(|a| (a.node, a))
            .filter(|(node, _)| own != Some(node));
        Self(
            others
                .map(|(node, a)| (node, Peer::new(own, &node, Some(a))))
                .collect(),
        )
    }

    /// Replaces where nodes are reached; those that are new or have moved.
    pub fn set_addresses(&mut self, own: Option<&NodeId>, addresses: Vec<PeerAddress>) -> Vec<NodeId> {
        let mut listed: BTreeMap<_, _> = addresses.into_iter().map(|a| (a.node, a)).collect();
        listed.retain(|node, _| own != Some(node));
        for (node, peer) in &mut self.0 {
            if !listed.contains_key(node) {
                peer.address = None;
            }
        }
        let mut moved = Vec::new();
        for (node, address) in listed {
            let peer = self.0.entry(node).or_insert_with(|| Peer::new(own, &node, None));
            if peer.address.as_ref() != Some(&address) {
                peer.peer_id = address.peer_id;
                peer.address = Some(address);
                moved.push(node);
            }
        }
        moved
    }

    /// Adds members that are in no list: they may come to us. Forgets those that are neither listed nor members.
    pub fn set_members(&mut self, own: Option<&NodeId>, members: &[NodeId]) {
        self.0
            .retain(|node, peer| peer.address.is_some() || members.contains(node));
        for node in members.iter().filter(|node| own != Some(*node)) {
            self.0.entry(*node).or_insert_with(|| Peer::new(own, node, None));
        }
    }

    /// One of them.
    pub fn get_mut(&mut self, node: &NodeId) -> Option<&mut Peer> {
        self.0.get_mut(node)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&NodeId, &Peer)> {
        self.0.iter()
    }

    /// All of them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&NodeId, &mut Peer)> {
        self.0.iter_mut()
    }

    /// Those whose attempt is due.
    pub fn due(&self, now: Instant) -> Vec<NodeId> {
        self.0
            .iter()
            .filter(|(_, peer)| peer.is_due(now))
            .map(|(node, _)| *node)
            .collect()
    }

    /// When the next attempt is due.
    pub fn next_attempt(&self) -> Option<Instant> {
        let waiting = self
            .0
            .values()
            .filter(|p| p.current.is_none() && p.dialing.is_none());
        waiting.filter_map(|p| p.next_attempt).min()
    }

    /// Whoever was being dialled by this connection.
    pub fn dialed_by(&mut self, connection: ConnectionId) -> Option<(&NodeId, &mut Peer)> {
        self.0
            .iter_mut()
            .find(|(_, peer)| peer.dialing == Some(connection))
    }
}

/// What decides between two connections of the same two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The other node's process.
    pub instance: u64,
    /// Who dialled.
    pub dialer: NodeId,
    /// Since when it has been a session.
    pub since: Instant,
}

/// Two nodes that dial each other at the same moment are connected twice for less than this.
const SIMULTANEOUS: Duration = Duration::from_secs(5);

/// Which of an old and a new connection stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// The old one belonged to a process that is gone: close it at once.
    Replace,
    /// Both are alive: move over, let the old one run dry.
    MoveOver,
    /// The old one stays.
    Keep,
}

/// Both nodes come to the same answer: the connection made by the node with the smaller id stays, but only if the two
/// were made at the same time; otherwise whoever made the new one has lost the old one.
pub fn precedence(old: &Claim, new: &Claim) -> Precedence {
    if old.instance != new.instance {
        Precedence::Replace
    } else if new.since.saturating_duration_since(old.since) >= SIMULTANEOUS || new.dialer <= old.dialer {
        Precedence::MoveOver
    } else {
        Precedence::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId([1; 32]);
    const B: NodeId = NodeId([2; 32]);

    #[test]
    fn the_right_connection_stays() {
        let start = Instant::now();
        let claim = |instance, dialer, seconds| Claim {
            instance,
            dialer,
            since: start + Duration::from_secs(seconds),
        };
        let cases = [
            ("restarted", claim(1, A, 0), claim(2, B, 1), Precedence::Replace),
            (
                "both dialled, smaller is new",
                claim(1, B, 0),
                claim(1, A, 1),
                Precedence::MoveOver,
            ),
            (
                "both dialled, smaller is old",
                claim(1, A, 0),
                claim(1, B, 1),
                Precedence::Keep,
            ),
            (
                "same dialler",
                claim(1, B, 0),
                claim(1, B, 1),
                Precedence::MoveOver,
            ),
            (
                "old one lost",
                claim(1, A, 0),
                claim(1, B, 6),
                Precedence::MoveOver,
            ),
        ];
        for (name, old, new, expected) in cases {
            assert_eq!(precedence(&old, &new), expected, "{name}");
        }
    }

    #[test]
    fn whoever_comes_or_moves_is_told_and_whoever_goes_is_forgotten() {
        let at = |node, port: u16| PeerAddress {
            node,
            address: format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap(),
            peer_id: Some(PeerId::random()),
        };
        let (own, c) = (NodeId([9; 32]), NodeId([3; 32]));
        let (a, b) = (at(A, 1), at(B, 2));
        let mut peers = Peers::new(Some(&own), vec![a.clone(), b]);
        let (moved, came) = (at(B, 7), at(c, 3));
        let told = peers.set_addresses(Some(&own), vec![a, moved.clone(), came, at(own, 4)]);
        assert_eq!(told, [B, c]);
        assert_eq!(peers.get_mut(&B).unwrap().address, Some(moved.clone()));
        assert_eq!(peers.set_addresses(Some(&own), vec![moved]), []);
        peers.set_members(Some(&own), &[A, B]);
        let left: Vec<_> = peers
            .iter()
            .map(|(node, peer)| (*node, peer.address.is_some()))
            .collect();
        assert_eq!(
            left,
            [(A, false), (B, true)],
            "a member without an address may come by itself"
        );
    }

    #[test]
    fn attempts_back_off_with_a_limit_and_begin_again_after_success() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut peer = Peer::new(Some(&A), &B, None);
        let wait = |peer: &mut Peer, dice| {
            peer.schedule(now, &limits, dice);
            peer.next_attempt.unwrap() - now
        };
        let expected = [50, 100, 200, 400, 800, 1600, 2500, 2500].map(Duration::from_millis);
        assert_eq!(expected.map(|_| wait(&mut peer, 0.0)), expected);
        assert_eq!(wait(&mut peer, 1.0), Duration::from_secs(5));
        peer.connected(ConnectionId::new_unchecked(1), PeerId::random());
        assert_eq!(wait(&mut peer, 0.0), expected[0]);
    }

    #[test]
    fn the_larger_id_waits_and_nobody_dials_the_shut_out() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut peer = Peer::new(Some(&B), &A, None);
        peer.schedule_now(now);
        assert_eq!(peer.next_attempt, Some(now + DEFERENCE));
        peer.banned_until = Some(now + limits.penalty);
        peer.schedule(now, &limits, 0.0);
        assert_eq!(peer.next_attempt, Some(now + limits.penalty));
        assert!(peer.is_banned(now) && !peer.is_banned(now + limits.penalty));
    }
}
