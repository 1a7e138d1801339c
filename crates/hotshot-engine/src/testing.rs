//! Adapters in memory, for tests of the engine and of crates that use it: not for a product.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hotshot::{Record, Recovery};
use hotshot_types::{Committee, Epoch, Height, KeyPair, NodeId, PublicKey, Signature, dispersal};
use rollup_abi::{Digest, Header, sha256};
use tokio::sync::mpsc;

use crate::ports::{
    Application, ApplicationError, BuildRequest, BuiltBlock, DecidedBlock, Incoming, Network, NetworkError,
    Priority, Signer, SignerError, Storage, StorageError, Target,
};

/// Messages that a member may be behind before the network drops some.
const CAPACITY: usize = 4096;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What may be done to a message on its way: `(from, to, bytes)` to the bytes that arrive, if any do.
pub type Tamper = Box<dyn Fn(NodeId, NodeId, &[u8]) -> Option<Vec<u8>> + Send + Sync>;

#[derive(Default)]
struct Hub {
    members: BTreeMap<NodeId, mpsc::Sender<Incoming>>,
    tamper: Option<Tamper>,
}

/// Connects the members of one process.
#[derive(Clone, Default)]
pub struct MemoryHub(Arc<Mutex<Hub>>);

impl std::fmt::Debug for MemoryHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryHub").finish_non_exhaustive()
    }
}

impl MemoryHub {
    /// A member's network; one that it had before ends.
    pub fn join(&self, node: NodeId) -> MemoryNetwork {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        lock(&self.0).members.insert(node, sender);
        MemoryNetwork {
            node,
            hub: self.clone(),
            receiver: tokio::sync::Mutex::new(receiver),
        }
    }

    /// Cuts a member off; its network ends.
    pub fn leave(&self, node: NodeId) {
        lock(&self.0).members.remove(&node);
    }

    /// Does something to every message from now on.
    pub fn tamper(&self, tamper: Tamper) {
        lock(&self.0).tamper = Some(tamper);
    }

    fn deliver(&self, from: NodeId, target: Target, bytes: &[u8]) {
        let hub = lock(&self.0);
        for (to, sender) in &hub.members {
            let addressed = match target {
                Target::Others => *to != from,
                Target::One(node) => *to == node,
            };
            if addressed {
                let bytes = match &hub.tamper {
                    Some(tamper) => tamper(from, *to, bytes),
                    None => Some(bytes.to_vec()),
                };
                // A full queue loses the message, as a network does.
                let _ = bytes.map(|bytes| sender.try_send(Incoming { from, bytes }));
            }
        }
    }
}

/// One member's end of a [`MemoryHub`].
#[derive(Debug)]
pub struct MemoryNetwork {
    node: NodeId,
    hub: MemoryHub,
    receiver: tokio::sync::Mutex<mpsc::Receiver<Incoming>>,
}

impl Network for MemoryNetwork {
    fn send(&self, target: Target, _: Priority, bytes: Arc<[u8]>) -> Result<(), NetworkError> {
        self.hub.deliver(self.node, target, &bytes);
        Ok(())
    }

    async fn recv(&self) -> Option<Incoming> {
        self.receiver.lock().await.recv().await
    }
}

/// A consensus log in memory, which outlives the engine that writes it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage(Arc<Mutex<Vec<Record>>>);

impl MemoryStorage {
    /// What a restarted node starts from.
    pub fn recovery(&self, genesis: Header) -> Recovery {
        let mut recovery = Recovery::genesis(genesis);
        for record in lock(&self.0).iter() {
            recovery.apply(record.clone());
        }
        recovery
    }

    /// The log.
    pub fn records(&self) -> Vec<Record> {
        lock(&self.0).clone()
    }
}

impl Storage for MemoryStorage {
    async fn persist(&self, records: Vec<Record>) -> Result<(), StorageError> {
        lock(&self.0).extend(records);
        Ok(())
    }
}

/// A key pair that signs.
#[derive(Clone, Debug)]
pub struct KeySigner(pub KeyPair);

impl Signer for KeySigner {
    fn public_key(&self) -> PublicKey {
        self.0.public().clone()
    }

    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        Ok(self.0.sign(digest))
    }
}

/// An application whose state is the hash of all payloads and versions, durable in memory.
#[derive(Clone, Debug)]
pub struct ChainApplication {
    blocks: Arc<Mutex<Vec<DecidedBlock>>>,
    payload: usize,
    committees: fn(Epoch) -> Option<Committee>,
}

impl ChainApplication {
    /// Builds payloads of `payload` bytes.
    pub fn new(payload: usize) -> Self {
        Self {
            blocks: Arc::default(),
            payload,
            committees: |_| None,
        }
    }

    /// The committees of epochs to come.
    pub fn committees(self, committees: fn(Epoch) -> Option<Committee>) -> Self {
        Self { committees, ..self }
    }

    /// The decided blocks, from height 1.
    pub fn chain(&self) -> Vec<DecidedBlock> {
        lock(&self.blocks).clone()
    }

    fn root(parent: &Header, version: u16, payload: &[u8]) -> Digest {
        sha256(&[&parent.state_root, &version.to_le_bytes(), payload])
    }
}

impl Application for ChainApplication {
    async fn build(&self, request: BuildRequest) -> Result<BuiltBlock, ApplicationError> {
        let seed = request.now_ms.to_le_bytes();
        let payload: Arc<[u8]> = seed.into_iter().cycle().take(self.payload).collect();
        let parent = &request.parent;
        let header = Header {
            view: request.view.get(),
            epoch: request.epoch.get(),
            next_committee: request.next_committee,
            version: request.version,
            height: parent.height + 1,
            timestamp_ms: request.now_ms.max(parent.timestamp_ms + 1),
            parent: parent.commitment(),
            payload_commitment: dispersal::commit(&request.committee, &payload).map_err(|error| {
                ApplicationError::Fatal {
                    operation: "build",
                    reason: error.to_string(),
                }
            })?,
            state_root: Self::root(parent, request.version, &payload),
            ..parent.clone()
        };
        Ok(BuiltBlock { header, payload })
    }

    async fn validate(
        &self,
        parent: Header,
        header: Header,
        payload: Arc<[u8]>,
    ) -> Result<(), ApplicationError> {
        if header.state_root == Self::root(&parent, header.version, &payload) {
            Ok(())
        } else {
            Err(ApplicationError::Invalid("state root".into()))
        }
    }

    async fn committee(&self, epoch: Epoch) -> Result<Option<Committee>, ApplicationError> {
        Ok((self.committees)(epoch))
    }

    async fn decided(&self, blocks: Vec<DecidedBlock>) -> Result<(), ApplicationError> {
        let mut chain = lock(&self.blocks);
        for block in blocks {
            let (got, expected) = (block.header.height, chain.len() as u64 + 1);
            if got != expected {
                let reason = format!("height {got}, expected {expected}");
                return Err(ApplicationError::Fatal {
                    operation: "decided",
                    reason,
                });
            }
            chain.push(block);
        }
        Ok(())
    }

    async fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        max_bytes: usize,
    ) -> Result<Vec<DecidedBlock>, ApplicationError> {
        let chain = lock(&self.blocks);
        let start = usize::try_from(from.get().saturating_sub(1)).unwrap_or(usize::MAX);
        let mut bytes = 0usize;
        let fits = |block: &&DecidedBlock| {
            bytes = bytes.saturating_add(block.payload.len());
            bytes <= max_bytes
        };
        Ok(chain
            .iter()
            .skip(start)
            .take(max_blocks)
            .take_while(fits)
            .cloned()
            .collect())
    }
}
