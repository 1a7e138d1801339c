//! The validators as the testnet talks to them: over their JSON-RPC, like any wallet.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use assetvm::{Account, Address, EntryId};
use jsonrpsee::core::ClientError;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use rollup_abi::{Digest, Header};
use sequencer::rpc::AssetApiClient as _;
use sequencer::rpc::text::{Hex32, HexBytes};
use sequencer::rpc::types::{AddressText, StatusView};

use crate::http;

/// A validator on this machine that does not answer within this is busy dying.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Largest response: a full block in hexadecimal, with its receipts.
const MAX_RESPONSE: u32 = sequencer::rpc::MAX_RESPONSE_BYTES;
/// Codes of a submission that say that the chain has the transaction already: it waits, or its nonce is spent.
pub(crate) const HAS_IT: [i32; 2] = [500, 501];
/// Code of a block that is not decided yet.
const NOT_DECIDED: [i32; 2] = [601, 602];

/// Why a validator did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The call failed, or was refused.
    #[error("validator {index}: {source}")]
    Call {
        /// Which validator.
        index: usize,
        /// What it said.
        source: Box<ClientError>,
    },
    /// It answered with something that is not what was asked for.
    #[error("validator {index}: {what}")]
    Answer {
        /// Which validator.
        index: usize,
        /// What is wrong with the answer.
        what: String,
    },
}

/// A decided block as a validator hands it out; nothing in it has been checked.
#[derive(Clone, Debug)]
pub struct RawBlock {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Of each of its transactions, whether its action had an effect.
    pub applied: Vec<bool>,
}

/// One validator's addresses.
#[derive(Clone, Debug)]
pub struct Node {
    index: usize,
    rpc: HttpClient,
    health: SocketAddr,
}

impl Node {
    /// The validator with that index. Connects at the first call.
    ///
    /// # Errors
    /// The client cannot be set up.
    pub fn new(index: usize, rpc: SocketAddr, health: SocketAddr) -> Result<Self, NodeError> {
        let rpc = HttpClientBuilder::default()
            .request_timeout(TIMEOUT)
            .max_response_size(MAX_RESPONSE)
            .build(format!("http://{rpc}"))
            .map_err(|source| NodeError::Call {
                index,
                source: Box::new(source),
            })?;
        Ok(Self { index, rpc, health })
    }

    /// Its typed JSON-RPC client: bring [`sequencer::rpc::AssetApiClient`] into scope.
    pub fn rpc(&self) -> &HttpClient {
        &self.rpc
    }

    /// Where its health and metrics are.
    pub fn health(&self) -> SocketAddr {
        self.health
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self) -> bool {
        http::get(self.health, "/readyz")
            .await
            .is_ok_and(|(status, _)| status == 200)
    }

    /// Hands it a signed transaction. That it has it already is a success.
    ///
    /// # Errors
    /// It is not there, or does not take the transaction now.
    pub async fn submit(&self, bytes: &[u8]) -> Result<(), NodeError> {
        match self.rpc.submit_transaction(HexBytes(bytes.to_vec())).await {
            Ok(_) => Ok(()),
            Err(error) if has_code(&error, &HAS_IT) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// The decided block of a height, if there is one yet.
    ///
    /// # Errors
    /// It is not there, or its answer is not a block.
    pub async fn block(&self, height: u64) -> Result<Option<RawBlock>, NodeError> {
        let view = match self.rpc.block(height).await {
            Ok(view) => view,
            Err(error) if has_code(&error, &NOT_DECIDED) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let header = Header::decode(&view.header.0).map_err(|error| NodeError::Answer {
            index: self.index,
            what: error.to_string(),
        })?;
        Ok(Some(RawBlock {
            header,
            payload: view.payload.0,
            applied: view
                .receipts
                .iter()
                .map(|receipt| receipt.failure.is_none())
                .collect(),
        }))
    }

    /// What an account holds, proven against `root`.
    ///
    /// # Errors
    /// It is not there, or the proof does not hold for `root`.
    pub async fn proven(&self, address: Address, root: &Digest) -> Result<Account, NodeError> {
        let view = self
            .rpc
            .account(AddressText(address))
            .await
            .map_err(|error| self.failed(error))?;
        let answer = |what: String| NodeError::Answer {
            index: self.index,
            what,
        };
        if view.address != address {
            return Err(answer(format!("account {}, expected {address}", view.address)));
        }
        view.verify(root).map_err(|error| answer(error.to_string()))
    }

    /// What a program stores, proven against `root`.
    ///
    /// # Errors
    /// It is not there, or the proof does not hold for `root`.
    pub async fn proven_entry(&self, id: &EntryId, root: &Digest) -> Result<Option<Vec<u8>>, NodeError> {
        let asked = self.rpc.entry(AddressText(id.program), Hex32(id.key)).await;
        let view = asked.map_err(|error| self.failed(error))?;
        let answer = |what: String| NodeError::Answer {
            index: self.index,
            what,
        };
        if (view.program, view.key.0) != (id.program, id.key) {
            return Err(answer(format!(
                "an entry of {}, expected of {}",
                view.program, id.program
            )));
        }
        view.verify(root).map_err(|error| answer(error.to_string()))
    }

    /// How many transactions an account has sent that are decided, as it says.
    ///
    /// # Errors
    /// It is not there.
    pub async fn nonce(&self, address: Address) -> Result<u64, NodeError> {
        let account = self.rpc.account(AddressText(address)).await;
        Ok(account.map_err(|error| self.failed(error))?.nonce)
    }

    /// Where it stands.
    ///
    /// # Errors
    /// It is not there.
    pub async fn status(&self) -> Result<StatusView, NodeError> {
        self.rpc.status().await.map_err(|error| self.failed(error))
    }

    pub(crate) fn failed(&self, source: ClientError) -> NodeError {
        NodeError::Call {
            index: self.index,
            source: Box::new(source),
        }
    }
}

fn has_code(error: &ClientError, codes: &[i32]) -> bool {
    matches!(error, ClientError::Call(object) if codes.contains(&object.code()))
}

/// All validators, asked in turn. Clones share the turn.
#[derive(Clone, Debug)]
pub struct Nodes {
    all: Arc<[Node]>,
    turn: Arc<AtomicUsize>,
}

impl Nodes {
    /// These, at least one.
    pub fn new(all: Vec<Node>) -> Self {
        assert!(!all.is_empty(), "a testnet has validators");
        Self {
            all: all.into(),
            turn: Arc::default(),
        }
    }

    /// The validator with that index.
    pub fn get(&self, index: usize) -> &Node {
        &self.all[index]
    }

    /// All of them, by index.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.all.iter()
    }

    /// How many there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a testnet has validators")]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The next in turn.
    pub fn next(&self) -> &Node {
        &self.all[self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len()]
    }

    /// Hands a transaction to the next in turn that takes it.
    ///
    /// # Errors
    /// None does; the last one's reason.
    pub async fn submit(&self, bytes: &[u8]) -> Result<(), NodeError> {
        self.any(|node| node.submit(bytes)).await
    }

    /// An account, proven against `root`, from the next in turn that can.
    ///
    /// # Errors
    /// None can; the last one's reason.
    pub async fn proven(&self, address: Address, root: &Digest) -> Result<Account, NodeError> {
        self.any(|node| node.proven(address, root)).await
    }

    /// What a program stores, proven against `root`, from the next in turn that can.
    ///
    /// # Errors
    /// None can; the last one's reason.
    pub async fn proven_entry(&self, id: &EntryId, root: &Digest) -> Result<Option<Vec<u8>>, NodeError> {
        self.any(|node| node.proven_entry(id, root)).await
    }

    /// Asks one after the other until one answers.
    async fn any<'a, T, A>(&'a self, ask: impl Fn(&'a Node) -> A) -> Result<T, NodeError>
    where
        A: Future<Output = Result<T, NodeError>>,
    {
        let mut last = ask(self.next()).await;
        for _ in 1..self.all.len() {
            if last.is_ok() {
                break;
            }
            last = ask(self.next()).await;
        }
        last
    }
}
