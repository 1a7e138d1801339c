//! The journal of a rollout: what it is, what was before it, and which steps are done. Each change replaces the file as a whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use registry::{Name, Version};
use serde::{Deserialize, Serialize};

use super::{Kind, Step, now_ms};
use crate::Error;

/// What is rolled out where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begun {
    /// What is done.
    pub kind: Kind,
    /// Where.
    pub cluster: Name,
    /// Hash of the cluster's genesis, so that a cluster that began anew is another.
    pub genesis_hash: String,
    /// To which program.
    pub program_id: String,
    /// To which release.
    pub to: Version,
}

/// What had settled when posting was paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settled {
    /// The height.
    pub height: u64,
    /// Its state root.
    pub root: String,
}

/// A step that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    step: Step,
    unix_ms: u64,
    detail: String,
}

/// Why it stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failure {
    step: Step,
    reason: String,
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Journal {
    pub begun: Begun,
    /// What ran before, if the registry has it.
    pub from: Option<Version>,
    /// Whether posting was paused before: then it stays so.
    pub was_paused: bool,
    /// What had settled when posting was paused.
    pub settled: Option<Settled>,
    done: Vec<Done>,
    failed: Option<Failure>,
    #[serde(skip)]
    path: PathBuf,
}

impl Journal {
    /// Reads one, if there is one.
    pub fn read(path: &Path) -> Result<Option<Self>, Error> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?,
        };
        let journal: Self = serde_json::from_slice(&text).map_err(|source| Error::Json {
            path: path.to_owned(),
            source,
        })?;
        Ok(Some(Self {
            path: path.to_owned(),
            ..journal
        }))
    }

    /// Writes a new one.
    pub fn create(path: &Path, begun: Begun, from: Option<Version>, was_paused: bool) -> Result<Self, Error> {
        let journal = Self {
            begun,
            from,
            was_paused,
            settled: None,
            done: Vec::new(),
            failed: None,
            path: path.to_owned(),
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::Write {
                path: folder.to_owned(),
                source,
            })?;
        }
        journal.write()?;
        Ok(journal)
    }

    /// This journal, if it is of that.
    pub fn of(self, begun: Begun) -> Result<Self, Error> {
        if self.begun == begun {
            return Ok(self);
        }
        let say = |begun: &Begun| {
            format!(
                "{} to {} of {} on {}",
                begun.kind, begun.to, begun.program_id, begun.cluster
            )
        };
        Err(Error::OtherJournal {
            got: say(&self.begun),
            expected: say(&begun),
            path: self.path,
        })
    }

    /// Whether a step is done.
    pub fn is_done(&self, step: Step) -> bool {
        self.done.iter().any(|done| done.step == step)
    }

    /// Whether nothing is left to do: all is done, or it failed and must be rolled back.
    pub fn is_finished(&self) -> bool {
        self.failed.is_some() || self.is_done(Step::Register)
    }

    /// Whether it ended with a bad program.
    pub fn is_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Notes that a step is done.
    pub fn done(&mut self, step: Step, detail: String) -> Result<(), Error> {
        self.done.push(Done {
            step,
            unix_ms: now_ms(),
            detail,
        });
        self.write()
    }

    /// Notes that a step found a bad program.
    pub fn fail(&mut self, step: Step, reason: &str) -> Result<(), Error> {
        self.failed = Some(Failure {
            step,
            reason: reason.to_owned(),
        });
        self.write()
    }

    /// Notes what had settled.
    pub fn settle(&mut self, settled: Settled) -> Result<(), Error> {
        self.settled = Some(settled);
        self.write()
    }

    /// Notes whether posting was paused by somebody else.
    pub fn set_was_paused(&mut self, was_paused: bool) -> Result<(), Error> {
        self.was_paused = was_paused;
        self.write()
    }

    /// For how long posting was paused by this, in milliseconds.
    pub fn paused_ms(&self) -> Option<u64> {
        let at = |step| {
            self.done
                .iter()
                .find(|done| done.step == step)
                .map(|done| done.unix_ms)
        };
        let (paused, resumed) = (at(Step::Pause)?, at(Step::Resume)?);
        (!self.was_paused).then(|| resumed.saturating_sub(paused))
    }

    /// The steps that are done.
    pub fn steps(&self) -> &[Done] {
        &self.done
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&self) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).expect("our own structs have a JSON form");
        let new = self.path.with_extension("json.new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(|source| Error::Write {
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(to: &str) -> Begun {
        Begun {
            kind: Kind::Upgrade,
            cluster: "devnet".parse().unwrap(),
            genesis_hash: "g".into(),
            program_id: "p".into(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn what_is_done_survives_and_another_rollout_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/journal.json");
        assert_eq!(Journal::read(&path).unwrap(), None);
        let mut journal = Journal::create(&path, begun("0.2.0"), "0.1.0".parse().ok(), false).unwrap();
        journal.done(Step::Check, "well".into()).unwrap();
        let read = Journal::read(&path).unwrap().unwrap();
        assert_eq!(read, journal);
        assert!(read.is_done(Step::Check) && !read.is_done(Step::Pause) && !read.is_finished());
        assert!(read.clone().of(begun("0.2.0")).is_ok());
        assert!(matches!(read.of(begun("0.3.0")), Err(Error::OtherJournal { .. })));
        journal.fail(Step::Health, "it does not answer").unwrap();
        assert!(journal.is_finished() && journal.is_failed());
        fs::write(&path, "{}").unwrap();
        assert!(matches!(Journal::read(&path), Err(Error::Json { .. })));
    }

    #[test]
    fn steps_are_in_the_order_of_their_doing() {
        assert!(Step::ALL.is_sorted());
        assert_eq!(Step::ALL.map(|step| step.to_string())[7], "health");
    }
}
