//! The genesis file: assets, rules and the first committee with its addresses.
//!
//! ```json
//! {
//!   "program_id": "…", "mint_authority": "…", "supply_cap": "1000000000", "minimum_fee": "0.0001",
//!   "gas_price": "0.001", "block_gas": 300000000,
//!   "timestamp_ms": 1790000000000,
//!   "accounts": [{ "address": "…", "balance": "100" }],
//!   "committee": [{ "node": "…", "bls": "<384 hex digits>", "stake": 1,
//!                   "peer_id": "12D3Koo…", "address": "/ip4/127.0.0.1/tcp/7845" }]
//! }
//! ```
//!
//! The chain id is a hash over all of it but the network addresses, which may change while the chain lives.

use assetvm::{Address, Amount, Gas, GasRules, GenesisError, State};
use hotshot_types::{Committee, CommitteeError, Epoch, Member, NodeId, PointError, PublicKey, Stake};
use rollup_abi::{Digest, Header, committee};
use serde::{Deserialize, Serialize};

use crate::{
    application::genesis_header,
    rpc::text::{HexBytes, display},
};

/// The file, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisFile {
    /// The program on Solana.
    #[serde(with = "display")]
    pub program_id: Address,
    /// Who may mint.
    #[serde(with = "display")]
    pub mint_authority: Address,
    /// Most that may exist at a time, $ASSET.
    #[serde(with = "display")]
    pub supply_cap: Amount,
    /// Least fee, $ASSET.
    #[serde(with = "display")]
    pub minimum_fee: Amount,
    /// The price of a million gas, $ASSET.
    #[serde(with = "display")]
    pub gas_price: Amount,
    /// The most gas that a block uses.
    pub block_gas: u64,
    /// The genesis block's time, milliseconds since 1970.
    pub timestamp_ms: u64,
    /// First balances, in any order.
    pub accounts: Vec<AccountEntry>,
    /// The committee, in the order of its registration on Solana.
    pub committee: Vec<MemberEntry>,
}

/// A first balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Whose.
    #[serde(with = "display")]
    pub address: Address,
    /// How much, $ASSET.
    #[serde(with = "display")]
    pub balance: Amount,
}

/// A member of the committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberEntry {
    /// Its owner's Solana key.
    #[serde(with = "display")]
    pub node: Address,
    /// Its BLS key: the half in G1, then the half in G2.
    pub bls: HexBytes,
    /// Its voting weight.
    pub stake: u64,
    /// Its libp2p peer id.
    pub peer_id: String,
    /// Where it is reached: a multiaddress.
    pub address: String,
}

/// What is wrong with a genesis file.
#[derive(Debug, thiserror::Error)]
pub enum GenesisFileError {
    /// Not the JSON that is expected.
    #[error("genesis file: {0}")]
    Syntax(#[from] serde_json::Error),
    /// A member's BLS key has the wrong length.
    #[error("member {index}: BLS key of {got} bytes, expected {}", PublicKey::LEN)]
    KeyLength {
        /// The member's place.
        index: usize,
        /// What came.
        got: usize,
    },
    /// A member's BLS key is none.
    #[error("member {index}: BLS key: {source}")]
    Key {
        /// The member's place.
        index: usize,
        /// Why.
        source: PointError,
    },
    /// The members are no committee.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// The accounts are no genesis.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
}

/// A checked genesis with everything that follows from it.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Assets and rules.
    pub genesis: assetvm::Genesis,
    /// Its hash.
    pub chain_id: Digest,
    /// The state of height 0.
    pub state: State,
    /// The header of height 0.
    pub header: Header,
    /// The committee of epoch 0.
    pub committee: Committee,
    /// Peer id and multiaddress of each member, in committee order.
    pub addresses: Vec<(NodeId, String, String)>,
}

impl GenesisFile {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, GenesisFileError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("plain data has a JSON form");
        text.push('\n');
        text
    }

    /// Checks everything and computes what follows.
    pub fn deploy(&self) -> Result<Deployment, GenesisFileError> {
        let members = self.members()?;
        let digests = members.iter().map(|m| (m.key.pk2(), m.stake.get(), &m.node.0));
        let mut accounts: Vec<_> = self
            .accounts
            .iter()
            .map(|entry| (entry.address, entry.balance))
            .collect();
        accounts.sort_unstable();
        let genesis = assetvm::Genesis {
            program_id: self.program_id,
            mint_authority: self.mint_authority,
            supply_cap: self.supply_cap,
            minimum_fee: self.minimum_fee,
            gas: GasRules {
                price: self.gas_price,
                block: Gas(self.block_gas),
            },
            accounts,
            committee: committee::committee_hash(0, digests),
            timestamp_ms: self.timestamp_ms,
        };
        let (chain_id, state) = (genesis.chain_id(), genesis.state()?);
        let header = genesis_header(chain_id, self.timestamp_ms, &state.root());
        let committee = Committee::new(chain_id, Epoch::ZERO, members)?;
        let addresses = self.committee.iter();
        let addresses = addresses.map(|m| (NodeId(*m.node.as_bytes()), m.peer_id.clone(), m.address.clone()));
        Ok(Deployment {
            genesis,
            chain_id,
            state,
            header,
            committee,
            addresses: addresses.collect(),
        })
    }

    fn members(&self) -> Result<Vec<Member>, GenesisFileError> {
        let member = |(index, entry): (usize, &MemberEntry)| {
            let got = entry.bls.0.len();
            let bytes = entry.bls.0.as_slice().try_into();
            let bytes = bytes.map_err(|_| GenesisFileError::KeyLength { index, got })?;
            let key =
                PublicKey::from_bytes(bytes).map_err(|source| GenesisFileError::Key { index, source })?;
            Ok(Member {
                node: NodeId(*entry.node.as_bytes()),
                key,
                stake: Stake::new(entry.stake),
            })
        };
        self.committee.iter().enumerate().map(member).collect()
    }
}

#[cfg(test)]
mod tests;
