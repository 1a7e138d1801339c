//! The program's client: where it is, typed reads, and calls.

use std::sync::Arc;
use std::time::Duration;

use rollup_abi::instruction::Call;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

use crate::account::{CommitteeAccount, RollupAccount};
use crate::endpoints::Endpoints;
use crate::{Landed, Parties, Sender, SettlementError, SubmitBuilder, instruction, outcome, rollup_address};

/// Longest that one RPC call may take.
const RPC_TIMEOUT: Duration = Duration::from_secs(10);

const ROLLUP: &str = "rollup";
const COMMITTEE: &str = "committee";

/// Client of one deployment of the program.
#[derive(Clone)]
pub struct RollupClient {
    rpc: Arc<RpcClient>,
    /// Those behind `rpc`; none if it was given.
    endpoints: Endpoints,
    program: Pubkey,
    rollup: Pubkey,
    commitment: CommitmentConfig,
    sender: Sender,
}

impl RollupClient {
    /// A client of `program` at an RPC endpoint; reads and confirms at `commitment`.
    pub fn new(rpc_url: &str, program: Pubkey, commitment: CommitmentConfig) -> Self {
        Self::with_endpoints(&[rpc_url.to_owned()], program, commitment)
    }

    /// A client of `program` at several RPC endpoints of one cluster ([`crate::rpc_client`]).
    ///
    /// # Panics
    /// Without any URL.
    pub fn with_endpoints(rpc_urls: &[String], program: Pubkey, commitment: CommitmentConfig) -> Self {
        let endpoints = Endpoints::new(rpc_urls, RPC_TIMEOUT);
        let rpc = Arc::new(endpoints.client(commitment));
        Self::over(rpc, endpoints, program, commitment)
    }

    /// A client over an existing RPC client.
    pub fn with_rpc(rpc: Arc<RpcClient>, program: Pubkey, commitment: CommitmentConfig) -> Self {
        Self::over(rpc, Endpoints::new(&[], RPC_TIMEOUT), program, commitment)
    }

    fn over(
        rpc: Arc<RpcClient>,
        endpoints: Endpoints,
        program: Pubkey,
        commitment: CommitmentConfig,
    ) -> Self {
        Self {
            sender: Sender::new(rpc.clone(), commitment),
            endpoints,
            rollup: rollup_address(&program),
            rpc,
            program,
            commitment,
        }
    }

    /// The RPC client.
    pub fn rpc(&self) -> &Arc<RpcClient> {
        &self.rpc
    }

    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The program's id.
    pub fn program(&self) -> Pubkey {
        self.program
    }

    /// What it reads and confirms at.
    pub fn commitment(&self) -> CommitmentConfig {
        self.commitment
    }

    /// The sender, for transactions of one's own.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The builder of `submit_roots` transactions of `poster`.
    pub fn submit_builder(&self, poster: Pubkey) -> SubmitBuilder {
        SubmitBuilder::new(self.program, poster)
    }

    /// The rollup's account.
    ///
    /// # Errors
    /// It does not exist, is not the program's, or has another layout; or the RPC call fails.
    pub async fn rollup_state(&self) -> Result<RollupAccount, SettlementError> {
        self.rollup_state_by(&self.rpc).await
    }

    /// The rollup's account as one endpoint has it.
    pub(crate) async fn rollup_state_at(&self, endpoint: usize) -> Result<RollupAccount, SettlementError> {
        self.rollup_state_by(self.endpoints.rpc(endpoint)).await
    }

    async fn rollup_state_by(&self, rpc: &RpcClient) -> Result<RollupAccount, SettlementError> {
        let (slot, data) = self.account(rpc, ROLLUP, self.rollup).await?;
        RollupAccount::read(slot, data).map_err(|source| SettlementError::AccountLayout {
            what: ROLLUP,
            address: self.rollup,
            source,
        })
    }

    /// A committee's account; [`RollupAccount::committee`] is the address of the one that certifies.
    ///
    /// # Errors
    /// As [`RollupClient::rollup_state`].
    pub async fn committee(&self, address: &Pubkey) -> Result<CommitteeAccount, SettlementError> {
        let (_, data) = self.account(&self.rpc, COMMITTEE, *address).await?;
        CommitteeAccount::read(&data).map_err(|source| SettlementError::AccountLayout {
            what: COMMITTEE,
            address: *address,
            source,
        })
    }

    /// What became of a transaction; `None` while the node does not know it.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn landed(&self, signature: &Signature) -> Result<Option<Landed>, SettlementError> {
        outcome::landed(&self.rpc, signature, self.commitment).await
    }

    /// Of these transactions, those that are known to have failed.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn failures(
        &self,
        signatures: &[Signature],
    ) -> Result<Vec<(Signature, TransactionError)>, SettlementError> {
        let statuses = self
            .rpc
            .get_signature_statuses(signatures)
            .await
            .map_err(SettlementError::rpc("getSignatureStatuses"))?;
        let failed = signatures.iter().zip(statuses.value);
        Ok(failed
            .filter_map(|(signature, status)| Some((*signature, status?.err?)))
            .collect())
    }

    /// Lamports of an account; 0 if it does not exist.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn balance(&self, address: &Pubkey) -> Result<u64, SettlementError> {
        self.rpc
            .get_balance_with_commitment(address, self.commitment)
            .await
            .map(|response| response.value)
            .map_err(SettlementError::rpc("getBalance"))
    }

    /// Sends a call of the signer's own and waits for it.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn call<C: Call>(&self, signer: &Keypair, call: &C) -> Result<(), SettlementError> {
        self.call_on(signer, &Pubkey::default(), call).await
    }

    /// The same with a committee among its accounts.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn call_on<C: Call>(
        &self,
        signer: &Keypair,
        committee: &Pubkey,
        call: &C,
    ) -> Result<(), SettlementError> {
        let parties = Parties {
            signer: signer.pubkey(),
            committee: *committee,
        };
        let instruction = instruction(&self.program, &parties, call);
        self.act(&[instruction], signer).await
    }

    pub(crate) async fn act(
        &self,
        instructions: &[Instruction],
        signer: &Keypair,
    ) -> Result<(), SettlementError> {
        self.sender
            .run(instructions, &[signer], self.commitment)
            .await
            .map(drop)
    }

    async fn account(
        &self,
        rpc: &RpcClient,
        what: &'static str,
        address: Pubkey,
    ) -> Result<(u64, Vec<u8>), SettlementError> {
        let response = rpc
            .get_account_with_commitment(&address, self.commitment)
            .await
            .map_err(SettlementError::rpc("getAccountInfo"))?;
        let account = response
            .value
            .ok_or(SettlementError::AccountMissing { what, address })?;
        if account.owner != self.program {
            return Err(SettlementError::AccountOwner {
                what,
                address,
                got: account.owner,
                expected: self.program,
            });
        }
        Ok((response.context.slot, account.data))
    }
}
