//! Upgrade and rollback: one list of steps, each of which can be run again, with a journal of what is done.
//!
//! ```text
//! check ─▶ pause ─▶ upload ─▶ upgrade ─▶ verify ─▶ migrate ─▶ record ─▶ health ─▶ resume ─▶ canary ─▶ register
//!   │        └──────────────── posting is paused: blocks go on, their roots wait ─────┘         │
//!   └ approvals, stages, authority, room, state version                    roots settle again ──┘
//! ```
//!
//! A step looks at the chain before it acts, so that a process that died between an act and its entry in the journal does no
//! harm. The journal keeps what the chain forgets: which release ran before, whether posting was paused before, and what had
//! settled. What fails after the code was replaced leaves posting paused.

mod checks;
mod journal;
mod steps;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use registry::{Outcome, PROGRAM, Registry, Release, Rollout as Entry, Version};
use serde::{Deserialize, Serialize};
use serde_json::json;
use settlement::{Keypair, RollupAccount, RollupClient, SettlementError};

pub(crate) use journal::Journal;

use crate::answer::step;
use crate::running::Running;
use crate::{Answer, Error, Settings};

/// What a step says that has nothing to do before `initialize`.
const NO_ROLLUP: &str = "there is no rollup yet";

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// To an approved release.
    Upgrade,
    /// Back to a release that worked.
    Rollback,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
        })
    }
}

/// A step, in the order of its doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Approvals, stages, upgrade authority, room, state version.
    Check,
    /// Posting stops everywhere.
    Pause,
    /// The program is in a buffer on chain.
    Upload,
    /// The loader replaces the code.
    Upgrade,
    /// The code on chain is the registry's, byte for byte.
    Verify,
    /// The rollup's account is of the program's state version.
    Migrate,
    /// The program records its version and hash on chain.
    Record,
    /// The program reads its accounts and answers as it should.
    Health,
    /// Posting goes on.
    Resume,
    /// A root settles through the new program.
    Canary,
    /// The outcome is in the registry.
    Register,
}

impl Step {
    /// All, in order.
    pub(crate) const ALL: [Self; 11] = [
        Self::Check,
        Self::Pause,
        Self::Upload,
        Self::Upgrade,
        Self::Verify,
        Self::Migrate,
        Self::Record,
        Self::Health,
        Self::Resume,
        Self::Canary,
        Self::Register,
    ];

    /// Whether a failure of this step says that the program is bad.
    const fn judges_program(self) -> bool {
        matches!(
            self,
            Self::Verify | Self::Migrate | Self::Record | Self::Health | Self::Canary
        )
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no step is hidden");
        f.pad(value.get_name())
    }
}

/// What an operator may choose.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The upgrade authority's keypair file, if it is not the signer's.
    pub authority: Option<PathBuf>,
    /// Where the journal is.
    pub journal: Option<PathBuf>,
    /// The last step to do now.
    pub until: Option<Step>,
    /// Seconds that the canary has; 0 leaves it out.
    pub canary_seconds: u64,
}

/// A rollout on its way.
pub(crate) struct Rollout<'a> {
    settings: &'a Settings,
    registry: &'a Registry,
    client: RollupClient,
    release: Release,
    /// Governance, and who pays.
    signer: Keypair,
    authority: Keypair,
    canary_seconds: u64,
    journal: Journal,
}

impl<'a> Rollout<'a> {
    /// Begins, or takes up what a journal says.
    pub async fn begin(
        settings: &'a Settings,
        registry: &'a Registry,
        kind: Kind,
        to: Version,
        options: &Options,
    ) -> Result<Self, Error> {
        let client = settings.client();
        let path = options
            .journal
            .clone()
            .unwrap_or_else(|| journal_path(settings, kind, to));
        let begun = journal::Begun {
            kind,
            cluster: settings.cluster.clone(),
            genesis_hash: client.cluster().await?.genesis_hash,
            program_id: settings.program_id.to_string(),
            to,
        };
        let journal = match Journal::read(&path)? {
            // What was refused at once did nothing, and what was true then may not be true any more.
            Some(journal) if !journal.is_finished() && journal.is_done(Step::Check) => journal.of(begun)?,
            ended => {
                let running = Running::find(&client, registry).await?;
                // Tried once more, a failed upgrade goes from what ran before it, not from itself.
                let failed = ended.filter(|journal| {
                    journal.is_failed() && journal.begun == begun && running.version == Some(to)
                });
                let (from, was_paused) = match failed {
                    Some(failed) => (failed.from, failed.was_paused),
                    None => (running.version, is_paused(&client).await?),
                };
                Journal::create(&path, begun, from, was_paused)?
            }
        };
        Ok(Self {
            release: registry.release(PROGRAM, to)?,
            signer: settings.signer()?,
            authority: settings.key_or_signer(options.authority.as_deref())?,
            canary_seconds: options.canary_seconds,
            settings,
            registry,
            client,
            journal,
        })
    }

    /// Takes over who paused posting from the upgrade that this is the way back of.
    pub fn undo(&mut self, upgrade: &Journal) -> Result<(), Error> {
        self.journal.set_was_paused(upgrade.was_paused)
    }

    /// Does all steps that are not done yet.
    pub async fn run(&mut self, until: Option<Step>) -> Result<Answer, Error> {
        for next in Step::ALL
            .into_iter()
            .filter(|step| until.is_none_or(|until| *step <= until))
        {
            if self.journal.is_done(next) {
                continue;
            }
            match self.step(next).await {
                Ok(detail) => {
                    step(format_args!("{next:<9}{detail}"));
                    self.journal.done(next, detail)?;
                }
                Err(error) => return Err(self.failed(next, error).await),
            }
        }
        Ok(self.answer())
    }

    /// The journal as it stands.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// A bad program is paused again and written down as such; anything else can be tried once more.
    async fn failed(&mut self, at: Step, error: Error) -> Error {
        let bad = match &error {
            Error::Unhealthy { .. } => true,
            Error::Settlement(error) => {
                at.judges_program() && error.classify().verdict == settlement::Verdict::Halt
            }
            _ => false,
        };
        if !bad {
            return error;
        }
        let reason = match error {
            Error::Unhealthy { reason, .. } => reason,
            // The program's log follows on further lines.
            other => other.to_string().lines().next().unwrap_or_default().to_owned(),
        };
        // Both are tried whatever the other does; the reason for the failure is what the operator must hear.
        let paused = self.client.pause(&self.signer).await;
        if let Err(error) = &paused {
            step(format_args!("warning: posting could not be paused: {error}"));
        }
        let version = self.release.manifest.version;
        let recorded = record(
            self.settings,
            &self.client,
            self.registry,
            version,
            Outcome::Failed,
        )
        .await;
        if let Err(error) = &recorded {
            step(format_args!(
                "warning: the failure could not be written to the registry: {error}"
            ));
        }
        if let Err(error) = self.journal.fail(at, &reason) {
            step(format_args!(
                "warning: the failure could not be written to the journal: {error}"
            ));
        }
        Error::Unhealthy { step: at, reason }
    }

    fn answer(&self) -> Answer {
        let journal = &self.journal;
        let from = journal
            .from
            .map_or_else(|| "unknown code".to_owned(), |version| version.to_string());
        let state = if journal.is_finished() {
            "done"
        } else {
            "interrupted, as wished; run it again to go on"
        };
        let paused = journal.paused_ms().map(|ms| ms / 1_000);
        let text = format!(
            "{} of {} from {from} to {}: {state}{}",
            journal.begun.kind,
            self.settings.program_id,
            journal.begun.to,
            paused.map_or_else(String::new, |seconds| format!(
                ", posting was paused for {seconds} s"
            )),
        );
        let json = json!({
            "kind": journal.begun.kind,
            "program_id": self.settings.program_id.to_string(),
            "from": journal.from,
            "to": journal.begun.to,
            "finished": journal.is_finished(),
            "paused_ms": journal.paused_ms(),
            "steps": journal.steps(),
            "journal": journal.path(),
        });
        Answer::new(text, &json)
    }
}

/// Where a journal lies if it is not said.
pub(crate) fn journal_path(settings: &Settings, kind: Kind, to: Version) -> PathBuf {
    Path::new(".assetctl").join(format!("{kind}-{}-{to}.json", settings.cluster))
}

/// The rollup's account, if there is a rollup.
async fn rollup(client: &RollupClient) -> Result<Option<RollupAccount>, SettlementError> {
    match client.rollup_state().await {
        Err(SettlementError::AccountMissing { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// Whether posting is paused. An account that this client cannot read counts as paused, so that a person resumes it.
async fn is_paused(client: &RollupClient) -> Result<bool, SettlementError> {
    match rollup(client).await {
        Err(SettlementError::AccountLayout { .. }) => Ok(true),
        other => Ok(other?.is_some_and(|rollup| rollup.state.paused == 1)),
    }
}

/// Writes how a rollout went to the release's record; false if nobody has begun one.
pub(crate) async fn record(
    settings: &Settings,
    client: &RollupClient,
    registry: &Registry,
    version: Version,
    outcome: Outcome,
) -> Result<bool, Error> {
    let Some(mut record) = registry.record(PROGRAM, version)? else {
        return Ok(false);
    };
    let running = Running::find(client, registry).await?;
    let entry = Entry {
        cluster: settings.cluster.clone(),
        genesis_hash: client.cluster().await?.genesis_hash,
        program_id: settings.program_id.to_string(),
        upgrade_authority: running.authority(),
        slot: running.code.slot,
        unix_time: now_ms() / 1_000,
        outcome,
    };
    let known = record
        .newest(&settings.cluster)
        .is_some_and(|newest| newest.slot == entry.slot && newest.outcome == outcome);
    if !known {
        record.roll_out(entry);
        registry.write_record(PROGRAM, version, &record)?;
    }
    Ok(true)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
