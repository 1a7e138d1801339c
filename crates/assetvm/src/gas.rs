//! What a transaction's action costs beyond what the machine meters, and what gas costs.

use curvevm::Gas;

use crate::{Action, Amount};

/// Gas of deploying, calling, upgrading or closing anything at all: a few cells of the state tree.
const ACTION: u64 = 50_000;
/// Gas of each byte of code: decoding, verifying and keeping it.
const CODE_BYTE: u64 = 500;
/// Gas of each byte of arguments.
const ARGS_BYTE: u64 = 20;
/// Gas of each byte of results and events: every validator keeps them and hands them out, for good. It also bounds what a block
/// leaves to hand out: some megabytes.
const OUTPUT_BYTE: u64 = 80;
/// Gas of each storage entry that goes with a closed program.
const CLOSED_ENTRY: u64 = 50_000;
/// Gas of checking a validator's key: two pairings.
const KEY: u64 = 12_000_000;
/// Gas that [`GasRules::price`] is the price of.
const PRICED: u128 = 1_000_000;

/// What gas costs, and how much of it a block has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshSerialize, borsh::BorshDeserialize)]
pub struct GasRules {
    /// The price of a million gas.
    pub price: Amount,
    /// The most gas that a block uses, and that one transaction may ask for.
    pub block: Gas,
}

impl Default for GasRules {
    /// A million gas for 0.001 $ASSET, a fifth of a block interval for all programs of a block: `docs/curvevm.md`.
    fn default() -> Self {
        Self {
            price: Amount::from_base_units(1_000_000),
            block: Gas(300_000_000),
        }
    }
}

impl GasRules {
    /// The price of so much gas, rounded up.
    pub fn fee(&self, gas: Gas) -> Amount {
        let product = u128::from(gas.0).saturating_mul(u128::from(self.price.base_units()));
        let units = u64::try_from(product.div_ceil(PRICED)).unwrap_or(u64::MAX);
        Amount::from_base_units(units)
    }
}

/// The gas of keeping this much of results and events.
pub(crate) fn of_output(bytes: usize) -> Gas {
    Gas(OUTPUT_BYTE.saturating_mul(bytes as u64))
}

impl Action {
    /// The most gas that it can use: what its sender states, or what follows from its size.
    pub fn gas(&self) -> Gas {
        match self {
            Self::Mint { .. } | Self::Transfer { .. } | Self::Burn { .. } => Gas(0),
            Self::Deploy { gas, .. } | Self::Call { gas, .. } => *gas,
            Self::Upgrade { .. } | Self::Close { .. } | Self::Roster(_) => self.gas_before_machine(),
        }
    }

    /// The gas that it uses before the machine runs.
    pub fn gas_before_machine(&self) -> Gas {
        let (bytes, each) = match self {
            Self::Mint { .. } | Self::Transfer { .. } | Self::Burn { .. } => return Gas(0),
            Self::Deploy { code, args, .. } => {
                let args = ARGS_BYTE.saturating_mul(args.len() as u64);
                let code = CODE_BYTE.saturating_mul(code.len() as u64);
                return Gas(ACTION.saturating_add(code).saturating_add(args));
            }
            Self::Call { args, .. } => (args.len(), ARGS_BYTE),
            Self::Upgrade { code, .. } => (code.len(), CODE_BYTE),
            Self::Close { entries, .. } => (entries.len(), CLOSED_ENTRY),
            Self::Roster(change) => (usize::from(change.brings_key()), KEY),
        };
        Gas(ACTION.saturating_add(each.saturating_mul(bytes as u64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_is_paid_for_rounded_up() {
        let rules = GasRules {
            price: Amount::from_base_units(3),
            block: Gas(1),
        };
        for (gas, fee) in [(0, 0), (1, 1), (333_333, 1), (333_334, 2), (1_000_000, 3)] {
            assert_eq!(rules.fee(Gas(gas)), Amount::from_base_units(fee), "{gas}");
        }
        let dear = GasRules {
            price: Amount::MAX,
            block: Gas(1),
        };
        assert_eq!(dear.fee(Gas(u64::MAX)), Amount::MAX, "more than anybody has");
    }
}
