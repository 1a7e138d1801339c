//! Key files: made once, readable by their owner only, never overwritten, never printed.
//!
//! | file | content | its public part when sealed |
//! |---|---|---|
//! | `bls.key` | BLS secret scalar, 64 hexadecimal digits | the key, G1 then G2 |
//! | `libp2p.key` | ed25519 seed of the libp2p identity, 64 hexadecimal digits | the peer id |
//! | `solana.json` | Solana keypair file | the address |
//!
//! Each may be sealed under a passphrase instead ([`signer::vault`]): then the file holds that text sealed, and its public part
//! for everybody to read.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use assetvm::SigningKey;
use hotshot_engine::ports::{Signer, SignerError};
use hotshot_types::{KeyPair, NodeId, PublicKey, Signature};
use rand::RngCore;
use rollup_abi::Digest;
use serde::Serialize;
use signer::{Vault, VaultError};
use zeroize::Zeroizing;

use crate::{
    config::KeyFiles,
    halt::Halt,
    passphrase::{self, PassphraseError},
};

/// Largest key file, bytes: a sealed Solana keypair, 64 numbers in hexadecimal, with its labels.
const MAX_KEY_FILE: u64 = 4_096;

/// Why keys cannot be made or read. Never says what is in a file.
#[derive(Debug, thiserror::Error)]
pub enum KeystoreError {
    /// There is a file already.
    #[error("{} exists; key files are never overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read the file.
    #[error("{} has mode {mode:03o}, expected 600: only its owner may read a key", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is sealed, and there is no passphrase.
    #[error("{} is sealed: {source}", path.display())]
    Passphrase {
        /// The file.
        path: PathBuf,
        /// Why there is none.
        source: PassphraseError,
    },
    /// It stays sealed.
    #[error("{}: {source}", path.display())]
    Vault {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VaultError,
    },
    /// The content is no key.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was expected.
        reason: String,
    },
}

/// A validator's keys.
#[derive(Debug)]
pub struct Keys {
    /// The consensus key.
    pub bls: KeyPair,
    /// The libp2p identity's seed.
    pub libp2p: Zeroizing<[u8; 32]>,
    /// The Solana key: identity and poster.
    pub solana: SigningKey,
}

/// The public parts, as `keygen --json` prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicKeys {
    /// The owner's Solana key.
    pub node: String,
    /// BLS key in G1, hexadecimal.
    pub bls_pk1: String,
    /// BLS key in G2, hexadecimal.
    pub bls_pk2: String,
    /// libp2p peer id.
    pub peer_id: String,
    /// Proof of possession for one chain, hexadecimal; absent if no chain was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub possession: Option<String>,
}

impl KeyFiles {
    /// The usual names in a directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            bls: dir.join("bls.key"),
            libp2p: dir.join("libp2p.key"),
            solana: dir.join("solana.json"),
            passphrase: None,
        }
    }

    fn all(&self) -> [&Path; 3] {
        [&self.bls, &self.libp2p, &self.solana]
    }
}

/// What stands in a sealed file of each kind, in the order of [`KeyFiles::all`].
const KINDS: [&str; 3] = ["bls", "libp2p", "solana"];

impl Keys {
    /// Fresh keys.
    pub fn generate(rng: &mut (impl RngCore + rand::CryptoRng)) -> Self {
        let bls = KeyPair::generate(rng);
        let mut libp2p = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *libp2p);
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self {
            bls,
            libp2p,
            solana: SigningKey::from_seed(&seed),
        }
    }

    /// Writes all three files, or none if one of them exists.
    pub fn write(&self, files: &KeyFiles) -> Result<(), KeystoreError> {
        write_all(files, self.texts().map(|text| text.to_string()))
    }

    /// As [`Self::write`], each file sealed under the passphrase.
    pub fn write_sealed(&self, files: &KeyFiles, passphrase: &str) -> Result<(), KeystoreError> {
        let public = self.public(None);
        let publics = [public.bls_pk1 + &public.bls_pk2, public.peer_id, public.node];
        let texts = self.texts();
        write_all(
            files,
            std::array::from_fn(|index| {
                let (secret, kind) = (texts[index].as_bytes(), KINDS[index]);
                Vault::seal(secret, passphrase, kind, &publics[index], &mut rand::rngs::OsRng).to_text()
            }),
        )
    }

    /// What the files hold, in the order of [`KeyFiles::all`].
    fn texts(&self) -> [Zeroizing<String>; 3] {
        let solana = Zeroizing::new(self.solana.to_keypair_bytes());
        [
            hex::encode(self.bls.secret().to_bytes().as_slice()),
            hex::encode(self.libp2p.as_slice()),
            format!("{:?}", &*solana),
        ]
        .map(Zeroizing::new)
    }

    /// Reads all three files. The passphrase of sealed ones is asked for once.
    pub fn read(files: &KeyFiles) -> Result<Self, KeystoreError> {
        let [bls, libp2p, solana] = open_all(files)?;
        let content = |path: &Path, reason: String| KeystoreError::Content {
            path: path.to_owned(),
            reason,
        };
        let bls = KeyPair::from_bytes(&*parse_hex(&files.bls, &bls)?)
            .map_err(|error| content(&files.bls, error.to_string()))?;
        let solana = SigningKey::from_keypair_json(&solana)
            .map_err(|error| content(&files.solana, error.to_string()))?;
        Ok(Self {
            bls,
            libp2p: parse_hex(&files.libp2p, &libp2p)?,
            solana,
        })
    }

    /// This member's identity.
    pub fn node(&self) -> NodeId {
        NodeId(*self.solana.address().as_bytes())
    }

    /// What others may know, with a proof of possession for `chain_id`.
    pub fn public(&self, chain_id: Option<&Digest>) -> PublicKeys {
        let prove = |chain_id| hex::encode(self.bls.prove_possession(chain_id, &self.node()).to_bytes());
        PublicKeys {
            node: self.solana.address().to_string(),
            bls_pk1: hex::encode(self.bls.public().pk1()),
            bls_pk2: hex::encode(self.bls.public().pk2()),
            peer_id: hotshot_libp2p::identity_from_seed(*self.libp2p)
                .public()
                .to_peer_id()
                .to_string(),
            possession: chain_id.map(prove),
        }
    }
}

impl PublicKeys {
    /// What sealed files say of their keys, without opening them; `None` if one of them is not sealed.
    pub fn of_sealed(files: &KeyFiles) -> Result<Option<Self>, KeystoreError> {
        let mut public = Vec::with_capacity(KINDS.len());
        for (path, kind) in files.all().into_iter().zip(KINDS) {
            let Some(vault) = sealed(path, &read_secret(path)?)? else {
                return Ok(None);
            };
            if vault.kind() != kind {
                return Err(KeystoreError::Content {
                    path: path.to_owned(),
                    reason: format!("a sealed {} key, expected {kind}", vault.kind()),
                });
            }
            public.push(vault.public().to_owned());
        }
        let [bls, peer_id, node] = public.try_into().expect("one of each kind");
        let (pk1, pk2) = bls.split_at_checked(128).unwrap_or((&bls, ""));
        Ok(Some(Self {
            bls_pk1: pk1.to_owned(),
            bls_pk2: pk2.to_owned(),
            node,
            peer_id,
            possession: None,
        }))
    }
}

fn write_all(files: &KeyFiles, texts: [String; 3]) -> Result<(), KeystoreError> {
    let texts = texts.map(Zeroizing::new);
    for path in files.all() {
        if path.symlink_metadata().is_ok() {
            return Err(KeystoreError::Exists {
                path: path.to_owned(),
            });
        }
    }
    let mut pairs = files.all().into_iter().zip(&texts);
    pairs.try_for_each(|(path, text)| write_secret(path, text.trim_end()))
}

/// What the files hold, opened if they are sealed.
fn open_all(files: &KeyFiles) -> Result<[Zeroizing<String>; 3], KeystoreError> {
    let mut passphrase: Option<Zeroizing<String>> = None;
    let mut texts = Vec::with_capacity(KINDS.len());
    for (path, kind) in files.all().into_iter().zip(KINDS) {
        let text = read_secret(path)?;
        let Some(vault) = sealed(path, &text)? else {
            texts.push(text);
            continue;
        };
        let known = match &passphrase {
            Some(known) => known.clone(),
            None => {
                passphrase::read(files.passphrase.as_deref()).map_err(|source| KeystoreError::Passphrase {
                    path: path.to_owned(),
                    source,
                })?
            }
        };
        let opened = vault.open(&known).map_err(|source| KeystoreError::Vault {
            path: path.to_owned(),
            source,
        })?;
        let text = std::str::from_utf8(&opened).ok().filter(|_| vault.kind() == kind);
        let text = text.ok_or_else(|| KeystoreError::Content {
            path: path.to_owned(),
            reason: format!("a sealed {} key, expected {kind}", vault.kind()),
        })?;
        texts.push(Zeroizing::new(text.to_owned()));
        passphrase = Some(known);
    }
    Ok(texts.try_into().expect("one of each kind"))
}

/// The vault that a file's text is, if it is sealed.
fn sealed(path: &Path, text: &str) -> Result<Option<Vault>, KeystoreError> {
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    let vault = Vault::parse(text).map_err(|source| KeystoreError::Vault {
        path: path.to_owned(),
        source,
    });
    vault.map(Some)
}

fn write_secret(path: &Path, text: &str) -> Result<(), KeystoreError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeystoreError::Exists {
            path: path.to_owned(),
        },
        _ => KeystoreError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.write_all(b"\n").map_err(failed)?;
    file.sync_all().map_err(failed)
}

fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeystoreError> {
    let failed = |source| KeystoreError::Io {
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeystoreError::Mode {
                path: path.to_owned(),
                mode,
            });
        }
    }
    if metadata.len() > MAX_KEY_FILE {
        let reason = format!("{} bytes, expected at most {MAX_KEY_FILE}", metadata.len());
        return Err(KeystoreError::Content {
            path: path.to_owned(),
            reason,
        });
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

fn parse_hex(path: &Path, text: &str) -> Result<Zeroizing<[u8; 32]>, KeystoreError> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut *bytes).map_err(|_| KeystoreError::Content {
        path: path.to_owned(),
        reason: "expected 64 hexadecimal digits".into(),
    })?;
    Ok(bytes)
}

/// The consensus key of a key file. Signs nothing once the node has been halted.
#[derive(Debug)]
pub struct FileSigner {
    keys: KeyPair,
    halt: Halt,
}

impl FileSigner {
    /// Signs with `keys` until `halt` is tripped.
    pub fn new(keys: KeyPair, halt: Halt) -> Self {
        Self { keys, halt }
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> PublicKey {
        self.keys.public().clone()
    }

    fn sign(&self, digest: &Digest) -> Result<Signature, SignerError> {
        match self.halt.reason() {
            Some(divergence) => Err(SignerError {
                reason: format!("stopped: {divergence}"),
            }),
            None => Ok(self.keys.sign(digest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::halt::Divergence;

    fn temporary() -> (tempfile::TempDir, KeyFiles) {
        let dir = tempfile::tempdir().expect("a directory");
        let files = KeyFiles::in_dir(dir.path());
        (dir, files)
    }

    #[test]
    fn keys_round_trip_and_are_never_overwritten() {
        let (_dir, files) = temporary();
        let keys = Keys::generate(&mut rand::rngs::OsRng);
        keys.write(&files).expect("fresh");
        let read = Keys::read(&files).expect("just written");
        assert_eq!(read.public(None), keys.public(None));
        assert_eq!(read.node(), keys.node());
        let other = Keys::generate(&mut rand::rngs::OsRng);
        fs::remove_file(&files.bls).expect("there");
        assert!(matches!(other.write(&files), Err(KeystoreError::Exists { .. })));
        assert!(
            !files.bls.exists(),
            "one existing file keeps all from being written"
        );
        assert!(matches!(
            write_secret(&files.solana, "x"),
            Err(KeystoreError::Exists { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, files) = temporary();
        Keys::generate(&mut rand::rngs::OsRng)
            .write(&files)
            .expect("fresh");
        assert_eq!(
            fs::metadata(&files.bls).expect("there").permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&files.bls, fs::Permissions::from_mode(0o640)).expect("ours");
        assert!(matches!(
            Keys::read(&files),
            Err(KeystoreError::Mode { mode: 0o640, .. })
        ));
    }

    #[test]
    fn errors_and_debug_output_do_not_hold_secrets() {
        let (_dir, files) = temporary();
        let keys = Keys::generate(&mut rand::rngs::OsRng);
        keys.write(&files).expect("fresh");
        let secret = hex::encode(keys.bls.secret().to_bytes().as_slice());
        assert!(!format!("{:?}", keys.bls).contains(&secret));
        fs::remove_file(&files.libp2p).expect("there");
        write_secret(&files.libp2p, "no key but secret").expect("free again");
        let error = Keys::read(&files).expect_err("not hexadecimal").to_string();
        assert!(
            error.contains("expected 64 hexadecimal digits") && !error.contains("no key"),
            "{error}"
        );
    }

    #[test]
    fn the_proof_of_possession_holds_for_its_chain_only() {
        let keys = Keys::generate(&mut rand::rngs::OsRng);
        let proof = keys.public(Some(&[7; 32])).possession.expect("a chain was named");
        let bytes: [u8; 64] = hex::decode(proof)
            .expect("hexadecimal")
            .try_into()
            .expect("64 bytes");
        let proof = Signature::from_bytes(&bytes).expect("a point");
        assert!(
            keys.bls
                .public()
                .verify_possession(&[7; 32], &keys.node(), &proof)
        );
        assert!(
            !keys
                .bls
                .public()
                .verify_possession(&[8; 32], &keys.node(), &proof)
        );
    }

    #[test]
    fn a_halted_signer_signs_nothing() {
        let halt = Halt::default();
        let signer = FileSigner::new(Keys::generate(&mut rand::rngs::OsRng).bls, halt.clone());
        let signature = signer.sign(&[1; 32]).expect("not halted");
        assert!(signer.public_key().verify(&[1; 32], &signature));
        halt.trip(Divergence::Settled {
            reason: "height 3".into(),
        });
        assert!(
            signer
                .sign(&[1; 32])
                .expect_err("halted")
                .to_string()
                .contains("height 3")
        );
    }
}
