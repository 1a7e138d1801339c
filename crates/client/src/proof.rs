//! An account's proof as a file: all that is needed to check it later, without any validator.

use assetvm::{Account, Address, Amount};
use rollup_abi::Digest;
use rpc_types::{
    text::{Hex32, HexBytes, display},
    types::{AccountView, CertifiedHeader, Unproven},
};
use serde::{Deserialize, Serialize};

use crate::ProvenAccount;

/// Most bytes of such a file.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// An account after a block, with its proof against the block's state root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// The chain.
    pub chain_id: Hex32,
    /// The rollup's program on Solana.
    #[serde(with = "display")]
    pub program: Address,
    /// Whose account.
    #[serde(with = "display")]
    pub address: Address,
    /// What it owns, $ASSET.
    #[serde(with = "display")]
    pub balance: Amount,
    /// The nonce of its next transaction.
    pub nonce: u64,
    /// The block that it is the state after.
    pub height: u64,
    /// That block's state root.
    pub state_root: Hex32,
    /// The proof against it.
    pub proof: HexBytes,
    /// The block's header, encoded.
    pub header: HexBytes,
    /// The certificate that makes the header, or a descendant, final.
    pub certificate: HexBytes,
}

impl ProofFile {
    /// Of an account, for a rollup's program.
    pub fn new(program: Address, proven: &ProvenAccount) -> Self {
        let (view, at) = (&proven.view, &proven.at);
        let certified = CertifiedHeader::new(&at.header, at.certificate.to_wire());
        Self {
            chain_id: Hex32(at.header.chain_id),
            program,
            address: view.address,
            balance: view.balance,
            nonce: view.nonce,
            height: view.height,
            state_root: view.state_root,
            proof: view.proof.clone(),
            header: certified.header,
            certificate: certified.certificate,
        }
    }

    /// The account, if the proof proves it against `root`, which the caller has from elsewhere: from Solana, say.
    ///
    /// # Errors
    /// It does not.
    pub fn verify(&self, root: &Digest) -> Result<Account, Unproven> {
        let view = AccountView {
            address: self.address,
            balance: self.balance,
            nonce: self.nonce,
            height: self.height,
            state_root: self.state_root,
            proof: self.proof.clone(),
        };
        view.verify(root)
    }
}
