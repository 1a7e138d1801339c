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
//!
//! A chain whose committees change has epochs, and a roster that begins with the first committee. It adds
//! `"epoch_length": 14400, "roster_authority": "…"`, and to each member `"possession": "<128 hex digits>"`, the proof that its
//! owner holds the BLS key, for this chain's id ([`GenesisFile::chain_id`]). Its id covers the addresses, too: from then on,
//! transactions change them.

use assetvm::{
    Address, Amount, Gas, GasRules, GenesisError, GenesisRoster, PeerAddress, State, TextTooLong, Validator,
};
use hotshot_types::{Committee, CommitteeError, Epoch, Member, NodeId, PointError, PublicKey, Stake};
use rollup_abi::{Digest, Header, committee};
use serde::{Deserialize, Serialize};

use crate::{
    application::genesis_header,
    rpc::{
        text::{HexBytes, display},
        types::AddressText,
    },
};

/// Shortest epoch, in blocks.
pub const MIN_EPOCH_LENGTH: u64 = 10;

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
    /// Blocks of an epoch; without it, this committee stays for good.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub epoch_length: u64,
    /// Who admits and retires validators; named by a chain with epochs alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster_authority: Option<AddressText>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
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
    /// The proof that its owner holds the BLS key; needed by a chain with epochs alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub possession: Option<HexBytes>,
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
    /// An epoch that is too short for committees to be known and staged in time.
    #[error("epoch_length is {got}, expected 0 or at least {MIN_EPOCH_LENGTH}")]
    EpochLength {
        /// What came.
        got: u64,
    },
    /// Epochs, and nobody who admits and retires validators; or the other way round.
    #[error("roster_authority goes with epoch_length: expected both or neither")]
    Authority,
    /// A member's proof of possession has the wrong length, or is missing.
    #[error(
        "member {index}: proof of possession of {got} bytes, expected 64, for chain {}",
        hex::encode(chain_id)
    )]
    Possession {
        /// The member's place.
        index: usize,
        /// What came.
        got: usize,
        /// The chain that it has to be for.
        chain_id: Digest,
    },
    /// A member's network address is too long.
    #[error("member {index}: address: {source}")]
    Address {
        /// The member's place.
        index: usize,
        /// Why.
        source: TextTooLong,
    },
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

    /// The chain's id, which the proofs of possession are for.
    pub fn chain_id(&self) -> Result<Digest, GenesisFileError> {
        Ok(self.unproven()?.chain_id())
    }

    /// Checks everything and computes what follows.
    pub fn deploy(&self) -> Result<Deployment, GenesisFileError> {
        let mut genesis = self.unproven()?;
        let chain_id = genesis.chain_id();
        for (index, validator) in genesis.roster.validators.iter_mut().enumerate() {
            let proof = self.committee[index].possession.as_ref();
            let proof = proof.map(|proof| proof.0.as_slice()).unwrap_or_default();
            let got = proof.len();
            let missing = |_| GenesisFileError::Possession { index, got, chain_id };
            validator.possession = proof.try_into().map_err(missing)?;
        }
        let state = genesis.state()?;
        let header = genesis_header(chain_id, self.timestamp_ms, &state.root());
        let committee = Committee::new(chain_id, Epoch::ZERO, self.members()?)?;
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

    /// The genesis with zeros for the proofs of possession.
    fn unproven(&self) -> Result<assetvm::Genesis, GenesisFileError> {
        let members = self.members()?;
        let digests = members.iter().map(|m| (m.key.pk2(), m.stake.get(), &m.node.0));
        let mut accounts: Vec<_> = self
            .accounts
            .iter()
            .map(|entry| (entry.address, entry.balance))
            .collect();
        accounts.sort_unstable();
        Ok(assetvm::Genesis {
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
            roster: self.roster(&members)?,
        })
    }

    fn roster(&self, members: &[Member]) -> Result<GenesisRoster, GenesisFileError> {
        let epoch_length = self.epoch_length;
        let authority = match &self.roster_authority {
            None if epoch_length == 0 => return Ok(GenesisRoster::default()),
            Some(authority) if epoch_length != 0 => authority.0,
            _ => return Err(GenesisFileError::Authority),
        };
        if epoch_length < MIN_EPOCH_LENGTH {
            return Err(GenesisFileError::EpochLength { got: epoch_length });
        }
        let entries = self.committee.iter().zip(members).enumerate();
        let validators = entries.map(|(index, (entry, member))| {
            let address = format!("{}/p2p/{}", entry.address, entry.peer_id);
            let address = PeerAddress::new(address);
            Ok(Validator {
                node: entry.node,
                key: member.key.to_bytes(),
                possession: [0; 64],
                stake: entry.stake,
                address: address.map_err(|source| GenesisFileError::Address { index, source })?,
            })
        });
        Ok(GenesisRoster {
            epoch_length,
            authority,
            validators: validators.collect::<Result<_, GenesisFileError>>()?,
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
