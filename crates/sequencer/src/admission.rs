//! The one gate to the mempool: signature, chain, fee, nonce, in this order of cost and blame.

use std::sync::Arc;

use assetvm::{Rejection, State, Transaction, TxId, Unvalidated, Verified};
use hotshot_engine::ports::{Clock as _, SystemClock};
use telemetry::{Metrics, metrics::Admission as Outcome};

use crate::{
    application::Heads,
    mempool::{Mempool, MempoolError, Origin, Standing},
};

/// Why a transaction does not wait in the mempool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// It cannot be in a block.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It is not taken now.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
}

impl AdmissionError {
    /// Whether whoever passed it on could have known: then it is that peer's fault.
    pub fn is_fault(&self) -> bool {
        use Rejection as R;
        match self {
            Self::Rejected(rejection) => match rejection {
                R::TooLarge { .. }
                | R::Malformed
                | R::TrailingBytes { .. }
                | R::Signature
                | R::ChainId { .. } => true,
                R::Nonce { .. }
                | R::NonceExhausted
                | R::FeeTooLow { .. }
                | R::FeeNotPayable { .. }
                | R::GasLimit { .. }
                | R::BlockFull { .. } => false,
            },
            Self::Mempool(_) => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Rejected(Rejection::Nonce { .. }) => Outcome::Nonce,
            Self::Rejected(_) => Outcome::Invalid,
            Self::Mempool(MempoolError::Duplicate) => Outcome::Duplicate,
            Self::Mempool(MempoolError::Spent { .. }) => Outcome::Nonce,
            Self::Mempool(MempoolError::TooFar { .. } | MempoolError::SenderFull { .. }) => {
                Outcome::SenderFull
            }
            Self::Mempool(
                MempoolError::Underpriced { .. } | MempoolError::Full { .. } | MempoolError::Pressure { .. },
            ) => Outcome::Full,
        }
    }
}

/// Checks transactions and puts them into the mempool.
#[derive(Clone, Debug)]
pub struct Admission {
    mempool: Arc<Mempool>,
    heads: Heads,
    clock: SystemClock,
    metrics: Arc<Metrics>,
}

impl Admission {
    /// Checks against the newest decided state of `heads`.
    pub fn new(mempool: Arc<Mempool>, heads: Heads, clock: SystemClock, metrics: Arc<Metrics>) -> Self {
        Self {
            mempool,
            heads,
            clock,
            metrics,
        }
    }

    /// Takes a transaction. Checks a signature (some 50 µs), so call it where blocking is fine.
    pub fn admit(
        &self,
        transaction: Unvalidated<Transaction>,
        origin: Origin,
    ) -> Result<Arc<Verified>, AdmissionError> {
        let admitted = self.try_admit(transaction, origin);
        let outcome = admitted
            .as_ref()
            .map_or_else(AdmissionError::outcome, |_| Outcome::Accepted);
        self.metrics.mempool_admissions.add(outcome, 1);
        admitted
    }

    fn try_admit(
        &self,
        transaction: Unvalidated<Transaction>,
        origin: Origin,
    ) -> Result<Arc<Verified>, AdmissionError> {
        // The cheap checks go first: a copy or a spent nonce costs no signature check.
        if self.mempool.contains(&transaction.peek().id()) {
            return Err(MempoolError::Duplicate.into());
        }
        let head = self.heads.newest();
        let standing = check_payable(&head.state, transaction.peek())?;
        let verified = Arc::new(transaction.verify()?);
        self.mempool
            .insert(Arc::clone(&verified), standing, origin, self.clock.now())?;
        Ok(verified)
    }

    /// Whether a transaction waits.
    pub fn is_waiting(&self, id: &TxId) -> bool {
        self.mempool.contains(id)
    }
}

/// What execution would refuse at once, were it the sender's turn; returns how the sender stands.
fn check_payable(state: &State, transaction: &Transaction) -> Result<Standing, AdmissionError> {
    let mut body = transaction.body.clone();
    let expected = state.get(&body.sender).unwrap_or_default().nonce;
    if body.nonce < expected {
        return Err(MempoolError::Spent {
            got: body.nonce,
            expected,
        }
        .into());
    }
    body.nonce = expected;
    state.charge(&body)?;
    Ok(Standing {
        next: expected,
        minimum_fee: state.params().minimum_fee(&body.sender, &body.action),
    })
}
