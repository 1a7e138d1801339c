//! What the driver keeps of one connection, and of the session that it may carry.

use hotshot_engine::ports::Priority;
use hotshot_types::NodeId;
use libp2p::PeerId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::peers::Claim;

/// A connection. Public, until a handshake gives it a session.
#[derive(Debug)]
pub struct Connection {
    /// Who is at the other end, as the transport's own handshake proved.
    pub peer: PeerId,
    /// Whom we meant to reach, if we dialled.
    pub dialed: Option<NodeId>,
    /// Whether we dialled.
    pub outbound: bool,
    /// Our handshake is under way.
    pub opening: bool,
    /// The other side's handshake is under way.
    pub accepting: bool,
    /// It showed a forged signature: no further handshake costs us a pairing.
    pub barred: bool,
    /// Streams that it was not entitled to open.
    pub refused: u32,
    /// Ends with the connection.
    pub cancel: CancellationToken,
    /// A member's streams.
    pub session: Option<Session>,
}

impl Connection {
    /// A new, public one.
    pub fn new(peer: PeerId, dialed: Option<NodeId>, outbound: bool) -> Self {
        Self {
            peer,
            dialed,
            outbound,
            opening: false,
            accepting: false,
            barred: false,
            refused: 0,
            cancel: CancellationToken::new(),
            session: None,
        }
    }

    /// The handshake flag of one side.
    pub const fn handshake(&mut self, opener: bool) -> &mut bool {
        if opener {
            &mut self.opening
        } else {
            &mut self.accepting
        }
    }
}

/// An authenticated member's use of a connection.
#[derive(Debug)]
pub struct Session {
    /// The member.
    pub node: NodeId,
    /// What decides against another session of the same member.
    pub claim: Claim,
    /// The handshake is complete on both sides: we send here.
    pub promoted: bool,
    /// Our streams that are open.
    pub writers: usize,
    /// Tasks that still run.
    pub tasks: usize,
    /// Tells the writers to finish.
    pub stop_writers: CancellationToken,
    /// Ends all tasks.
    pub cancel: CancellationToken,
    /// It runs dry, until then at the latest.
    pub deadline: Option<Instant>,
    readers: [Option<CancellationToken>; 3],
}

impl Session {
    /// Admitted, not promoted yet.
    pub fn new(node: NodeId, claim: Claim, connection: &CancellationToken) -> Self {
        let cancel = connection.child_token();
        Self {
            node,
            claim,
            promoted: false,
            writers: 0,
            tasks: 0,
            stop_writers: cancel.child_token(),
            cancel,
            deadline: None,
            readers: [None, None, None],
        }
    }

    /// Whether everything can be sent.
    pub const fn is_open(&self) -> bool {
        self.promoted && self.deadline.is_none() && self.writers == 3
    }

    /// A token for a new reader of a class: the reader of an earlier stream of the class ends.
    pub fn reader(&mut self, class: Priority) -> CancellationToken {
        let token = self.cancel.child_token();
        if let Some(old) = self.readers[class as usize].replace(token.clone()) {
            old.cancel();
        }
        token
    }
}
