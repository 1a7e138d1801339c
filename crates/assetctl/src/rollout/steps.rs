//! What each step does. Each looks first whether it is done.

use registry::Outcome;
use rollup_abi::account::STATE_VERSION;
use rollup_abi::instruction::Pause;
use settlement::deploy::{Upload, program_code, upgrade_program, upload_program};

use super::checks::unhealthy;
use super::journal::Settled;
use super::{Kind, NO_ROLLUP, Rollout, Step, record, rollup};
use crate::Error;

impl Rollout<'_> {
    /// Does one step and says what it did.
    pub(super) async fn step(&mut self, step: Step) -> Result<String, Error> {
        match step {
            Step::Check => match self.journal.begun.kind {
                Kind::Upgrade => self.check_upgrade().await,
                Kind::Rollback => self.check_rollback().await,
            },
            Step::Pause => self.pause().await,
            Step::Upload => self.upload().await,
            Step::Upgrade => self.upgrade().await,
            Step::Verify => self.verify().await,
            Step::Migrate => self.migrate().await,
            Step::Record => self.record().await,
            Step::Health => self.check_health().await,
            Step::Resume => self.resume().await,
            Step::Canary => self.canary().await,
            Step::Register => self.register().await,
        }
    }

    async fn pause(&mut self) -> Result<String, Error> {
        let paused = match self.state_version().await? {
            None => return Ok(NO_ROLLUP.into()),
            Some(STATE_VERSION) => self.client.pause(&self.signer).await,
            // What this client cannot read it can still pause.
            Some(_) => self.client.call(&self.signer, &Pause {}).await,
        };
        match (paused, self.journal.begun.kind) {
            (Ok(()), _) => {}
            // A program that is so broken that it cannot pause takes no roots either, or must not.
            (Err(error), Kind::Rollback) => {
                return Ok(format!("the program that runs cannot be paused: {error}"));
            }
            (Err(error), Kind::Upgrade) => return Err(error.into()),
        }
        if let Some(version @ ..STATE_VERSION) = self.state_version().await? {
            return Ok(format!(
                "posting is paused; the account has state version {version}"
            ));
        }
        let state = self.client.rollup_state().await?.state;
        self.journal.settle(Settled {
            height: state.last.height,
            root: hex::encode(state.last.state_root),
        })?;
        Ok(format!(
            "posting is paused, height {} has settled",
            state.last.height
        ))
    }

    async fn upload(&self) -> Result<String, Error> {
        if self.is_there().await? {
            return Ok("the code is there already".into());
        }
        let uploaded = upload_program(self.client.rpc(), &self.as_upload()).await?;
        Ok(format!(
            "{} writes to buffer {}",
            uploaded.writes, uploaded.buffer
        ))
    }

    async fn upgrade(&self) -> Result<String, Error> {
        upgrade_program(self.client.rpc(), &self.settings.program_id, &self.as_upload()).await?;
        let code = program_code(self.client.rpc(), &self.settings.program_id).await?;
        Ok(format!("code of slot {}", code.slot))
    }

    async fn verify(&self) -> Result<String, Error> {
        if !self.is_there().await? {
            return Err(unhealthy(Step::Verify, "the code on chain is not the registry's"));
        }
        Ok(format!(
            "sha256 {} on chain as in the registry",
            self.release.manifest.program_sha256
        ))
    }

    async fn migrate(&self) -> Result<String, Error> {
        if self.state_version().await?.is_none() {
            return Ok(NO_ROLLUP.into());
        }
        self.client.migrate(&self.signer).await?;
        let version = self.client.rollup_state().await?.state.state_version;
        Ok(format!("the account has state version {version}"))
    }

    async fn record(&self) -> Result<String, Error> {
        if rollup(&self.client).await?.is_none() {
            return Ok(NO_ROLLUP.into());
        }
        let idl_hash = rollup_abi::hash::sha256(&[&self.release.idl]);
        self.client
            .record_release(&self.signer, &self.release.program, idl_hash)
            .await?;
        let state = self.client.rollup_state().await?.state;
        self.check_record(&state)
    }

    async fn resume(&self) -> Result<String, Error> {
        if rollup(&self.client).await?.is_none() {
            return Ok(NO_ROLLUP.into());
        }
        if self.journal.was_paused {
            return Ok("posting was paused before and stays so: `assetctl resume` ends it".into());
        }
        self.client.resume(&self.signer).await?;
        Ok("posting goes on".into())
    }

    async fn register(&self) -> Result<String, Error> {
        let seen = self.journal.settled.is_some() && !self.journal.was_paused && self.canary_seconds > 0;
        let outcome = if seen { Outcome::Healthy } else { Outcome::Deployed };
        let version = self.release.manifest.version;
        let recorded = record(self.settings, &self.client, self.registry, version, outcome).await?;
        Ok(if recorded {
            "the registry has the outcome".into()
        } else {
            "the release has no record in the registry".into()
        })
    }

    async fn is_there(&self) -> Result<bool, Error> {
        let code = program_code(self.client.rpc(), &self.settings.program_id).await?;
        Ok(code.holds(&self.release.program))
    }

    fn as_upload(&self) -> Upload<'_> {
        Upload {
            payer: &self.signer,
            authority: &self.authority,
            elf: &self.release.program,
        }
    }
}
