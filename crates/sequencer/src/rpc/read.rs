//! Answers about the chain and this node. Storage is read on the caller's thread: a blocking one.

use assetvm::{Address, TxId};
use hotshot_types::{Certificate2, Height};
use rollup_abi::Header;

use super::{
    RpcContext, RpcError,
    text::{Hex32, HexBytes},
    types::{
        AccountView, BlockSummary, BlockView, CertifiedHeader, GenesisView, Inclusion, MemberView,
        MempoolView, ReceiptView, Settlement, StatusView, TransactionStatus,
    },
};

impl From<store::StoreError> for RpcError {
    fn from(error: store::StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

fn certified((header, certificate): &(Header, Certificate2)) -> CertifiedHeader {
    CertifiedHeader::new(header, certificate.to_wire())
}

pub fn transaction_status(context: &RpcContext, id: &TxId) -> Result<TransactionStatus, RpcError> {
    // The mempool is asked first: what is decided in between is then found in the store.
    let waits = context.mempool.contains(id);
    let Some(place) = context.store.transaction(id)? else {
        return Ok(if waits {
            TransactionStatus::Pending
        } else {
            TransactionStatus::Unknown
        });
    };
    let height = place.height.get();
    let inclusion = Inclusion {
        height,
        index: place.index,
        receipt: ReceiptView::of(&place.receipt, &context.heads.newest().state),
    };
    Ok(match context.settled.slot_of(height) {
        Some(slot) => TransactionStatus::Settled(Settlement { inclusion, slot }),
        None => TransactionStatus::Decided(inclusion),
    })
}

pub fn account(context: &RpcContext, address: &Address) -> AccountView {
    let head = context.heads.newest();
    let account = head.state.get(address).unwrap_or_default();
    let proof = head.state.prove(address);
    AccountView {
        address: *address,
        balance: account.balance,
        nonce: account.nonce.get(),
        height: head.header.height,
        state_root: Hex32(head.header.state_root),
        proof: HexBytes(borsh::to_vec(&proof).expect("writing to memory does not fail")),
    }
}

pub fn block(context: &RpcContext, got: u64) -> Result<BlockView, RpcError> {
    let height = Height::new(got);
    let (block, receipts) = (context.store.block(height)?, context.store.receipts(height)?);
    let head = context.heads.newest();
    let newest = head.header.height;
    let block = block.ok_or(RpcError::NoBlock { got, newest })?;
    let receipts: Vec<_> = receipts
        .unwrap_or_default()
        .iter()
        .map(|receipt| ReceiptView::of(receipt, &head.state))
        .collect();
    Ok(BlockView {
        summary: BlockSummary::of(&block.header, receipts.len()),
        header: HexBytes(block.header.encode().to_vec()),
        payload: HexBytes(block.payload.to_vec()),
        receipts,
    })
}

pub fn latest_root(context: &RpcContext) -> Result<CertifiedHeader, RpcError> {
    let newest = context.store.last_certified()?;
    newest.as_ref().map(certified).ok_or(RpcError::NothingDecided)
}

pub fn certificate(context: &RpcContext, got: u64) -> Result<CertifiedHeader, RpcError> {
    let found = context.store.certified_from(Height::new(got))?;
    let newest = context.heads.newest().header.height;
    found
        .as_ref()
        .map(certified)
        .ok_or(RpcError::NoBlock { got, newest })
}

pub fn status(context: &RpcContext) -> StatusView {
    let newest = context.heads.newest();
    let head = &newest.header;
    let (view, epoch) = context.progress.view_and_epoch();
    let waiting = context.mempool.counters();
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let members = match newest.state.roster().committee(epoch) {
        Some(validators) => validators.len(),
        None => context.deployment.committee.members().len(),
    };
    StatusView {
        node: Address::new(context.node.0).to_string(),
        height: head.height,
        decided_view: head.view,
        view,
        epoch,
        state_root: Hex32(head.state_root),
        peers: context.progress.peers(),
        committee: count(members),
        mempool: MempoolView {
            transactions: count(waiting.transactions),
            bytes: count(waiting.bytes),
            senders: count(waiting.senders),
        },
        settlement: context.settled.view(),
        halted: context.halt.reason().map(|divergence| divergence.to_string()),
        uptime_seconds: context.started.elapsed().as_secs(),
    }
}

pub fn genesis(context: &RpcContext) -> GenesisView {
    let deployment = &context.deployment;
    let members = deployment.committee.members().iter().map(|member| MemberView {
        node: Address::new(member.node.0).to_string(),
        bls: HexBytes(member.key.to_bytes().to_vec()),
        stake: member.stake.get(),
    });
    GenesisView {
        chain_id: Hex32(deployment.chain_id),
        genesis: HexBytes(deployment.genesis.encode()),
        state_root: Hex32(deployment.header.state_root),
        committee: members.collect(),
    }
}
