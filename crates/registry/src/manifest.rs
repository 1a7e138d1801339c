//! What a release says of itself.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::RegistryError;

/// `major.minor.patch`, ordered by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version([u64; 3]);

impl FromStr for Version {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let parts: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
        let parts = parts.ok().and_then(|parts| parts.try_into().ok()).map(Self);
        // Comparing with the canonical form refuses "+1.0.0" and "01.0.0".
        parts
            .filter(|version: &Self| version.to_string() == text)
            .ok_or_else(|| RegistryError::Version { got: text.to_owned() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl TryFrom<String> for Version {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

/// A release's manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The program's name.
    pub program: String,
    /// The release's version.
    pub version: Version,
    /// The address that the program declares, base58.
    pub program_id: String,
    /// Length of the binary in bytes.
    pub program_bytes: u64,
    /// SHA-256 of the binary, hexadecimal.
    pub program_sha256: String,
    /// SHA-256 of the IDL, hexadecimal.
    pub idl_sha256: String,
    /// Version of the rollup's state that the program reads and writes.
    pub state_version: u64,
    /// What built it: tool and version. A rebuild with the same gives the same bytes.
    pub toolchain: BTreeMap<String, String>,
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let mut versions: Vec<Version> = ["0.10.0", "0.9.9", "1.0.0"].map(|v| v.parse().unwrap()).to_vec();
        versions.sort();
        assert_eq!(versions.map_to_strings(), ["0.9.9", "0.10.0", "1.0.0"]);
        for bad in ["", "1.0", "1.0.0.0", "a.b.c", "01.0.0", "+1.0.0", "1.0.0-rc"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }

    trait Strings {
        fn map_to_strings(&self) -> Vec<String>;
    }

    impl Strings for Vec<Version> {
        fn map_to_strings(&self) -> Vec<String> {
            self.iter().map(Version::to_string).collect()
        }
    }
}
