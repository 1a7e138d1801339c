//! The newest release, inside this crate.

use crate::{PROGRAM, RegistryError, Release};

mod newest {
    include!(concat!(env!("OUT_DIR"), "/newest.rs"));
}

const LOCAL_KEYPAIR: &str = include_str!("../../../registry/asset_rollup_program/program-keypair.json");

/// The newest release as it was when this crate was built, its hashes checked.
pub fn embedded() -> Result<Release, RegistryError> {
    let [manifest, program, idl] = newest::NEWEST.ok_or_else(|| RegistryError::Empty {
        program: PROGRAM.to_owned(),
    })?;
    Release::parse(PROGRAM, manifest, program.to_vec(), idl.to_vec())
}

/// The keypair of the program's address, for local chains: 32 secret bytes, then 32 public ones. It is published with the
/// source and protects nothing.
pub fn local_program_keypair() -> Result<[u8; 64], RegistryError> {
    let bytes: Vec<u8> = serde_json::from_str(LOCAL_KEYPAIR).map_err(|_| RegistryError::Keypair)?;
    bytes.try_into().map_err(|_| RegistryError::Keypair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_release_is_whole_and_the_folder_has_the_same() {
        let release = embedded().unwrap();
        assert_eq!(release.manifest.program_bytes, release.program.len() as u64);
        assert!(release.program.starts_with(b"\x7fELF"));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../registry");
        let registry = crate::Registry::open(folder).unwrap();
        assert_eq!(registry.latest(PROGRAM).unwrap(), release);
    }

    #[test]
    fn the_local_keypair_has_64_bytes() {
        assert!(local_program_keypair().unwrap().iter().any(|byte| *byte != 0));
    }
}
