//! The program's views: simulated, never sent, so that they cost nothing.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rollup_abi::event::{AccountProven, BlockProven, Event};
use rollup_abi::instruction::{Call, VerifyAccount, VerifyBlock};
use solana_client::rpc_config::RpcSimulateTransactionConfig;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::Transaction;

use crate::{Parties, RollupClient, SettlementError, instruction};

impl RollupClient {
    /// Lets the program prove an account, or that there is none, against a root of its history. `payer` is any funded account; it
    /// neither signs nor pays.
    ///
    /// # Errors
    /// The proof does not hold, or the RPC call fails.
    pub async fn verify_account(
        &self,
        payer: &Pubkey,
        call: &VerifyAccount<'_>,
    ) -> Result<AccountProven, SettlementError> {
        match self.view(payer, call).await? {
            (Some(Event::AccountProven(proven)), _) => Ok(proven),
            (_, got) => Err(answer(call, got)),
        }
    }

    /// Lets the program prove a block of any age against the history root of a newer one. As [`RollupClient::verify_account`].
    ///
    /// # Errors
    /// The proof does not hold, or the RPC call fails.
    pub async fn verify_block(
        &self,
        payer: &Pubkey,
        call: &VerifyBlock<'_>,
    ) -> Result<BlockProven, SettlementError> {
        match self.view(payer, call).await? {
            (Some(Event::BlockProven(proven)), _) => Ok(proven),
            (_, got) => Err(answer(call, got)),
        }
    }

    /// What the program returned, and how many bytes that were.
    async fn view<C: Call>(
        &self,
        payer: &Pubkey,
        call: &C,
    ) -> Result<(Option<Event>, usize), SettlementError> {
        let instruction = instruction(&self.program(), &Parties::default(), call);
        let transaction = Transaction::new_with_payer(&[instruction], Some(payer));
        let config = RpcSimulateTransactionConfig {
            sig_verify: false,
            replace_recent_blockhash: true,
            commitment: Some(self.commitment()),
            ..RpcSimulateTransactionConfig::default()
        };
        let result = self
            .rpc()
            .simulate_transaction_with_config(&transaction, config)
            .await
            .map_err(SettlementError::rpc("simulateTransaction"))?
            .value;
        if let Some(error) = result.err {
            return Err(SettlementError::Failed {
                signature: Signature::default(),
                source: Box::new(error.into()),
            });
        }
        let data = result
            .return_data
            .and_then(|returned| BASE64_STANDARD.decode(returned.data.0).ok())
            .unwrap_or_default();
        Ok((Event::decode(&data), data.len()))
    }
}

fn answer<C: Call>(_: &C, got: usize) -> SettlementError {
    SettlementError::Answer {
        instruction: C::INSTRUCTION.name,
        got,
    }
}
