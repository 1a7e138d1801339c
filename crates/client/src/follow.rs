//! Following a transaction.

use std::{fmt, str::FromStr, time::Duration};

use assetvm::TxId;
use rpc_types::types::TransactionStatus;
use tokio::time::Instant;

use crate::{Client, ClientError};

/// How long a transaction is followed unless told otherwise: some hundred blocks.
pub const FOLLOW_TIMEOUT: Duration = Duration::from_secs(60);
/// How often a transaction is asked for.
const POLL: Duration = Duration::from_millis(100);
/// For so long nobody may know a transaction that one validator has taken: it is on its way to the others.
const UNKNOWN_FOR: Duration = Duration::from_secs(10);

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It waits in a validator's mempool.
    Accepted,
    /// It is in a block that the committee has decided, which is final.
    Final,
    /// The block's root is on Solana.
    Settled,
}

impl Stage {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Final => "final",
            Self::Settled => "settled",
        }
    }

    /// How far a status says that a transaction has come; `None` if not even here.
    pub const fn of(status: &TransactionStatus) -> Option<Self> {
        match status {
            TransactionStatus::Unknown => None,
            TransactionStatus::Pending => Some(Self::Accepted),
            TransactionStatus::Decided(_) => Some(Self::Final),
            TransactionStatus::Settled(_) => Some(Self::Settled),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Accepted, Self::Final, Self::Settled];
        let found = all.into_iter().find(|stage| stage.name() == text);
        found.ok_or_else(|| format!("{text:?} is no stage, expected accepted, final or settled"))
    }
}

impl Client {
    /// Waits until a transaction has come so far, and says where it stands then.
    ///
    /// # Errors
    /// It has not after `limit`, or nobody knows it.
    pub async fn wait(
        &self,
        id: &TxId,
        stage: Stage,
        limit: Duration,
    ) -> Result<TransactionStatus, ClientError> {
        let started = Instant::now();
        let mut known = started;
        loop {
            let status = self.transaction_status(id).await?;
            let now = Instant::now();
            match Stage::of(&status) {
                Some(reached) if reached >= stage => return Ok(status),
                Some(_) => known = now,
                None if now - known >= UNKNOWN_FOR => return Err(ClientError::Lost { id: *id }),
                None => {}
            }
            if now - started >= limit {
                return Err(ClientError::Late {
                    id: *id,
                    stage,
                    after: limit,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
