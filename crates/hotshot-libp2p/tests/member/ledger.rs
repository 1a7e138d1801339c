//! Blocks without transactions, in the product's store: what consensus and storage cost without execution.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use assetvm::{Address, Amount, Changes, GasRules, Genesis, Payload};
use hotshot_engine::ports::{Application, ApplicationError, BuildRequest, BuiltBlock, DecidedBlock};
use hotshot_types::{Height, dispersal};
use rollup_abi::{Digest, Header, mmr::Mmr, roots, vote::payload_commitment};
use store::{CommittedBlock, Store, StoreError, Tip};

/// The chain's genesis: no account at all.
pub fn genesis() -> Genesis {
    Genesis {
        program_id: Address::new([0xaa; 32]),
        mint_authority: Address::new([0xbb; 32]),
        supply_cap: Amount::MAX,
        minimum_fee: Amount::from_base_units(1),
        gas: GasRules::default(),
        accounts: Vec::new(),
        committee: [0; 32],
        timestamp_ms: 1_700_000_000_000,
        roster: assetvm::GenesisRoster::default(),
    }
}

/// The block of height 0.
pub fn genesis_header() -> Header {
    let root = genesis().state().expect("an empty state").root();
    Header {
        chain_id: genesis().chain_id(),
        timestamp_ms: genesis().timestamp_ms,
        payload_commitment: payload_commitment(Payload::default().as_bytes()),
        state_root: root,
        roots_acc: roots::genesis(&root),
        history_root: Mmr::default().root(),
        ..Header::default()
    }
}

/// When a block is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This member has built it, and is about to propose it.
    Built,
    /// It is final: this member holds its Certificate2, or a descendant's.
    Final,
    /// It is in the store.
    Durable,
}

/// Is told of a member's blocks.
pub type Observer = Box<dyn Fn(Moment, &Header) + Send + Sync>;

/// The ranges over leaf commitments up to undecided blocks and the last decided one, by leaf.
type Histories = BTreeMap<Digest, (u64, Mmr)>;

/// The application.
pub struct Ledger {
    store: Store,
    payload: usize,
    changes: Changes,
    histories: Mutex<Histories>,
    observer: Observer,
}

impl Ledger {
    /// On top of what the store holds. Blocks have `payload` bytes.
    pub fn new(store: Store, tip: &Tip, payload: usize, observer: Observer) -> Self {
        let history = (tip.header.height, tip.history.clone());
        Self {
            store,
            payload,
            changes: Changes {
                metadata: *tip.state.metadata(),
                ..Changes::default()
            },
            histories: Mutex::new(BTreeMap::from([(tip.header.commitment(), history)])),
            observer,
        }
    }

    fn histories(&self) -> MutexGuard<'_, Histories> {
        self.histories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The range up to `parent`.
    fn history(&self, parent: &Header) -> Result<Mmr, ApplicationError> {
        let missing = ApplicationError::MissingParent {
            height: parent.height,
        };
        let history = self.histories().get(&parent.commitment()).cloned();
        history.map(|(_, history)| history).ok_or(missing)
    }

    fn keep(&self, header: &Header, mut history: Mmr) {
        let leaf = header.commitment();
        history.append(&leaf);
        self.histories().insert(leaf, (header.height, history));
    }
}

fn fatal(error: StoreError) -> ApplicationError {
    ApplicationError::Fatal {
        operation: "store",
        reason: error.to_string(),
    }
}

/// `made` is a version, a view, a time and the payload's commitment.
fn child(
    parent: &Header,
    history: &Mmr,
    (version, view, timestamp_ms, payload): (u16, u64, u64, Digest),
) -> Header {
    Header {
        version,
        view,
        height: parent.height + 1,
        timestamp_ms,
        parent: parent.commitment(),
        payload_commitment: payload,
        roots_acc: roots::extend(&parent.roots_acc, &parent.state_root),
        history_root: history.root(),
        ..parent.clone()
    }
}

impl Application for Ledger {
    async fn build(&self, request: BuildRequest) -> Result<BuiltBlock, ApplicationError> {
        let parent = &request.parent;
        let history = self.history(parent)?;
        let payload: Arc<[u8]> = vec![request.view.get().to_le_bytes()[0]; self.payload].into();
        let timestamp_ms = request.now_ms.max(parent.timestamp_ms + 1);
        let commitment = dispersal::commit(&request.committee, &payload).expect("a payload");
        let made = (request.version, request.view.get(), timestamp_ms, commitment);
        let header = child(parent, &history, made);
        self.keep(&header, history);
        (self.observer)(Moment::Built, &header);
        Ok(BuiltBlock { header, payload })
    }

    async fn validate(&self, parent: Header, header: Header, _: Arc<[u8]>) -> Result<(), ApplicationError> {
        let history = self.history(&parent)?;
        let made = (
            header.version,
            header.view,
            header.timestamp_ms,
            header.payload_commitment,
        );
        if child(&parent, &history, made) != header {
            return Err(ApplicationError::Invalid(
                "not what follows from its parent".into(),
            ));
        }
        self.keep(&header, history);
        Ok(())
    }

    async fn decided(&self, blocks: Vec<DecidedBlock>) -> Result<(), ApplicationError> {
        let mut headers = Vec::with_capacity(blocks.len());
        let mut committed = Vec::with_capacity(blocks.len());
        for block in blocks {
            (self.observer)(Moment::Final, &block.header);
            headers.push(block.header.clone());
            committed.push(CommittedBlock {
                block,
                receipts: Vec::new(),
                changes: self.changes.clone(),
            });
        }
        self.store.commit(committed).await.map_err(fatal)?;
        for header in &headers {
            (self.observer)(Moment::Durable, header);
            let mut histories = self.histories();
            if !histories.contains_key(&header.commitment()) {
                // Caught up: it was decided without having been judged here.
                let (_, mut history) = histories.get(&header.parent).cloned().expect("decided before");
                history.append(&header.commitment());
                histories.insert(header.commitment(), (header.height, history));
            }
            histories.retain(|_, (height, _)| *height >= header.height);
        }
        Ok(())
    }

    async fn blocks(
        &self,
        from: Height,
        max_blocks: usize,
        max_bytes: usize,
    ) -> Result<Vec<DecidedBlock>, ApplicationError> {
        self.store.blocks(from, max_blocks, max_bytes).map_err(fatal)
    }
}
