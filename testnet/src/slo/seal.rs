//! A report and the signature of the run that made it.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::report::Report;

/// What is signed begins with this, so that the signature is of a report and nothing else.
const DOMAIN: &[u8] = b"asset-l2 slo report v1\0";

/// A signed report, as it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The report.
    pub report: Report,
    /// The run's public key, base58.
    pub key: String,
    /// Ed25519 over the domain and the report's compact JSON, hexadecimal.
    pub signature: String,
}

/// Why a file is not the report of the run whose key it names.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Not a report.
    #[error("not a signed report: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The key or the signature is none.
    #[error("{what}: {got:?} is none")]
    Encoding {
        /// Which.
        what: &'static str,
        /// What came.
        got: String,
    },
    /// The signature is not of this report by this key.
    #[error("the signature is not of this report by key {key}")]
    Signature {
        /// The key.
        key: String,
    },
}

fn message(report: &Report) -> Vec<u8> {
    let json = serde_json::to_vec(report).expect("plain data has a JSON form");
    [DOMAIN, &json].concat()
}

impl Sealed {
    /// Signs.
    pub fn new(report: Report, key: &SigningKey) -> Self {
        let signature = key.sign(&message(&report));
        Self {
            report,
            key: bs58::encode(key.verifying_key().as_bytes()).into_string(),
            signature: hex::encode(signature.to_bytes()),
        }
    }

    /// The JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("plain data has a JSON form")
    }

    /// Reads a document and checks its signature.
    ///
    /// # Errors
    /// It is not a report, or not the signed one.
    pub fn verify(text: &str) -> Result<Self, SealError> {
        let sealed: Self = serde_json::from_str(text)?;
        let encoding = |what, got: &str| SealError::Encoding {
            what,
            got: got.to_owned(),
        };
        let key = bs58::decode(&sealed.key).into_vec().ok();
        let key = key.and_then(|bytes| VerifyingKey::from_bytes(&bytes.try_into().ok()?).ok());
        let key = key.ok_or_else(|| encoding("key", &sealed.key))?;
        let signature = hex::decode(&sealed.signature).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let signature = signature.ok_or_else(|| encoding("signature", &sealed.signature))?;
        match key.verify_strict(&message(&sealed.report), &signature) {
            Ok(()) => Ok(sealed),
            Err(_) => Err(SealError::Signature { key: sealed.key }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_report_verifies_and_an_altered_one_does_not() {
        let sealed = Sealed::new(
            super::super::report::tests::report(),
            &SigningKey::from_bytes(&[5; 32]),
        );
        let text = sealed.to_json();
        assert_eq!(Sealed::verify(&text).unwrap(), sealed);
        let missed = text.replacen("\"missed\"", "\"met\"", 1);
        assert_ne!(missed, text);
        let error = Sealed::verify(&missed).unwrap_err();
        assert!(matches!(error, SealError::Signature { .. }), "{error}");
        let added = text.replacen("\"report\": {", "\"report\": { \"note\": \"fine\",", 1);
        let error = Sealed::verify(&added).unwrap_err();
        assert!(matches!(error, SealError::Syntax(_)), "{error}");
        let foreign = Sealed::new(sealed.report.clone(), &SigningKey::from_bytes(&[6; 32]));
        let stolen = Sealed {
            key: foreign.key,
            ..sealed
        };
        Sealed::verify(&stolen.to_json()).unwrap_err();
    }
}
