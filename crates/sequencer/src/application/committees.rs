//! The committees that the roster has fixed.

use assetvm::Validator;
use hotshot_engine::ports::ApplicationError;
use hotshot_types::{Committee, Epoch, Member, NodeId, PublicKey, Stake};
use rollup_abi::Digest;

use super::Inner;

/// The committee of these validators.
///
/// # Panics
/// They are none that the roster has let in.
pub fn committee_of(chain_id: &Digest, epoch: Epoch, validators: &[Validator]) -> Committee {
    let members = validators.iter().map(member).collect();
    Committee::new(*chain_id, epoch, members).expect("the roster knows each key once, and bounds stakes")
}

/// A validator's key.
///
/// # Panics
/// It is none that the roster has let in.
pub fn key_of(validator: &Validator) -> PublicKey {
    PublicKey::from_bytes(&validator.key).expect("the roster has checked the key")
}

fn member(validator: &Validator) -> Member {
    Member {
        node: NodeId(*validator.node.as_bytes()),
        key: key_of(validator),
        stake: Stake::new(validator.stake),
    }
}

impl Inner {
    /// The committee of an epoch, once it is fixed by a decided block.
    pub(super) fn committee(&self, epoch: Epoch) -> Result<Option<Committee>, ApplicationError> {
        let validators = self.store.committee(epoch);
        let validators = validators.map_err(|error| ApplicationError::Fatal {
            operation: "read a committee",
            reason: error.to_string(),
        })?;
        let chain_id = self.branches().anchor().header.chain_id;
        Ok(validators.map(|validators| committee_of(&chain_id, epoch, &validators)))
    }
}
