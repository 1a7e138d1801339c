//! Who says that a release is fit to run: a policy, signed approvals, and whether they are enough.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::{Manifest, RegistryError};

/// Longest name of an item or an approver, and longest revision, in bytes.
const MAX_NAME: usize = 64;

/// A short name in text that is signed: letters, digits, `-`, `_` and `.`, so that no name can pass for another line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl FromStr for Name {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(plain) {
            return Err(RegistryError::Name { got: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Name {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An approver's ed25519 key, in base58 as Solana writes keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApproverKey([u8; 32]);

impl ApproverKey {
    /// A key from its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    fn verifies(&self, text: &str, signature: &[u8; 64]) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| {
            key.verify_strict(text.as_bytes(), &Signature::from_bytes(signature))
                .is_ok()
        })
    }
}

impl TryFrom<String> for ApproverKey {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        let bytes = bs58::decode(&text).into_vec().ok();
        let key = bytes.and_then(|bytes| bytes.try_into().ok()).map(Self);
        key.ok_or(RegistryError::Key { got: text })
    }
}

impl From<ApproverKey> for String {
    fn from(key: ApproverKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for ApproverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(&self.0).into_string())
    }
}

impl fmt::Debug for ApproverKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An ed25519 signature, in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApprovalSignature(pub [u8; 64]);

impl TryFrom<String> for ApprovalSignature {
    type Error = RegistryError;

    fn try_from(text: String) -> Result<Self, RegistryError> {
        let mut bytes = [0; 64];
        match hex::decode_to_slice(&text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(RegistryError::Signature { got: text }),
        }
    }
}

impl From<ApprovalSignature> for String {
    fn from(signature: ApprovalSignature) -> Self {
        hex::encode(signature.0)
    }
}

/// What must be done before a release may replace another, and who may say that it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What must be done, by name, with what it means.
    pub checklist: BTreeMap<Name, String>,
    /// Who may approve, by name.
    pub approvers: BTreeMap<Name, ApproverKey>,
    /// How many of them must confirm each item; at least one.
    pub threshold: u16,
}

/// One approver's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Whose.
    pub approver: ApproverKey,
    /// Items that the approver confirms.
    pub items: BTreeSet<Name>,
    /// Signature over [`approval_text`].
    pub signature: ApprovalSignature,
}

impl Approval {
    /// Whether the approver signed this, for this release.
    pub fn holds(&self, manifest: &Manifest, revision: &Name) -> bool {
        let text = approval_text(manifest, revision, &self.items);
        self.approver.verifies(&text, &self.signature.0)
    }
}

/// The text that an approver signs. It can be read by whoever signs it, and holds all that decides what will run.
pub fn approval_text(manifest: &Manifest, revision: &Name, items: &BTreeSet<Name>) -> String {
    let Manifest {
        program,
        version,
        program_id,
        program_bytes,
        program_sha256,
        idl_sha256,
        state_version,
        toolchain: _,
    } = manifest;
    let mut text = format!(
        "asset-l2 release approval\nprogram {program}\nversion {version}\nprogram-id {program_id}\n\
         program-bytes {program_bytes}\nprogram-sha256 {program_sha256}\nidl-sha256 {idl_sha256}\n\
         state-version {state_version}\nrevision {revision}\n"
    );
    for item in items {
        text.push_str(&format!("confirms {item}\n"));
    }
    text
}

/// How far a release's approval is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Each item with the names of those who confirmed it.
    pub confirmed: BTreeMap<Name, BTreeSet<Name>>,
    /// How many must.
    pub threshold: u16,
    /// Approvals that do not count: of keys that are not approvers, or with a wrong signature.
    pub void: usize,
}

impl Standing {
    /// Counts what holds.
    pub fn of(policy: &Policy, manifest: &Manifest, revision: &Name, approvals: &[Approval]) -> Self {
        let mut confirmed: BTreeMap<Name, BTreeSet<Name>> = BTreeMap::new();
        for item in policy.checklist.keys() {
            confirmed.insert(item.clone(), BTreeSet::new());
        }
        let mut void = 0;
        for approval in approvals {
            let who = policy
                .approvers
                .iter()
                .find(|(_, key)| **key == approval.approver);
            let Some((name, _)) = who.filter(|_| approval.holds(manifest, revision)) else {
                void += 1;
                continue;
            };
            for item in &approval.items {
                if let Some(by) = confirmed.get_mut(item) {
                    by.insert(name.clone());
                }
            }
        }
        Self {
            confirmed,
            threshold: policy.threshold.max(1),
            void,
        }
    }

    /// Items that too few have confirmed.
    pub fn missing(&self) -> Vec<&Name> {
        let few = |by: &BTreeSet<Name>| by.len() < usize::from(self.threshold);
        let missing = self.confirmed.iter().filter(|(_, by)| few(by));
        missing.map(|(item, _)| item).collect()
    }

    /// Whether there is a checklist and all of it is confirmed.
    pub fn is_complete(&self) -> bool {
        !self.confirmed.is_empty() && self.missing().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn names(texts: &[&str]) -> BTreeSet<Name> {
        texts.iter().map(|text| name(text)).collect()
    }

    fn manifest() -> Manifest {
        Manifest {
            program: "p".into(),
            version: "1.2.3".parse().unwrap(),
            program_id: "id".into(),
            program_bytes: 3,
            program_sha256: "aa".into(),
            idl_sha256: "bb".into(),
            state_version: 2,
            toolchain: BTreeMap::new(),
        }
    }

    fn signed(seed: u8, items: &[&str]) -> Approval {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let items = names(items);
        let text = approval_text(&manifest(), &name("abc123"), &items);
        Approval {
            approver: ApproverKey::new(key.verifying_key().to_bytes()),
            items,
            signature: ApprovalSignature(key.sign(text.as_bytes()).to_bytes()),
        }
    }

    fn policy() -> Policy {
        let checklist = ["tests", "rebuild"].map(|item| (name(item), "what it means".to_owned()));
        let approvers = [("ann", 1), ("bob", 2), ("eve", 3)].map(|(who, seed)| {
            let key = SigningKey::from_bytes(&[seed; 32]).verifying_key();
            (name(who), ApproverKey::new(key.to_bytes()))
        });
        Policy {
            checklist: checklist.into(),
            approvers: approvers.into(),
            threshold: 2,
        }
    }

    fn missing(approvals: &[Approval]) -> (Vec<String>, usize) {
        let standing = Standing::of(&policy(), &manifest(), &name("abc123"), approvals);
        let missing = standing.missing().iter().map(|item| item.to_string()).collect();
        (missing, standing.void)
    }

    #[test]
    fn each_item_needs_as_many_approvers_as_the_policy_says() {
        let both = ["rebuild", "tests"];
        assert_eq!(missing(&[]), (both.map(str::to_owned).to_vec(), 0));
        let one = [signed(1, &both), signed(1, &both)];
        assert_eq!(missing(&one).0.len(), 2, "twice the same approver is one");
        let split = [signed(1, &both), signed(2, &["tests"])];
        assert_eq!(missing(&split), (vec!["rebuild".to_owned()], 0));
        let enough = [signed(1, &["tests"]), signed(2, &both), signed(3, &["rebuild"])];
        assert_eq!(missing(&enough), (Vec::new(), 0));
    }

    #[test]
    fn only_what_approvers_signed_for_this_release_counts() {
        let both = ["rebuild", "tests"];
        let stranger = signed(9, &both);
        let mut more = signed(1, &["tests"]);
        more.items = names(&both);
        let mut other = manifest();
        other.program_sha256 = "ac".into();
        let standing = Standing::of(
            &policy(),
            &other,
            &name("abc123"),
            &[signed(1, &both), signed(2, &both)],
        );
        assert_eq!((standing.void, standing.is_complete()), (2, false));
        assert_eq!(missing(&[stranger, more, signed(2, &both)]).1, 2);
        let mut nothing = policy();
        nothing.checklist.clear();
        assert!(!Standing::of(&nothing, &manifest(), &name("abc123"), &[]).is_complete());
    }

    #[test]
    fn names_and_keys_are_checked() {
        for bad in ["", "a b", "a\nconfirms x", &"x".repeat(65)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<ApproverKey>("\"0\"").is_err());
        let key = ApproverKey::new([7; 32]);
        let bad = serde_json::from_str::<ApprovalSignature>("\"00\"");
        assert!(bad.unwrap_err().to_string().contains("128 hexadecimal digits"));
        let text = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<ApproverKey>(&text).unwrap(), key);
    }
}
