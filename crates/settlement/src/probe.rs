//! What cluster is this, and is the program there: asked once at the start, logged, and refused early if wrong.

use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_loader_v3_interface::get_program_data_address;
use solana_pubkey::Pubkey;
use solana_sdk_ids::bpf_loader_upgradeable;

use crate::{RollupClient, SettlementError};

/// What a cluster said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The RPC node's version.
    pub version: String,
    /// Hash of the genesis, in base58.
    pub genesis_hash: String,
    /// Current slot.
    pub slot: u64,
}

/// The program as the cluster has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramStatus {
    /// Its id.
    pub program: Pubkey,
    /// Length of the loader's account with its code.
    pub data_len: usize,
}

impl RollupClient {
    /// Asks the cluster for its version, genesis hash and slot.
    ///
    /// # Errors
    /// An RPC call fails.
    pub async fn cluster(&self) -> Result<Cluster, SettlementError> {
        cluster(self.rpc()).await
    }

    /// Checks that the program exists and can be executed.
    ///
    /// # Errors
    /// It does not exist, is not an upgradeable program, or has no code; or an RPC call fails.
    pub async fn program_status(&self) -> Result<ProgramStatus, SettlementError> {
        let program = self.program();
        let missing = |what, address| SettlementError::AccountMissing { what, address };
        let read = async |address: Pubkey| {
            self.rpc()
                .get_account_with_commitment(&address, CommitmentConfig::processed())
                .await
                .map(|response| response.value)
                .map_err(SettlementError::rpc("getAccountInfo"))
        };
        let account = read(program).await?.ok_or(missing("program", program))?;
        if account.owner != bpf_loader_upgradeable::ID {
            return Err(SettlementError::AccountOwner {
                what: "program",
                address: program,
                got: account.owner,
                expected: bpf_loader_upgradeable::ID,
            });
        }
        let data_address = get_program_data_address(&program);
        let data = read(data_address)
            .await?
            .ok_or(missing("program data", data_address))?;
        if !account.executable {
            return Err(missing("executable program", program));
        }
        Ok(ProgramStatus {
            program,
            data_len: data.data.len(),
        })
    }
}

async fn cluster(rpc: &RpcClient) -> Result<Cluster, SettlementError> {
    let version = rpc
        .get_version()
        .await
        .map_err(SettlementError::rpc("getVersion"))?;
    let genesis_hash = rpc
        .get_genesis_hash()
        .await
        .map_err(SettlementError::rpc("getGenesisHash"))?;
    let slot = rpc.get_slot().await.map_err(SettlementError::rpc("getSlot"))?;
    Ok(Cluster {
        version: version.solana_core,
        genesis_hash: genesis_hash.to_string(),
        slot,
    })
}
