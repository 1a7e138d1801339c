//! Executing the stored blocks once more, from genesis, and comparing every root: with the headers, and with Solana.

use hotshot_types::{Height, dispersal};
use rollup_abi::{Digest, Header, mmr::Mmr};
use store::{Store, StoreError};

use crate::{
    application::{BlockFault, Branch},
    genesis::Deployment,
};

/// Heights back from the newest one on Solana for which its roots are compared: as many as its account holds.
const COMPARED: u64 = rollup_abi::account::RING as u64;

/// What was found to be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Height of the newest block.
    pub height: u64,
    /// State root after it.
    pub root: Digest,
    /// Transactions executed.
    pub transactions: u64,
}

/// What is wrong with a chain.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A block is missing.
    #[error("block {height} is missing: to execute everything, every block since genesis is needed")]
    Missing {
        /// Its height.
        height: u64,
    },
    /// A payload is not the one that its header names.
    #[error("block {height}: the payload is not the one that the header names")]
    Payload {
        /// The block's height.
        height: u64,
    },
    /// A block is not what executing it gives.
    #[error("block {height}: {source}")]
    Block {
        /// Its height.
        height: u64,
        /// What differs.
        source: BlockFault,
    },
    /// Solana holds another root.
    #[error(
        "height {height}: Solana holds root {}, executing gives {}",
        hex::encode(on_chain),
        hex::encode(executed)
    )]
    Root {
        /// Which height.
        height: u64,
        /// Solana's.
        on_chain: Digest,
        /// Ours.
        executed: Digest,
    },
}

/// Executes every block of the store. Nothing is taken from it but blocks. `progress` is told each height.
pub fn execute(
    store: &Store,
    deployment: &Deployment,
    mut progress: impl FnMut(u64),
) -> Result<Verified, VerifyError> {
    let mut history = Mmr::default();
    history.append(&deployment.header.commitment());
    let mut tip = Branch::stored(deployment.header.clone(), deployment.state.clone(), history);
    let newest = store.last_header()?.height;
    let mut transactions = 0u64;
    for height in 1..=newest {
        let block = store.block(Height::new(height))?;
        let block = block.ok_or(VerifyError::Missing { height })?;
        if !is_named(deployment, &block.header, &block.payload) {
            return Err(VerifyError::Payload { height });
        }
        tip = tip
            .follow(&block.header, &block.payload, |_| false)
            .map_err(|source| VerifyError::Block { height, source })?;
        transactions = transactions.saturating_add(u64::try_from(tip.receipts.len()).unwrap_or(u64::MAX));
        progress(height);
    }
    Ok(Verified {
        height: newest,
        root: tip.header.state_root,
        transactions,
    })
}

/// Whether the header commits to this payload: a large one by the shares that the committee of the first epoch holds.
fn is_named(deployment: &Deployment, header: &Header, payload: &[u8]) -> bool {
    let committee = &deployment.committee;
    header.epoch != committee.epoch().get()
        || dispersal::matches(committee, payload, &header.payload_commitment)
}

/// Compares the roots that Solana holds, the newest of which is of height `newest`, with those of executed blocks. The heights
/// that could be compared, counted; the rest is not on Solana any more, or not decided here yet.
pub fn compare(
    newest: u64,
    on_chain: impl Fn(u64) -> Option<Digest>,
    executed: impl Fn(u64) -> Result<Option<Digest>, VerifyError>,
) -> Result<u64, VerifyError> {
    let mut compared = 0;
    for height in newest.saturating_sub(COMPARED)..=newest {
        let (Some(on_chain), Some(executed)) = (on_chain(height), executed(height)?) else {
            continue;
        };
        if on_chain != executed {
            return Err(VerifyError::Root {
                height,
                on_chain,
                executed,
            });
        }
        compared += 1;
    }
    Ok(compared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_compared_where_both_sides_have_them() {
        let root = |height: u64| [u8::try_from(height % 251).expect("below 251"); 32];
        let held = |height: u64| height.is_multiple_of(2).then(|| root(height));
        let ours = |height: u64| Ok((height <= 100).then(|| root(height)));
        assert_eq!(compare(120, held, ours).expect("they agree"), 51);
        let wrong = |height: u64| held(height).map(|root| if height == 64 { [9; 32] } else { root });
        let error = compare(120, wrong, ours).expect_err("one differs");
        assert!(matches!(error, VerifyError::Root { height: 64, .. }), "{error}");
        assert_eq!(compare(0, |_| None, ours).expect("nothing is posted yet"), 0);
    }
}
