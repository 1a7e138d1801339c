//! The posts as Solana has them: every transaction that the program's account has seen, read back from the cluster's own
//! JSON-RPC, with what the program logged. Independent of what posters say about themselves.

use std::collections::VecDeque;
use std::time::Duration;

use base64::Engine as _;
use jsonrpsee::core::ClientError;
use jsonrpsee::core::client::ClientT as _;
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use jsonrpsee::rpc_params;
use rollup_abi::event::Event;
use serde::Deserialize;
use serde_json::json;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Signatures of one page; the most that the call gives.
const PAGE: usize = 1_000;
/// Posts that are kept, the newest: over a day of them.
const MAX_KEPT: usize = 262_144;

/// A submission that the program accepted with effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The transaction on Solana.
    pub signature: String,
    /// Solana slot.
    pub slot: u64,
    /// The height that it moved the rollup to.
    pub height: u64,
    /// Roots that it recorded.
    pub roots: u64,
    /// Compute units between the two lines that the program logs before and after the certificate's check.
    pub verification_units: Option<u64>,
}

/// Reads the posts of one account, each once, in the order of the chain.
#[derive(Debug)]
pub struct Posts {
    rpc: HttpClient,
    account: String,
    /// The newest signature that has been listed.
    newest: Option<String>,
    /// Listed, but not read yet; oldest first.
    unread: VecDeque<String>,
    posts: VecDeque<Post>,
    total: u64,
    refused: u64,
}

#[derive(Debug, Deserialize)]
struct Listed {
    signature: String,
}

#[derive(Debug, Deserialize)]
struct Read {
    slot: u64,
    meta: Option<Meta>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    err: Option<serde_json::Value>,
    log_messages: Option<Vec<String>>,
}

impl Posts {
    /// Of the rollup's account `account`, in base58, at a Solana JSON-RPC.
    ///
    /// # Errors
    /// The client cannot be set up.
    pub fn new(rpc_url: &str, account: String) -> Result<Self, ClientError> {
        Ok(Self {
            rpc: HttpClientBuilder::default()
                .request_timeout(TIMEOUT)
                .build(rpc_url)?,
            account,
            newest: None,
            unread: VecDeque::new(),
            posts: VecDeque::new(),
            total: 0,
            refused: 0,
        })
    }

    /// Reads what is new.
    ///
    /// # Errors
    /// A call fails; what has been read stays read, and the rest comes with the next call.
    pub async fn read(&mut self) -> Result<(), ClientError> {
        self.list().await?;
        while let Some(signature) = self.unread.front() {
            let config = json!({
                "encoding": "json", "commitment": "confirmed", "maxSupportedTransactionVersion": 0
            });
            let found: Option<Read> = self
                .rpc
                .request("getTransaction", rpc_params![signature, config])
                .await?;
            let Some(read) = found else { break };
            let signature = signature.clone();
            self.unread.pop_front();
            let meta = read.meta;
            if meta.as_ref().is_some_and(|meta| meta.err.is_some()) {
                self.refused += 1;
                continue;
            }
            let logs = meta.and_then(|meta| meta.log_messages).unwrap_or_default();
            if let Some(post) = effect(signature, read.slot, &logs) {
                self.total += 1;
                self.posts.push_back(post);
                if self.posts.len() > MAX_KEPT {
                    self.posts.pop_front();
                }
            }
        }
        Ok(())
    }

    /// Lists the signatures since the newest known one; they come newest first, in pages.
    async fn list(&mut self) -> Result<(), ClientError> {
        let mut fresh = Vec::new();
        let mut before: Option<String> = None;
        loop {
            let mut config = json!({ "limit": PAGE, "commitment": "confirmed" });
            for (key, value) in [("before", &before), ("until", &self.newest)] {
                if let Some(signature) = value {
                    config[key] = json!(signature);
                }
            }
            let params = rpc_params![&self.account, config];
            let page: Vec<Listed> = self.rpc.request("getSignaturesForAddress", params).await?;
            let full = page.len() == PAGE;
            fresh.extend(page.into_iter().map(|listed| listed.signature));
            if !full {
                break;
            }
            before = fresh.last().cloned();
        }
        if let Some(newest) = fresh.first() {
            self.newest = Some(newest.clone());
        }
        self.unread.extend(fresh.into_iter().rev());
        Ok(())
    }

    /// The posts that moved the rollup to `height` or below, in the order of the chain.
    pub fn up_to(&self, height: u64) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(move |post| post.height <= height)
    }

    /// All posts with effect that have been read.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Transactions on the account that the program refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

/// What a successful transaction's logs say of its effect; `None` if it had none.
fn effect(signature: String, slot: u64, logs: &[String]) -> Option<Post> {
    let events = logs.iter().filter_map(|line| {
        let data = line.strip_prefix("Program data: ")?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(data.trim())
            .ok()?;
        Event::decode(&bytes)
    });
    let accepted = events.into_iter().find_map(|event| match event {
        Event::RootsAccepted(accepted) => Some(accepted),
        _ => None,
    })?;
    let mut remaining = logs.iter().filter_map(|line| {
        line.strip_prefix("Program consumption: ")?
            .strip_suffix(" units remaining")?
            .parse::<u64>()
            .ok()
    });
    let verification_units = remaining
        .next()
        .zip(remaining.next())
        .and_then(|(a, b)| a.checked_sub(b));
    Some(Post {
        signature,
        slot,
        height: accepted.height,
        roots: accepted.roots,
        verification_units,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollup_abi::event::RootsAccepted;

    #[test]
    fn an_effect_is_read_from_the_logs() {
        let event = RootsAccepted {
            height: 9,
            view: 10,
            epoch: 0,
            slot: 3,
            signed_stake: 4,
            roots: 2,
            leaf: [6; 32],
            state_root: [7; 32],
            history_root: [8; 32],
        };
        let data = base64::engine::general_purpose::STANDARD.encode(event.encode());
        let logs = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let full = logs(&[
            "Program X invoke [1]",
            "Program consumption: 99000 units remaining",
            "Program consumption: 47500 units remaining",
            &format!("Program data: {data}"),
            "Program X success",
        ]);
        let post = Post {
            signature: "5".into(),
            slot: 77,
            height: 9,
            roots: 2,
            verification_units: Some(51_500),
        };
        assert_eq!(effect("5".into(), 77, &full), Some(post));
        assert_eq!(
            effect(
                "5".into(),
                77,
                &logs(&["Program X invoke [1]", "Program data: AAAA", "Program data: !"])
            ),
            None
        );
        assert_eq!(effect("5".into(), 77, &[]), None);
    }
}
