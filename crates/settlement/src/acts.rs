//! What deployer, governance and guardian do. Each act may be repeated: what is done already is a success.

use rollup_abi::Digest;
use rollup_abi::account::{AccountError, RollupState};
use rollup_abi::hash::sha256;
use rollup_abi::instruction::{
    AcceptRole, AddPoster, Call, GOVERNANCE, Initialize, Migrate, Pause, ProposeRole, RecordRelease, Resume,
    RevokePoster,
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::{Budget, Parties, RollupClient, SettlementError, growth, instruction};

/// Most calls that a migration takes: the longest account needs fewer.
const MAX_MIGRATION_CALLS: usize = 16;
/// Compute units of recording a release, beside less than one for each byte that is hashed, or found to be padding.
const RECORD_UNITS: u32 = 20_000;

impl RollupClient {
    /// Creates the rollup's account in its full length; `authority` is the program's upgrade authority and pays.
    ///
    /// # Errors
    /// Another rollup is there, or a transaction fails.
    pub async fn initialize(&self, authority: &Keypair, args: &Initialize) -> Result<(), SettlementError> {
        match self.rollup_state().await {
            Ok(there) if there.state.chain_id != args.chain_id => {
                return Err(SettlementError::OtherRollup {
                    got: Pubkey::new_from_array(there.state.chain_id),
                    expected: Pubkey::new_from_array(args.chain_id),
                });
            }
            Ok(_) => {}
            Err(SettlementError::AccountMissing { .. }) => self.call(authority, args).await?,
            Err(error) => return Err(error),
        }
        self.grow(authority).await
    }

    /// Gives the rollup's account its full length; anybody may pay.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn grow(&self, payer: &Keypair) -> Result<(), SettlementError> {
        let len = self.rollup_state().await?.data_len();
        let steps = growth(&self.program(), &payer.pubkey(), len);
        if steps.is_empty() {
            return Ok(());
        }
        self.act(&steps, payer).await
    }

    /// Stops what moves the rollup; guardian or governance signs.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn pause(&self, authority: &Keypair) -> Result<(), SettlementError> {
        self.unless(authority, &Pause {}, |state| state.paused == 1).await
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn resume(&self, governance: &Keypair) -> Result<(), SettlementError> {
        self.unless(governance, &Resume {}, |state| state.paused == 0)
            .await
    }

    /// Lists a poster.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn add_poster(&self, governance: &Keypair, poster: &Pubkey) -> Result<(), SettlementError> {
        let poster = poster.to_bytes();
        self.unless(governance, &AddPoster { poster }, |state| {
            state.posters.contains(&poster)
        })
        .await
    }

    /// Takes a poster off the list. Once nobody is listed, anybody may post.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn revoke_poster(&self, governance: &Keypair, poster: &Pubkey) -> Result<(), SettlementError> {
        let poster = poster.to_bytes();
        self.unless(governance, &RevokePoster { poster }, |state| {
            !state.posters.contains(&poster)
        })
        .await
    }

    /// Names the key that may take a role over ([`rollup_abi::instruction::GOVERNANCE`] or `GUARDIAN`).
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn propose_role(
        &self,
        governance: &Keypair,
        role: u8,
        key: &Pubkey,
    ) -> Result<(), SettlementError> {
        let key = key.to_bytes();
        self.unless(governance, &ProposeRole { role, key }, |state| {
            proposed(state, role) == key
        })
        .await
    }

    /// Takes a role over, as the key that was proposed for it.
    ///
    /// # Errors
    /// The transaction fails.
    pub async fn accept_role(&self, proposed: &Keypair, role: u8) -> Result<(), SettlementError> {
        let key = proposed.pubkey().to_bytes();
        self.unless(proposed, &AcceptRole { role }, |state| holder(state, role) == key)
            .await
    }

    /// Records the program that runs; `program` is what was deployed. The program hashes itself and so refuses a lie.
    ///
    /// # Errors
    /// The transaction fails, or the program is longer than any.
    pub async fn record_release(
        &self,
        governance: &Keypair,
        program: &[u8],
        idl_hash: Digest,
    ) -> Result<(), SettlementError> {
        let state = self.rollup_state().await?.state;
        let hash = sha256(&[program]);
        let recorded = |state: &RollupState| {
            state
                .running()
                .is_some_and(|running| running.program_hash == hash && running.idl_hash == idl_hash)
        };
        if recorded(&state) {
            return Ok(());
        }
        let program_len = u32::try_from(program.len()).unwrap_or(u32::MAX);
        let call = RecordRelease {
            program_len,
            idl_hash,
        };
        let held = self.program_status().await?.data_len;
        let budget = Budget {
            units: RECORD_UNITS.saturating_add(u32::try_from(held).unwrap_or(u32::MAX)),
            micro_lamports: 0,
        };
        let parties = Parties::signer(governance.pubkey());
        let mut instructions = budget.instructions().to_vec();
        instructions.push(instruction(&self.program(), &parties, &call));
        self.act(&instructions, governance).await
    }

    /// Brings the rollup's account to the program's state version, in as many calls as that takes; anybody may pay.
    ///
    /// # Errors
    /// A transaction fails, or the account is of a version that this client does not know.
    pub async fn migrate(&self, payer: &Keypair) -> Result<(), SettlementError> {
        for _ in 0..MAX_MIGRATION_CALLS {
            match self.rollup_state().await {
                Err(SettlementError::AccountLayout {
                    source: AccountError::Version { .. },
                    ..
                }) => self.call(payer, &Migrate {}).await?,
                other => return other.map(drop),
            }
        }
        self.rollup_state().await.map(drop)
    }

    async fn unless<C: Call>(
        &self,
        signer: &Keypair,
        call: &C,
        done: impl FnOnce(&RollupState) -> bool,
    ) -> Result<(), SettlementError> {
        if done(&self.rollup_state().await?.state) {
            return Ok(());
        }
        self.call(signer, call).await
    }
}

fn proposed(state: &RollupState, role: u8) -> [u8; 32] {
    if role == GOVERNANCE {
        state.proposed_governance
    } else {
        state.proposed_guardian
    }
}

fn holder(state: &RollupState, role: u8) -> [u8; 32] {
    if role == GOVERNANCE {
        state.governance
    } else {
        state.guardian
    }
}
