//! What is looked at before the code is replaced, and whether the new code works.

use std::time::{Duration, Instant};

use registry::{Outcome, PROGRAM};
use rollup_abi::ProgramError;
use rollup_abi::account::RollupState;
use rollup_abi::instruction::{Resume, SubmitRoots, VerifyAccount};
use rollup_abi::release::parts;
use rollup_abi::{hash, post};
use settlement::deploy::program_code;
use settlement::{
    Parties, Pubkey, SettlementError, Signer as _, Transaction, classify_transaction, instruction,
};
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

use super::{NO_ROLLUP, Rollout, Step, rollup};
use crate::Error;

/// How often the canary looks.
const POLL: Duration = Duration::from_millis(200);

impl Rollout<'_> {
    /// The release may replace what runs.
    pub(super) async fn check_upgrade(&self) -> Result<String, Error> {
        let version = self.release.manifest.version;
        let policy = self
            .registry
            .policy(PROGRAM)?
            .ok_or(Error::NoPolicy { program: PROGRAM })?;
        let record = self
            .registry
            .record(PROGRAM, version)?
            .ok_or(Error::NoRecord { version })?;
        let standing = record.standing(&policy, &self.release.manifest);
        if !standing.is_complete() {
            let missing = standing.missing().iter().map(|item| item.to_string()).collect();
            return Err(Error::NotApproved { version, missing });
        }
        if let Some(after) = &self.settings.after {
            let got = match record.newest(after).map(|rollout| rollout.outcome) {
                Some(Outcome::Healthy) => None,
                Some(Outcome::Deployed) => Some("was only deployed"),
                Some(Outcome::Failed) => Some("failed"),
                None => Some("never was"),
            };
            if let Some(got) = got {
                return Err(Error::NotStaged {
                    version,
                    cluster: self.settings.cluster.clone(),
                    after: after.clone(),
                    got,
                });
            }
        }
        let state = self.check_chain(|there, reads| there <= reads).await?;
        Ok(format!(
            "approved for {} items; {state}",
            standing.confirmed.len()
        ))
    }

    /// The release may come back: it reads the state that is there.
    pub(super) async fn check_rollback(&self) -> Result<String, Error> {
        self.check_chain(|there, reads| there == reads).await
    }

    /// The authority, the room, and the state version.
    async fn check_chain(&self, fits: impl Fn(u64, u64) -> bool) -> Result<String, Error> {
        let program = self.settings.program_id;
        let code = program_code(self.client.rpc(), &program).await?;
        code.admits(&program, &self.authority.pubkey(), self.release.program.len())?;
        let manifest = &self.release.manifest;
        let Some(expected) = self.state_version().await? else {
            return Ok(NO_ROLLUP.into());
        };
        if !fits(expected, manifest.state_version) {
            return Err(Error::StateVersion {
                version: manifest.version,
                got: manifest.state_version,
                expected,
            });
        }
        Ok(format!(
            "state version {expected}, the release reads {}",
            manifest.state_version
        ))
    }

    /// The state version of the rollup's account, whichever it is.
    pub(super) async fn state_version(&self) -> Result<Option<u64>, Error> {
        use rollup_abi::account::AccountError;
        match rollup(&self.client).await {
            Ok(rollup) => Ok(rollup.map(|rollup| rollup.state.state_version)),
            Err(SettlementError::AccountLayout {
                source: AccountError::Version { got },
                ..
            }) => Ok(Some(got)),
            Err(error) => Err(error.into()),
        }
    }

    /// The program recorded itself as what the registry says it is.
    pub(super) fn check_record(&self, state: &RollupState) -> Result<String, Error> {
        let manifest = &self.release.manifest;
        let Some(running) = state.running() else {
            return Err(unhealthy(Step::Record, "the program recorded nothing"));
        };
        let (major, minor, patch) = parts(running.version);
        let got = format!("{major}.{minor}.{patch}");
        if got != manifest.version.to_string() || running.state_version != manifest.state_version {
            return Err(unhealthy(
                Step::Record,
                format!(
                    "the program says that it is {got} with state version {}, expected {} with {}",
                    running.state_version, manifest.version, manifest.state_version
                ),
            ));
        }
        if running.program_hash != hash::sha256(&[&self.release.program]) {
            return Err(unhealthy(
                Step::Record,
                "the program hashed itself to something else",
            ));
        }
        Ok(format!("{got} recorded in slot {}", running.slot))
    }

    /// The program reads its accounts, kept what had settled, refuses what it must, and would take its newest block again.
    pub(super) async fn check_health(&self) -> Result<String, Error> {
        let Some(rollup) = rollup(&self.client).await? else {
            return Ok(NO_ROLLUP.into());
        };
        let state = &rollup.state;
        if let Some(settled) = &self.journal.settled {
            let root = hex::encode(state.last.state_root);
            if settled.height != state.last.height || settled.root != root {
                return Err(unhealthy(
                    Step::Health,
                    format!(
                        "height {} with root {root} is on chain, {} with {} had settled",
                        state.last.height, settled.height, settled.root
                    ),
                ));
            }
        }
        if state.frozen == 1 {
            return Ok("frozen by a conflict: only its accounts could be read".into());
        }
        self.refuses_a_malformed_proof(state).await?;
        if state.active == 1 {
            let committee = self.client.committee(&rollup.committee()).await?;
            if committee.state.sealed != 1 || committee.state.epoch != state.epoch {
                return Err(unhealthy(
                    Step::Health,
                    "the committee's account is not that of the epoch",
                ));
            }
        }
        if !state.newest.is_set() {
            return Ok("accounts and proofs answer; no block was posted yet".into());
        }
        self.takes_its_newest_block(state, &rollup.committee()).await?;
        Ok(format!(
            "accounts and proofs answer, block {} would be taken again",
            state.last.height
        ))
    }

    async fn refuses_a_malformed_proof(&self, state: &RollupState) -> Result<(), Error> {
        let claim = VerifyAccount {
            height: state.last.height,
            address: [0; 32],
            value: &[],
            proof: &[],
        };
        let expected = ProgramError::ProofMalformed;
        match self.client.verify_account(&self.signer.pubkey(), &claim).await {
            Err(SettlementError::Failed { source, .. }) if custom(&source) == Some(expected.code()) => Ok(()),
            Err(SettlementError::Rpc { call, source }) => Err(SettlementError::Rpc { call, source }.into()),
            other => Err(unhealthy(
                Step::Health,
                match other {
                    Ok(_) => "it proves an account without a proof".to_owned(),
                    Err(error) => format!("a malformed proof is not refused as such: {error}"),
                },
            )),
        }
    }

    /// Simulates that posting goes on and that the newest block comes once more, which the program must know.
    async fn takes_its_newest_block(&self, state: &RollupState, committee: &Pubkey) -> Result<(), Error> {
        let program = self.settings.program_id;
        let listed = state.posters.iter().find(|poster| **poster != [0; 32]);
        let poster = listed.map_or(self.signer.pubkey(), |poster| Pubkey::new_from_array(*poster));
        let parties = Parties {
            signer: poster,
            committee: *committee,
        };
        let header = post::strip(&state.newest.header);
        let call = SubmitRoots {
            view: state.newest.view,
            header: &header,
            certificate: state.newest.certificate(),
            roots: &[],
        };
        let resume = instruction(&program, &Parties::signer(self.signer.pubkey()), &Resume {});
        let submit = instruction(&program, &parties, &call);
        let mut transaction = Transaction::new_with_payer(&[resume, submit], Some(&self.signer.pubkey()));
        // Nobody signs: the simulation does not ask for signatures.
        let signers = usize::from(transaction.message.header.num_required_signatures);
        transaction.signatures = vec![settlement::Signature::default(); signers];
        transaction.message.recent_blockhash = self.client.sender().recent().await?.blockhash;
        let simulated = self.client.rpc().simulate_transaction(&transaction).await;
        let simulated = simulated.map_err(|source| SettlementError::Rpc {
            call: "simulateTransaction",
            source: Box::new(source),
        })?;
        match simulated.value.err.map(TransactionError::from) {
            None => Ok(()),
            Some(error) => Err(unhealthy(
                Step::Health,
                format!(
                    "the newest block is not taken again ({}): {error}",
                    classify_transaction(&error).cause.label()
                ),
            )),
        }
    }

    /// Waits until a block settles that had not settled before.
    pub(super) async fn canary(&self) -> Result<String, Error> {
        let left_out = self.journal.was_paused || self.canary_seconds == 0;
        let Some(settled) = self.journal.settled.as_ref().filter(|_| !left_out) else {
            return Ok("left out".into());
        };
        let deadline = Instant::now() + Duration::from_secs(self.canary_seconds);
        loop {
            let state = self.client.rollup_state().await?.state;
            if state.frozen == 1 {
                return Err(unhealthy(Step::Canary, "the rollup is frozen"));
            }
            if state.last.height > settled.height {
                return Ok(format!("height {} settled through it", state.last.height));
            }
            if Instant::now() >= deadline {
                return Err(unhealthy(
                    Step::Canary,
                    format!(
                        "nothing settled after height {} within {} s",
                        settled.height, self.canary_seconds
                    ),
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// What a step found.
pub(super) fn unhealthy(step: Step, reason: impl Into<String>) -> Error {
    Error::Unhealthy {
        step,
        reason: reason.into(),
    }
}

/// The program's own code, if that is why a transaction failed.
fn custom(error: &TransactionError) -> Option<u32> {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => Some(*code),
        _ => None,
    }
}
