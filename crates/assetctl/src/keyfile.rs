//! Solana's keypair files: a JSON array of 64 numbers.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use settlement::Keypair;

use crate::Error;

/// Longest keypair file in bytes: 64 numbers of three digits, and air.
const MAX_LEN: u64 = 1_024;

/// Reads a keypair that only its owner may read.
pub fn read(path: &Path) -> Result<Keypair, Error> {
    let io = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::KeyMode {
            path: path.to_owned(),
            mode,
        });
    }
    let mut text = String::new();
    file.take(MAX_LEN).read_to_string(&mut text).map_err(io)?;
    let bytes: Option<Vec<u8>> = serde_json::from_str(&text).ok();
    bytes
        .and_then(|bytes| Keypair::try_from(bytes.as_slice()).ok())
        .ok_or_else(|| Error::KeyContent {
            path: path.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use settlement::Signer as _;
    use std::fs;

    #[test]
    fn keys_are_read_and_only_from_files_of_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("id.json");
        let key = Keypair::new();
        fs::write(&path, format!("{:?}", key.to_bytes())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read(&path), Err(Error::KeyMode { mode: 0o644, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read(&path).unwrap().pubkey(), key.pubkey());
        for bad in ["", "[1,2]", "{}", &format!("{:?}", [9u8; 64])] {
            fs::write(&path, bad).unwrap();
            assert!(matches!(read(&path), Err(Error::KeyContent { .. })), "{bad}");
        }
        assert!(matches!(read(&folder.path().join("no")), Err(Error::Read { .. })));
    }
}
