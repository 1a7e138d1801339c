//! What the commands share that talk to a running validator: finding its data directory, asking, printing rows.

use std::{
    future::Future,
    io::{ErrorKind, IsTerminal as _},
    path::{Path, PathBuf},
};

use jsonrpsee::core::{ClientError, client::Client};

use super::Failure;
use crate::{
    admin::{self, ConnectError},
    config::{ConfigError, Settings},
};

/// The configuration that is taken if none is named and this file is there.
const HERE: &str = "sequencer.toml";

/// How often [`Progress`] says a height.
const SAY_EVERY: u64 = 100;
/// Clears the rest of a terminal's line.
const WIPE: &str = "\x1b[K";

/// The data directory of which validator.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Data directory of the validator [default: the configuration file's]
    #[arg(long, value_name = "DIR", env = "ASSET_L2_DATA_DIR", hide_env_values = true)]
    data_dir: Option<PathBuf>,
    /// Configuration file of the validator [default: sequencer.toml, if it is here]
    #[arg(long, value_name = "FILE", env = "ASSET_L2_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
}

impl Place {
    /// The data directory.
    pub fn directory(&self) -> Result<PathBuf, Failure> {
        if let Some(directory) = &self.data_dir {
            return Ok(directory.clone());
        }
        self.setting("data_dir", |settings| settings.data_dir)
    }

    /// The genesis file.
    pub fn genesis(&self) -> Result<PathBuf, Failure> {
        self.setting("genesis", |settings| settings.genesis)
    }

    /// The configuration file's settings.
    pub fn settings(&self) -> Result<Settings, Failure> {
        let config = match &self.config {
            Some(path) => path.as_path(),
            None if Path::new(HERE).is_file() => Path::new(HERE),
            None => {
                return Err(Failure::new(
                    "no configuration file is named, and there is no sequencer.toml here",
                    "say --config FILE, or go to where sequencer.toml is",
                ));
            }
        };
        Ok(Settings::from_file(config)?)
    }

    /// A setting of the configuration file.
    fn setting<T>(&self, name: &'static str, of: impl FnOnce(Settings) -> Option<T>) -> Result<T, Failure> {
        Ok(of(self.settings()?).ok_or(ConfigError::Missing { name })?)
    }

    /// Connects to the validator there and does `work` with it.
    pub fn ask<T, F>(&self, work: impl FnOnce(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let directory = self.directory()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Failure::new(error, "the system is out of threads or files"))?;
        runtime.block_on(async { work(admin::connect(&directory).await?).await })
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let hint = match error.source.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                "no validator runs on this data directory: start it with sequencer run"
            }
            ErrorKind::PermissionDenied => "only the directory's owner and root may ask: use that account",
            _ => "check the path of the data directory",
        };
        Self::new(error, hint)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Call(refusal) => {
                let hint = match refusal.code() {
                    700 => {
                        "directives are LEVEL or TARGET=LEVEL, separated by commas: info,hotshot_engine=debug"
                    }
                    701 => "ask the validators that post: their setting posting is true",
                    702 => {
                        "try again, or leave --when-not-leader away: others then wait for this view's timeout"
                    }
                    _ => "the validator's log says more",
                };
                Self::new(refusal.message(), hint)
            }
            other => Self::new(other, "the validator may have ended: its log says more"),
        }
    }
}

/// Says on a terminal how far a long reading is, and wipes that away in the end.
pub struct Progress {
    is_seen: bool,
}

impl Progress {
    /// Nothing is said yet.
    pub fn new() -> Self {
        Self {
            is_seen: std::io::stderr().is_terminal(),
        }
    }

    /// It is at this height. Not each is said.
    pub fn at(&self, height: u64) {
        if self.is_seen && height.is_multiple_of(SAY_EVERY) {
            eprint!("\rheight {height}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_seen {
            eprint!("\r{WIPE}");
        }
    }
}

/// Rows of a name and a value each, in two columns.
pub fn print_rows(rows: &[(&str, String)]) {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in rows {
        println!("{name:width$}  {value}");
    }
}

/// A time in its two largest units.
pub fn duration_text(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration_text;

    #[test]
    fn durations_read_well() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_600, "1 h 0 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration_text(seconds), text);
        }
    }
}
