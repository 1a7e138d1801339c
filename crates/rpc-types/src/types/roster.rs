//! Who validates, now and next.

use assetvm::{Address, RosterProof, Validator};
use serde::{Deserialize, Serialize};

use super::Unproven;
use crate::text::{Hex32, HexBytes, display};

/// The roster and the committees that it has fixed, with their proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterView {
    /// Blocks of an epoch; 0 if the first committee stays for good. Then there is no roster.
    pub epoch_length: u64,
    /// The epoch of the next block.
    pub epoch: u64,
    /// The validators as transactions have them: the committee of the epoch after the next, if nothing changes before.
    pub validators: Vec<ValidatorView>,
    /// The committees that are fixed, by epoch: while one lasts, that of the epoch before, its own, and the next.
    pub committees: Vec<CommitteeView>,
    /// The decided block that this is the state after.
    pub height: u64,
    /// That block's state root.
    pub state_root: Hex32,
    /// [`RosterProof`] of validators and committees against it, Borsh.
    pub proof: HexBytes,
}

/// A validator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorView {
    /// Its owner's Solana key.
    #[serde(with = "display")]
    pub node: Address,
    /// Its BLS key: the half in G1, then the half in G2.
    pub bls: HexBytes,
    /// Its voting weight; with 0 it only follows.
    pub stake: u64,
    /// Where it is reached: a multiaddress with its peer id.
    pub address: String,
}

/// The committee of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitteeView {
    /// The epoch.
    pub epoch: u64,
    /// Its members, in the order of their bits in a certificate.
    pub members: Vec<ValidatorView>,
}

impl From<&Validator> for ValidatorView {
    fn from(validator: &Validator) -> Self {
        Self {
            node: validator.node,
            bls: HexBytes(validator.key.to_vec()),
            stake: validator.stake,
            address: validator.address.to_string(),
        }
    }
}

impl RosterView {
    /// The committee of an epoch.
    pub fn committee(&self, epoch: u64) -> Option<&CommitteeView> {
        self.committees.iter().find(|committee| committee.epoch == epoch)
    }

    /// The roster, if the proof proves it against `root`, which the caller has from elsewhere.
    ///
    /// # Errors
    /// It does not, or it proves another roster than came with it.
    pub fn verify(&self, root: &[u8; 32]) -> Result<(), Unproven> {
        let address = Address::default();
        let proof =
            RosterProof::decode(&self.proof.0).map_err(|source| Unproven::Encoding { address, source })?;
        let proven = proof.value().cloned().unwrap_or_default();
        let validators = proven.validators.iter().map(ValidatorView::from);
        let committees = proven.committees.iter().map(|seats| CommitteeView {
            epoch: seats.epoch,
            members: seats.validators.iter().map(ValidatorView::from).collect(),
        });
        let same =
            validators.eq(self.validators.iter().cloned()) && committees.eq(self.committees.iter().cloned());
        if same && proof.verify(root) {
            Ok(())
        } else {
            Err(Unproven::Proof { address, root: *root })
        }
    }
}
