//! What the poster needs of a decided block, and where it gets it.

use std::ops::RangeInclusive;

use rollup_abi::instruction::RegisterMember;
use rollup_abi::{Digest, Header};

/// A proof of finality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The view that it was made in: the header's, or for an epoch's last block a later one.
    pub view: u64,
    /// Its bytes, as they go over the wire.
    pub wire: Vec<u8>,
}

/// A decided block as the poster needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settleable {
    /// Its header.
    pub header: Header,
    /// Its Certificate2; none if it was decided through a descendant.
    pub certificate: Option<Certificate>,
    /// The state root that this node computed by executing the block.
    pub state_root: Digest,
}

/// Why blocks could not be read.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Decided and executed blocks by height; the store implements it. Reads are local and fast: they run on the poster's task.
pub trait BlockSource: Send + Sync + 'static {
    /// The blocks of these heights, ascending from the first, as far as there are; at most a few dozen are asked for. Genesis
    /// is not a block.
    ///
    /// # Errors
    /// The storage fails. A block that is not there is not an error.
    fn blocks(&self, heights: RangeInclusive<u64>) -> Result<Vec<Settleable>, SourceError>;

    /// The committee of an epoch as it registers on Solana, if it is fixed. A chain without epochs has nobody to hand over to.
    ///
    /// # Errors
    /// The storage fails.
    fn committee(&self, _epoch: u64) -> Result<Option<Vec<RegisterMember>>, SourceError> {
        Ok(None)
    }
}
