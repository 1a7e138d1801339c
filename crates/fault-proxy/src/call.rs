//! A JSON-RPC call, as far as the proxy looks into it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// Longest transaction in its text form that is looked into; Solana's are below 1,232 bytes, or 4,096 of version 1.
const MAX_ENCODED: usize = 8_192;
/// Bytes of an ed25519 signature.
const SIGNATURE: usize = 64;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: Value,
    pub(crate) method: String,
    pub(crate) params: Value,
}

impl Call {
    /// Reads a single call; batches and what is no call at all are not looked into.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut call: Value = serde_json::from_slice(body).ok()?;
        let fields = call.as_object_mut()?;
        Some(Self {
            method: fields.get("method")?.as_str()?.to_owned(),
            id: fields.remove("id").unwrap_or(Value::Null),
            params: fields.remove("params").unwrap_or(Value::Null),
        })
    }

    /// What its answer depends on.
    pub(crate) fn key(&self) -> String {
        format!("{}{}", self.method, self.params)
    }

    /// The same call, asking for an account's data in base64.
    pub(crate) fn asking_for_base64(&self) -> Vec<u8> {
        let mut params = self.params.clone();
        if let Some(config) = params.get_mut(1).and_then(Value::as_object_mut) {
            config.insert("encoding".into(), "base64".into());
        }
        json!({ "jsonrpc": "2.0", "id": self.id, "method": self.method, "params": params })
            .to_string()
            .into_bytes()
    }

    /// The signature of the transaction that it sends: what a node answers.
    pub(crate) fn signature(&self) -> Option<String> {
        let text = self.params.get(0)?.as_str().filter(|t| t.len() <= MAX_ENCODED)?;
        let encoding = self.params.get(1).and_then(|config| config.get("encoding"));
        let bytes = match encoding.and_then(Value::as_str) {
            Some("base64") => BASE64.decode(text).ok()?,
            _ => bs58::decode(text).into_vec().ok()?,
        };
        // A count of signatures, below 128 and so one byte, and the first of them.
        let first = bytes.get(1..=SIGNATURE)?;
        Some(bs58::encode(first).into_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_transactions_signature_is_found_in_either_encoding() {
        let mut transaction = vec![1];
        transaction.extend([9; 64]);
        transaction.extend([0; 100]);
        let signature = bs58::encode([9; 64]).into_string();
        let call = |text: String, config: Value| Call {
            id: Value::Null,
            method: "sendTransaction".into(),
            params: json!([text, config]),
        };
        let base64 = call(BASE64.encode(&transaction), json!({"encoding": "base64"}));
        let base58 = call(bs58::encode(&transaction).into_string(), json!({}));
        assert_eq!(base64.signature(), Some(signature.clone()));
        assert_eq!(base58.signature(), Some(signature));
        let short = call(BASE64.encode([1; 64]), json!({"encoding": "base64"}));
        assert_eq!(short.signature(), None);
    }

    #[test]
    fn what_is_no_single_call_is_not_looked_into() {
        for body in [&b"[]"[..], b"{", b"{\"id\":1}", b"7", b""] {
            assert!(Call::read(body).is_none(), "{}", String::from_utf8_lossy(body));
        }
    }
}
