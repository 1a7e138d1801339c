//! The program's client: typed reads, and the acts of deployer, governance and guardian.

use std::sync::Arc;
use std::time::Duration;

use rollup_abi::instruction::{Initialize, MAX_TRANSACTION, RegisterMember};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

use crate::account::{CommitteeAccount, RollupAccount};
pub use crate::instructions::{committee_address, rollup_address};
use crate::transaction::unsigned_len;
use crate::{Budget, Landed, Sender, SettlementError, SubmitBuilder, instructions, outcome, rpc_client};

/// Longest that one RPC call may take.
const RPC_TIMEOUT: Duration = Duration::from_secs(10);
/// Compute units of one registration: measured 61,000 to 62,000, and a comparison with each earlier member.
const REGISTER_UNITS: u32 = 150_000;

const ROLLUP: &str = "rollup";
const COMMITTEE: &str = "committee";

/// Client of one deployment of the program.
#[derive(Clone)]
pub struct RollupClient {
    rpc: Arc<RpcClient>,
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

    /// A client of `program` at several RPC endpoints of one cluster ([`rpc_client`]).
    ///
    /// # Panics
    /// Without any URL.
    pub fn with_endpoints(rpc_urls: &[String], program: Pubkey, commitment: CommitmentConfig) -> Self {
        let rpc = rpc_client(rpc_urls, RPC_TIMEOUT, commitment);
        Self::with_rpc(Arc::new(rpc), program, commitment)
    }

    /// A client over an existing RPC client.
    pub fn with_rpc(rpc: Arc<RpcClient>, program: Pubkey, commitment: CommitmentConfig) -> Self {
        Self {
            sender: Sender::new(rpc.clone(), commitment),
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

    /// The program's id.
    pub fn program(&self) -> Pubkey {
        self.program
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
        let (slot, data) = self.account(ROLLUP, self.rollup).await?;
        RollupAccount::read(slot, data).map_err(|source| SettlementError::AccountLayout {
            what: ROLLUP,
            address: self.rollup,
            source,
        })
    }

    /// The committee of an epoch.
    ///
    /// # Errors
    /// As [`RollupClient::rollup_state`].
    pub async fn committee(&self, epoch: u64) -> Result<CommitteeAccount, SettlementError> {
        let address = committee_address(&self.program, epoch);
        let (_, data) = self.account(COMMITTEE, address).await?;
        CommitteeAccount::read(&data).map_err(|source| SettlementError::AccountLayout {
            what: COMMITTEE,
            address,
            source,
        })
    }

    /// Creates the rollup's account; `authority` is the program's upgrade authority and pays. Done already is a success.
    ///
    /// # Errors
    /// Another rollup is there, or the transaction fails.
    pub async fn initialize(&self, authority: &Keypair, args: &Initialize) -> Result<(), SettlementError> {
        match self.rollup_state().await {
            Ok(there) if there.state.chain_id == args.chain_id => return Ok(()),
            Ok(there) => {
                return Err(SettlementError::OtherRollup {
                    got: Pubkey::new_from_array(there.state.chain_id),
                    expected: Pubkey::new_from_array(args.chain_id),
                });
            }
            Err(SettlementError::AccountMissing { .. }) => {}
            Err(error) => return Err(error),
        }
        let instruction = instructions::initialize(&self.program, &authority.pubkey(), args);
        self.act(&[instruction], authority).await
    }

    /// Registers the members that the committee of their epoch does not have yet, in this order: a member's place is its
    /// bit in every certificate. As many as fit go into one transaction, and the transactions follow one another, because
    /// the cluster would not keep the order of several in flight.
    ///
    /// # Errors
    /// The members on chain are not the first of these, or a transaction fails.
    pub async fn register_members(
        &self,
        governance: &Keypair,
        members: &[RegisterMember],
    ) -> Result<(), SettlementError> {
        let Some(epoch) = members.first().map(|member| member.epoch) else {
            return Ok(());
        };
        let registered = self.same_members(epoch, members).await?;
        let instructions: Vec<_> = members[registered..]
            .iter()
            .map(|member| instructions::register_member(&self.program, &governance.pubkey(), member))
            .collect();
        for batch in self.batches(&instructions, &governance.pubkey())? {
            self.sender
                .run(&batch, &[governance], CommitmentConfig::processed())
                .await?;
        }
        // Confirms the last, and with it all before.
        loop {
            if self.same_members(epoch, members).await? == members.len() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How many of these members are on chain; refuses any that is not in its place.
    async fn same_members(&self, epoch: u64, members: &[RegisterMember]) -> Result<usize, SettlementError> {
        let on_chain = match self.committee(epoch).await {
            Ok(committee) => committee.members,
            Err(SettlementError::AccountMissing { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        for (index, there) in on_chain.iter().enumerate() {
            let same = members.get(index).is_some_and(|wanted| {
                wanted.epoch == epoch
                    && there.pk2 == wanted.pk2
                    && there.stake == wanted.stake
                    && there.owner == wanted.owner
            });
            if !same {
                return Err(SettlementError::CommitteeDiffers { epoch, index });
            }
        }
        Ok(on_chain.len())
    }

    /// Groups instructions, in order, into as few transactions as they fit in, each with its compute budget.
    fn batches(
        &self,
        instructions: &[Instruction],
        payer: &Pubkey,
    ) -> Result<Vec<Vec<Instruction>>, SettlementError> {
        let with_budget = |batch: &[Instruction]| {
            let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
            let units = REGISTER_UNITS.saturating_mul(count);
            let budget = Budget {
                units,
                micro_lamports: 0,
            };
            [&budget.instructions()[..], batch].concat()
        };
        let mut batches = Vec::new();
        let mut rest = instructions;
        while !rest.is_empty() {
            let mut take = 1;
            while take < rest.len() && unsigned_len(&with_budget(&rest[..=take]), payer)? <= MAX_TRANSACTION {
                take += 1;
            }
            batches.push(with_budget(&rest[..take]));
            rest = &rest[take..];
        }
        Ok(batches)
    }

    /// Closes the committee of `epoch` and lets it certify. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn activate_committee(&self, governance: &Keypair, epoch: u64) -> Result<(), SettlementError> {
        if self.committee(epoch).await?.state.active == 1 {
            return Ok(());
        }
        let instruction = instructions::activate_committee(&self.program, &governance.pubkey(), epoch);
        self.act(&[instruction], governance).await
    }

    /// Stops `submit_roots`; guardian or governance signs. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn pause(&self, authority: &Keypair) -> Result<(), SettlementError> {
        if self.rollup_state().await?.state.paused == 1 {
            return Ok(());
        }
        let instruction = instructions::pause(&self.program, &authority.pubkey());
        self.act(&[instruction], authority).await
    }

    /// Ends a pause. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn resume(&self, governance: &Keypair) -> Result<(), SettlementError> {
        if self.rollup_state().await?.state.paused == 0 {
            return Ok(());
        }
        let instruction = instructions::resume(&self.program, &governance.pubkey());
        self.act(&[instruction], governance).await
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

    async fn act(&self, instructions: &[Instruction], signer: &Keypair) -> Result<(), SettlementError> {
        self.sender
            .run(instructions, &[signer], self.commitment)
            .await
            .map(drop)
    }

    async fn account(&self, what: &'static str, address: Pubkey) -> Result<(u64, Vec<u8>), SettlementError> {
        let response = self
            .rpc
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
