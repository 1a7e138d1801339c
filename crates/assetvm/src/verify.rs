//! Signature checks.
//!
//! Every validator must reach the same verdict on every signature, so the rule is ed25519's strict one
//! (`verify_strict`: canonical scalar, no key or nonce of small order, no cofactor), one signature at a time. Batch
//! verification accepts some signatures that the strict rule refuses, with a probability that depends on its own random
//! numbers: two honest validators could split over a crafted block. Speed comes from threads, and from not checking again
//! what the mempool has checked ([`verify_block`]'s `known`).

use std::{num::NonZeroUsize, thread};

use ed25519_dalek::{Signature, VerifyingKey};

use crate::{
    Rejection,
    transaction::{Transaction, TransactionBody, TxId, Unvalidated},
};

/// A transaction whose sender has signed it. Only [`Unvalidated::verify`] and [`verify_block`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    transaction: Transaction,
    id: TxId,
    encoded_len: usize,
}

impl Verified {
    /// The transaction.
    pub fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    /// What was signed.
    pub fn body(&self) -> &TransactionBody {
        &self.transaction.body
    }

    /// Its id.
    pub fn id(&self) -> TxId {
        self.id
    }

    /// Bytes of its encoding.
    pub fn encoded_len(&self) -> usize {
        self.encoded_len
    }
}

/// The transaction at `index` makes its whole block invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("transaction {index} of the block: {reason}")]
pub struct InvalidTransaction {
    /// Its place in the block.
    pub index: usize,
    /// What is wrong with it.
    pub reason: Rejection,
}

fn check_signature(transaction: &Transaction) -> Result<(), Rejection> {
    let body = &transaction.body;
    VerifyingKey::from_bytes(body.sender.as_bytes())
        .and_then(|key| {
            key.verify_strict(
                &body.signing_bytes(),
                &Signature::from_bytes(&transaction.signature),
            )
        })
        .map_err(|_| Rejection::Signature)
}

impl Unvalidated<Transaction> {
    /// Checks the signature.
    pub fn verify(self) -> Result<Verified, Rejection> {
        self.verify_unless(|_| false)
    }

    /// Checks the signature unless `known` says that the transaction with this id has passed before.
    fn verify_unless(self, known: impl Fn(&TxId) -> bool) -> Result<Verified, Rejection> {
        let transaction = self.into_inner();
        let encoded = transaction.encode();
        let id = TxId::of_encoded(&encoded);
        if !known(&id) {
            check_signature(&transaction)?;
        }
        Ok(Verified {
            transaction,
            id,
            encoded_len: encoded.len(),
        })
    }
}

/// Checks every signature of a block on up to `threads` threads, except of transactions that `known` vouches for: those
/// whose signature this process has already checked. The error is always the first bad transaction's.
pub fn verify_block(
    transactions: Vec<Unvalidated<Transaction>>,
    known: impl Fn(&TxId) -> bool + Sync,
    threads: NonZeroUsize,
) -> Result<Vec<Verified>, InvalidTransaction> {
    let total = transactions.len();
    let share = total.div_ceil(threads.get()).max(1);
    let mut results: Vec<Result<Verified, Rejection>> = Vec::with_capacity(total);
    if share >= total {
        results.extend(transactions.into_iter().map(|tx| tx.verify_unless(&known)));
    } else {
        let mut rest = transactions.into_iter();
        let shares: Vec<Vec<_>> = (0..total.div_ceil(share))
            .map(|_| rest.by_ref().take(share).collect())
            .collect();
        thread::scope(|scope| {
            let known = &known;
            let workers: Vec<_> = shares
                .into_iter()
                .map(|share| {
                    scope.spawn(move || -> Vec<_> {
                        share.into_iter().map(|tx| tx.verify_unless(known)).collect()
                    })
                })
                .collect();
            for worker in workers {
                results.extend(worker.join().expect("checking a signature does not panic"));
            }
        });
    }
    results
        .into_iter()
        .enumerate()
        .map(|(index, result)| result.map_err(|reason| InvalidTransaction { index, reason }))
        .collect()
}
