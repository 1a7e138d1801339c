//! The handshake on its own stream, after which both sides know which member the other one is.
//!
//! ```text
//! opener ──Hello──▶ accepter      checks, admits the opener's streams
//! opener ◀──Hello── accepter      (or Refused(reason))
//! opener checks, admits the accepter's streams
//! opener ──Confirm─▶ accepter     (or Refused(reason)); both open their own streams now
//! ```
//!
//! Each side admits before it speaks, so a stream never arrives before its session exists.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use borsh::{BorshDeserialize, BorshSerialize};
use futures::{AsyncWriteExt, future::BoxFuture};
use hotshot_types::{NodeId, PublicKey};
use libp2p::{PeerId, Stream};
use rollup_abi::Digest;
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::timeout,
};

use crate::{PeerBinding, binding::MAX_PEER_ID, frame, metrics::HandshakeFailure};

/// Version of the handshake and of the frames.
const VERSION: u8 = 1;
/// Largest message of the handshake; a greeting has about 220 bytes.
const MAX_LEN: usize = 512;
/// How long a whole handshake may take, and each wait in it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each side says of itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Hello {
    version: u8,
    chain_id: Digest,
    /// Drawn at the process's start: tells a restarted node from a second connection of a running one.
    pub instance: u64,
    /// Who it is.
    pub binding: PeerBinding,
}

impl Hello {
    /// Our greeting.
    pub const fn new(chain_id: Digest, instance: u64, binding: PeerBinding) -> Self {
        Self {
            version: VERSION,
            chain_id,
            instance,
            binding,
        }
    }
}

#[derive(BorshSerialize, BorshDeserialize)]
enum Reply {
    Hello(Hello),
    Confirm,
    /// The reason, as the value of a [`HandshakeFailure`]: for the other side's log only.
    Refused(u8),
}

/// The members, and the keys of each: more than one while a rotated key takes over.
pub type Keys = BTreeMap<NodeId, Vec<PublicKey>>;

/// Who may have a session: the members of the current committees, and their keys.
#[derive(Debug)]
pub struct Members {
    keys: watch::Sender<Keys>,
    /// One signature is checked at a time, so that strangers cannot take more than one core.
    checking: Semaphore,
}

impl Members {
    /// Knows nobody yet.
    pub fn new() -> Self {
        Self {
            keys: watch::Sender::new(Keys::new()),
            checking: Semaphore::new(1),
        }
    }

    /// Replaces them.
    pub fn set(&self, keys: Keys) {
        self.keys.send_replace(keys);
    }

    /// Tells of each replacement.
    pub fn changes(&self) -> watch::Receiver<Keys> {
        self.keys.subscribe()
    }

    /// The keys of a member.
    pub fn keys(&self, node: &NodeId) -> Option<Vec<PublicKey>> {
        self.keys.borrow().get(node).cloned()
    }

    /// Whether a node is a member.
    pub fn contains(&self, node: &NodeId) -> bool {
        self.keys.borrow().contains_key(node)
    }
}

/// Asks the driver to admit a verified member's streams; it answers why not.
pub type Admit = Box<dyn Fn(NodeId, u64) -> BoxFuture<'static, Result<(), HandshakeFailure>> + Send + Sync>;

/// One handshake.
pub struct Handshake {
    /// Our greeting.
    pub local: Hello,
    /// Who may.
    pub members: Arc<Members>,
    /// Whom the connection proves to be there.
    pub peer: PeerId,
    /// The driver's word.
    pub admit: Admit,
}

impl Handshake {
    /// Runs our side of it.
    ///
    /// # Errors
    /// Why there is no session.
    pub async fn run(self, mut stream: Stream, opener: bool) -> Result<(), HandshakeFailure> {
        let run = async {
            if opener {
                self.open(&mut stream).await
            } else {
                self.accept(&mut stream).await
            }?;
            stream.close().await.map_err(|_| HandshakeFailure::Io)
        };
        timeout(PATIENCE, run).await.unwrap_or(Err(HandshakeFailure::Io))
    }

    async fn open(&self, stream: &mut Stream) -> Result<(), HandshakeFailure> {
        write(stream, &self.local).await?;
        let hello = match read(stream).await? {
            Reply::Hello(hello) => hello,
            Reply::Confirm => return Err(HandshakeFailure::Malformed),
            Reply::Refused(reason) => return Err(refused(self.peer, reason)),
        };
        self.judge(stream, &hello).await?;
        write(stream, &Reply::Confirm).await
    }

    async fn accept(&self, stream: &mut Stream) -> Result<(), HandshakeFailure> {
        let hello: Hello = read(stream).await?;
        self.judge(stream, &hello).await?;
        write(stream, &Reply::Hello(self.local.clone())).await?;
        match read(stream).await? {
            Reply::Confirm => Ok(()),
            Reply::Hello(_) => Err(HandshakeFailure::Malformed),
            Reply::Refused(reason) => Err(refused(self.peer, reason)),
        }
    }

    /// Checks and admits the other side, or tells it why not.
    async fn judge(&self, stream: &mut Stream, hello: &Hello) -> Result<(), HandshakeFailure> {
        let judged = match self.check(hello).await {
            Ok(()) => (self.admit)(hello.binding.node, hello.instance).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = judged {
            write(stream, &Reply::Refused(failure as u8)).await?;
            stream.close().await.map_err(|_| HandshakeFailure::Io)?;
            return Err(failure);
        }
        Ok(())
    }

    /// Cheap checks first: only a member's name under the connection's own peer id costs pairings, one for each
    /// of its keys.
    async fn check(&self, hello: &Hello) -> Result<(), HandshakeFailure> {
        if hello.version != VERSION {
            return Err(HandshakeFailure::Version);
        }
        if hello.chain_id != self.local.chain_id {
            return Err(HandshakeFailure::Chain);
        }
        let binding = hello.binding.clone();
        if binding.peer_id.len() > MAX_PEER_ID || binding.peer_id != self.peer.to_bytes() {
            return Err(HandshakeFailure::PeerId);
        }
        let keys = self
            .members
            .keys(&binding.node)
            .ok_or(HandshakeFailure::NotMember)?;
        let chain_id = self.local.chain_id;
        let _permit = self
            .members
            .checking
            .acquire()
            .await
            .map_err(|_| HandshakeFailure::Io)?;
        let signed = spawn_blocking(move || keys.iter().any(|key| binding.verify(&chain_id, key))).await;
        match signed {
            Ok(true) => Ok(()),
            Ok(false) => Err(HandshakeFailure::Signature),
            Err(_) => Err(HandshakeFailure::Io),
        }
    }
}

fn refused(peer: PeerId, reason: u8) -> HandshakeFailure {
    let reason = HandshakeFailure::ALL
        .get(usize::from(reason))
        .map_or("unknown", |r| r.label());
    tracing::debug!(%peer, reason, "refused by the other side");
    HandshakeFailure::Refused
}

async fn write(stream: &mut Stream, message: &impl BorshSerialize) -> Result<(), HandshakeFailure> {
    let bytes = borsh::to_vec(message).map_err(|_| HandshakeFailure::Io)?;
    frame::write(stream, &bytes, PATIENCE)
        .await
        .map_err(|_| HandshakeFailure::Io)?;
    stream.flush().await.map_err(|_| HandshakeFailure::Io)
}

async fn read<T: BorshDeserialize>(stream: &mut Stream) -> Result<T, HandshakeFailure> {
    match frame::read(stream, MAX_LEN, PATIENCE).await {
        Ok(Some(bytes)) => borsh::from_slice(&bytes).map_err(|_| HandshakeFailure::Malformed),
        Ok(None) | Err(frame::ReadError::Io(_) | frame::ReadError::Silent(_)) => Err(HandshakeFailure::Io),
        Err(frame::ReadError::TooLarge { .. }) => Err(HandshakeFailure::Malformed),
    }
}
