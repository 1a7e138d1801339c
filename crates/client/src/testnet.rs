//! Finding the testnet that runs on this machine: it leaves a note where every program of its user can read it.
//!
//! The note is `asset-l2/testnet.json` in `$XDG_RUNTIME_DIR`, or else in the user's cache directory. The testnet that started
//! last has written it, and removes it when it ends; one that was killed leaves a note that names a process which is gone.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use assetvm::{Address, Amount};
use jsonrpsee::{
    core::client::{ClientT as _, Error as CallError},
    http_client::HttpClientBuilder,
    rpc_params,
};
use nix::{sys::signal::kill, unistd::Pid};
use rpc_types::{
    text::display,
    types::{AddressText, IdText},
};
use serde::{Deserialize, Serialize};

use crate::{
    ClientError,
    client::{CALL_TIMEOUT, innermost},
};

/// What the faucet is called, as a method of JSON-RPC at `/rpc` of the explorer.
pub const FAUCET: &str = "testnet_faucet";
/// Most bytes of a note.
const MAX_NOTE_BYTES: u64 = 64 << 10;

/// Where a testnet is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its process.
    pub pid: u32,
    /// Its directory, with its keys.
    pub dir: PathBuf,
    /// JSON-RPC of its validators.
    pub validators: Vec<String>,
    /// JSON-RPC of its Solana.
    pub solana: String,
    /// The rollup's program there.
    #[serde(with = "display")]
    pub program: Address,
    /// Its explorer, which is also the faucet.
    pub explorer: String,
}

/// What the faucet has given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gift {
    /// The transaction.
    pub id: IdText,
    /// How much, $ASSET.
    #[serde(with = "display")]
    pub amount: Amount,
}

/// Why there is no testnet to use.
#[derive(Debug, thiserror::Error)]
pub enum NoTestnet {
    /// Nobody has left a note.
    #[error("no testnet runs here: there is no {}", path.display())]
    NoNote {
        /// Where one would be.
        path: PathBuf,
    },
    /// Whoever left it is gone.
    #[error("the testnet of {} (process {pid}) does not run any more", dir.display())]
    Gone {
        /// Its directory.
        dir: PathBuf,
        /// Its process.
        pid: u32,
    },
    /// The note is none.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The note.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The note of the testnet that runs.
///
/// # Errors
/// None does.
pub fn find() -> Result<Note, NoTestnet> {
    Note::read(&default_path())
}

/// Where the note is.
pub fn default_path() -> PathBuf {
    let dir = |name: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let parent = dir("XDG_RUNTIME_DIR")
        .filter(|path| path.is_dir())
        .or_else(|| dir("XDG_CACHE_HOME"))
        .or_else(|| dir("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(env::temp_dir);
    parent.join("asset-l2").join("testnet.json")
}

impl Note {
    /// The note at this place, if its testnet runs.
    ///
    /// # Errors
    /// There is none, or its testnet is gone.
    pub fn read(path: &Path) -> Result<Self, NoTestnet> {
        let note = Self::parse(path)?;
        let alive = i32::try_from(note.pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None).is_ok());
        match alive {
            true => Ok(note),
            false => Err(NoTestnet::Gone {
                dir: note.dir,
                pid: note.pid,
            }),
        }
    }

    /// Asks the faucet for $ASSET. What it gives is on its way when it answers.
    ///
    /// # Errors
    /// It does not answer, or gives nothing now.
    pub async fn faucet(&self, address: &Address) -> Result<Gift, ClientError> {
        let url = format!("{}/rpc", self.explorer);
        let unreachable = |error: &dyn std::error::Error| ClientError::Unreachable {
            reason: format!("{url}: {}", innermost(error)),
        };
        let rpc = HttpClientBuilder::default()
            .request_timeout(CALL_TIMEOUT)
            .build(&url);
        let rpc = rpc.map_err(|error| unreachable(&error))?;
        match rpc.request(FAUCET, rpc_params![AddressText(*address)]).await {
            Ok(gift) => Ok(gift),
            Err(CallError::Call(object)) => Err(ClientError::Refused {
                code: object.code(),
                message: object.message().to_owned(),
            }),
            Err(error) => Err(unreachable(&error)),
        }
    }

    fn parse(path: &Path) -> Result<Self, NoTestnet> {
        let malformed = |reason: String| NoTestnet::Malformed {
            path: path.to_owned(),
            reason,
        };
        let size = match fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(NoTestnet::NoNote {
                    path: path.to_owned(),
                });
            }
            Err(error) => return Err(malformed(error.to_string())),
        };
        if size > MAX_NOTE_BYTES {
            return Err(malformed(format!(
                "{size} bytes, expected at most {MAX_NOTE_BYTES}"
            )));
        }
        let text = fs::read_to_string(path).map_err(|error| malformed(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))
    }

    /// Leaves the note until what is returned is dropped.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn leave(&self, path: &Path) -> io::Result<Left> {
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        // Nobody ever reads half a note.
        let fresh = path.with_extension(format!("{}.json", self.pid));
        let mut file = fs::OpenOptions::new();
        file.write(true).create(true).truncate(true).mode(0o600);
        io::Write::write_all(&mut file.open(&fresh)?, text.as_bytes())?;
        fs::rename(&fresh, path)?;
        Ok(Left {
            path: path.to_owned(),
            pid: self.pid,
        })
    }
}

/// A note that is removed when this is dropped, unless another testnet has left its own by then.
#[derive(Debug)]
pub struct Left {
    path: PathBuf,
    pid: u32,
}

impl Drop for Left {
    fn drop(&mut self) {
        if Note::parse(&self.path).is_ok_and(|note| note.pid == self.pid) {
            // A note that stays names a process that is gone.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_while_its_testnet_runs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/testnet.json");
        let note = Note {
            pid: std::process::id(),
            dir: dir.path().to_owned(),
            validators: vec!["http://127.0.0.1:1".into()],
            solana: "http://127.0.0.1:2".into(),
            program: Address::new([7; 32]),
            explorer: "http://127.0.0.1:3".into(),
        };
        assert!(matches!(Note::read(&path), Err(NoTestnet::NoNote { .. })));
        let left = note.leave(&path).unwrap();
        assert_eq!(Note::read(&path).unwrap(), note);
        // Above what Linux gives to any process.
        let later = Note { pid: 1 << 30, ..note };
        let of_later = later.leave(&path).unwrap();
        drop(left);
        assert!(matches!(Note::read(&path), Err(NoTestnet::Gone { pid, .. }) if pid == 1 << 30));
        drop(of_later);
        assert!(matches!(Note::read(&path), Err(NoTestnet::NoNote { .. })));
        fs::write(&path, "{}").unwrap();
        assert!(matches!(Note::read(&path), Err(NoTestnet::Malformed { .. })));
    }
}
