//! The faucet: some $ASSET for whoever asks, not too often.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use assetvm::{Action, Address, Amount, SigningKey, UNIT};
use client::rpc::types::IdText;
use client::testnet::Gift;
use client::{Chain, Client, ClientError, Stage};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::TestnetError;
use crate::setup::make_key;

/// What the faucet has at genesis.
pub(crate) const STOCK: Amount = Amount::from_base_units(10_000_000 * UNIT);
/// What it gives.
const GIFT: Amount = Amount::from_base_units(100 * UNIT);
/// An account gets something once in this time.
const EVERY: Duration = Duration::from_secs(30);
/// All accounts together get something so often in this time.
const MOST: usize = 120;
/// How long a gift may take to be final.
const LIMIT: Duration = Duration::from_secs(10);
/// The name of its key in the testnet's directory.
const KEY: &str = "faucet";
/// Its error codes, in the range of JSON-RPC that is free for servers.
const TOO_SOON: i32 = -32001;
const BUSY: i32 = -32002;
const FAILED: i32 = -32003;

/// Why it gives nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum FaucetError {
    /// This account has just got something.
    #[error("{address} got {GIFT} ASSET not long ago; again in {} s", wait.as_secs() + 1)]
    TooSoon { address: Address, wait: Duration },
    /// Many others have.
    #[error("{MOST} gifts in {} s, and no more", EVERY.as_secs())]
    Busy,
    /// The chain does not take it.
    #[error(transparent)]
    Chain(#[from] ClientError),
}

impl FaucetError {
    pub(super) fn code(&self) -> i32 {
        match self {
            Self::TooSoon { .. } => TOO_SOON,
            Self::Busy => BUSY,
            Self::Chain(error) => error.code().unwrap_or(FAILED),
        }
    }
}

/// Makes the faucet's key, and says what it has at genesis.
pub(crate) fn fund(dir: &Path) -> Result<(Address, Amount), TestnetError> {
    Ok((make_key(dir, KEY)?.address(), STOCK))
}

/// Gives, one after the other: so its nonces are in order.
pub(super) struct Faucet {
    key: SigningKey,
    client: Client,
    given: Mutex<Given>,
}

#[derive(Default)]
struct Given {
    chain: Option<Chain>,
    /// Who got something when; forgotten after [`EVERY`], so never more than [`MOST`].
    recent: HashMap<Address, Instant>,
}

impl Faucet {
    /// That of the testnet in this directory.
    pub(super) fn open(dir: &Path, client: Client) -> Result<Self, TestnetError> {
        let path = dir.join("keys").join(format!("{KEY}.json"));
        let text = std::fs::read_to_string(&path).map_err(TestnetError::io(&path))?;
        let key = SigningKey::from_keypair_json(&text)
            .map_err(|error| TestnetError::io(&path)(std::io::Error::other(error)))?;
        Ok(Self {
            key,
            client,
            given: Mutex::default(),
        })
    }

    /// Gives something to this account, and answers when it has it.
    pub(super) async fn give(&self, to: Address) -> Result<Gift, FaucetError> {
        let mut given = self.given.lock().await;
        given.allow(to, Instant::now())?;
        let chain = match &given.chain {
            Some(chain) => chain,
            None => given.chain.insert(self.client.chain().await?),
        };
        let action = Action::transfer(to, GIFT);
        let body = self.client.prepare(chain, self.key.address(), action).await?;
        let id = self.client.submit(&self.key.sign(body)).await?;
        self.client.wait(&id, Stage::Final, LIMIT).await?;
        given.recent.insert(to, Instant::now());
        Ok(Gift {
            id: IdText(id),
            amount: GIFT,
        })
    }
}

impl Given {
    fn allow(&mut self, to: Address, now: Instant) -> Result<(), FaucetError> {
        self.recent.retain(|_, at| now.duration_since(*at) < EVERY);
        match self.recent.get(&to) {
            Some(at) => Err(FaucetError::TooSoon {
                address: to,
                wait: EVERY - now.duration_since(*at),
            }),
            None if self.recent.len() >= MOST => Err(FaucetError::Busy),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_in_a_while_and_not_everybody_at_once() {
        let (mut given, now) = (Given::default(), Instant::now());
        let address = |n: usize| Address::new([u8::try_from(n).unwrap(); 32]);
        for n in 0..MOST {
            given.allow(address(n), now).unwrap();
            given.recent.insert(address(n), now);
        }
        let later = now + EVERY / 2;
        let again = given.allow(address(0), later).unwrap_err();
        assert_eq!(again.code(), TOO_SOON);
        assert!(again.to_string().contains("again in 16 s"), "{again}");
        assert_eq!(given.allow(address(MOST), later).unwrap_err().code(), BUSY);
        given.allow(address(0), now + EVERY).unwrap();
        assert!(given.recent.is_empty(), "what is old is forgotten");
    }
}
