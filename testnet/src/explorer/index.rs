//! What blocks hold, by transaction: the newest ones, and every program.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use assetvm::{Action, Address, Amount, Payload, Transaction, TxId, program_address};
use client::rpc::types::{AddressText, BlockView, IdText};
use client::{Client, ClientError};
use serde::Serialize;
use tokio_util::task::AbortOnDropHandle;

/// Transactions that are kept, the newest.
const MAX_TRANSACTIONS: usize = 50_000;
/// Programs that are kept, the first.
const MAX_PROGRAMS: usize = 1_000;
/// Transactions of one page.
const PAGE: usize = 25;
/// How often the next block is asked for.
const POLL: Duration = Duration::from_millis(250);

/// A transaction in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    /// Its number since the index began, from 0.
    number: u64,
    id: IdText,
    height: u64,
    index: usize,
    timestamp_ms: u64,
    from: AddressText,
    /// Who receives or is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<AddressText>,
    /// `transfer`, `call` …
    kind: &'static str,
    /// The entry that is called, or the memo.
    #[serde(skip_serializing_if = "String::is_empty")]
    note: String,
    /// What is moved, $ASSET.
    amount: String,
    fee: String,
    failed: bool,
}

/// A program in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Deployed {
    address: AddressText,
    by: AddressText,
    height: u64,
    id: IdText,
}

#[derive(Debug, Default)]
struct Held {
    transactions: VecDeque<Entry>,
    programs: Vec<Deployed>,
    count: u64,
}

/// A task that reads every block.
#[derive(Debug)]
pub(super) struct Index {
    held: Arc<Mutex<Held>>,
    _task: AbortOnDropHandle<()>,
}

impl Index {
    pub(super) fn start(client: Client) -> Self {
        let held: Arc<Mutex<Held>> = Arc::default();
        let task = tokio::spawn(follow(client, Arc::clone(&held)));
        Self {
            held,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// A page of transactions, newest first: of an account if one is named, older than number `before` if that is.
    pub(super) fn transactions(&self, account: Option<&Address>, before: Option<u64>) -> Vec<Entry> {
        let held = lock(&self.held);
        let newest = held.transactions.iter().rev();
        let wanted = newest
            .filter(|entry| before.is_none_or(|before| entry.number < before))
            .filter(|entry| account.is_none_or(|account| entry.touches(account)));
        wanted.take(PAGE).cloned().collect()
    }

    /// The transactions of a block, if they are kept.
    pub(super) fn block(&self, height: u64) -> Vec<Entry> {
        let held = lock(&self.held);
        let start = held.transactions.partition_point(|entry| entry.height < height);
        let end = held.transactions.partition_point(|entry| entry.height <= height);
        held.transactions.range(start..end).cloned().collect()
    }

    /// Every program, newest first.
    pub(super) fn programs(&self) -> Vec<Deployed> {
        lock(&self.held).programs.iter().rev().cloned().collect()
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    // Nothing panics while it holds them; if it had, they would still be what was read.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn follow(client: Client, held: Arc<Mutex<Held>>) {
    let mut height = 1;
    loop {
        match client.block(height).await {
            Ok(block) => {
                lock(&held).add(&block);
                height += 1;
            }
            Err(error) => {
                if !matches!(error, ClientError::Refused { .. }) {
                    tracing::debug!(%error, height, "no block for the explorer");
                }
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

impl Held {
    fn add(&mut self, block: &BlockView) {
        let transactions = match Payload::decode(&block.payload.0) {
            Ok(transactions) => transactions,
            Err(error) => {
                tracing::warn!(%error, height = block.summary.height, "a payload that is none");
                return;
            }
        };
        for (index, (transaction, receipt)) in transactions.iter().zip(&block.receipts).enumerate() {
            let transaction = transaction.peek();
            let entry = Entry::of(self.count, block, index, transaction, receipt.failure.is_some());
            if entry.kind == "deploy" && !entry.failed && self.programs.len() < MAX_PROGRAMS {
                self.programs.extend(entry.deployed());
            }
            self.transactions.push_back(entry);
            self.count += 1;
        }
        let over = self.transactions.len().saturating_sub(MAX_TRANSACTIONS);
        self.transactions.drain(..over);
    }
}

impl Entry {
    fn of(number: u64, block: &BlockView, index: usize, transaction: &Transaction, failed: bool) -> Self {
        let body = &transaction.body;
        let nothing = (None, Amount::ZERO, String::new());
        let (kind, (to, amount, note)) = match &body.action {
            Action::Mint { to, amount } => ("mint", (Some(*to), *amount, String::new())),
            Action::Transfer { to, amount, memo } => ("transfer", (Some(*to), *amount, memo.to_string())),
            Action::Burn { amount } => ("burn", (None, *amount, String::new())),
            Action::Deploy { payment, .. } => {
                let program = program_address(&body.sender, body.nonce);
                ("deploy", (Some(program), *payment, String::new()))
            }
            Action::Call {
                program,
                entry,
                payment,
                ..
            } => ("call", (Some(*program), *payment, entry.clone())),
            Action::Upgrade { program, .. } => ("upgrade", (Some(*program), Amount::ZERO, String::new())),
            Action::Close { program, .. } => ("close", (Some(*program), Amount::ZERO, String::new())),
            Action::Roster(_) => ("roster", nothing),
        };
        Self {
            number,
            id: IdText(TxId::of_encoded(&transaction.encode())),
            height: block.summary.height,
            index,
            timestamp_ms: block.summary.timestamp_ms,
            from: body.sender.into(),
            to: to.map(Into::into),
            kind,
            note,
            amount: amount.to_string(),
            fee: body.fee.to_string(),
            failed,
        }
    }

    fn deployed(&self) -> Option<Deployed> {
        Some(Deployed {
            address: self.to?,
            by: self.from,
            height: self.height,
            id: self.id,
        })
    }

    fn touches(&self, account: &Address) -> bool {
        self.from.0 == *account || self.to.is_some_and(|to| to.0 == *account)
    }
}
