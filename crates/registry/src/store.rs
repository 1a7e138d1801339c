//! The registry's folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Manifest, Policy, Record, RegistryError, Version, sha256_hex};

/// Name of a release's manifest.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of a release's IDL.
pub const IDL_FILE: &str = "idl.json";
/// Name of a release's record.
pub const RECORD_FILE: &str = "record.json";
/// Name of a program's policy.
pub const POLICY_FILE: &str = "policy.json";

/// A release whose hashes were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The program: an ELF file for Solana's loader.
    pub program: Vec<u8>,
    /// The IDL: JSON.
    pub idl: Vec<u8>,
}

impl Release {
    /// Puts a release together, if its files are those that the manifest names.
    pub fn checked(manifest: Manifest, program: Vec<u8>, idl: Vec<u8>) -> Result<Self, RegistryError> {
        for (file, bytes, expected) in [
            ("program", &program, &manifest.program_sha256),
            (IDL_FILE, &idl, &manifest.idl_sha256),
        ] {
            let got = sha256_hex(bytes);
            if got != *expected {
                return Err(RegistryError::Hash {
                    program: manifest.program,
                    version: manifest.version,
                    file: file.to_owned(),
                    got,
                    expected: expected.clone(),
                });
            }
        }
        Ok(Self {
            manifest,
            program,
            idl,
        })
    }

    /// Reads a release from a folder of its own, its hashes checked.
    pub fn read(folder: &Path, program: &str) -> Result<Self, RegistryError> {
        let read = |file: &str| {
            let path = folder.join(file);
            fs::read(&path).map_err(at(&path))
        };
        Self::parse(
            program,
            &read(MANIFEST_FILE)?,
            read(&binary(program))?,
            read(IDL_FILE)?,
        )
    }

    pub(crate) fn parse(
        program: &str,
        manifest: &[u8],
        so: Vec<u8>,
        idl: Vec<u8>,
    ) -> Result<Self, RegistryError> {
        let manifest = serde_json::from_slice(manifest).map_err(|source| RegistryError::Manifest {
            program: program.to_owned(),
            source,
        })?;
        Self::checked(manifest, so, idl)
    }
}

/// The registry in a folder.
#[derive(Clone, Debug)]
pub struct Registry {
    root: PathBuf,
}

impl Registry {
    /// Opens the registry; the folder must be there.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, RegistryError> {
        let root = root.into();
        fs::read_dir(&root).map_err(at(&root))?;
        Ok(Self { root })
    }

    /// The names of the programs, sorted.
    pub fn programs(&self) -> Result<Vec<String>, RegistryError> {
        let mut names = Vec::new();
        for name in names_in(&self.root)? {
            if self.root.join(&name).is_dir() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// A program's versions, oldest first.
    pub fn versions(&self, program: &str) -> Result<Vec<Version>, RegistryError> {
        let mut versions: Vec<Version> = names_in(&self.root.join(program))?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        versions.sort();
        Ok(versions)
    }

    /// The newest release of a program.
    pub fn latest(&self, program: &str) -> Result<Release, RegistryError> {
        let newest = self
            .versions(program)?
            .pop()
            .ok_or_else(|| RegistryError::Empty {
                program: program.to_owned(),
            })?;
        self.release(program, newest)
    }

    /// One release, its hashes checked.
    pub fn release(&self, program: &str, version: Version) -> Result<Release, RegistryError> {
        let release = Release::read(&self.folder(program, version), program)?;
        let manifest = &release.manifest;
        if manifest.program != program || manifest.version != version {
            return Err(RegistryError::Misplaced {
                got: format!("{} {}", manifest.program, manifest.version),
                expected: format!("{program} {version}"),
            });
        }
        Ok(release)
    }

    /// Writes a release; one of the same version is replaced.
    pub fn write(&self, release: &Release) -> Result<PathBuf, RegistryError> {
        let manifest = &release.manifest;
        let folder = self.folder(&manifest.program, manifest.version);
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let mut text = serde_json::to_vec_pretty(manifest).map_err(|source| RegistryError::Manifest {
            program: manifest.program.clone(),
            source,
        })?;
        text.push(b'\n');
        for (file, bytes) in [
            (binary(&manifest.program), &release.program),
            (IDL_FILE.to_owned(), &release.idl),
            (MANIFEST_FILE.to_owned(), &text),
        ] {
            let path = folder.join(file);
            fs::write(&path, bytes).map_err(at(&path))?;
        }
        Ok(folder)
    }

    /// What must be done before a release of the program runs; `None` if nobody has said.
    pub fn policy(&self, program: &str) -> Result<Option<Policy>, RegistryError> {
        read_json(&self.root.join(program).join(POLICY_FILE))
    }

    /// A release's record; `None` if nobody has begun one.
    pub fn record(&self, program: &str, version: Version) -> Result<Option<Record>, RegistryError> {
        read_json(&self.folder(program, version).join(RECORD_FILE))
    }

    /// Writes a release's record, whole or not at all.
    pub fn write_record(
        &self,
        program: &str,
        version: Version,
        record: &Record,
    ) -> Result<(), RegistryError> {
        write_json(&self.folder(program, version).join(RECORD_FILE), record)
    }

    fn folder(&self, program: &str, version: Version) -> PathBuf {
        self.root.join(program).join(version.to_string())
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RegistryError> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(at(path))?,
    };
    let value = serde_json::from_slice(&text).map_err(|source| RegistryError::Json {
        path: path.to_owned(),
        source,
    })?;
    Ok(Some(value))
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), RegistryError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|source| RegistryError::Json {
        path: path.to_owned(),
        source,
    })?;
    text.push(b'\n');
    let new = path.with_extension("json.new");
    fs::write(&new, text).map_err(at(&new))?;
    fs::rename(&new, path).map_err(at(path))
}

fn binary(program: &str) -> String {
    format!("{program}.so")
}

fn names_in(folder: &Path) -> Result<Vec<String>, RegistryError> {
    fs::read_dir(folder)
        .map_err(at(folder))?
        .map(|entry| {
            Ok(entry
                .map_err(at(folder))?
                .file_name()
                .to_string_lossy()
                .into_owned())
        })
        .collect()
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RegistryError {
    let path = path.to_owned();
    |source| RegistryError::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn release(version: &str, program: &[u8]) -> Release {
        let idl = b"{}".to_vec();
        let manifest = Manifest {
            program: "p".to_owned(),
            version: version.parse().unwrap(),
            program_id: "11111111111111111111111111111111".to_owned(),
            program_bytes: program.len() as u64,
            program_sha256: sha256_hex(program),
            idl_sha256: sha256_hex(&idl),
            state_version: 2,
            toolchain: BTreeMap::new(),
        };
        Release::checked(manifest, program.to_vec(), idl).unwrap()
    }

    #[test]
    fn the_newest_release_is_found_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        for (version, program) in [("0.9.0", b"nine".as_slice()), ("0.10.0", b"ten")] {
            registry.write(&release(version, program)).unwrap();
        }
        fs::write(folder.path().join("p/program-keypair.json"), "[]").unwrap();
        assert_eq!(registry.programs().unwrap(), ["p"]);
        assert_eq!(registry.versions("p").unwrap().len(), 2);
        assert_eq!(registry.latest("p").unwrap(), release("0.10.0", b"ten"));

        let so = folder.path().join("p/0.10.0/p.so");
        fs::write(&so, b"tampered").unwrap();
        assert!(matches!(registry.latest("p"), Err(RegistryError::Hash { .. })));
        fs::remove_file(&so).unwrap();
        assert!(matches!(registry.latest("p"), Err(RegistryError::Io { .. })));
    }

    #[test]
    fn records_and_policies_are_kept_beside_releases() {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::open(folder.path()).unwrap();
        registry.write(&release("1.0.0", b"one")).unwrap();
        let version = "1.0.0".parse().unwrap();
        assert_eq!(registry.record("p", version).unwrap(), None);
        assert_eq!(registry.policy("p").unwrap(), None);
        let record = Record::new("abc123".parse().unwrap());
        registry.write_record("p", version, &record).unwrap();
        assert_eq!(registry.record("p", version).unwrap(), Some(record));
        let policy = r#"{"checklist":{"tests":"they pass"},"approvers":{},"threshold":1}"#;
        fs::write(folder.path().join("p/policy.json"), policy).unwrap();
        assert_eq!(registry.policy("p").unwrap().unwrap().threshold, 1);
        fs::write(folder.path().join("p/policy.json"), "{}").unwrap();
        assert!(matches!(registry.policy("p"), Err(RegistryError::Json { .. })));
        assert_eq!(registry.release("p", version).unwrap(), release("1.0.0", b"one"));
    }

    #[test]
    fn misplaced_missing_and_malformed_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Registry::open(folder.path().join("absent")).is_err());
        let registry = Registry::open(folder.path()).unwrap();
        fs::create_dir(folder.path().join("p")).unwrap();
        assert!(matches!(registry.latest("p"), Err(RegistryError::Empty { .. })));
        let written = registry.write(&release("1.0.0", b"one")).unwrap();
        fs::rename(&written, folder.path().join("p/2.0.0")).unwrap();
        assert!(matches!(
            registry.latest("p"),
            Err(RegistryError::Misplaced { .. })
        ));
        fs::write(folder.path().join("p/2.0.0/manifest.json"), "{\"program\":1}").unwrap();
        assert!(matches!(
            registry.latest("p"),
            Err(RegistryError::Manifest { .. })
        ));
    }
}
