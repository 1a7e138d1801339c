//! `asset keys`

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use assetvm::SigningKey;
use rand::{RngCore as _, rngs::OsRng};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    Error, Shell, Verdict,
    cli::Keys,
    context::{self, Context},
};

pub fn run(command: &Keys, context: &Context<'_>, shell: &mut Shell) -> Result<Verdict, Error> {
    let (key, path) = match command {
        Keys::New { out } => {
            let path = out.clone().unwrap_or_else(context::default_key);
            (make(&path)?, Some(path))
        }
        Keys::Show => (context.key()?, None),
    };
    let address = key.address();
    if shell.is_json() {
        shell.json(&json!({ "address": address.to_string(), "file": path }))?;
    } else {
        shell.line(address)?;
    }
    if let Some(path) = path.filter(|_| !shell.is_json()) {
        shell.notice(format_args!(
            "the key is in {}: whoever has it has the account",
            path.display()
        ));
    }
    Ok(Verdict::Good)
}

fn make(path: &Path) -> Result<SigningKey, Error> {
    let mut seed = Zeroizing::new([0; 32]);
    OsRng.fill_bytes(&mut *seed);
    let key = SigningKey::from_seed(&seed);
    write(path, &key).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::KeyExists {
            path: path.to_owned(),
        },
        _ => Error::Write {
            path: path.to_owned(),
            source,
        },
    })?;
    Ok(key)
}

fn write(path: &Path, key: &SigningKey) -> io::Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    let bytes = Zeroizing::new(key.to_keypair_bytes());
    let text = Zeroizing::new(format!("{:?}\n", *bytes));
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
