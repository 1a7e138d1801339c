//! Committees: staged by anybody, activated by governance once, then handed over to, or replaced.

use std::time::Duration;

use rollup_abi::Digest;
use rollup_abi::instruction::{
    ActivateCommittee, CloseCommittee, ExecuteReplacement, HandOver, MAX_TRANSACTION, OpenCommittee,
    RegisterMember, ScheduleReplacement, SealCommittee, VetoReplacement,
};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::transaction::unsigned_len;
use crate::{Budget, Parties, RollupClient, SettlementError, committee_address, instruction};

/// Compute units of one registration: measured 63,000 to 71,000, by the members that are compared with.
const REGISTER_UNITS: u32 = 150_000;

/// A committee that is complete and may take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Address of its account.
    pub address: Pubkey,
    /// Its hash, as the last block before it names it.
    pub hash: Digest,
}

impl RollupClient {
    /// Opens the stager's committee of the members' epoch, registers those that it does not have yet, in this order, and seals it. A
    /// member's place is its bit in every certificate.
    ///
    /// # Errors
    /// The members on chain are not the first of these, or a transaction fails.
    pub async fn stage_committee(
        &self,
        stager: &Keypair,
        members: &[RegisterMember],
    ) -> Result<Staged, SettlementError> {
        self.register_members(stager, members).await?;
        let epoch = members.first().map_or(0, |member| member.epoch);
        self.seal_committee(stager, epoch).await
    }

    /// The same without the seal. As many members as fit go into one transaction, and the transactions follow one another, because
    /// the cluster would not keep the order of several in flight.
    ///
    /// # Errors
    /// As [`RollupClient::stage_committee`].
    pub async fn register_members(
        &self,
        stager: &Keypair,
        members: &[RegisterMember],
    ) -> Result<(), SettlementError> {
        let Some(epoch) = members.first().map(|member| member.epoch) else {
            return Ok(());
        };
        let parties = self.parties(stager, epoch);
        let registered = match self.same_members(&parties.committee, members).await {
            Err(SettlementError::AccountMissing { .. }) => {
                self.call_on(stager, &parties.committee, &OpenCommittee { epoch })
                    .await?;
                0
            }
            other => other?,
        };
        let instructions: Vec<_> = members[registered..]
            .iter()
            .map(|member| instruction(&self.program(), &parties, member))
            .collect();
        for batch in batches(&instructions, &stager.pubkey())? {
            self.sender()
                .run(&batch, &[stager], CommitmentConfig::processed())
                .await?;
        }
        // Confirms the last, and with it all before.
        loop {
            if self.same_members(&parties.committee, members).await? == members.len() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Fixes the members of the stager's committee. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn seal_committee(&self, stager: &Keypair, epoch: u64) -> Result<Staged, SettlementError> {
        let address = self.parties(stager, epoch).committee;
        if self.committee(&address).await?.state.sealed == 0 {
            self.call_on(stager, &address, &SealCommittee { epoch }).await?;
        }
        let hash = self.committee(&address).await?.state.hash;
        Ok(Staged { address, hash })
    }

    /// Gives the stager's committee of an epoch up; its rent comes back.
    ///
    /// # Errors
    /// The transaction fails, as it does for a committee that certifies or is scheduled.
    pub async fn close_committee(&self, stager: &Keypair, epoch: u64) -> Result<(), SettlementError> {
        let address = self.parties(stager, epoch).committee;
        self.call_on(stager, &address, &CloseCommittee { epoch }).await
    }

    /// Seals the committee of `epoch` that governance itself staged and lets it be the first to certify. Done already is a
    /// success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn activate_committee(&self, governance: &Keypair, epoch: u64) -> Result<(), SettlementError> {
        let staged = self.seal_committee(governance, epoch).await?;
        if self.rollup_state().await?.committee() == staged.address {
            return Ok(());
        }
        self.call_on(governance, &staged.address, &ActivateCommittee {})
            .await
    }

    /// Lets the next committee take over, once the epoch's last block is accepted; anybody may pay. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn hand_over(&self, payer: &Keypair, next: &Pubkey) -> Result<(), SettlementError> {
        if self.rollup_state().await?.committee() == *next {
            return Ok(());
        }
        self.call_on(payer, next, &HandOver {}).await
    }

    /// Announces a committee in place of the next one. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn schedule_replacement(
        &self,
        governance: &Keypair,
        committee: &Pubkey,
    ) -> Result<(), SettlementError> {
        if self.rollup_state().await?.state.replacement.committee == committee.to_bytes() {
            return Ok(());
        }
        self.call_on(governance, committee, &ScheduleReplacement {}).await
    }

    /// Takes the announcement back; guardian or governance signs. Nothing announced is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn veto_replacement(&self, authority: &Keypair) -> Result<(), SettlementError> {
        if self.rollup_state().await?.state.replacement.committee == [0; 32] {
            return Ok(());
        }
        self.call(authority, &VetoReplacement {}).await
    }

    /// Puts the announced committee in, after the delay. Done already is a success.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn execute_replacement(
        &self,
        governance: &Keypair,
        committee: &Pubkey,
    ) -> Result<(), SettlementError> {
        if self.rollup_state().await?.committee() == *committee {
            return Ok(());
        }
        self.call_on(governance, committee, &ExecuteReplacement {}).await
    }

    fn parties(&self, stager: &Keypair, epoch: u64) -> Parties {
        Parties {
            signer: stager.pubkey(),
            committee: committee_address(&self.program(), epoch, &stager.pubkey()),
        }
    }

    /// How many of these members are on chain; refuses any that is not in its place.
    async fn same_members(
        &self,
        address: &Pubkey,
        members: &[RegisterMember],
    ) -> Result<usize, SettlementError> {
        let there = self.committee(address).await?;
        let epoch = there.state.epoch;
        for (index, there) in there.members.iter().enumerate() {
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
        Ok(there.members.len())
    }
}

/// Groups registrations, in order, into as few transactions as they fit in, each with its compute budget.
fn batches(instructions: &[Instruction], payer: &Pubkey) -> Result<Vec<Vec<Instruction>>, SettlementError> {
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
