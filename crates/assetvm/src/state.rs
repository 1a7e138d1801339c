//! The state after a block.

use std::sync::Arc;

use rollup_abi::{
    Digest,
    tree::{account_key, metadata_key},
};

use crate::{
    Account, Address, Amount, Changes, Metadata,
    genesis::Params,
    proof::{AccountProof, MetadataProof},
    tree::{self, Tree},
};

/// A cell of the state tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Account(Address, Account),
    Metadata(Metadata),
}

impl tree::Value for Cell {
    fn value_hash(&self) -> Digest {
        match self {
            Self::Account(_, account) => account.value_hash(),
            Self::Metadata(metadata) => metadata.value_hash(),
        }
    }
}

/// All accounts, the totals and the chain's parameters. Immutable; a clone or a fork shares everything that is equal.
#[derive(Clone, Debug)]
pub struct State {
    params: Arc<Params>,
    metadata: Metadata,
    tree: Tree<Cell>,
}

/// Why stored accounts are not a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// An address came twice.
    #[error("account {address} came twice")]
    Duplicate {
        /// The address.
        address: Address,
    },
    /// The totals are not those of the accounts.
    #[error("balances and fees sum to {got} base units, expected the total supply of {expected}")]
    Supply {
        /// Their sum in base units.
        got: u128,
        /// The total supply.
        expected: Amount,
    },
}

impl State {
    /// The state of these accounts, in any order, each once: how storage rebuilds it.
    pub fn from_accounts(
        params: Arc<Params>,
        metadata: Metadata,
        accounts: impl IntoIterator<Item = (Address, Account)>,
    ) -> Result<Self, StateError> {
        let mut cells: Vec<_> = accounts
            .into_iter()
            .filter(|(_, account)| !account.is_vacant())
            .map(|(address, account)| (account_key(address.as_bytes()), Cell::Account(address, account)))
            .collect();
        cells.sort_unstable_by_key(|(key, _)| *key);
        let mut got = u128::from(metadata.fees_collected.base_units());
        for (at, (key, cell)) in cells.iter().enumerate() {
            let Cell::Account(address, account) = cell else {
                continue;
            };
            if at.checked_sub(1).is_some_and(|before| cells[before].0 == *key) {
                return Err(StateError::Duplicate { address: *address });
            }
            got = got.saturating_add(u128::from(account.balance.base_units()));
        }
        let expected = metadata.total_supply;
        if got != u128::from(expected.base_units()) {
            return Err(StateError::Supply { got, expected });
        }
        cells.push((metadata_key(), Cell::Metadata(metadata)));
        Ok(Self {
            params,
            metadata,
            tree: Tree::build(cells),
        })
    }

    /// The state after a block's changes.
    pub fn apply(&self, changes: &Changes) -> Self {
        let cell = |&(address, account): &(Address, Option<Account>)| {
            let stored = account.filter(|account| !account.is_vacant());
            (
                account_key(address.as_bytes()),
                stored.map(|account| Cell::Account(address, account)),
            )
        };
        let metadata = (metadata_key(), Some(Cell::Metadata(changes.metadata)));
        Self {
            params: self.params.clone(),
            metadata: changes.metadata,
            tree: self
                .tree
                .update(changes.accounts.iter().map(cell).chain([metadata])),
        }
    }

    /// The root: what a block's header carries.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The chain's parameters.
    pub fn params(&self) -> &Arc<Params> {
        &self.params
    }

    /// The totals.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The account at an address.
    pub fn get(&self, address: &Address) -> Option<Account> {
        match self.tree.get(&account_key(address.as_bytes())) {
            Some(Cell::Account(_, account)) => Some(*account),
            Some(Cell::Metadata(_)) | None => None,
        }
    }

    /// The accounts, in the order of their keys in the tree.
    pub fn accounts(&self) -> impl Iterator<Item = (Address, Account)> {
        self.tree.iter().filter_map(|cell| match cell {
            Cell::Account(address, account) => Some((*address, *account)),
            Cell::Metadata(_) => None,
        })
    }

    /// Proves what is, or that nothing is, at an address.
    pub fn prove(&self, address: &Address) -> AccountProof {
        let (siblings, end) = self.tree.prove(&account_key(address.as_bytes()));
        AccountProof::new(*address, siblings, end)
    }

    /// Proves the totals.
    pub fn prove_metadata(&self) -> MetadataProof {
        let (siblings, _) = self.tree.prove(&metadata_key());
        MetadataProof {
            metadata: self.metadata,
            siblings,
        }
    }
}
