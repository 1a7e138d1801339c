//! Payers at work: each sends its transactions in order, at its pace, until all of them are decided; and plays, scene by scene.

use std::time::Duration;

use assetvm::{Address, Nonce};
use futures::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::follow::View;
use crate::node::Nodes;
use crate::plan::Signed;
use crate::window::{Next, Window};

/// A pause after no validator took a transaction, unless a block is decided first.
const BACKOFF: Duration = Duration::from_millis(250);

/// One account's transactions, signed.
#[derive(Clone, Debug)]
pub struct Payer {
    /// The account.
    pub address: Address,
    /// The nonce of the first of them; all before are decided.
    pub first: Nonce,
    /// One for each nonce from there.
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

impl Pace {
    /// For one of so many who take turns, one turn after each interval.
    pub fn in_turn(interval: Duration, turn: usize, turns: usize) -> Self {
        let times = |n: usize| interval * u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            first: times(turn),
            interval: times(turns),
        }
    }
}

/// Sends everything, and returns when all of it is in decided blocks. Only dropping it gives up. Once `hurry` says so,
/// everything is due.
pub async fn pay(payer: Payer, pace: Pace, nodes: Nodes, view: View, mut hurry: watch::Receiver<bool>) {
    let started = Instant::now();
    let first = payer.first.get();
    let nonces = first..first + payer.transactions.len() as u64;
    let mut window = Window::new(nonces, pace.first, pace.interval);
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
                let signed = usize::try_from(nonce - first)
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

/// Sends scene after scene: the next one when all of the one before is in decided blocks and, unless there is a hurry, its time
/// has come. Within a scene, the payers begin one after the other.
pub async fn perform(
    scenes: Vec<Vec<Payer>>,
    interval: Duration,
    nodes: Nodes,
    view: View,
    mut hurry: watch::Receiver<bool>,
) {
    let mut due = Instant::now();
    for scene in scenes {
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            _ = hurry.wait_for(|hurry| *hurry) => {}
        }
        due += interval;
        let apart = interval / 2 / u32::try_from(scene.len().max(1)).unwrap_or(u32::MAX);
        let all = (0u32..).zip(scene).map(|(turn, payer)| {
            let pace = Pace {
                first: apart * turn,
                interval: Duration::ZERO,
            };
            pay(payer, pace, nodes.clone(), view.clone(), hurry.clone())
        });
        join_all(all).await;
    }
}
