//! What Solana has recorded of the rollup, by plain JSON-RPC.

use base64::Engine as _;
use jsonrpsee::{
    core::client::{ClientT as _, Error as CallError},
    http_client::{HttpClient, HttpClientBuilder},
    rpc_params,
};
use rollup_abi::{
    Digest,
    account::{AccountError, ROLLUP_LEN, RollupRef, RollupState},
    pda, sha256,
};
use serde::Deserialize;
use serde_json::json;

use assetvm::Address;

use crate::client::{CALL_TIMEOUT, innermost};

/// Largest answer: the rollup's account in base64, and what is around it.
const MAX_ANSWER: u32 = 1 << 20;
const _: () = assert!(ROLLUP_LEN * 2 < MAX_ANSWER as usize);

/// Why nothing can be read from Solana.
#[derive(Debug, thiserror::Error)]
pub enum SolanaError {
    /// The node does not answer as it should.
    #[error("Solana at {url}: {reason}")]
    Call {
        /// Where.
        url: String,
        /// What happened.
        reason: String,
    },
    /// There is no such account.
    #[error("Solana has no account {address}: the rollup of program {program} is not there")]
    Missing {
        /// The account.
        address: Address,
        /// The program.
        program: Address,
    },
    /// The account belongs to another program.
    #[error("account {address} belongs to {got}, expected {expected}")]
    Owner {
        /// The account.
        address: Address,
        /// Whose it is.
        got: String,
        /// The rollup's program.
        expected: Address,
    },
    /// Its data are not the rollup's.
    #[error("account {address}: {source}")]
    Data {
        /// The account.
        address: Address,
        /// What is wrong.
        source: AccountError,
    },
}

/// A Solana node.
#[derive(Clone, Debug)]
pub struct Solana {
    url: String,
    rpc: HttpClient,
}

/// The rollup's account as it was read.
#[derive(Clone, Debug)]
pub struct Rollup {
    /// The slot that the node answered for.
    pub slot: u64,
    /// Its head.
    pub state: RollupState,
    data: Vec<u8>,
}

/// A root that Solana has recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// The height.
    pub height: u64,
    /// The slot in which it was recorded.
    pub slot: u64,
    /// The state root after that height.
    pub state_root: Digest,
}

#[derive(Deserialize)]
struct Read {
    context: Context,
    value: Option<Account>,
}

#[derive(Deserialize)]
struct Context {
    slot: u64,
}

#[derive(Deserialize)]
struct Account {
    owner: String,
    data: (String, String),
}

impl Solana {
    /// The node at this address.
    ///
    /// # Errors
    /// It is no address.
    pub fn new(url: &str) -> Result<Self, SolanaError> {
        let rpc = HttpClientBuilder::default()
            .request_timeout(CALL_TIMEOUT)
            .max_response_size(MAX_ANSWER)
            .build(url);
        match rpc {
            Ok(rpc) => Ok(Self {
                url: url.to_owned(),
                rpc,
            }),
            Err(error) => Err(failed(url, &error)),
        }
    }

    /// The rollup of a program, as far as the cluster has confirmed it.
    ///
    /// # Errors
    /// The node does not answer, or there is no such rollup.
    pub async fn rollup(&self, program: &Address) -> Result<Rollup, SolanaError> {
        let address = rollup_address(program);
        let config = json!({ "encoding": "base64", "commitment": "confirmed" });
        let params = rpc_params![address.to_string(), config];
        let read: Result<Read, CallError> = self.rpc.request("getAccountInfo", params).await;
        let read = read.map_err(|error| failed(&self.url, &error))?;
        let account = read.value.ok_or(SolanaError::Missing {
            address,
            program: *program,
        })?;
        if account.owner != program.to_string() {
            return Err(SolanaError::Owner {
                address,
                got: account.owner,
                expected: *program,
            });
        }
        let data = base64::engine::general_purpose::STANDARD.decode(account.data.0);
        let data = data.map_err(|error| failed(&self.url, &error))?;
        let state = RollupRef::read(&data).map_err(|source| SolanaError::Data { address, source })?;
        Ok(Rollup {
            slot: read.context.slot,
            state: state.state,
            data,
        })
    }
}

impl Rollup {
    /// The root of a height, if it is among those that the account holds: the newest 256.
    pub fn root_at(&self, height: u64) -> Option<Root> {
        let entry = RollupRef::read(&self.data).ok()?.root_at(height)?;
        Some(Root {
            height,
            slot: entry.slot,
            state_root: entry.state_root,
        })
    }

    /// The newest height.
    pub fn height(&self) -> u64 {
        self.state.last.height
    }
}

fn failed(url: &str, error: &dyn std::error::Error) -> SolanaError {
    SolanaError::Call {
        url: url.to_owned(),
        reason: innermost(error),
    }
}

/// The address of a program's rollup account: the first of those derived from its seed that is no public key.
pub fn rollup_address(program: &Address) -> Address {
    let derived = |bump: u8| sha256(&[pda::ROLLUP, &[bump], program.as_bytes(), b"ProgramDerivedAddress"]);
    let is_no_key = |digest: &Digest| ed25519_dalek::VerifyingKey::from_bytes(digest).is_err();
    let found = (0..=u8::MAX).rev().map(derived).find(is_no_key);
    Address::new(found.expect("half of all digests are no point of the curve"))
}
