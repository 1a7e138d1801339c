//! What became of a transaction that landed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rollup_abi::event::{Event, RootsAccepted};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_client::rpc_config::RpcTransactionConfig;
use solana_client::rpc_request::RpcRequest;
use solana_commitment_config::CommitmentConfig;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::option_serializer::OptionSerializer;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiTransactionEncoding,
};

use crate::SettlementError;

/// What became of a transaction that landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landed {
    /// The slot.
    pub slot: u64,
    /// Lamports charged.
    pub fee: u64,
    /// Compute units of the whole transaction.
    pub units: Option<u64>,
    /// Compute units of the certificate's check: between the program's two `sol_log_compute_units` lines.
    pub verification_units: Option<u64>,
    /// What the program logged.
    pub events: Vec<Event>,
    /// Why it failed, if it did.
    pub error: Option<TransactionError>,
}

impl Landed {
    /// The event of a submission that moved the rollup forward.
    pub fn accepted(&self) -> Option<&RootsAccepted> {
        self.events.iter().find_map(|event| match event {
            Event::RootsAccepted(accepted) => Some(accepted),
            _ => None,
        })
    }
}

/// Reads it; `None` while the node does not know the transaction.
pub(crate) async fn landed(
    rpc: &RpcClient,
    signature: &Signature,
    commitment: CommitmentConfig,
) -> Result<Option<Landed>, SettlementError> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(commitment),
        max_supported_transaction_version: Some(0),
    };
    let params = serde_json::json!([signature.to_string(), config]);
    let found: Option<EncodedConfirmedTransactionWithStatusMeta> = rpc
        .send(RpcRequest::GetTransaction, params)
        .await
        .map_err(SettlementError::rpc("getTransaction"))?;
    Ok(found.and_then(|found| {
        let meta = found.transaction.meta?;
        let units = match meta.compute_units_consumed {
            OptionSerializer::Some(units) => Some(units),
            OptionSerializer::None | OptionSerializer::Skip => None,
        };
        let logs = match meta.log_messages {
            OptionSerializer::Some(logs) => logs,
            OptionSerializer::None | OptionSerializer::Skip => Vec::new(),
        };
        Some(Landed {
            slot: found.slot,
            fee: meta.fee,
            units,
            verification_units: verification_units(&logs),
            events: events(&logs),
            error: meta.err.map(Into::into),
        })
    }))
}

/// The program's events among the log lines.
fn events(logs: &[String]) -> Vec<Event> {
    logs.iter()
        .filter_map(|line| line.strip_prefix("Program data: "))
        .filter_map(|data| BASE64_STANDARD.decode(data).ok())
        .filter_map(|data| Event::decode(&data))
        .collect()
}

/// The difference between the first two lines of `sol_log_compute_units`, which the program writes before and after the
/// certificate's check. A submission that is a repetition has none.
fn verification_units(logs: &[String]) -> Option<u64> {
    let mut remaining = logs.iter().filter_map(|line| {
        line.strip_prefix("Program consumption: ")?
            .strip_suffix(" units remaining")?
            .parse::<u64>()
            .ok()
    });
    remaining.next()?.checked_sub(remaining.next()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollup_abi::event::PauseChanged;

    #[test]
    fn events_are_read_from_the_log() {
        let event = PauseChanged {
            paused: 1,
            by: [7; 32],
        };
        let line = format!("Program data: {}", BASE64_STANDARD.encode(event.encode()));
        let logs = [
            "Program log: hello".to_owned(),
            line,
            "Program data: ???".to_owned(),
        ];
        assert_eq!(events(&logs), [Event::PauseChanged(event)]);
    }

    #[test]
    fn verification_is_between_the_first_two_lines() {
        let lines = |lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            verification_units(&lines)
        };
        let before = "Program consumption: 99000 units remaining";
        let after = "Program consumption: 47500 units remaining";
        assert_eq!(
            lines(&["Program X invoke [1]", before, "Program log: a", after]),
            Some(51_500)
        );
        assert_eq!(lines(&[before]), None);
        assert_eq!(lines(&[after, before]), None);
        assert_eq!(lines(&[]), None);
    }
}
