//! What others pay for a place in a block.

use solana_pubkey::Pubkey;

use crate::{RollupClient, SettlementError, rollup_address};

/// Of the recent slots' lowest fees, the one that so many of a hundred are below.
const PERCENTILE: usize = 75;

impl RollupClient {
    /// What transactions that write the rollup's account lately paid, in micro-lamports per compute unit: of the lowest fee
    /// that got into each recent slot, the 75th percentile. Zero where nobody paid, or nobody wrote it.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn recent_price(&self) -> Result<u64, SettlementError> {
        let rollup: [Pubkey; 1] = [rollup_address(&self.program())];
        let slots = self
            .rpc()
            .get_recent_prioritization_fees(&rollup)
            .await
            .map_err(SettlementError::rpc("getRecentPrioritizationFees"))?;
        Ok(percentile(
            slots.iter().map(|slot| slot.prioritization_fee).collect(),
        ))
    }
}

fn percentile(mut fees: Vec<u64>) -> u64 {
    fees.sort_unstable();
    let index = fees.len().saturating_mul(PERCENTILE) / 100;
    fees.get(index).or(fees.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_one_of_the_fees() {
        assert_eq!(percentile(vec![]), 0);
        assert_eq!(percentile(vec![7]), 7);
        assert_eq!(percentile((0..100).rev().collect()), 75);
        assert_eq!(percentile(vec![0, 0, 0, 9]), 9);
    }
}
