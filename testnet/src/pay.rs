//! Payers at work: each sends its transactions in order, at its pace, until all of them are decided.

use std::time::Duration;

use assetvm::Address;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::follow::View;
use crate::node::Nodes;
use crate::plan::Signed;
use crate::window::{Next, Window};

/// A pause after no validator took a transaction, unless a block is decided first.
const BACKOFF: Duration = Duration::from_millis(250);

/// One account's transactions, signed, with the nonces 0, 1, 2, …
#[derive(Clone, Debug)]
pub struct Payer {
    /// The account.
    pub address: Address,
    /// Its transactions by nonce.
    pub transactions: Vec<Signed>,
}

/// When the transactions are due.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// The first, from now.
    pub first: Duration,
    /// Each next one, after the one before.
    pub interval: Duration,
}

/// Sends everything, and returns when all of it is in decided blocks. Only dropping it gives up. Once `hurry` says so,
/// everything is due.
pub async fn pay(payer: Payer, pace: Pace, nodes: Nodes, view: View, mut hurry: watch::Receiver<bool>) {
    let started = Instant::now();
    let mut window = Window::new(payer.transactions.len() as u64, pace.first, pace.interval);
    let mut blocks = view.height();
    loop {
        if *hurry.borrow_and_update() {
            window.hurry();
        }
        let confirmed = view.ledger().nonce(&payer.address);
        let pause = match window.next(started.elapsed(), confirmed) {
            Next::Done => return,
            Next::Wait(pause) => pause,
            Next::Send(nonce) => {
                let signed = usize::try_from(nonce)
                    .ok()
                    .and_then(|nonce| payer.transactions.get(nonce));
                let signed = signed.expect("the window counts no further than the transactions");
                let Err(error) = nodes.submit(&signed.bytes).await else {
                    continue;
                };
                tracing::debug!(%error, payer = %payer.address, nonce, "no validator takes the transaction now");
                window.not_sent(nonce);
                BACKOFF
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = blocks.changed() => if changed.is_err() {
                // The follower is gone: nothing will be seen decided any more.
                return;
            },
            Ok(()) = hurry.changed() => {}
        }
    }
}
