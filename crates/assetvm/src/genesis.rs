//! The chain's beginning, and the rules that hold from then on.

use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use hotshot_types::Epochs;
use rollup_abi::{Digest, domain, sha256};

use crate::{
    Account, Action, Address, Amount, Contents, GasRules, Metadata, Nonce, Roster, RosterFault, State,
    Validator,
};

/// Everything that fixes a chain; its hash is the chain id.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// The Solana program that it settles on: the same chain on another program is another chain.
    pub program_id: Address,
    /// Who may mint.
    pub mint_authority: Address,
    /// Most that may ever exist at one time. Burning makes room again.
    pub supply_cap: Amount,
    /// Least fee of a transaction. Fees leave circulation and are counted in the metadata cell; see [`Params::minimum_fee`].
    pub minimum_fee: Amount,
    /// What gas costs, and how much of it a block has.
    pub gas: GasRules,
    /// First balances, by address, strictly ascending; they count as minted.
    pub accounts: Vec<(Address, Amount)>,
    /// Hash of the first committee.
    pub committee: Digest,
    /// Milliseconds since 1970: the first block's timestamp.
    pub timestamp_ms: u64,
    /// How its committees change.
    pub roster: GenesisRoster,
}

/// How a chain's committees change. By default they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GenesisRoster {
    /// Blocks of an epoch; 0 is one epoch that does not end, and then nobody is on the roster.
    pub epoch_length: u64,
    /// Who admits and retires validators.
    pub authority: Address,
    /// The validators of the first two epochs, in the order of the first committee.
    pub validators: Vec<Validator>,
}

/// Why a genesis is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Not the encoding of a genesis, or more than one.
    #[error("malformed genesis")]
    Malformed,
    /// Accounts out of order, or one twice.
    #[error(
        "genesis account {index} ({address}) is not above the one before it, expected ascending addresses"
    )]
    Unsorted {
        /// Its place.
        index: usize,
        /// Its address.
        address: Address,
    },
    /// An account without a balance.
    #[error("genesis account {index} ({address}) has balance 0, expected more")]
    ZeroBalance {
        /// Its place.
        index: usize,
        /// Its address.
        address: Address,
    },
    /// First balances above the cap.
    #[error("genesis balances sum to {got} base units, expected at most the supply cap of {cap}")]
    SupplyCap {
        /// Their sum in base units.
        got: u128,
        /// The cap.
        cap: Amount,
    },
    /// A validator that would not be admitted.
    #[error("genesis validator {index}: {fault}")]
    Validator {
        /// Its place.
        index: usize,
        /// Why not.
        fault: RosterFault,
    },
}

/// The parameters that execution needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// The chain id.
    pub chain_id: Digest,
    /// Who may mint.
    pub mint_authority: Address,
    /// Most that may exist at one time.
    pub supply_cap: Amount,
    /// Least fee of a transaction, see [`Params::minimum_fee`].
    pub base_fee: Amount,
    /// What gas costs, and how much of it a block has.
    pub gas: GasRules,
    /// How long committees serve.
    pub epochs: Epochs,
    /// Who admits and retires validators.
    pub roster_authority: Address,
}

impl Params {
    /// The least fee for an action of a sender: the base fee and the price of all gas that it may use, except that the mint
    /// authority mints for free. Before the first mint nobody has anything to pay with, and an authority without a balance
    /// must not lock the chain.
    pub fn minimum_fee(&self, sender: &Address, action: &Action) -> Amount {
        match action {
            Action::Mint { .. } if *sender == self.mint_authority => Amount::ZERO,
            _ => {
                let fee = self.base_fee.checked_add(self.gas.fee(action.gas()));
                fee.unwrap_or(Amount::MAX)
            }
        }
    }
}

impl Genesis {
    /// `sha256(domain::GENESIS ‖ borsh(genesis))`, with zeros for the proofs of possession: they are made for this very id.
    pub fn chain_id(&self) -> Digest {
        let mut unproven = self.clone();
        for validator in &mut unproven.roster.validators {
            validator.possession = [0; 64];
        }
        sha256(&[domain::GENESIS, &unproven.encode()])
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads the canonical bytes; [`Genesis::state`] checks what they say.
    pub fn decode(bytes: &[u8]) -> Result<Self, GenesisError> {
        borsh::from_slice(bytes).map_err(|_| GenesisError::Malformed)
    }

    /// The parameters for execution.
    pub fn params(&self) -> Arc<Params> {
        Arc::new(Params {
            chain_id: self.chain_id(),
            mint_authority: self.mint_authority,
            supply_cap: self.supply_cap,
            base_fee: self.minimum_fee,
            gas: self.gas,
            epochs: Epochs::of_length(self.roster.epoch_length),
            roster_authority: self.roster.authority,
        })
    }

    /// Checks the accounts and the roster, and builds the state of height 0.
    pub fn state(&self) -> Result<State, GenesisError> {
        let mut before = None;
        let mut got = 0u128;
        for (index, &(address, balance)) in self.accounts.iter().enumerate() {
            if before >= Some(address) {
                return Err(GenesisError::Unsorted { index, address });
            }
            if balance.is_zero() {
                return Err(GenesisError::ZeroBalance { index, address });
            }
            before = Some(address);
            got = got.saturating_add(u128::from(balance.base_units()));
        }
        let cap = self.supply_cap;
        let total = u64::try_from(got).ok().filter(|total| *total <= cap.base_units());
        let total = total.ok_or(GenesisError::SupplyCap { got, cap })?;
        let metadata = Metadata {
            total_supply: Amount::from_base_units(total),
            minted: got,
            ..Metadata::default()
        };
        let params = self.params();
        let roster = Roster::genesis(&self.roster.validators, &params.chain_id)
            .map_err(|(index, fault)| GenesisError::Validator { index, fault })?;
        let nonce = Nonce::default();
        let accounts = self.accounts.iter();
        let contents = Contents {
            accounts: accounts
                .map(|&(address, balance)| (address, Account { balance, nonce }))
                .collect(),
            roster,
            ..Contents::default()
        };
        let state = State::restore(params, metadata, contents);
        Ok(state.expect("addresses ascend and the total is the sum of the balances"))
    }
}
