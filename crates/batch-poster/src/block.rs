//! What the poster needs of a decided block, and where it gets it.

use std::ops::RangeInclusive;

use rollup_abi::{Digest, Header};

/// A decided block as the poster needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settleable {
    /// Its header.
    pub header: Header,
    /// Its Certificate2 as it goes over the wire; none if it was decided through a descendant.
    pub certificate: Option<Vec<u8>>,
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
}
