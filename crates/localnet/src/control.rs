//! What happens to chains, done to this one: slots stop, blocks are dropped, money is gone.

use serde_json::{Value, json};
use solana_client::client_error::ClientError;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_client::rpc_request::RpcRequest;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;

use crate::{Localnet, LocalnetError};

/// Accounts as they were.
#[derive(Clone, Debug)]
pub struct Snapshot(Vec<Kept>);

#[derive(Clone, Debug)]
struct Kept {
    address: Pubkey,
    lamports: u64,
    owner: Pubkey,
    data: Vec<u8>,
}

impl Localnet {
    /// Makes no slots any more, until [`Localnet::resume_slots`].
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn stop_slots(&self) -> Result<(), LocalnetError> {
        self.cheat("surfnet_pauseClock", json!([])).await
    }

    /// Ends [`Localnet::stop_slots`].
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn resume_slots(&self) -> Result<(), LocalnetError> {
        self.cheat("surfnet_resumeClock", json!([])).await
    }

    /// These accounts as they are now; those that do not exist are left out.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn snapshot(&self, addresses: &[Pubkey]) -> Result<Snapshot, LocalnetError> {
        let rpc = self.rpc();
        let mut kept = Vec::with_capacity(addresses.len());
        for address in addresses {
            let read = rpc.get_account_with_commitment(address, CommitmentConfig::processed());
            let account = read.await.map_err(failed("getAccountInfo"))?.value;
            kept.extend(account.map(|account| Kept {
                address: *address,
                lamports: account.lamports,
                owner: account.owner,
                data: account.data,
            }));
        }
        Ok(Snapshot(kept))
    }

    /// Makes accounts what they were, as a fork does that drops the blocks since. Unlike after a fork, the chain still
    /// knows the dropped transactions, and does not take the same bytes again.
    ///
    /// # Errors
    /// An RPC call fails.
    pub async fn roll_back(&self, snapshot: &Snapshot) -> Result<(), LocalnetError> {
        for kept in &snapshot.0 {
            let account = json!({
                "lamports": kept.lamports,
                "owner": kept.owner.to_string(),
                "data": hex(&kept.data),
            });
            self.set(&kept.address, account).await?;
        }
        Ok(())
    }

    /// Changes an account's data, as nobody could on a real chain without its keys.
    ///
    /// # Errors
    /// An RPC call fails.
    pub async fn alter(
        &self,
        address: &Pubkey,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), LocalnetError> {
        let mut snapshot = self.snapshot(&[*address]).await?;
        if let Some(kept) = snapshot.0.first_mut() {
            change(&mut kept.data);
        }
        self.roll_back(&snapshot).await
    }

    /// Leaves an account with so many lamports.
    ///
    /// # Errors
    /// The RPC call fails.
    pub async fn set_balance(&self, address: &Pubkey, lamports: u64) -> Result<(), LocalnetError> {
        self.set(address, json!({ "lamports": lamports })).await
    }

    async fn set(&self, address: &Pubkey, account: Value) -> Result<(), LocalnetError> {
        self.cheat("surfnet_setAccount", json!([address.to_string(), account]))
            .await
    }

    async fn cheat(&self, method: &'static str, params: Value) -> Result<(), LocalnetError> {
        let request = RpcRequest::Custom { method };
        let answer = self.rpc().send::<Value>(request, params).await;
        answer.map(drop).map_err(failed(method))
    }

    fn rpc(&self) -> RpcClient {
        RpcClient::new(self.rpc_url().to_owned())
    }
}

fn failed(method: &'static str) -> impl Fn(ClientError) -> LocalnetError {
    move |error| LocalnetError::Control {
        method,
        source: Box::new(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
