//! The calls, for server and client.

#[cfg(feature = "server")]
use jsonrpsee::core::{RpcResult, SubscriptionResult};
use jsonrpsee::proc_macros::rpc;

use crate::{
    text::{Hex32, HexBytes},
    types::{
        AccountView, AddressText, Answer, BlockSummary, BlockView, CertifiedHeader, EntryView, GenesisView,
        IdText, ProgramView, RosterView, Simulation, StatusView, StoredEntry, Submitted, TransactionStatus,
    },
};

/// A validator's JSON-RPC.
#[cfg_attr(
    all(feature = "client", feature = "server"),
    rpc(client, server, namespace = "asset")
)]
#[cfg_attr(
    all(feature = "client", not(feature = "server")),
    rpc(client, namespace = "asset")
)]
#[cfg_attr(
    all(feature = "server", not(feature = "client")),
    rpc(server, namespace = "asset")
)]
pub trait AssetApi {
    /// Takes a signed transaction, canonical Borsh in hexadecimal; returns its id once it waits in the mempool.
    #[method(name = "submitTransaction")]
    async fn submit_transaction(&self, transaction: HexBytes) -> RpcResult<IdText>;

    /// Takes up to [`crate::MAX_SUBMIT`] transactions; one outcome each, in order.
    #[method(name = "submitTransactions")]
    async fn submit_transactions(&self, transactions: Vec<HexBytes>) -> RpcResult<Vec<Submitted>>;

    /// Where a transaction stands.
    #[method(name = "transactionStatus")]
    async fn transaction_status(&self, id: IdText) -> RpcResult<TransactionStatus>;

    /// An account, proven against the newest decided state root.
    #[method(name = "account")]
    async fn account(&self, address: AddressText) -> RpcResult<AccountView>;

    /// A program, proven against the newest decided state root.
    #[method(name = "program")]
    async fn program(&self, address: AddressText) -> RpcResult<ProgramView>;

    /// A program's code: what [`assetvm::ProgramRecord::code_hash`] is the hash of.
    #[method(name = "code")]
    async fn code(&self, address: AddressText) -> RpcResult<HexBytes>;

    /// What a program stores under a key, proven against the newest decided state root.
    #[method(name = "entry")]
    async fn entry(&self, program: AddressText, key: Hex32) -> RpcResult<EntryView>;

    /// Up to [`crate::MAX_ENTRIES`] of what a program stores, by rising key, from the first above `after` on.
    #[method(name = "entries")]
    async fn entries(&self, program: AddressText, after: Option<Hex32>) -> RpcResult<Vec<StoredEntry>>;

    /// A program's answer by a view, on the newest decided state, at its height and time. Arguments are encoded as in a call.
    #[method(name = "view")]
    async fn view(&self, program: AddressText, view: String, args: HexBytes) -> RpcResult<Answer>;

    /// What would become of a transaction as the only one after the newest decided block. It takes the canonical Borsh of
    /// [`assetvm::TransactionBody`]: nobody has to have signed it.
    #[method(name = "simulate")]
    async fn simulate(&self, body: HexBytes) -> RpcResult<Simulation>;

    /// The decided block of a height.
    #[method(name = "block")]
    async fn block(&self, height: u64) -> RpcResult<BlockView>;

    /// The newest header that has a finality certificate of its own.
    #[method(name = "latestRoot")]
    async fn latest_root(&self) -> RpcResult<CertifiedHeader>;

    /// The certificate that decided a height: its own, or that of the first later block that has one.
    #[method(name = "certificate")]
    async fn certificate(&self, height: u64) -> RpcResult<CertifiedHeader>;

    /// Where this node stands.
    #[method(name = "status")]
    async fn status(&self) -> RpcResult<StatusView>;

    /// Genesis and committee.
    #[method(name = "genesis")]
    async fn genesis(&self) -> RpcResult<GenesisView>;

    /// Who validates now and next, proven against the newest decided state root.
    #[method(name = "roster")]
    async fn roster(&self) -> RpcResult<RosterView>;

    /// Every block as it is decided. A subscriber who is too slow loses the oldest ones.
    #[subscription(name = "subscribeBlocks" => "blockDecided", unsubscribe = "unsubscribeBlocks", item = BlockSummary)]
    async fn subscribe_blocks(&self) -> SubscriptionResult;
}
