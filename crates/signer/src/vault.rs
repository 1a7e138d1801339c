//! A secret in a file, under a passphrase: scrypt makes a key of the passphrase, ChaCha20-Poly1305 seals the secret with it.
//!
//! The file is JSON, in the manner of EIP-2335: what is needed to open it, and what may be known without.
//!
//! ```json
//! { "version": 1, "kind": "bls", "public": "…",
//!   "kdf": { "function": "scrypt", "log_n": 17, "r": 8, "p": 1, "salt": "…" },
//!   "cipher": { "function": "chacha20-poly1305", "nonce": "…", "text": "…" } }
//! ```
//!
//! Kind and public part are authenticated: a file whose labels were changed does not open.

use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit as _,
    aead::{Aead as _, Payload},
};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// scrypt's cost, as a power of two: 128 MiB and some hundred milliseconds for each guess.
pub const LOG_N: u8 = 17;
/// The highest cost that is accepted of a file: 1 GiB.
const MAX_LOG_N: u8 = 20;
const R: u32 = 8;
const P: u32 = 1;
const VERSION: u32 = 1;
const SALT: usize = 32;
const NONCE: usize = 12;

/// A sealed secret, as its file has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    version: u32,
    kind: String,
    public: String,
    kdf: Kdf,
    cipher: Cipher,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    function: String,
    log_n: u8,
    r: u32,
    p: u32,
    salt: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    function: String,
    nonce: String,
    text: String,
}

/// Why a secret stays sealed.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Not such a file, or one of another version.
    #[error("not a keystore of version {VERSION}: {reason}")]
    Format {
        /// What is wrong.
        reason: String,
    },
    /// The passphrase is another one, or the file was changed.
    #[error("the passphrase does not open it, or the file was changed")]
    Sealed,
}

impl Vault {
    /// Seals `secret`; `kind` and `public` are for everybody to read.
    pub fn seal(secret: &[u8], passphrase: &str, kind: &str, public: &str, rng: &mut impl RngCore) -> Self {
        Self::seal_at(secret, passphrase, (kind, public), LOG_N, rng)
    }

    fn seal_at(
        secret: &[u8],
        passphrase: &str,
        (kind, public): (&str, &str),
        log_n: u8,
        rng: &mut impl RngCore,
    ) -> Self {
        let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
        rng.fill_bytes(&mut salt);
        rng.fill_bytes(&mut nonce);
        let mut vault = Self {
            version: VERSION,
            kind: kind.to_owned(),
            public: public.to_owned(),
            kdf: Kdf {
                function: "scrypt".into(),
                log_n,
                r: R,
                p: P,
                salt: hex::encode(salt),
            },
            cipher: Cipher {
                function: "chacha20-poly1305".into(),
                nonce: hex::encode(nonce),
                text: String::new(),
            },
        };
        let sealed = derive(passphrase, &salt, log_n).encrypt(
            &nonce.into(),
            Payload {
                msg: secret,
                aad: &vault.labels(),
            },
        );
        vault.cipher.text = hex::encode(sealed.expect("a secret is far shorter than the cipher's limit"));
        vault
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, VaultError> {
        let wrong = |reason: String| VaultError::Format { reason };
        let vault: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let Self {
            version, kdf, cipher, ..
        } = &vault;
        let known = (*version, kdf.function.as_str(), cipher.function.as_str());
        if known != (VERSION, "scrypt", "chacha20-poly1305") {
            return Err(wrong(format!(
                "version {version} with {} and {}",
                kdf.function, cipher.function
            )));
        }
        if kdf.log_n > MAX_LOG_N || (kdf.r, kdf.p) != (R, P) {
            return Err(wrong(format!(
                "scrypt with log_n {}, r {}, p {}, expected at most {MAX_LOG_N}, {R}, {P}",
                kdf.log_n, kdf.r, kdf.p
            )));
        }
        Ok(vault)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        text.push('\n');
        text
    }

    /// What sort of secret it is.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The public part, as whoever sealed it wrote it.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The secret. Takes as long and as much memory as one guess is meant to cost.
    pub fn open(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let salt: [u8; SALT] = bytes(&self.kdf.salt, "salt")?;
        let nonce: [u8; NONCE] = bytes(&self.cipher.nonce, "nonce")?;
        let text = hex::decode(&self.cipher.text).map_err(|_| VaultError::Format {
            reason: "text is not hexadecimal".into(),
        })?;
        let opened = derive(passphrase, &salt, self.kdf.log_n).decrypt(
            &nonce.into(),
            Payload {
                msg: &text,
                aad: &self.labels(),
            },
        );
        opened.map(Zeroizing::new).map_err(|_| VaultError::Sealed)
    }

    fn labels(&self) -> Vec<u8> {
        format!("{}\0{}\0{}", self.version, self.kind, self.public).into_bytes()
    }
}

fn bytes<const LEN: usize>(text: &str, name: &str) -> Result<[u8; LEN], VaultError> {
    let mut bytes = [0; LEN];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| VaultError::Format {
        reason: format!(
            "{name} has {} characters, expected {} hexadecimal digits",
            text.len(),
            2 * LEN
        ),
    })?;
    Ok(bytes)
}

fn derive(passphrase: &str, salt: &[u8], log_n: u8) -> ChaCha20Poly1305 {
    let mut key = Zeroizing::new([0; 32]);
    let params = scrypt::Params::new(log_n, R, P, key.len()).expect("bounded by parse");
    scrypt::scrypt(passphrase.as_bytes(), salt, &params, &mut *key).expect("32 bytes are a key's length");
    ChaCha20Poly1305::new(key.as_slice().into())
}

#[cfg(test)]
mod tests {
    use rand::rngs::OsRng;

    use super::*;

    fn sealed() -> Vault {
        Vault::seal_at(
            b"thirty-two bytes of some secret!",
            "open sesame",
            ("bls", "ab"),
            4,
            &mut OsRng,
        )
    }

    #[test]
    fn only_the_passphrase_opens_and_only_what_was_sealed() {
        let text = sealed().to_text();
        let vault = Vault::parse(&text).expect("its own text");
        assert_eq!((vault.kind(), vault.public()), ("bls", "ab"));
        assert_eq!(
            vault.open("open sesame").expect("opens").as_slice(),
            b"thirty-two bytes of some secret!"
        );
        assert!(matches!(vault.open("open seSame"), Err(VaultError::Sealed)));
        for (from, to) in [("\"bls\"", "\"sol\""), ("\"ab\"", "\"cd\"")] {
            let changed = Vault::parse(&text.replace(from, to)).expect("well formed");
            assert!(
                matches!(changed.open("open sesame"), Err(VaultError::Sealed)),
                "{from}"
            );
        }
        assert!(!text.contains(&hex::encode("secret")));
        assert_ne!(text, sealed().to_text(), "each file has its own salt");
    }

    #[test]
    fn files_that_cost_too_much_or_are_none_are_refused() {
        let text = sealed().to_text();
        for (from, to) in [
            ("\"log_n\": 4", "\"log_n\": 21"),
            ("\"r\": 8", "\"r\": 800000"),
            ("\"p\": 1", "\"p\": 100000"),
            ("\"version\": 1", "\"version\": 2"),
            ("scrypt", "md5"),
            ("\"kind\"", "\"sort\""),
            ("{", "["),
        ] {
            assert!(text.contains(from), "{from}");
            let error = Vault::parse(&text.replacen(from, to, 1)).expect_err(to);
            assert!(error.to_string().contains("not a keystore"), "{error}");
        }
        let mut short = sealed();
        short.kdf.salt.pop();
        assert!(short.open("open sesame").is_err());
    }
}
