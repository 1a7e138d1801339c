//! Reading with proof: from a certificate down to what is read.

use assetvm::{Account, Address, ProgramRecord};
use hotshot_types::Certificate2;
use rollup_abi::{Digest, Header};
use rpc_types::{
    text::Hex32,
    types::{AccountView, BlockView, EntryView, ProgramView},
};

use crate::{Chain, Client, ClientError};

/// Most blocks between one and the certificate that makes it final: more were never decided at a time.
const MAX_WALK: u64 = 64;
/// Times that something is read anew because the validator that answered had not the block, yet.
const TRIES: usize = 3;

/// A header that is final, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// The header.
    pub header: Header,
    /// The certificate of this header or of a descendant.
    pub certificate: Certificate2,
}

/// An account that is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenAccount {
    /// What it owns, and its nonce; vacant if it does not exist.
    pub account: Account,
    /// What the validator said, with the proof.
    pub view: AccountView,
    /// The final header that it is the state after.
    pub at: Certified,
}

/// A program that is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenProgram {
    /// Its cell.
    pub record: ProgramRecord,
    /// What the validator said. Hash, authority and count of entries are proven; what it owns is an account's.
    pub view: ProgramView,
    /// The final header that it is the state after.
    pub at: Certified,
}

/// What a program stores, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEntry {
    /// What is there, if something is.
    pub value: Option<Vec<u8>>,
    /// What the validator said, with the proof.
    pub view: EntryView,
    /// The final header that it is the state after.
    pub at: Certified,
}

impl Client {
    /// The final header of a height.
    ///
    /// # Errors
    /// None answers, it is not decided, or no certificate makes it final.
    pub async fn certified(&self, chain: &Chain, height: u64) -> Result<Certified, ClientError> {
        let certified = chain.check(&self.certificate(height).await?)?;
        let above = certified.header.height;
        if above < height || above - height > MAX_WALK {
            return Err(ClientError::answer(
                "asset_certificate",
                format_args!("a certificate of height {above}, expected {height} or soon after"),
            ));
        }
        let mut header = certified.header;
        for below in (height..above).rev() {
            let parent = header_of(&self.block(below).await?)?;
            if parent.commitment() != header.parent {
                return Err(ClientError::answer(
                    "asset_block",
                    format_args!("block {below} is not the parent of block {}", header.height),
                ));
            }
            header = parent;
        }
        Ok(Certified {
            header,
            certificate: certified.certificate,
        })
    }

    /// An account after a final block, proven.
    ///
    /// # Errors
    /// None answers, or what it answers is not proven.
    pub async fn proven_account(
        &self,
        chain: &Chain,
        address: &Address,
    ) -> Result<ProvenAccount, ClientError> {
        let (view, at) = self
            .read(chain, async || {
                let view = self.account(address).await?;
                let place = (view.height, view.state_root);
                Ok((view, place))
            })
            .await?;
        let account = view.verify(&at.header.state_root)?;
        Ok(ProvenAccount { account, view, at })
    }

    /// A program after a final block, proven.
    ///
    /// # Errors
    /// None answers, there is no such program, or what it answers is not proven.
    pub async fn proven_program(
        &self,
        chain: &Chain,
        address: &Address,
    ) -> Result<ProvenProgram, ClientError> {
        let (view, at) = self
            .read(chain, async || {
                let view = self.program(address).await?;
                let place = (view.height, view.state_root);
                Ok((view, place))
            })
            .await?;
        let record = view.verify(&at.header.state_root)?;
        Ok(ProvenProgram { record, view, at })
    }

    /// What a program stores under a key after a final block, proven.
    ///
    /// # Errors
    /// None answers, or what it answers is not proven.
    pub async fn proven_entry(
        &self,
        chain: &Chain,
        program: &Address,
        key: &Digest,
    ) -> Result<ProvenEntry, ClientError> {
        let (view, at) = self
            .read(chain, async || {
                let view = self.entry(program, key).await?;
                let place = (view.height, view.state_root);
                Ok((view, place))
            })
            .await?;
        if view.key.0 != *key {
            return Err(ClientError::answer("asset_entry", "about another key"));
        }
        let value = view.verify(&at.header.state_root)?;
        Ok(ProvenEntry { value, view, at })
    }

    /// Reads something and the final header that it is the state after.
    async fn read<T>(
        &self,
        chain: &Chain,
        ask: impl AsyncFn() -> Result<(T, (u64, Hex32)), ClientError>,
    ) -> Result<(T, Certified), ClientError> {
        for _ in 1..TRIES {
            let (view, (height, root)) = ask().await?;
            match self.finality(chain, height, &root.0).await {
                Ok(at) => return Ok((view, at)),
                // The certificate was asked of another validator, which is a block behind.
                Err(ClientError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (view, (height, root)) = ask().await?;
        Ok((view, self.finality(chain, height, &root.0).await?))
    }

    async fn finality(&self, chain: &Chain, height: u64, root: &Digest) -> Result<Certified, ClientError> {
        let at = self.certified(chain, height).await?;
        if at.header.state_root != *root {
            return Err(ClientError::answer(
                "asset_certificate",
                format_args!(
                    "height {height} has root {}, not {}",
                    Hex32(at.header.state_root),
                    Hex32(*root)
                ),
            ));
        }
        Ok(at)
    }
}

fn header_of(block: &BlockView) -> Result<Header, ClientError> {
    Header::decode(&block.header.0).map_err(|error| ClientError::answer("asset_block", error))
}
