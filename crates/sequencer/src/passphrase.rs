//! The passphrase of sealed key files: from a file, from the environment, or typed.

use std::{
    env, fs,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// The variable that holds it, for whoever has no file for it.
pub const VARIABLE: &str = "ASSET_L2_PASSPHRASE";
/// Longest passphrase file, bytes.
const MAX_FILE: u64 = 4_096;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Its file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be typed.
    #[error("typing a passphrase: {0}")]
    Prompt(io::Error),
    /// There is none, nor anybody to type it.
    #[error(
        "a passphrase is needed, and there is no terminal to type it: expected a passphrase_file or {VARIABLE}"
    )]
    Nowhere,
    /// What was typed the second time is something else.
    #[error("the two passphrases differ")]
    Differ,
    /// It is empty.
    #[error("the passphrase is empty")]
    Empty,
}

/// The first of: the first line of `file`, the environment variable, what is typed.
pub fn read(file: Option<&Path>) -> Result<Zeroizing<String>, PassphraseError> {
    find(file, || prompt("Passphrase: "))
}

/// As [`read`], but typed twice.
pub fn choose(file: Option<&Path>) -> Result<Zeroizing<String>, PassphraseError> {
    find(file, || {
        let first = prompt("New passphrase: ")?;
        match prompt("The same again: ")? == first {
            true => Ok(first),
            false => Err(PassphraseError::Differ),
        }
    })
}

fn find(
    file: Option<&Path>,
    typed: impl FnOnce() -> Result<Zeroizing<String>, PassphraseError>,
) -> Result<Zeroizing<String>, PassphraseError> {
    let passphrase = match (file, env::var(VARIABLE)) {
        (Some(path), _) => first_line(path)?,
        (None, Ok(passphrase)) => Zeroizing::new(passphrase),
        (None, Err(_)) => typed()?,
    };
    match passphrase.is_empty() {
        true => Err(PassphraseError::Empty),
        false => Ok(passphrase),
    }
}

fn first_line(path: &Path) -> Result<Zeroizing<String>, PassphraseError> {
    let failed = |source| PassphraseError::Io {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("larger than {MAX_FILE} bytes"),
        )));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn prompt(text: &str) -> Result<Zeroizing<String>, PassphraseError> {
    if !io::stdin().is_terminal() {
        return Err(PassphraseError::Nowhere);
    }
    rpassword::prompt_password(text)
        .map(Zeroizing::new)
        .map_err(PassphraseError::Prompt)
}
