//! Files: what is read is bounded, what is written is whole.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use curvevm::limits::MAX_PROGRAM_BYTES;

use crate::Error;

/// Most bytes of a source: what the compiler takes.
pub const MAX_SOURCE: u64 = 256 * 1024;
/// Most bytes of a ledger's file.
pub const MAX_STATE: u64 = 16 * 1024 * 1024;
/// The end of a source's name.
pub const EXTENSION: &str = "curve";
/// The first bytes of bytecode.
const MAGIC: &[u8] = b"CURV";
/// Most names that are read of a directory.
const MAX_LISTED: usize = 10_000;

/// A source and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As it was named; shown in messages.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// A source, or bytecode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Text.
    Source(Source),
    /// Bytes that begin like bytecode.
    Bytecode(Vec<u8>),
}

/// Reads a source; `-` is standard input.
pub fn read_source(path: &Path) -> Result<Source, Error> {
    match read_input(path)? {
        Input::Source(source) => Ok(source),
        Input::Bytecode(_) => Err(Error::Bytecode {
            path: path.to_owned(),
        }),
    }
}

/// Reads a source or bytecode.
pub fn read_input(path: &Path) -> Result<Input, Error> {
    let longest = MAX_SOURCE.max(MAX_PROGRAM_BYTES as u64);
    let bytes = if is_stdin(path) {
        bounded(io::stdin().lock(), path, "a source", longest)?
    } else {
        read(path, "a source", longest)?
    };
    if bytes.starts_with(MAGIC) {
        return Ok(Input::Bytecode(bytes));
    }
    let text = text(path, bytes)?;
    let name = if is_stdin(path) {
        "<stdin>".to_owned()
    } else {
        path.display().to_string()
    };
    Ok(Input::Source(Source { name, text }))
}

/// Whether this stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Reads a text file, if it is there.
pub fn read_text(path: &Path, what: &'static str, max: u64) -> Result<Option<String>, Error> {
    match read(path, what, max) {
        Ok(bytes) => text(path, bytes).map(Some),
        Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| Error::NotText {
        path: path.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })
}

fn read(path: &Path, what: &'static str, max: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let kind = fs::metadata(path).map_err(failed)?;
    if !kind.is_file() {
        let programs = programs_in(path).unwrap_or_default();
        return Err(Error::NotAFile {
            path: path.to_owned(),
            programs,
        });
    }
    bounded(File::open(path).map_err(failed)?, path, what, max)
}

fn bounded(from: impl io::Read, path: &Path, what: &'static str, max: u64) -> Result<Vec<u8>, Error> {
    let path = || path.to_owned();
    let mut bytes = Vec::new();
    from.take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Read { path: path(), source })?;
    if bytes.len() as u64 > max {
        return Err(Error::TooLong {
            path: path(),
            what,
            max,
        });
    }
    Ok(bytes)
}

/// The programs in a directory, by name.
fn programs_in(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let plain = |path: PathBuf| path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
    let mut found: Vec<PathBuf> = fs::read_dir(directory)?
        .take(MAX_LISTED)
        .filter_map(|entry| Some(plain(entry.ok()?.path())))
        .filter(|path| path.extension().is_some_and(|end| end == EXTENSION))
        .collect();
    found.sort();
    Ok(found)
}

/// The files that are named, or else all programs of this directory.
pub fn named_or_here(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let here = Path::new(".");
    let found = programs_in(here).map_err(|source| Error::Read {
        path: here.to_owned(),
        source,
    })?;
    match found.is_empty() {
        true => Err(Error::NoFile { got: 0 }),
        false => Ok(found),
    }
}

/// The file that is named, or else the only program of this directory.
pub fn named_or_only(named: Option<&PathBuf>) -> Result<PathBuf, Error> {
    let found = named_or_here(named.map(std::slice::from_ref).unwrap_or_default())?;
    match found.as_slice() {
        [only] => Ok(only.clone()),
        found => Err(Error::NoFile { got: found.len() }),
    }
}

/// Writes a file: all of it, or it stays what it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    // What a link leads to is changed, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    replace(&target, bytes).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let next = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut file = File::options().write(true).create_new(true).open(&next)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| keep_permissions(path, &next))
        .and_then(|()| fs::rename(&next, path));
    if written.is_err() {
        // The first error is the one to tell of.
        let _ = fs::remove_file(&next);
    }
    written
}

fn keep_permissions(path: &Path, next: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(old) => fs::set_permissions(next, old.permissions()),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_and_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.curve");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "nothing is left over"
        );
        let nowhere = directory.path().join("missing/a.curve");
        assert!(matches!(write(&nowhere, b""), Err(Error::Write { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("a.curve"), directory.path().join("b.curve"));
        write(&path, b"first").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        write(&link, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn no_more_is_read_than_the_limit() {
        let path = Path::new("a");
        let limit = |n: usize| bounded(&vec![b'x'; n][..], path, "a test", 10);
        assert_eq!(limit(10).unwrap().len(), 10);
        assert!(matches!(limit(11), Err(Error::TooLong { max: 10, .. })));
        assert!(matches!(
            bounded(io::repeat(0), path, "a test", 10),
            Err(Error::TooLong { .. })
        ));
    }
}
