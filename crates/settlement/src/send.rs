//! Sign, send, confirm, and sign again once the old bytes cannot land any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use solana_client::nonblocking::rpc_client::RpcClient;
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_commitment_config::{CommitmentConfig, CommitmentLevel};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_transaction::Transaction;

use crate::transaction::sign;
use crate::{Cause, Recent, SettlementError, Verdict};

/// How often an instruction is signed anew before giving up; each attempt lives 150 blocks.
const MAX_ATTEMPTS: u32 = 4;
/// How often a signature's status is asked for.
const POLL: Duration = Duration::from_millis(100);
/// How often the same bytes are sent again while they may still land: nodes forget what they could not forward.
const REBROADCAST: Duration = Duration::from_secs(2);
/// Pause before signing anew after a refusal.
const PAUSE: Duration = Duration::from_millis(400);

/// Sends transactions of one kind of caller: waits for each, signs anew after expiry.
#[derive(Clone)]
pub struct Sender {
    rpc: Arc<RpcClient>,
    commitment: CommitmentConfig,
}

impl Sender {
    /// Confirms at `commitment`.
    pub fn new(rpc: Arc<RpcClient>, commitment: CommitmentConfig) -> Self {
        Self { rpc, commitment }
    }

    /// A fresh blockhash.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn recent(&self) -> Result<Recent, SettlementError> {
        let (blockhash, last_valid_block_height) = self
            .rpc
            .get_latest_blockhash_with_commitment(self.commitment)
            .await
            .map_err(SettlementError::rpc("getLatestBlockhash"))?;
        Ok(Recent {
            blockhash,
            last_valid_block_height,
        })
    }

    /// Hands the bytes to the RPC node, once; the node does not repeat them. With `preflight` it simulates them first and
    /// refuses what would fail.
    ///
    /// # Errors
    /// The RPC call fails, or the simulation does.
    pub async fn send(
        &self,
        transaction: &Transaction,
        preflight: bool,
    ) -> Result<Signature, SettlementError> {
        let config = RpcSendTransactionConfig {
            skip_preflight: !preflight,
            preflight_commitment: Some(CommitmentLevel::Processed),
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        self.rpc
            .send_transaction_with_config(transaction, config)
            .await
            .map_err(SettlementError::rpc("sendTransaction"))
    }

    /// Signs, sends and waits until the transaction is `until`; the first signer pays. After expiry it signs anew.
    ///
    /// # Errors
    /// The transaction fails, is refused for good, or never lands.
    pub async fn run(
        &self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        until: CommitmentConfig,
    ) -> Result<Signature, SettlementError> {
        let mut signature = Signature::default();
        for _ in 0..MAX_ATTEMPTS {
            let recent = self.recent().await?;
            let transaction = sign(instructions, signers, recent)?;
            signature = transaction.signatures[0];
            if let Err(error) = self.send(&transaction, true).await {
                let class = error.classify();
                match class.verdict {
                    // It may have arrived all the same: the confirmation tells.
                    Verdict::Success | Verdict::Retry => tracing::debug!(%error, "send"),
                    // The instructions are wrong for what the chain says now, and a new signature does not change them.
                    Verdict::Resign if class.cause == Cause::Overtaken => return Err(error),
                    Verdict::Resign => {
                        tracing::debug!(%error, "sign again");
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    Verdict::Halt => return Err(error),
                }
            }
            if self.confirm(&transaction, recent, until).await? {
                return Ok(signature);
            }
        }
        Err(SettlementError::NotConfirmed {
            attempts: MAX_ATTEMPTS,
            signature,
        })
    }

    /// Waits for a sent transaction: true once it is `until`, false once it can no longer land.
    async fn confirm(
        &self,
        transaction: &Transaction,
        recent: Recent,
        until: CommitmentConfig,
    ) -> Result<bool, SettlementError> {
        let signature = transaction.signatures[0];
        let mut sent = Instant::now();
        loop {
            // The height is read before the status: what is unknown after its last height stays unknown.
            let expired = self.block_height().await? > recent.last_valid_block_height;
            let statuses = self
                .rpc
                .get_signature_statuses(&[signature])
                .await
                .map_err(SettlementError::rpc("getSignatureStatuses"))?;
            match statuses.value.into_iter().next().flatten() {
                Some(status) => {
                    if let Some(source) = status.err {
                        return Err(SettlementError::Failed {
                            signature,
                            source: Box::new(source),
                        });
                    }
                    if status.satisfies_commitment(until) {
                        return Ok(true);
                    }
                }
                None if expired => return Ok(false),
                None if sent.elapsed() >= REBROADCAST => {
                    sent = Instant::now();
                    // A failure shows in the next status.
                    let _ = self.send(transaction, false).await;
                }
                None => {}
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn block_height(&self) -> Result<u64, SettlementError> {
        self.rpc
            .get_block_height_with_commitment(self.commitment)
            .await
            .map_err(SettlementError::rpc("getBlockHeight"))
    }
}
