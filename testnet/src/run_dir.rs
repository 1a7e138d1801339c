//! The directory of one run: never an existing run's.
//!
//! ```text
//! data/testnet/2026-11-22T18-20-05Z/
//! ├── testnet.log          what the orchestrator did
//! ├── genesis.json         the chain's genesis
//! ├── keys/                mint authority, treasury and payers (0600)
//! └── validator-0/ …       config.toml, keys, data, validator.log
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where runs are kept unless told otherwise.
pub const DEFAULT_PARENT: &str = "data/testnet";
/// Runs that may start within the same second.
const MAX_SAME_SECOND: u32 = 100;

/// Why there is no directory to run in.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// Something is there already.
    #[error("data directory {0} is not empty: a run never overwrites another's data")]
    NotEmpty(PathBuf),
    /// The file system refused.
    #[error("data directory {path}: {source}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// An empty directory of this run's own.
#[derive(Clone, Debug)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// Takes `chosen` (created if missing, refused if not empty), or makes a new one named for the time.
    pub fn create(chosen: Option<&Path>) -> Result<Self, RunDirError> {
        let Some(path) = chosen else {
            return Self::named_for_the_time(Path::new(DEFAULT_PARENT), SystemTime::now());
        };
        let failed = |source| RunDirError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(RunDirError::NotEmpty(path.to_owned()));
        }
        path.canonicalize().map(Self).map_err(failed)
    }

    fn named_for_the_time(parent: &Path, now: SystemTime) -> Result<Self, RunDirError> {
        let failed = |path: &Path, source| RunDirError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(parent).map_err(|e| failed(parent, e))?;
        let stamp = utc(now);
        for turn in 1..=MAX_SAME_SECOND {
            let path = match turn {
                1 => parent.join(&stamp),
                _ => parent.join(format!("{stamp}-{turn}")),
            };
            match fs::create_dir(&path) {
                Ok(()) => return path.canonicalize().map(Self).map_err(|e| failed(&path, e)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, error)),
            }
        }
        Err(RunDirError::NotEmpty(parent.join(stamp)))
    }

    /// The directory, absolute.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Directory of a validator.
    pub fn validator(&self, index: usize) -> PathBuf {
        self.0.join(format!("validator-{index}"))
    }
}

/// `2026-11-22T18-20-05Z`: sorts by time, and no shell or file system minds it.
fn utc(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Civil date from days since 1970, by eras of 400 years that begin in March (Hinnant).
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00-00-00Z"),
            (951_782_399, "2000-02-28T23-59-59Z"),
            (951_782_400, "2000-02-29T00-00-00Z"),
            (1_798_761_600, "2027-01-01T00-00-00Z"),
            (4_107_542_400, "2100-03-01T00-00-00Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn nothing_is_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let first = RunDir::named_for_the_time(parent.path(), now).unwrap();
        let second = RunDir::named_for_the_time(parent.path(), now).unwrap();
        assert_ne!(first.path(), second.path());
        let chosen = parent.path().join("a/b");
        let dir = RunDir::create(Some(&chosen)).unwrap();
        assert!(dir.path().is_absolute());
        RunDir::create(Some(&chosen)).expect("an empty directory is nobody's data");
        fs::write(chosen.join("x"), "x").unwrap();
        assert!(matches!(
            RunDir::create(Some(&chosen)),
            Err(RunDirError::NotEmpty(_))
        ));
    }
}
