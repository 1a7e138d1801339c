//! The data directory: one process at a time.
//!
//! The lock is the operating system's, on the file `lock`, so a process that is killed leaves none behind. What the file
//! says is only for people: the process that has it.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::StoreError;

/// The lock's name in the data directory.
pub const LOCK_FILE: &str = "lock";
/// Longest content of a lock that is read: a process id.
const MAX_PID: u64 = 20;

/// A data directory that this process has to itself for as long as this lives.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory if it is missing, durably, and takes its lock.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process has it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        prepare(path)?;
        Self::existing(path)
    }

    /// Takes the lock of a directory that is there.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn existing(path: &Path) -> Result<Self, StoreError> {
        let io = |operation| {
            move |source| StoreError::Io {
                operation,
                path: path.join(LOCK_FILE),
                source: Arc::new(source),
            }
        };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut lock = options.open(path.join(LOCK_FILE)).map_err(io("open"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who has it may be writing its number just now.
                let _ = lock.take(MAX_PID).read_to_string(&mut text);
                return Err(StoreError::InUse {
                    path: path.to_owned(),
                    pid: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        lock.set_len(0).map_err(io("write"))?;
        lock.rewind().map_err(io("write"))?;
        writeln!(lock, "{}", std::process::id()).map_err(io("write"))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the directory, durably.
fn prepare(directory: &Path) -> Result<(), StoreError> {
    let io = |operation| {
        move |source| StoreError::Io {
            operation,
            path: directory.to_owned(),
            source: Arc::new(source),
        }
    };
    fs::create_dir_all(directory).map_err(io("create directory"))?;
    // A directory entry outlives a power cut only once the directory itself is synced.
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    for directory in [Some(directory), parent].into_iter().flatten() {
        File::open(directory)
            .and_then(|file| file.sync_all())
            .map_err(io("sync directory"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_the_first() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let first = Directory::open(&path).unwrap();
        let error = Directory::open(&path).unwrap_err();
        let own = std::process::id();
        assert!(
            matches!(&error, StoreError::InUse { pid: Some(pid), .. } if *pid == own),
            "{error}"
        );
        assert!(
            error.to_string().contains(&format!("in use by process {own}")),
            "{error}"
        );
        drop(first);
        fs::write(path.join(LOCK_FILE), "a longer text than a process id has").unwrap();
        let again = Directory::open(&path).unwrap();
        assert_eq!(
            fs::read_to_string(again.path().join(LOCK_FILE)).unwrap(),
            format!("{own}\n")
        );
    }
}
